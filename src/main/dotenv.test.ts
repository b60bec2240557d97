// What a `.env` sets, line by line.
import { expect, test } from 'vitest'
import { parseDotenv } from './dotenv.ts'

test('lines that set nothing are named, and blank lines and comments are not', () => {
  const { values, unread } = parseDotenv('# mine\n\nSEED 1\n  # more\nDATA_SIZE=1k\nGATE_RULE: point\n')
  expect(values).toEqual({ DATA_SIZE: '1k' })
  expect(unread).toEqual([3, 6])
})

test('a value of several lines is one value, and what it holds sets nothing', () => {
  const { values, lines, unread } = parseDotenv('NOTE="first\nsecond\nSEED=2"\nDATA_SIZE=1k')
  expect(values).toEqual({ NOTE: 'first\nsecond\nSEED=2', DATA_SIZE: '1k' })
  expect(lines).toEqual({ NOTE: 1, DATA_SIZE: 4 })
  expect(unread).toEqual([])
})

test('a quote that is never closed begins nothing', () => {
  expect(parseDotenv("NOTE='tis\nSEED=2\nnothing").unread).toEqual([3])
})
