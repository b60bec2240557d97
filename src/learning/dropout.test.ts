import { expect, test } from 'vitest'
import { seededRandom } from '../kernel/random.ts'
import { fillMasks } from './dropout.ts'

test('a share of units is dropped, independently, and the rest scaled up so that the mean stays one', () => {
  const masks = new Float32Array(1_000_000)
  fillMasks(masks, masks.length, 0.1, seededRandom(1))
  const dropped = masks.filter((mask) => mask === 0).length
  expect(Math.abs(dropped / masks.length - 0.1)).toBeLessThan(0.001) // standard error 0.0003
  expect(masks.reduce((sum, mask) => sum + mask, 0) / masks.length).toBeCloseTo(1, 2)
  const both = masks.filter((mask, i) => mask === 0 && masks[i + 1] === 0).length
  expect(Math.abs(both / masks.length - 0.01)).toBeLessThan(0.0005) // standard error 0.0001; neighbours are independent: 0.1 x 0.1
})

test('rate 0 drops nothing, and only the masks asked for are written', () => {
  const masks = new Float32Array(8)
  fillMasks(masks, 6, 0, seededRandom(1))
  expect(Array.from(masks)).toEqual([1, 1, 1, 1, 1, 1, 0, 0])
})

test('every unit can be dropped, the first and the last too', () => {
  const random = seededRandom(3)
  const hits = new Float64Array(5)
  for (let round = 0; round < 2_000; round++) {
    const masks = new Float32Array(5)
    fillMasks(masks, 5, 0.5, random)
    for (let i = 0; i < 5; i++) if (masks[i] === 0) hits[i]! += 1
  }
  for (const hit of hits) expect(Math.abs(hit / 2_000 - 0.5)).toBeLessThan(0.05)
})
