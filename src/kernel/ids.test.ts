import { expect, test } from 'vitest'
import { systemClock } from './clock.ts'
import { newId } from './ids.ts'

test('an id is 32 hexadecimal digits, and every one is new', () => {
  const ids = Array.from({ length: 1000 }, newId)
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/)
  expect(new Set(ids).size).toBe(1000)
})

test("the system's clock tells the machine's time in milliseconds", () => {
  const before = Date.now()
  const now = systemClock.nowMs()
  expect(now).toBeGreaterThanOrEqual(before)
  expect(now).toBeLessThanOrEqual(Date.now())
})
