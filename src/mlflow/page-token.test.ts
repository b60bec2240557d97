import { expect, test } from 'vitest'
import { loggedModelsOffset, loggedModelsTokenOf, offsetOf, pageOf, tokenOf } from './page-token.ts'

const inBase64 = (text: string): string => Buffer.from(text).toString('base64')

test("a token is MLflow's own, and is read back", () => {
  expect(tokenOf(1)).toBe('eyJvZmZzZXQiOiAxfQ==')
  expect(offsetOf('eyJvZmZzZXQiOiAxfQ==')).toBe(1)
  expect(offsetOf(inBase64('{"offset": "7"}'))).toBe(7)
  expect(offsetOf(undefined)).toBe(0)
})

test.each([
  ['a', 'Invalid page token, could not base64-decode'],
  ['YQ', 'Invalid page token, could not base64-decode'],
  ['!!', "Invalid page token, decoded value=b''"],
  ['=', "Invalid page token, decoded value=b''"],
  [inBase64("it's"), 'Invalid page token, decoded value=b"it\'s"'],
  ['/w==', "Invalid page token, decoded value=b'\\xff'"],
  [inBase64('{"a": [1, null, "x"]}'), "Invalid page token, parsed value={'a': [1, None, 'x']}"],
  [inBase64('{"offset": 0}'), "Invalid page token, parsed value={'offset': 0}"],
  [inBase64('5'), 'Invalid page token, parsed value=5'],
  [inBase64('{"offset": "x"}'), 'Invalid page token, not stringable x'],
  [inBase64('{"offset": -1}'), 'Invalid page token, not stringable -1'],
  [inBase64('{"offset": 1e99}'), 'Invalid page token, not stringable 1e+99'],
])('%s is refused', (token, message) => {
  expect(() => offsetOf(token)).toThrow(expect.objectContaining({ message, code: 'INVALID_PARAMETER_VALUE' }))
})

test('the longest search for logged models that is read has a token that is read', () => {
  const experiment_ids = Array.from({ length: 20_000 }, (_, i) => String(1_000_000 + i))
  const search = { experiment_ids, filter_string: '本'.repeat(200_000), order_by: null }
  expect(loggedModelsOffset(loggedModelsTokenOf({ ...search, offset: 3 }), search)).toBe(3)
})

test('a page ends where one row more than asked for tells that there is a next one', () => {
  expect(pageOf(['a', 'b', 'c'], 2, 4)).toEqual({ rows: ['a', 'b'], nextOffset: 6 })
  expect(pageOf(['a', 'b'], 2, 4)).toEqual({ rows: ['a', 'b'], nextOffset: null })
})

test("the token of a search for logged models is that search's alone", () => {
  const search = { experiment_ids: ['1'], filter_string: "name = 'a'", order_by: null }
  const token = loggedModelsTokenOf({ ...search, offset: 3 })
  expect(loggedModelsOffset(token, search)).toBe(3)
  expect(() => loggedModelsOffset(token, { ...search, experiment_ids: ['2'] })).toThrow(
    "Experiment IDs in the page token do not match the requested experiment IDs. Expected: ['2']. Found: ['1']",
  )
  expect(() => loggedModelsOffset(token, { ...search, filter_string: null })).toThrow(
    "Filter string in the page token does not match the requested filter string. Expected: None. Found: name = 'a'",
  )
  expect(() => loggedModelsOffset(token, { ...search, order_by: [{ field_name: 'name' }] })).toThrow(
    "Order by in the page token does not match the requested order by. Expected: [{'field_name': 'name'}]. Found: None",
  )
  expect(() => loggedModelsOffset(token, { ...search, filter_string: 'x'.repeat(5000) })).toThrow(
    `Expected: ${'x'.repeat(1000)}…. Found: name = 'a'`,
  )
  expect(() => loggedModelsOffset('!', search)).toThrow('Invalid page token')
  expect(() => loggedModelsOffset(tokenOf(1), search)).toThrow('Experiment IDs in the page token do not match')
})
