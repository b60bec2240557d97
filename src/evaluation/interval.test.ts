import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { PairedDay } from './day-losses.ts'
import { differenceOf, errorOf, levelOfLook } from './interval.ts'

/** Three days of 2, 3 and 5 rows. By hand: differences -1, -3, -1, so mean -0.5; residual sums 0, -1.5, 1.5. */
const DAYS: readonly PairedDay[] = [
  { day: '2015-01-01', rows: 2, championSum: 5, challengerSum: 4 },
  { day: '2015-01-02', rows: 3, championSum: 9, challengerSum: 6 },
  { day: '2015-01-03', rows: 5, championSum: 12, challengerSum: 11 },
]
const HAND_ERROR = Math.sqrt(1.5 * (0 + 2.25 + 2.25)) / 10
const T975_2 = 4.302652729911275 // scipy.stats.t.ppf(0.975, 2)
const T800_2 = 1.0606601717798212 // scipy.stats.t.ppf(0.8, 2)

const anyDays = fc.array(
  fc.record({
    rows: fc.integer({ min: 1, max: 500 }),
    championMean: fc.double({ min: 0, max: 9, noNaN: true }),
    challengerMean: fc.double({ min: 0, max: 9, noNaN: true }),
  }),
  { minLength: 2, maxLength: 31 },
)

function paired(days: readonly { rows: number; championMean: number; challengerMean: number }[]): PairedDay[] {
  return days.map(({ rows, championMean, challengerMean }, index) => ({
    day: `2015-01-${String(index + 1).padStart(2, '0')}`,
    rows,
    championSum: rows * championMean,
    challengerSum: rows * challengerMean,
  }))
}

describe('differenceOf', () => {
  test('agrees with a calculation by hand', () => {
    const difference = differenceOf(DAYS, 0.95)
    expect(difference?.mean).toBeCloseTo(-0.5, 12)
    expect(difference?.low).toBeCloseTo(-0.5 - T975_2 * HAND_ERROR, 9)
    expect(difference?.high).toBeCloseTo(-0.5 + T975_2 * HAND_ERROR, 9)
    expect(difference?.smallestVisible).toBeCloseTo((T975_2 + T800_2) * HAND_ERROR, 9)
  })

  test('fewer than two days have no difference to speak of', () => {
    expect(differenceOf(DAYS.slice(0, 1), 0.95)).toBeNull()
    expect(differenceOf([], 0.95)).toBeNull()
  })

  test('is centred on the difference of the two errors that are printed beside it', () => {
    fc.assert(
      fc.property(anyDays, (days) => {
        const all = paired(days)
        const champion = errorOf(
          all.map((day) => ({ ...day, sum: day.championSum })),
          0.95,
        )!
        const challenger = errorOf(
          all.map((day) => ({ ...day, sum: day.challengerSum })),
          0.95,
        )!
        const difference = differenceOf(all, 0.95)!
        expect(difference.mean).toBe(challenger.mean - champion.mean)
        expect((difference.low + difference.high) / 2).toBeCloseTo(difference.mean, 9)
        expect(difference.low).toBeLessThanOrEqual(difference.high)
      }),
      { seed: 20_150_105, numRuns: 200 },
    )
  })

  test('swapping the models flips the sign and nothing else', () => {
    fc.assert(
      fc.property(anyDays, (days) => {
        const one = differenceOf(paired(days), 0.95)!
        const other = differenceOf(
          paired(days.map((day) => ({ ...day, championMean: day.challengerMean, challengerMean: day.championMean }))),
          0.95,
        )!
        expect(other.mean).toBe(-one.mean)
        expect(other.low).toBeCloseTo(-one.high, 9)
        expect(other.high).toBeCloseTo(-one.low, 9)
        expect(other.smallestVisible).toBeCloseTo(one.smallestVisible, 9)
      }),
      { seed: 20_150_106, numRuns: 200 },
    )
  })

  test('the order of the days changes nothing', () => {
    const shuffled = anyDays.chain((days) =>
      fc.tuple(fc.constant(paired(days)), fc.shuffledSubarray(paired(days), { minLength: days.length })),
    )
    fc.assert(
      fc.property(shuffled, ([days, other]) => {
        const [one, two] = [differenceOf(days, 0.95)!, differenceOf(other, 0.95)!]
        for (const key of ['mean', 'low', 'high', 'smallestVisible'] as const) expect(two[key]).toBeCloseTo(one[key], 9)
      }),
      { seed: 20_150_107, numRuns: 200 },
    )
  })

  test('another unit of the loss scales every figure', () => {
    fc.assert(
      fc.property(anyDays, (days) => {
        const one = differenceOf(paired(days), 0.95)!
        const cents = paired(days).map((day) => ({
          ...day,
          championSum: day.championSum * 100,
          challengerSum: day.challengerSum * 100,
        }))
        const other = differenceOf(cents, 0.95)!
        for (const key of ['mean', 'low', 'high', 'smallestVisible'] as const)
          expect(other[key]).toBeCloseTo(one[key] * 100, 6)
      }),
      { seed: 20_150_108, numRuns: 100 },
    )
  })

  test('what every day loses alike moves both models and not their difference', () => {
    const rainy = DAYS.map((day) => ({
      ...day,
      championSum: day.championSum + day.rows,
      challengerSum: day.challengerSum + day.rows,
    }))
    const [dry, wet] = [differenceOf(DAYS, 0.95)!, differenceOf(rainy, 0.95)!]
    for (const key of ['mean', 'low', 'high', 'smallestVisible'] as const) expect(wet[key]).toBeCloseTo(dry[key], 12)
  })

  test('a second look has a wider interval, and less can be seen', () => {
    expect([levelOfLook(1), levelOfLook(2), levelOfLook(5)]).toEqual([0.95, 0.975, 0.99])
    const [first, second] = [differenceOf(DAYS, levelOfLook(1))!, differenceOf(DAYS, levelOfLook(2))!]
    expect(second.mean).toBe(first.mean)
    expect(second.high).toBeGreaterThan(first.high)
    expect(second.low).toBeLessThan(first.low)
    expect(second.smallestVisible).toBeGreaterThan(first.smallestVisible)
  })
})

describe('errorOf', () => {
  const champion = DAYS.map((day) => ({ day: day.day, rows: day.rows, sum: day.championSum }))

  test('is the mean over rows with an interval by day', () => {
    const error = errorOf(champion, 0.95)
    // 26 / 10; residual sums -0.2, 1.2, -1.
    const reach = (T975_2 * Math.sqrt(1.5 * (0.04 + 1.44 + 1))) / 10
    expect(error?.mean).toBeCloseTo(2.6, 12)
    expect(error?.interval?.low).toBeCloseTo(2.6 - reach, 9)
    expect(error?.interval?.high).toBeCloseTo(2.6 + reach, 9)
  })

  test('one day has an error and no interval; no day has neither', () => {
    expect(errorOf(champion.slice(0, 1), 0.95)).toEqual({ mean: 2.5, interval: null })
    expect(errorOf([], 0.95)).toBeNull()
  })
})
