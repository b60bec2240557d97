// Numbers that were typed.
import { expect, test } from 'vitest'
import { wholeNumber } from './numbers.ts'

const version = wholeNumber('--version is a number')

test('plain digits are a whole number', () => {
  expect(version.parse('3')).toBe(3)
  expect(version.parse('0012')).toBe(12)
})

test.each(['0x1', '1e3', '1.0', '-1', '+1', ' 1', '', '1_000', '9999999999999999'])('%j is none', (text) => {
  expect(version.safeParse(text).error?.issues[0]?.message).toBe('--version is a number, in digits alone')
})

test('nothing is counted from 0', () => {
  expect(version.safeParse('0').error?.issues[0]?.message).toBe('--version is a number, at least 1')
})
