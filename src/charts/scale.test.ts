import fc from 'fast-check'
import { expect, test } from 'vitest'
import { linearScale, roundUp, shortCount } from './scale.ts'

test('ticks are round, inside the span, and about as many as asked for', () => {
  expect(linearScale([0, 8.3], [0, 100], 5).ticks).toEqual([0, 2, 4, 6, 8])
  expect(linearScale([1.21, 1.39], [0, 100], 4).ticks.map((tick) => tick.toFixed(2))).toEqual(['1.25', '1.30', '1.35'])
  const bound = fc.double({ min: -1e9, max: 1e9, noNaN: true })
  fc.assert(
    fc.property(
      bound,
      fc.double({ min: 1e-6, max: 1e9, noNaN: true }),
      fc.integer({ min: 2, max: 10 }),
      (from, width, count) => {
        const to = from + width
        const { ticks, from: low, to: high } = linearScale([from, to], [0, 100], count)
        expect(ticks.length).toBeLessThanOrEqual(count + 1)
        const room = (high - low) * 1e-6
        for (const tick of ticks) expect(tick >= low - room && tick <= high + room).toBe(true)
      },
    ),
    { seed: 20_261_122, numRuns: 300 },
  )
})

test('ticks are written with the same decimals, thousands marked, and a true minus', () => {
  const text = ([low, high]: [number, number], count: number): string[] => {
    const scale = linearScale([low, high], [0, 1], count)
    return scale.ticks.map(scale.text)
  }
  expect(text([-1, 1], 4)).toEqual(['−1.0', '−0.5', '0.0', '0.5', '1.0'])
  expect(text([0, 2_500], 3)).toEqual(['0', '1,000', '2,000'])
})

test('a span of one value has room around it, and one of no numbers is a span all the same', () => {
  for (const domain of [
    [2, 2],
    [0, 0],
    [Number.NaN, 1],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  ] as const) {
    const scale = linearScale(domain, [0, 100], 4)
    expect(scale.to).toBeGreaterThan(scale.from)
    expect(Number.isFinite(scale.at(scale.from))).toBe(true)
  }
})

test('values go where they belong, up or down', () => {
  const scale = linearScale([10, 20], [200, 100], 4)
  expect([scale.at(10), scale.at(15), scale.at(20), scale.at(25)]).toEqual([200, 150, 100, 50])
})

test('rounding up is round, not below, and not far above', () => {
  expect([roundUp(0), roundUp(-3), roundUp(7.3), roundUp(100)]).toEqual([0, 0, 8, 100])
  fc.assert(
    fc.property(fc.double({ min: 1e-9, max: 1e12, noNaN: true }), (value) => {
      expect(roundUp(value)).toBeGreaterThanOrEqual(value * (1 - 1e-9))
      expect(roundUp(value)).toBeLessThan(value * 1.3)
    }),
    { seed: 20_261_122 },
  )
})

test('counts are short', () => {
  expect([0, 999, 1_000, 1_234, 9_949, 9_951, 99_499, 999_499, 999_500, 12_345_678].map(shortCount)).toEqual([
    '0',
    '999',
    '1k',
    '1.2k',
    '9.9k',
    '10k',
    '99k',
    '999k',
    '1M',
    '12M',
  ])
})
