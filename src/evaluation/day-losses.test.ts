import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isPlanned } from '../kernel/errors.ts'
import { DAY_MS, parseDay } from '../kernel/window.ts'
import { type ErrorMetric, pairDays, scoreByDay } from './day-losses.ts'

const MAE: ErrorMetric = { name: 'mae', unit: 'min', rowsNoun: 'trains' }
const MSE: ErrorMetric = { name: 'mse', unit: 'min²', rowsNoun: 'trains' }
const START = parseDay('2015-01-31')

describe('scoreByDay', () => {
  test('sums absolute errors by UTC day, oldest day first, whatever the order of the rows', () => {
    const times = Float64Array.of(START + DAY_MS, START, START + DAY_MS - 1)
    const score = scoreByDay(MAE, times, Float64Array.of(10, 10, 10), Float64Array.of(7, 12, 9.5))
    expect(score).toEqual({
      kind: 'scored',
      days: [
        { day: '2015-01-31', rows: 2, sum: 2.5 },
        { day: '2015-02-01', rows: 1, sum: 3 },
      ],
    })
  })

  test('sums squared errors for a project that is measured by them', () => {
    const score = scoreByDay(MSE, Float64Array.of(START, START), Float32Array.of(1, 2), Float32Array.of(3, 5))
    expect(score).toEqual({ kind: 'scored', days: [{ day: '2015-01-31', rows: 2, sum: 13 }] })
  })

  test('no rows have no days', () => {
    expect(scoreByDay(MAE, new Float64Array(), new Float64Array(), new Float64Array())).toEqual({
      kind: 'scored',
      days: [],
    })
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e200])(
    'a prediction of %d means that the model cannot score, and the reason says for how many rows',
    (bad) => {
      const times = new Float64Array(1200).fill(START)
      const predictions = new Float64Array(1200)
      predictions.fill(bad, 3, 5)
      expect(scoreByDay(MAE, times, new Float64Array(1200), predictions)).toEqual({
        kind: 'cannot-score',
        reason: 'it gave no finite number for 2 of 1,200 trains',
      })
    },
  )

  test('a target or a time that is no number is the fault of the data, not of the model', () => {
    const nan = Float64Array.of(Number.NaN)
    const one = Float64Array.of(1)
    expect(() => scoreByDay(MAE, one, nan, one)).toThrow('row 0 has time 1 and target NaN')
    expect(() => scoreByDay(MAE, nan, one, one)).toThrow('row 0 has time NaN and target 1')
  })

  test('one value per row is needed', () => {
    const one = Float64Array.of(1)
    const two = Float64Array.of(1, 2)
    expect(() => scoreByDay(MAE, one, two, one)).toThrow('1 times, 2 targets and 1 predictions')
    expect(() => scoreByDay(MAE, one, one, two)).toThrow('1 times, 1 targets and 2 predictions')
  })

  test('the mean over days is the mean over rows', () => {
    const row = fc.record({
      time: fc.integer({ min: 0, max: 9 * DAY_MS }),
      target: fc.double({ min: -50, max: 50, noNaN: true }),
      prediction: fc.double({ min: -50, max: 50, noNaN: true }),
    })
    fc.assert(
      fc.property(fc.array(row, { maxLength: 50 }), (rows) => {
        const column = (of: (r: (typeof rows)[number]) => number): Float64Array => Float64Array.from(rows, of)
        const times = column((r) => r.time)
        const score = scoreByDay(
          MAE,
          times,
          column((r) => r.target),
          column((r) => r.prediction),
        )
        if (score.kind !== 'scored') throw new Error(score.reason)
        const total = rows.reduce((sum, r) => sum + Math.abs(r.prediction - r.target), 0)
        expect(score.days.reduce((sum, day) => sum + day.sum, 0)).toBeCloseTo(total, 9)
        expect(score.days.reduce((sum, day) => sum + day.rows, 0)).toBe(rows.length)
        expect(score.days.map((day) => day.day)).toEqual([...new Set(score.days.map((day) => day.day))].sort())
      }),
      { seed: 20_150_103, numRuns: 200 },
    )
  })
})

describe('pairDays', () => {
  const day = (date: string, rows: number, sum: number) => ({ day: date, rows, sum })

  test('puts the sums of one day side by side', () => {
    const champion = [day('2015-01-30', 2, 3), day('2015-01-31', 1, 4)]
    const challenger = [day('2015-01-31', 1, 5), day('2015-01-30', 2, 6)]
    expect(pairDays(champion, challenger)).toEqual([
      { day: '2015-01-30', rows: 2, championSum: 3, challengerSum: 6 },
      { day: '2015-01-31', rows: 1, championSum: 4, challengerSum: 5 },
    ])
  })

  test('scores of different rows are never compared: the error names the day and both counts', () => {
    const champion = [day('2015-01-31', 2, 3)]
    expect(() => pairDays(champion, [day('2015-01-31', 3, 3)])).toThrow(
      'on 2015-01-31 the champion was scored on 2 rows and the challenger on 3',
    )
    expect(() => pairDays(champion, [])).toThrow('2 rows and the challenger on 0')
    expect(() => pairDays(champion, [...champion, day('2015-02-01', 7, 3)])).toThrow(
      'on 2015-02-01 the champion was scored on 0 rows',
    )
    try {
      pairDays(champion, [])
    } catch (error) {
      expect(isPlanned(error, 'BAD_DATA')).toBe(true)
    }
  })
})
