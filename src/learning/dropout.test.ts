import { expect, test } from 'vitest'
import { seededRandom } from '../kernel/random.ts'
import { chooseDropped, drop, openDropped } from './dropout.ts'

test('a share of the values is dropped, each independently of its neighbour', () => {
  const size = 1_000_000
  const dropped = openDropped(size)
  chooseDropped(dropped, size, 0.1, seededRandom(1))
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
  chooseDropped(dropped, 4, 0, seededRandom(1))
  expect(dropped.count).toBe(0)
})

test('every value can be dropped, the first and the last too', () => {
  const random = seededRandom(3)
  const hits = new Float64Array(5)
  const dropped = openDropped(5)
  for (let round = 0; round < 2_000; round++) {
    chooseDropped(dropped, 5, 0.5, random)
    for (let i = 0; i < dropped.count; i++) hits[dropped.positions[i]!]! += 1 // i < count
  }
  for (const hit of hits) expect(Math.abs(hit / 2_000 - 0.5)).toBeLessThan(0.05)
})
