import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { pythonJson } from '../mlflow/python-json.ts'
import {
  double,
  fieldsOfQuery,
  int32,
  int64,
  list,
  optionalBoolean,
  optionalInt64,
  optionalText,
  readRequest,
  requiredList,
  text,
  withRunId,
} from './mlflow-request.ts'

const DOCS = 'See the API docs for more information about request parameters.'

function read<T>(shape: z.ZodType<T>, value: unknown): T {
  return readRequest(z.object({ x: shape }), { x: value }).x
}

describe('a whole number', () => {
  test.each([
    [5, 5],
    ['5', 5],
    ['+7', 7],
    ['-3', -3],
    [5.0, 5],
    ['9007199254740993', 9_007_199_254_740_993n],
    ['9223372036854775807', 2n ** 63n - 1n],
    [-(2n ** 63n), -(2n ** 63n)],
  ])('may be %o', (value, number) => {
    expect(read(int64, value)).toBe(number)
    expect(read(optionalInt64, value)).toBe(number)
  })

  test.each([5.5, 'x', '', '5x', '0x10', 2n ** 63n, '9223372036854775808', 1e19, [5], {}, Number.NaN])(
    'may not be %o',
    (value) => {
      expect(() => read(int64, value)).toThrow("for parameter 'x' supplied:  Hint: Value was of type ")
    },
  )

  test('may be missing where it is optional; one of 32 bits is no larger than those', () => {
    expect([read(optionalInt64, undefined), read(optionalInt64, null)]).toEqual([undefined, undefined])
    expect(read(int32, '2147483647')).toBe(2_147_483_647)
    expect(() => read(int32, 2_147_483_648)).toThrow("Invalid value 2147483648 for parameter 'x'")
  })
})

describe('a floating-point number', () => {
  test.each([
    [1.5, 1.5],
    [' -1.5e-3 ', -0.0015],
    [true, 1],
    ['NaN', Number.NaN],
    ['inf', Number.POSITIVE_INFINITY],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    [12_345_678_901_234_567_890n, 1.2345678901234567e19],
    ['12345678901234567890', 1.2345678901234567e19],
  ])('may be %o', (value, number) => {
    expect(read(double, value)).toBe(number)
  })

  test.each(['abc', '', ' ', '0x10', '1_000', [1], {}])('may not be %o', (value) => {
    expect(() => read(double, value)).toThrow("for parameter 'x' supplied")
  })
})

describe('a request', () => {
  test('names the first field that is missing, also deep inside', () => {
    const shape = z.object({ run_id: text, metrics: list(z.object({ key: text, timestamp: int64 })) })
    const refusal = (request: unknown) => () => readRequest(shape, request)
    expect(refusal({})).toThrow(`Missing value for required parameter 'run_id'. ${DOCS}`)
    expect(refusal({ run_id: '' })).toThrow("Missing value for required parameter 'run_id'.")
    expect(refusal({ run_id: 'r', metrics: [{ key: 'a', timestamp: 1 }, { key: 'b' }] })).toThrow(
      "Missing value for required parameter 'metrics[1].timestamp'.",
    )
    expect(refusal({ run_id: 'r', metrics: 'foo' })).toThrow('Invalid value "foo" for parameter \'metrics\' supplied')
    expect(refusal({ run_id: 'r', metrics: [5] })).toThrow("Invalid value 5 for parameter 'metrics[0]' supplied")
  })

  test('repeats only the beginning of what it refuses', () => {
    expect(() => read(int64, 'x'.repeat(5000))).toThrow(/^Invalid value "x{900,1000}… for parameter 'x' supplied/)
  })

  test('repeats the beginning of a long list or object, as it would be written whole', () => {
    const whole = Array.from({ length: 400 }, (_, i) => ({ b: 'é', a: [i] }))
    const begins = pythonJson(whole).slice(0, 1000)
    expect(() => read(int64, whole)).toThrow(`Invalid value ${begins}… for parameter 'x' supplied`)
    expect(() => read(int64, [[5, 'é'], { z: null, a: true }])).toThrow(
      'Invalid value [[5,"\\u00e9"],{"a":true,"z":null}] for parameter',
    )
  })

  test('of millions of letters is told of as quickly as a short one', () => {
    const began = performance.now()
    expect(() => read(int64, ['é'.repeat(10_000_000)])).toThrow('Invalid value ["\\u00e9')
    expect(performance.now() - began).toBeLessThan(500) // ms; to write all of it takes seconds
  })

  test('is no text that a database could not hold', () => {
    for (const value of ['a\0b', '\ud800', 'a\udc00']) {
      expect(() => read(text, value)).toThrow("Hint: Value was of type 'str'.")
      expect(() => read(optionalText, value)).toThrow("Hint: Value was of type 'str'.")
    }
    expect(read(text, '𝒳')).toBe('𝒳')
  })

  test('knows a run by its older name too, but goes by the newer', () => {
    expect(withRunId({ run_uuid: 'a' })).toMatchObject({ run_id: 'a' })
    expect(withRunId({ run_uuid: 'a', run_id: null })).toMatchObject({ run_id: 'a' })
    expect(withRunId({ run_uuid: 'a', run_id: 'b' })).toMatchObject({ run_id: 'b' })
  })
})

test('in a query a list may be given once or often; of anything else the first counts', () => {
  const shape = z.object({ ids: list(text), needed: requiredList(text), one: optionalText, flag: optionalBoolean })
  const query = { ids: ['a'], needed: ['b', 'c'], one: ['d', 'e'], flag: ['TRUE'], other: ['f'] }
  const fields = fieldsOfQuery(shape, query)
  expect(fields).toEqual({ ids: ['a'], needed: ['b', 'c'], one: 'd', flag: 'TRUE', other: 'f' })
  expect(readRequest(shape, fields)).toEqual({ ids: ['a'], needed: ['b', 'c'], one: 'd', flag: true })
})
