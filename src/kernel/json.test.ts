import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson, digestOf, type Json, sha256 } from './json.ts'

/** The same value with every object's keys in another order. */
function reordered(value: Json): Json {
  if (Array.isArray(value)) return value.map(reordered)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value as { readonly [key: string]: Json }) // neither null nor an array
  return Object.fromEntries(entries.reverse().map(([key, part]) => [key, reordered(part)]))
}

const anyJson = fc.jsonValue({ noUnicodeString: false }) as fc.Arbitrary<Json> // what JSON.parse can return

describe('canonicalJson', () => {
  test('sorts keys at every depth and keeps the order of lists', () => {
    expect(canonicalJson({ b: [{ d: 1, c: 'x' }, null], a: false })).toBe('{"a":false,"b":[{"c":"x","d":1},null]}')
  })

  test('means what JSON means', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
      { seed: 20_150_201 },
    )
  })

  test('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        expect(canonicalJson(reordered(value))).toBe(canonicalJson(value))
      }),
      { seed: 20_150_202 },
    )
  })

  test('an absent key and an undefined one are the same', () => {
    expect(canonicalJson({ a: 1, b: undefined } as unknown as Json)).toBe('{"a":1}') // what an optional property becomes
  })

  test('a key called __proto__ is a key', () => {
    expect(canonicalJson(JSON.parse('{"__proto__":1}') as Json)).toBe('{"__proto__":1}') // parsed JSON
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    '%d is not JSON, at any depth',
    (value) => {
      expect(() => canonicalJson({ a: [value] })).toThrow(`${value} is not JSON`)
    },
  )

  test.each([
    ['undefined', undefined],
    ['a hole in a list', Object.assign([1], { length: 2 })],
    ['undefined in a list', [undefined]],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['a bigint', 1n],
    ['a date', new Date(0)],
    ['a map', new Map([[1, 2]])],
    ['a typed array', Float64Array.of(1)],
    ['an error', new Error('no')],
  ])('%s is a TypeError, because a digest of what is left of it would lie', (_, value) => {
    expect(() => canonicalJson(value as Json)).toThrow(TypeError) // not JSON on purpose
  })

  test('an object without a prototype is an object', () => {
    expect(canonicalJson(Object.assign(Object.create(null), { a: 1 }))).toBe('{"a":1}')
  })
})

describe('digests', () => {
  test('sha256 agrees with the published vectors, for text and for bytes', () => {
    // FIPS 180-4 examples: "abc", and the empty message.
    const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    expect(sha256('abc')).toBe(abc)
    expect(sha256(Uint8Array.of(97, 98, 99))).toBe(abc)
    expect(sha256('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  })

  test('two values have one digest exactly when they are equal', () => {
    fc.assert(
      fc.property(anyJson, anyJson, (a, b) => {
        expect(digestOf(a)).toBe(digestOf(reordered(a)))
        expect(digestOf(a) === digestOf(b)).toBe(canonicalJson(a) === canonicalJson(b))
      }),
      { seed: 20_150_203 },
    )
  })
})
