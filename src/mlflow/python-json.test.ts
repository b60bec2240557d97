import { expect, test } from 'vitest'
import { NumberText, pythonFloat, pythonJson } from './python-json.ts'

// What Python's repr makes of the same number.
test.each([
  [1, '1.0'],
  [-0, '-0.0'],
  [0.1, '0.1'],
  [1 / 3, '0.3333333333333333'],
  [1e-4, '0.0001'],
  [1e-5, '1e-05'],
  [1.5e-7, '1.5e-07'],
  [1e15, '1000000000000000.0'],
  [1e16, '1e+16'],
  [1.2345678901234568e17, '1.2345678901234568e+17'],
  [1e21, '1e+21'],
  [5e-324, '5e-324'],
  [1.7976931348623157e308, '1.7976931348623157e+308'],
  [Number.NaN, 'nan'],
  [Number.NEGATIVE_INFINITY, '-inf'],
])('the float %d is written %s', (value, text) => {
  expect(pythonFloat(value)).toBe(text)
})

// What json.dumps(value, sort_keys=True, separators=(",", ":")) makes of it.
test.each([
  [{ b: [1, null, true], a: { d: 'x', c: 2.5 } }, '{"a":{"c":2.5,"d":"x"},"b":[1,null,true]}'],
  ['é𝒳\n"', '"\\u00e9\\ud835\\udcb3\\n\\""'],
  [Number.NaN, 'NaN'],
  [2n ** 63n, '9223372036854775808'],
  [[new NumberText('9.0'), new NumberText('9'), new NumberText('1e3')], '[9.0,9,1000.0]'],
])('%o is written %s', (value, text) => {
  expect(pythonJson(value)).toBe(text)
})
