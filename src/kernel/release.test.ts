import { expect, test } from 'vitest'
import { release } from './release.ts'

test('bytes with a buffer of their own are gone, and a part of a larger one stays', () => {
  const own = Uint8Array.of(1, 2, 3)
  release(own)
  expect(own.byteLength).toBe(0)
  const shared = Uint8Array.of(1, 2, 3)
  release(shared.subarray(1))
  expect([...shared]).toEqual([1, 2, 3])
})
