import { expect, test } from 'vitest'
import { seededRandom } from '../kernel/random.ts'
import { chooseDropped, drop, openDropped, openDropping, openGaps } from './dropout.ts'

test('a share of the values is dropped, each independently of its neighbour', () => {
  const size = 1_000_000
  const dropped = openDropped(size)
  chooseDropped(dropped, size, openDropping(0.1, seededRandom(1)))
  expect(Math.abs(dropped.count / size - 0.1)).toBeLessThan(0.001) // standard error 0.0003
  const chosen = dropped.positions.subarray(0, dropped.count)
  const neighbours = chosen.filter((at, i) => chosen[i + 1] === at + 1).length
  expect(Math.abs(neighbours / size - 0.01)).toBeLessThan(0.0005) // 0.1 x 0.1; standard error 0.0001
})

test('what is dropped is 0 and the rest is as it was; rate 0 drops nothing', () => {
  const values = Float32Array.of(1, 2, 3, 4)
  drop(values, { positions: Int32Array.of(1, 3, 0, 0), count: 2 })
  expect(values).toEqual(Float32Array.of(1, 0, 3, 0))
  const dropped = { positions: Int32Array.of(1, 3, 0, 0), count: 2 }
  chooseDropped(dropped, 4, openDropping(0, seededRandom(1)))
  expect(dropped.count).toBe(0)
})

test('every value can be dropped, the first and the last too', () => {
  const dropping = openDropping(0.5, seededRandom(3))
  const hits = new Float64Array(5)
  const dropped = openDropped(5)
  for (let round = 0; round < 2_000; round++) {
    chooseDropped(dropped, 5, dropping)
    for (let i = 0; i < dropped.count; i++) hits[dropped.positions[i]!]! += 1 // i < count
  }
  for (const hit of hits) expect(Math.abs(hit / 2_000 - 0.5)).toBeLessThan(0.05)
})

test('the gaps are those of the geometric distribution, however small or large the rate', () => {
  for (const rate of [0.1, 0.5]) {
    const { thresholds } = openGaps(rate)
    const logarithm = (bits: number): number => Math.floor(Math.log(1 - bits / 2 ** 32) / Math.log1p(-rate))
    const random = seededRandom(5)
    for (let draw = 0; draw < 1_000; draw++) {
      const bits = random.bits()
      expect(thresholds.filter((threshold) => threshold <= bits).length).toBe(logarithm(bits))
    }
  }
  const size = 2_000_000
  for (const rate of [1e-9, 0.0001, 0.999, 1 - 1e-12]) {
    const dropped = openDropped(size)
    chooseDropped(dropped, size, openDropping(rate, seededRandom(4)))
    expect(Math.abs(dropped.count - rate * size)).toBeLessThan(5 * Math.sqrt(size * rate * (1 - rate)) + 1) // 5 standard errors
  }
})
