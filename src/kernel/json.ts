// JSON as a type, one canonical spelling of it, and digests over that spelling.
import { createHash } from 'node:crypto'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }

/**
 * The one spelling of a JSON value: keys sorted, no spaces. Two values are equal exactly when their spellings are.
 * Throws a TypeError on NaN, infinities and anything that is not JSON, because a digest over `null` in their place would lie.
 *
 * @example canonicalJson({ b: 1, a: [true, null] }) // => '{"a":[true,null],"b":1}'
 */
export function canonicalJson(value: Json): string {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`${value} is not JSON`)
  if (value === null || typeof value !== 'object') {
    const text = JSON.stringify(value)
    if (text === undefined) throw new TypeError(`${typeof value} is not JSON`)
    return text
  }
  if (isArray(value)) return `[${Array.from(value, canonicalJson).join(',')}]` // Array.from, because map leaves holes out
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(`${Object.prototype.toString.call(value)} is not JSON`) // a Date or a typed array has no keys of its own
  }
  const parts = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] as Json)}`) // undefined was filtered out above
  return `{${parts.join(',')}}`
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}

/** SHA-256 of bytes or text, in hexadecimal. */
export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** SHA-256 of a value's canonical JSON, in hexadecimal. */
export function digestOf(value: Json): string {
  return sha256(canonicalJson(value))
}
