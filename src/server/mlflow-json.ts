// JSON as MLflow's clients write it: Python's, with NaN and infinities as bare words, and integers of 64 bits.
import { NumberText } from '../mlflow/python-json.ts'

/** Bare NaN, Infinity and -Infinity outside of strings become strings, which every number of a request may also be. */
const BARE_OR_STRING = /"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g

/** A whole number that may be beyond 2^53. */
const LONG_INTEGER = /[\s:,[]-?\d{16,}\s*[,\]}]/

/** A reviver, as V8 calls it since 11.4: with the text that a value was read from. TypeScript's library does not name that yet. */
type ReviveWithSource = (key: string, value: unknown, context: { readonly source?: string }) => unknown

/** The value of a text; undefined if it is no JSON even so. Whole numbers beyond 2^53 are bigints. */
export function parseJson(text: string): unknown {
  return parsed(text, LONG_INTEGER.test(text) ? exactInteger : undefined)
}

/** The value of a text, with every number as a `NumberText`. */
export function parseAsWritten(text: string): unknown {
  return parsed(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined ? new NumberText(source) : value,
  )
}

function parsed(text: string, revive: ReviveWithSource | undefined): unknown {
  const parse = (given: string): unknown => JSON.parse(given, revive as (key: string, value: unknown) => unknown) // see there
  try {
    return parse(text)
  } catch {
    try {
      return parse(text.replace(BARE_OR_STRING, (found) => (found.startsWith('"') ? found : `"${found}"`)))
    } catch {
      return undefined
    }
  }
}

function exactInteger(_key: string, value: unknown, { source = '' }: { readonly source?: string }): unknown {
  return typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source) ? BigInt(source) : value
}

/** An answer's text. Integers beyond 2^53, which the database hands out as bigints, keep every digit. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    // A number's text inside JSON: JSON.rawJSON leaves its digits as they are.
    typeof part === 'bigint' ? rawJson(part.toString()) : part,
  )
}

/** `JSON.rawJSON`, which Node has and TypeScript's library does not name yet. */
const { rawJSON: rawJson } = JSON as unknown as { rawJSON: (text: string) => object } // in V8 since 11.4
