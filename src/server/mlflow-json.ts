// JSON as MLflow's clients write it: Python's, with NaN and infinities as bare words, and integers of 64 bits.

/** Bare NaN, Infinity and -Infinity outside of strings become strings, which every number of a request may also be. */
const BARE_OR_STRING = /"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g

/** The value of a text; undefined if it is no JSON even so. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    try {
      return JSON.parse(text.replace(BARE_OR_STRING, (found) => (found.startsWith('"') ? found : `"${found}"`)))
    } catch {
      return undefined
    }
  }
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
