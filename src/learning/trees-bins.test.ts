import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { binOf, distinctValues, ranksOf, thresholdsOf } from './trees-bins.ts'

function thresholdsFor(values: ArrayLike<number>, bins: number): Float32Array {
  return thresholdsOf(distinctValues(Float32Array.from(values)), bins)
}

test('few distinct values have a bin each, parted half-way', () => {
  expect([...thresholdsFor([3, 1, 1, 2, Number.NaN, 8], 255)]).toEqual([1.5, 2.5, 5.5])
})

test('a column of one value, or of none, has one bin', () => {
  expect(thresholdsFor([4, 4, 4], 255)).toHaveLength(0)
  expect(thresholdsFor([Number.NaN, Number.NaN], 255)).toHaveLength(0)
})

test('many distinct values share bins evenly; one with many rows has a bin of its own', () => {
  const values = [...Array.from({ length: 1_000 }, (_, i) => i), ...Array<number>(9_000).fill(500)]
  const thresholds = thresholdsFor(values, 11)
  const rows = new Map<number, number>()
  for (const value of values) rows.set(binOf(value, thresholds), (rows.get(binOf(value, thresholds)) ?? 0) + 1)
  expect(rows.get(binOf(500, thresholds))).toBe(9_001) // its own rows and the one among the thousand
  const others = [...rows.values()].filter((count) => count < 9_000)
  expect(Math.max(...others)).toBeLessThan(2.2 * Math.min(...others))
  expect(thresholds.length).toBeLessThanOrEqual(10)
})

test('neighbours in float32 are told apart, and no value lies beyond its bin', () => {
  const [one, next] = [1, 1 + 2 ** -23]
  const thresholds = thresholdsFor([one, next], 255)
  expect([binOf(one, thresholds), binOf(next, thresholds)]).toEqual([0, 1])
})

test('a value is up to a threshold just when its bin is, ties included', () => {
  const anyValue = fc.float({ noNaN: true, noDefaultInfinity: true })
  void fc.assert(
    fc.property(
      fc.array(anyValue, { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 2, max: 20 }),
      (values, bins) => {
        const thresholds = thresholdsFor(values, bins)
        expect(thresholds.length).toBeLessThan(bins)
        expect([...thresholds].every((edge, i) => i === 0 || edge > thresholds[i - 1]!)).toBe(true)
        for (const value of [...values, ...thresholds]) {
          for (const [bin, threshold] of thresholds.entries()) {
            expect(value <= threshold).toBe(binOf(value, thresholds) <= bin)
          }
        }
      },
    ),
    { seed: 20_260_822, numRuns: 200 },
  )
})

test('values as close as the noise of a sine count as one, the least of them', () => {
  const { values, counts } = distinctValues(Float32Array.of(0, 1.2e-16, 1, -1, -1.2e-16))
  expect([[...values], [...counts]]).toEqual([
    [-1, Math.fround(-1.2e-16), 1],
    [1, 3, 1],
  ])
})

test('NaN has the bin behind the last', () => {
  expect(binOf(Number.NaN, thresholdsFor([1, 2, 3], 255))).toBe(3)
})

test('codes come in the order of their means, few rows drawn towards the mean of all; unseen codes have no place', () => {
  const counts = Float64Array.of(1_000, 1, 0, 1_000)
  const sums = Float64Array.of(9_000, 100, 0, 11_000)
  expect([...ranksOf(sums, counts, 10)]).toEqual([0, 2, Number.NaN, 1])
  expect([...ranksOf(Float64Array.of(9_000, 11, 0, 11_000), counts, 10)]).toEqual([0, 1, Number.NaN, 2])
})
