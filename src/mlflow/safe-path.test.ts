import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodedOnce, isSafePath, safePath, spellingsOf } from './safe-path.ts'

const BAD = [
  '..',
  '../a',
  'a/..',
  'a/../b',
  'a/../../b',
  './../a',
  '/a',
  '//a',
  'a//b',
  '/etc/passwd',
  '/etc/passwd%00.txt',
  'etc/passwd%00.html',
  'a\0b',
  'a%2500b',
  '%2e%2e%2fa',
  '%2E%2E/a',
  '%252e%252e%252fa',
  '%25252e%25252e/a',
  '%2%0952e%2%0952e/%2%0A52e%2%0A52e/a',
  '.%09./a',
  '%2fetc',
  '%252fetc',
  'a#b',
  'a%23b',
  'a%2523b',
  'file://a#/..//tmp',
  'file://a%23/..//tmp/',
  'file:///etc/passwd',
  'file:/etc/passwd',
  'file:etc/passwd',
  'FILE:x',
  '/file://etc/passwd',
  'http://host/a',
  's3:/bucket',
  'C:/x',
  'C:x',
  'c%3A/x',
  'a\\b',
  '..\\..\\x',
  '..%5c..%5cx',
  '..%255c..%255cx',
  '%5c%5chost%5cshare',
  'a/.. /b',
  'half \ud83d',
]

const GOOD: readonly (readonly [string, string])[] = [
  ['', ''],
  ['path', 'path'],
  ['path/', 'path'],
  ['path/to/file', 'path/to/file'],
  ['./path/./file', 'path/file'],
  ['dog%step%100%timestamp%100', 'dog%step%100%timestamp%100'],
  ['dog+step+100+timestamp+100', 'dog+step+100+timestamp+100'],
  ['a;b', 'a;b'],
  ['a b/ c', 'a b/ c'],
  ['..a/b..', '..a/b..'],
  ['.../x', '.../x'],
  ['.hidden', '.hidden'],
  ['epoch:3/weights', 'epoch:3/weights'],
  ['100%', '100%'],
  ['a%20b', 'a b'],
  ['a%2520b', 'a b'],
  ['a%09b', 'ab'],
  ['bell\u0007', 'bell%07'],
  ['Ünïcødé/日本語/🚕', 'Ünïcødé/日本語/🚕'],
]

test.each(BAD)('refuses %j', (path) => {
  expect(isSafePath(path)).toBe(false)
  expect(() => safePath(path)).toThrow(
    expect.objectContaining({ code: 'INVALID_PARAMETER_VALUE', message: 'Invalid path' }),
  )
})

test.each(GOOD)('takes %j', (path, plain) => {
  expect(safePath(path)).toBe(plain)
})

test('a path that is encoded more than ten times over is refused, whatever it hides', () => {
  const encoded = (times: number): string => `%${'25'.repeat(times)}41`
  expect(isSafePath(encoded(8))).toBe(true)
  expect(isSafePath(encoded(10))).toBe(false)
  expect(spellingsOf(encoded(10))).toBeNull()
})

test('a path that was made safe stays the same', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', '%', '2', '5', '0', '1', 'é', '/', '.') }), (text) => {
      fc.pre(isSafePath(text))
      expect(safePath(safePath(text))).toBe(safePath(text))
    }),
    { seed: 20_261_122, numRuns: 1000 },
  )
})

test('climbing dots are found however often, and whichever of their characters, are encoded', () => {
  const hex = (letter: string): string => `%${letter.charCodeAt(0).toString(16).padStart(2, '0')}`
  const encodedSomewhere = (text: string, choices: readonly boolean[]): string =>
    [...text].map((letter, at) => (choices[at % choices.length] === true ? hex(letter) : letter)).join('')
  const choices = fc.array(fc.boolean(), { minLength: 1, maxLength: 9 })
  fc.assert(
    fc.property(
      fc.constantFrom('../a', 'a/../b', 'a/..', 'a\\b', '/a'),
      fc.array(choices, { maxLength: 4 }),
      (path, rounds) => {
        expect(isSafePath(rounds.reduce(encodedSomewhere, path))).toBe(false)
      },
    ),
    { seed: 20_261_122, numRuns: 500 },
  )
})

test('decoding joins the bytes of a character and leaves a lone percent sign', () => {
  expect(decodedOnce('%E6%97%A5 100% %zz %2541')).toBe('日 100% %zz %41')
})
