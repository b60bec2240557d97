import { describe, expect, test } from 'vitest'
import type { ModelVersion } from '../tracking/port.ts'
import { answerText, csvText, floatText, oneText } from './predict-answer.ts'

const version: ModelVersion = {
  name: 'parcels',
  version: 3,
  stage: 'Production',
  runId: null,
  source: '',
  description: '',
  createdAtMs: 0,
  tags: {},
}

const answer = {
  version,
  values: Float64Array.of(12, Number.NaN),
  flags: [[], ['missing_weight', 'too_heavy']],
  intervals: [
    { level: 80, low: Float64Array.of(10.5, Number.NaN), high: Float64Array.of(14, Number.NaN) },
    { level: 95, low: Float64Array.of(-2, Number.NaN), high: Float64Array.of(20.25, Number.NaN) },
  ],
}
const without = { ...answer, intervals: [] }

describe('not asked for, intervals change nothing', () => {
  test('one prediction stands alone under its key, as a float', () => {
    expect(oneText('price', answer, false)).toBe('{"price":12.0}')
  })

  test('a table has predictions, flags and the version, and its lines two columns', () => {
    expect(answerText('price', answer, false)).toBe(
      '{"price":[12.0,null],"flags":[[],["missing_weight","too_heavy"]],"model":"parcels","version":3,"stage":"Production"}',
    )
    expect(csvText('price', answer, false)).toBe('price,flags\n12.0,\n,missing_weight too_heavy\n')
  })
})

describe('asked for', () => {
  test('one prediction has the two ends of each level behind it', () => {
    expect(oneText('price', answer, true)).toBe('{"price":12.0,"price_intervals":{"80":[10.5,14.0],"95":[-2.0,20.25]}}')
  })

  test('each row of a table has its own, null where there is no prediction', () => {
    expect(JSON.parse(answerText('price', answer, true))).toEqual({
      price: [12, null],
      price_intervals: { 80: [[10.5, 14], null], 95: [[-2, 20.25], null] },
      flags: [[], ['missing_weight', 'too_heavy']],
      model: 'parcels',
      version: 3,
      stage: 'Production',
    })
    expect(csvText('price', answer, true)).toBe(
      'price,price_low_80,price_high_80,price_low_95,price_high_95,flags\n12.0,10.5,14.0,-2.0,20.25,\n,,,,,missing_weight too_heavy\n',
    )
  })

  test('a version without intervals says null, and its lines have the same columns, empty', () => {
    expect(oneText('price', without, true)).toBe('{"price":12.0,"price_intervals":null}')
    expect(JSON.parse(answerText('price', without, true))).toMatchObject({ price: [12, null], price_intervals: null })
    expect(csvText('price', without, true)).toContain('price_high_95,flags\n12.0,,,,,\n')
  })

  test('an end beyond all numbers makes no number of an interval, and JSON of the answer all the same', () => {
    const endless = [{ level: 80, low: Float64Array.of(1), high: Float64Array.of(Number.POSITIVE_INFINITY) }]
    const text = oneText('price', { ...answer, intervals: endless }, true)
    expect(JSON.parse(text)).toEqual({ price: 12, price_intervals: { 80: null } })
  })
})

test('floats are written as Python writes them', () => {
  expect([12, -0.5, 1e21, 0].map(floatText)).toEqual(['12.0', '-0.5', '1e+21', '0.0'])
})
