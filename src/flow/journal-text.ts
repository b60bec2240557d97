// What may enter the journal: JSON, and nothing that only looks like it.
import { canonicalJson, type Json } from '../kernel/json.ts'

const MAX_TEXT_BYTES = 1_048_576
const MAX_DEPTH = 200

/**
 * The text of a JSON value. Throws an Error, a bug of whoever made the value, that starts with `what` and names the
 * path of the first thing that JSON cannot hold (NaN, undefined, a function, a Date or other class instance, a cycle).
 *
 * @example jsonText({ a: [1, null] }, 'the output') // => '{"a":[1,null]}'
 */
export function jsonText(value: unknown, what: string): string {
  const fault = findFault(value, '', 0)
  if (fault !== null) throw new Error(`${what} is not JSON: ${fault}`)
  return JSON.stringify(value)
}

/**
 * As `jsonText`, and refuses more than 1 MiB: the journal is kept for ever, so tables and models travel by reference.
 */
export function journalText(value: unknown, what: string): string {
  const text = jsonText(value, what)
  const bytes = Buffer.byteLength(text)
  if (bytes > MAX_TEXT_BYTES) {
    throw new Error(
      `${what} is ${bytes} bytes long; the journal takes ${MAX_TEXT_BYTES}. Store it elsewhere and pass its path or digest`,
    )
  }
  return text
}

/** Parses a text that `jsonText` made. */
export function fromJournal(text: string): Json {
  return JSON.parse(text) as Json // only JSON is ever written
}

function findFault(value: unknown, path: string, depth: number): string | null {
  const at = path === '' ? 'it' : path
  if (depth > MAX_DEPTH) return `${at} is nested more than ${MAX_DEPTH} deep, or holds itself`
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return null
    case 'number':
      return Number.isFinite(value) ? null : `${at} is ${value}`
    case 'object':
      return value === null ? null : findFaultInside(value, path, depth)
    case 'undefined':
      return `${at} is undefined; use null`
    default:
      return `${at} is a ${typeof value}`
  }
}

function findFaultInside(value: object, path: string, depth: number): string | null {
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const fault = findFault(value[i], `${path}[${i}]`, depth + 1)
      if (fault !== null) return fault
    }
    return null
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  // A plain object of another realm (a test runner's sandbox) has a prototype of its own, whose own prototype is null.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    return `${path === '' ? 'it' : path} is an instance of ${value.constructor?.name || 'a class'}`
  }
  for (const [key, inner] of Object.entries(value)) {
    const fault = findFault(inner, path === '' ? key : `${path}.${key}`, depth + 1)
    if (fault !== null) return fault
  }
  return null
}

/**
 * How two JSON values differ, for a message: field by field where both are objects.
 *
 * @example describeDifference({ a: 1, b: 2 }, { a: 1, b: 3 }) // => 'b was 2 and is now 3'
 */
export function describeDifference(before: Json, now: Json): string {
  if (!isObject(before) || !isObject(now)) return `it was ${shorten(before)} and is now ${shorten(now)}`
  const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])]
  return keys
    .filter((key) => shown(before[key]) !== shown(now[key]))
    .map((key) => `${key} was ${shorten(before[key])} and is now ${shorten(now[key])}`)
    .join(', ')
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function shown(value: Json | undefined): string {
  return value === undefined ? 'absent' : canonicalJson(value)
}

function shorten(value: Json | undefined): string {
  const text = shown(value)
  return text.length <= 120 ? text : `${text.slice(0, 117)}...`
}
