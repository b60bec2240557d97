import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DAY_MS } from '../kernel/window.ts'
import type { ErrorMetric } from './day-losses.ts'
import { errorOf } from './interval.ts'
import { type Bands, calibrationOf, cutsByRank, faultOf, isFew, type ScoredRows, sliceErrors } from './slices.ts'

const METRIC: ErrorMetric = { name: 'mae', unit: 'min', rowsNoun: 'parcels' }

/** Rows of [value, actual, predicted, day]. */
function rowsOf(rows: readonly (readonly [number, number, number, number?])[]): [Float64Array, ScoredRows] {
  const column = (index: number): Float64Array => Float64Array.from(rows, (row) => row[index] ?? 0)
  return [column(0), { timesMs: column(3).map((day) => day * DAY_MS), actual: column(1), predicted: column(2) }]
}

describe('error by band', () => {
  test('a span holds its lower end; error, bias and rows are those of its rows alone', () => {
    const [values, rows] = rowsOf([
      [0.5, 10, 12],
      [1, 10, 9],
      [1.99, 10, 14],
      [2, 10, 10],
    ])
    expect(sliceErrors(METRIC, { cuts: [1, 2] }, values, rows)).toMatchObject([
      { label: '< 1', rows: 1, error: 2, bias: 2 },
      { label: '1–2', rows: 2, error: 2.5, bias: 1.5 },
      { label: '≥ 2', rows: 1, error: 0, bias: 0 },
    ])
  })

  test('a band in the middle without rows is shown as empty; the open ones at the ends are left out', () => {
    const [values, rows] = rowsOf([
      [1, 1, 2],
      [3, 1, 2],
    ])
    expect(sliceErrors(METRIC, { cuts: [1, 2, 3, 4] }, values, rows)).toMatchObject([
      { label: '1–2', rows: 1 },
      { label: '2–3', rows: 0, error: null, interval: null, bias: null },
      { label: '3–4', rows: 1 },
    ])
  })

  test('values that are named have a band each, in that order; all others, and rows without a value, are "other"', () => {
    const [values, rows] = rowsOf([
      [7, 1, 1],
      [Number.NaN, 1, 3],
      [0, 1, 2],
      [9, 1, 5],
    ])
    const bands: Bands = {
      values: [
        { value: 0, label: 'Monday' },
        { value: 7, label: 'holiday' },
      ],
    }
    expect(sliceErrors(METRIC, bands, values, rows)).toMatchObject([
      { label: 'Monday', rows: 1, error: 1 },
      { label: 'holiday', rows: 1, error: 0 },
      { label: 'other', rows: 2, error: 3, bias: 3 },
    ])
  })

  test('the interval is that of the evaluation room, rows clustered by day; on one day there is none', () => {
    const [values, rows] = rowsOf([
      [0, 0, 1, 0],
      [0, 0, 3, 1],
      [5, 0, 3, 1],
    ])
    const [low, high] = sliceErrors(METRIC, { cuts: [1] }, values, rows)
    const days = [
      { day: '1970-01-01', rows: 1, sum: 1 },
      { day: '1970-01-02', rows: 1, sum: 3 },
    ]
    expect(low?.interval).toEqual(errorOf(days, 0.95)?.interval)
    expect(high?.interval).toBeNull()
  })

  test('every row is in exactly one band, so the bands weighted by their rows give the whole again', () => {
    const number = fc.double({ min: -100, max: 100, noNaN: true })
    const row = fc.tuple(fc.oneof(number, fc.constant(Number.NaN)), number, number, fc.integer({ min: 0, max: 5 }))
    const cuts = fc.uniqueArray(fc.integer({ min: -90, max: 90 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(fc.array(row, { maxLength: 60 }), cuts, (list, unsorted) => {
        const [values, rows] = rowsOf(list)
        const found = sliceErrors(METRIC, { cuts: unsorted.toSorted((a, b) => a - b) }, values, rows)
        const total = (of: (band: (typeof found)[number]) => number): number =>
          found.reduce((sum, band) => sum + of(band) * band.rows, 0)
        expect(total(() => 1)).toBe(list.length)
        const errors = list.map(([, actual, predicted]) => predicted - actual)
        expect(total(({ error }) => error ?? 0)).toBeCloseTo(
          errors.reduce((sum, error) => sum + Math.abs(error), 0),
          6,
        )
        expect(total(({ bias }) => bias ?? 0)).toBeCloseTo(
          errors.reduce((sum, error) => sum + error, 0),
          6,
        )
      }),
      { seed: 20_261_122, numRuns: 100 },
    )
  })

  test('29 rows are few and 30 are not', () => {
    expect([isFew({ rows: 29 }), isFew({ rows: 30 })]).toEqual([true, false])
  })
})

test.each([
  [{ cuts: [] }, 'it has no cuts'],
  [{ cuts: [2, 2] }, 'its cuts do not rise'],
  [{ cuts: [1, Number.POSITIVE_INFINITY] }, 'a cut is not a finite number'],
  [{ values: [] }, 'it names no value'],
  [
    {
      values: [
        { value: 1, label: 'a' },
        { value: 1, label: 'b' },
      ],
    },
    'it names a value twice',
  ],
  [{ values: [{ value: Number.NaN, label: 'a' }] }, 'a value is not a finite number'],
  [{ cuts: [0, 1] }, null],
] satisfies [Bands, string | null][])('bands %j: %s', (bands, fault) => {
  expect(faultOf(bands)).toBe(fault)
})

describe('cuts by rank', () => {
  test('put about as many values into each band, and can be read', () => {
    const values = Float64Array.from({ length: 1000 }, (_, i) => i * 1.037)
    expect(cutsByRank(values, 5)).toEqual([210, 410, 620, 830])
  })

  test('values that are all alike need none, and none is below all values', () => {
    expect(cutsByRank(Float64Array.of(3, 3, 3), 4)).toEqual([])
    expect(cutsByRank(new Float64Array(0), 4)).toEqual([])
    expect(cutsByRank(Float64Array.of(1.04, 1.04, 1.04, 9), 4)).toEqual([9])
  })
})

describe('calibration', () => {
  test('groups are by rank of the prediction, as many rows in each', () => {
    const rows = { predicted: Float64Array.of(4, 1, 3, 2, 5), actual: Float64Array.of(40, 10, 30, 20, 50) }
    expect(calibrationOf(rows, 2)).toEqual([
      { predicted: 1.5, actual: 15, rows: 2 },
      { predicted: 4, actual: 40, rows: 3 },
    ])
  })

  test('no more groups than rows, and none of none', () => {
    const one = Float64Array.of(1)
    expect(calibrationOf({ predicted: one, actual: one }, 10)).toHaveLength(1)
    expect(calibrationOf({ predicted: new Float64Array(0), actual: new Float64Array(0) }, 10)).toEqual([])
  })
})
