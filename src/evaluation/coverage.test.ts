import { expect, test } from 'vitest'
import { coverageFigures, coverageOf } from './coverage.ts'

const low = Float64Array.of(1, 1, 1, 1)
const high = Float64Array.of(2, 2, 4, 4)

test('rows on an end are within, those beyond and those without a number are not', () => {
  expect(coverageOf({ level: 95, low, high }, Float64Array.of(1, 2.5, 4, Number.NaN))).toEqual({
    level: 95,
    rows: 4,
    within: 2,
    meanWidth: 2,
  })
})

test('each level has two figures: the share within and the mean width', () => {
  const at = (level: number) => coverageOf({ level, low, high }, Float64Array.of(1, 2, 4, 9))
  expect(coverageFigures('holdout_', [at(80), at(95)])).toEqual({
    holdout_coverage_80: 0.75,
    holdout_width_80: 2,
    holdout_coverage_95: 0.75,
    holdout_width_95: 2,
  })
  expect(coverageFigures('', [])).toEqual({})
})

test('no rows, or not as many on each side, are refused', () => {
  const none = new Float64Array(0)
  expect(() => coverageOf({ level: 80, low: none, high: none }, none)).toThrow('0 true values')
  expect(() => coverageOf({ level: 80, low, high }, none)).toThrow(expect.objectContaining({ code: 'BAD_DATA' }))
})
