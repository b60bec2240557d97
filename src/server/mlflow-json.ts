// JSON as MLflow's clients write it: Python's, with NaN and infinities as bare words, and integers of 64 bits.
import { invalid } from '../mlflow/error.ts'
import { NumberText } from '../mlflow/python-json.ts'

/** NaN, Infinity and -Infinity as bare words; every one in a text. */
const BARE = /-?\b(?:NaN|Infinity)\b/g

const [COMMA, QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [
  0x2c, 0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d,
]

/** Lists and objects within each other: as deep as Python reads. */
const MAX_DEPTH = 1000
/** Values of a text at most: five times as many as the longest list that is read. A parser takes seconds over millions. */
const MAX_VALUES = 100_000
/** Letters of a text that is looked over first: millions of brackets take a parser seconds. */
const LONG_TEXT = 64 * 1024

/** A whole number that may be beyond 2^53, and not beyond 64 bits. Without an end to it V8 has no end to its stack either. */
const LONG_INTEGER = /(?<![\d.])\d{16,19}(?![\d.eE])/

/** A reviver, as V8 calls it since 11.4: with the text that a value was read from. TypeScript's library does not name that yet. */
type ReviveWithSource = (key: string, value: unknown, context: { readonly source?: string }) => unknown

/**
 * The value of a text; undefined if it is no JSON even so. Whole numbers beyond 2^53 are bigints. Throws `INVALID_PARAMETER_VALUE` for more
 * values than are read.
 */
export function parseJson(text: string): unknown {
  if (text.length > LONG_TEXT && isTooDeep(text)) return undefined
  return parsed(text, LONG_INTEGER.test(text) ? exactInteger : undefined)
}

/** The value of a text, with every number as a `NumberText`. */
export function parseAsWritten(text: string): unknown {
  return parsed(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined ? new NumberText(source) : value,
  )
}

/** Whether a text is nested too deeply. Throws if it holds too many values. */
function isTooDeep(text: string): boolean {
  let depth = 0
  let values = 1
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = endOfString(text, at) - 1
    else if (code === OPEN_LIST || code === OPEN_OBJECT) depth++
    else if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth--
    else if (code === COMMA && ++values > MAX_VALUES) throw tooManyValues()
    if (depth > MAX_DEPTH) return true
  }
  return false
}

function tooManyValues(): Error {
  return invalid(`The request's body holds more than ${MAX_VALUES} values. Please split it over several requests.`)
}

function parsed(text: string, revive: ReviveWithSource | undefined): unknown {
  const parse = (given: string): unknown => JSON.parse(given, revive as (key: string, value: unknown) => unknown) // see there
  try {
    return parse(text)
  } catch {
    try {
      return parse(withNamedNumbers(text))
    } catch {
      return undefined
    }
  }
}

/** Bare NaN and infinities outside of strings become strings, which every number of a request may also be. In one pass: a text may be long. */
function withNamedNumbers(text: string): string {
  const parts: string[] = []
  let at = 0
  while (at < text.length) {
    const opens = text.indexOf('"', at)
    const closes = opens === -1 ? -1 : endOfString(text, opens)
    const outside = text.slice(at, opens === -1 ? text.length : opens)
    parts.push(outside.replace(BARE, '"$&"'), opens === -1 ? '' : text.slice(opens, closes))
    at = opens === -1 ? text.length : closes
  }
  return parts.join('')
}

/** The place after the quote that ends a string; the text's end where none does. */
function endOfString(text: string, opens: number): number {
  for (let at = opens + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === BACKSLASH) at++
    else if (code === QUOTE) return at + 1
  }
  return text.length
}

/** Digits beyond those of 64 bits say nothing more, and a bigint of millions of them takes seconds. */
function exactInteger(_key: string, value: unknown, { source = '' }: { readonly source?: string }): unknown {
  return typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d{1,20}$/.test(source)
    ? BigInt(source)
    : value
}

/** An answer's text. Integers beyond 2^53, which the database hands out as bigints, keep every digit. */
export function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value) // several times as fast as with a replacer
  } catch (error) {
    if (!(error instanceof TypeError)) throw error // a TypeError is told of bigints
    return JSON.stringify(value, (_key, part: unknown) =>
      // A number's text inside JSON: JSON.rawJSON leaves its digits as they are.
      typeof part === 'bigint' ? rawJson(part.toString()) : part,
    )
  }
}

/** `JSON.rawJSON`, which Node has and TypeScript's library does not name yet. */
const { rawJSON: rawJson } = JSON as unknown as { rawJSON: (text: string) => object } // in V8 since 11.4
