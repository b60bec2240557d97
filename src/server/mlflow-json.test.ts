import { expect, test } from 'vitest'
import { NumberText } from '../mlflow/python-json.ts'
import { jsonText, parseAsWritten, parseJson } from './mlflow-json.ts'

test('NaN and the infinities may be bare words, but not inside of texts', () => {
  expect(parseJson('{"a": NaN, "b": [-Infinity, Infinity], "NaN": "say \\"NaN\\", Infinity"}')).toEqual({
    a: 'NaN',
    b: ['-Infinity', 'Infinity'],
    NaN: 'say "NaN", Infinity',
  })
})

test('whole numbers beyond 2^53 keep every digit, there and back', () => {
  const text = '{"a":9007199254740993,"b":[-9223372036854775808,12345678901234567890],"c":"9007199254740993","d":1.5}'
  const value = parseJson(text)
  expect(value).toEqual({
    a: 9_007_199_254_740_993n,
    b: [-(2n ** 63n), 12_345_678_901_234_567_890n],
    c: '9007199254740993',
    d: 1.5,
  })
  expect(jsonText(value)).toBe(text)
})

test('numbers that a double holds are numbers, however many digits they have', () => {
  expect(parseJson('[9007199254740991, 0.1234567890123456, 1e300, 100000000000000000000.0]')).toEqual([
    2 ** 53 - 1,
    0.123_456_789_012_345_6,
    1e300,
    1e20,
  ])
})

test('what is no JSON is undefined', () => {
  for (const text of ['', '{bad', '[1,]', 'nan']) expect(parseJson(text)).toBeUndefined()
})

test('numbers can be read as they were written', () => {
  expect(parseAsWritten('{"a": 9.0, "b": ["x", 1e3]}')).toEqual({
    a: new NumberText('9.0'),
    b: ['x', new NumberText('1e3')],
  })
})
