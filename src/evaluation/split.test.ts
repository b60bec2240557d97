import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DAY_MS, parseDay } from '../kernel/window.ts'
import { splitByTime } from './split.ts'

/** n rows, one a minute. */
function minutes(n: number): Float64Array {
  return Float64Array.from({ length: n }, (_, row) => row * 60_000)
}

const anyTimes = fc
  .array(fc.integer({ min: 0, max: 40 }), { maxLength: 60 })
  .map((times) => Float64Array.from(times.toSorted((a, b) => a - b)).map((time) => time * 7_200_000))

describe('splitByTime', () => {
  test('cuts a month into 70, 10 and 20 per cent', () => {
    const { fit, earlyStop, holdout } = splitByTime(minutes(1000), 0.2)
    expect([fit, earlyStop, holdout]).toEqual([
      { from: 0, to: 700 },
      { from: 700, to: 800 },
      { from: 800, to: 1000 },
    ])
  })

  test('cuts the history of a first model into 97, 1 and 2 per cent', () => {
    const { fit, earlyStop, holdout } = splitByTime(minutes(88_381), 0.02)
    expect([fit.to, earlyStop.to, holdout.to]).toEqual([85_729, 86_613, 88_381]) // floor(0.97 n), floor(0.98 n)
  })

  test('cuts at floor(n x share), as exact arithmetic has it, for every ratio in hundredths', () => {
    for (let hundredths = 1; hundredths <= 66; hundredths++) {
      // 2150 x (1 - 1.5 x 0.04) is 2020.9999999999998 in doubles.
      for (const n of [7, 10, 50, 100, 1000, 2150, 19_751]) {
        const { fit, holdout } = splitByTime(minutes(n), hundredths / 100)
        expect([fit.to, holdout.from], `n ${n}, r ${hundredths}/100`).toEqual([
          Number((BigInt(n) * BigInt(200 - 3 * hundredths)) / 200n),
          Number((BigInt(n) * BigInt(100 - hundredths)) / 100n),
        ])
      }
    }
  })

  test('a cut among rows of one timestamp moves before them, so that they go to the later part', () => {
    const times = minutes(10)
    times.fill(times[5]!, 5, 9) // rows 5 to 8 share a timestamp; the cuts would be 7 and 8
    expect(splitByTime(times, 0.2)).toMatchObject({
      fit: { from: 0, to: 5 },
      earlyStop: { from: 5, to: 5 },
      holdout: { from: 5, to: 10 },
    })
  })

  test('counts the UTC days of the holdout and says when it starts', () => {
    const start = parseDay('2015-01-01')
    const times = Float64Array.from(
      { length: 20 },
      (_, row) => start + Math.floor(row / 2) * DAY_MS + (row % 2) * 3_600_000,
    )
    expect(splitByTime(times, 0.2)).toMatchObject({ holdoutDays: 2, holdoutFromMs: parseDay('2015-01-09') })
  })

  test('times before 1970 are days too', () => {
    expect(splitByTime(Float64Array.of(-2 * DAY_MS, -DAY_MS - 1, -1, 0), 2 / 3)).toMatchObject({ holdoutDays: 3 })
  })

  test('too few rows leave parts empty, and that is an answer', () => {
    const empty = { from: 0, to: 0 }
    expect(splitByTime(minutes(0), 0.2)).toEqual({
      fit: empty,
      earlyStop: empty,
      holdout: empty,
      holdoutDays: 0,
      holdoutFromMs: null,
    })
    expect(splitByTime(minutes(1), 0.2)).toMatchObject({ fit: empty, earlyStop: empty, holdout: { from: 0, to: 1 } })
    expect(splitByTime(minutes(10), 0)).toMatchObject({
      fit: { from: 0, to: 10 },
      holdout: { from: 10, to: 10 },
      holdoutFromMs: null,
    })
    const together = new Float64Array(50)
    expect(splitByTime(together, 0.2)).toMatchObject({
      fit: empty,
      earlyStop: empty,
      holdout: { from: 0, to: 50 },
      holdoutDays: 1,
    })
  })

  test('the parts follow each other, lose nothing, tear no timestamp apart and are never longer before than asked', () => {
    fc.assert(
      fc.property(anyTimes, fc.double({ min: 0, max: 2 / 3, noNaN: true }), (times, ratio) => {
        const { fit, earlyStop, holdout } = splitByTime(times, ratio)
        expect([fit.from, earlyStop.from, holdout.from, holdout.to]).toEqual([0, fit.to, earlyStop.to, times.length])
        for (const cut of [fit.to, holdout.from]) {
          if (cut > 0 && cut < times.length) expect(times[cut]).toBeGreaterThan(times[cut - 1]!)
        }
        expect(fit.to).toBeLessThanOrEqual(times.length * (1 - 1.5 * ratio) + 1e-6)
        expect(holdout.from).toBeLessThanOrEqual(times.length * (1 - ratio) + 1e-6)
        expect(fit.to).toBeLessThanOrEqual(holdout.from)
      }),
      { seed: 20_150_102, numRuns: 500 },
    )
  })

  test('refuses a ratio that leaves nothing to fit on, and times that are not in order', () => {
    expect(() => splitByTime(minutes(10), 0.7)).toThrow('the split ratio is 0.7; choose one from 0 to 2/3')
    expect(() => splitByTime(minutes(10), Number.NaN)).toThrow('the split ratio is NaN')
    expect(() => splitByTime(minutes(10), -0.1)).toThrow('the split ratio is -0.1')
    expect(() => splitByTime(Float64Array.of(5, 4), 0.2)).toThrow('row 1 has time 4 after 5')
    expect(() => splitByTime(Float64Array.of(5, Number.NaN), 0.2)).toThrow('row 1 has time NaN')
    expect(() => splitByTime(Float64Array.of(5, Number.POSITIVE_INFINITY), 0.2)).toThrow('row 1 has time Infinity')
  })
})
