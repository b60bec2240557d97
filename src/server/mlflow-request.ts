// What a request to MLflow's interface may hold, and how it is told that it holds something else: in MLflow's own words.
import { z } from 'zod'
import { invalid } from '../mlflow/error.ts'
import { checkCount, SEE_DOCS } from '../mlflow/limits.ts'
import { NumberText, pythonJson } from '../mlflow/python-json.ts'
import { describeAs, type JsonSchema } from './json-schema.ts'

/** Letters of a wrong value that its refusal repeats. */
const REPEATED_LETTERS = 1000
/** Letters of a number that is sent as a text; more say nothing more. */
const NUMBER_LETTERS = 1000
/** Entries at most of a list that is kept, where MLflow has no number: every one of them is written while everybody else waits. */
export const MOST_ENTRIES = 1000
const LARGEST_INT64 = 2n ** 63n - 1n
const LARGEST_INT32 = 2 ** 31 - 1

/** Text that any database can hold: whole Unicode characters, none of them NUL. */
const anyText = z.string().refine((value) => value.isWellFormed() && !value.includes('\0'))

/** A required text. An empty one counts as missing: protobuf cannot tell them apart. */
export const text = anyText.min(1)

/** A text that may be missing, which cannot be told from an empty one. */
export const optionalText = anyText.nullish().transform((value) => value ?? undefined)

/** A text that is empty when it is missing. */
export const textOrEmpty = anyText.nullish().transform((value) => value ?? '')

/** A whole number of 64 bits: a number, or a text that reads like one. Beyond 2^53 it is a bigint, and keeps every digit. */
export const int64 = described({ type: 'integer', format: 'int64' }, wholeNumber)
export const optionalInt64 = described({ type: 'integer', format: 'int64' }, unlessMissing(wholeNumber))

/** A whole number of 32 bits: how many. */
export const int32 = described({ type: 'integer', format: 'int32' }, smallNumber)
export const optionalInt32 = described({ type: 'integer', format: 'int32' }, unlessMissing(smallNumber))

/** A floating-point number, also as a text, NaN and the infinities included. */
export const double = described({ type: 'number', format: 'double' }, (value) => {
  const number = numberFrom(value)
  return typeof number === 'bigint' ? Number(number) : number
})

export const optionalBoolean = described({ type: 'boolean' }, (value) => {
  if (value === undefined || value === null) return undefined
  const lower = typeof value === 'string' ? value.toLowerCase() : value // a query can only say it as a text
  if (lower === true || lower === 'true') return true
  return lower === false || lower === 'false' ? false : WRONG
})

/** The lists among the shapes: in a query one that is given once looks like a single value. */
const LISTS = new WeakSet<z.ZodType>()

/** A list that may be missing, which is an empty one. One of more than `most` entries is refused before they are looked at. */
export function list<T extends z.ZodType>(item: T, most = Infinity) {
  return listOf(item, most, (value) => value ?? [])
}

/** A list that must be there, though it may be empty, and hold no more than `most` entries. */
export function requiredList<T extends z.ZodType>(item: T, most = Infinity) {
  return listOf(item, most, (value) => value)
}

function listOf<T extends z.ZodType>(item: T, most: number, given: (value: unknown) => unknown) {
  const items = z.array(item)
  const counted = z.transform((value: unknown, context) => {
    if (!Array.isArray(value) || value.length <= most) return given(value)
    context.issues.push({ code: 'too_big', origin: 'array', maximum: most, inclusive: true, input: value })
    return z.NEVER
  })
  const shape = describeAs(counted.pipe(items), most === Infinity ? items : items.max(most))
  LISTS.add(shape)
  return shape
}

export const keyValue = z.object({ key: text, value: textOrEmpty })

/** The fields of a query, by what a shape takes: the values of a list, and of anything else the first. */
export function fieldsOfQuery(shape: z.ZodType, queries: Readonly<Record<string, readonly string[]>>): object {
  const fields: Readonly<Record<string, z.ZodType>> = shape instanceof z.ZodObject ? shape.shape : {}
  return Object.fromEntries(
    Object.entries(queries).map(([key, values]) => {
      const field = Object.hasOwn(fields, key) ? fields[key] : undefined
      return [key, field !== undefined && LISTS.has(field) ? values : values[0]]
    }),
  )
}

/** The fields of a body that a shape takes: a body may hold any number of others. */
export function fieldsOfBody(shape: z.ZodType, body: object): object {
  if (!(shape instanceof z.ZodObject)) return body
  const names = [...Object.keys(shape.shape), 'run_uuid'].filter((name) => Object.hasOwn(body, name))
  return Object.fromEntries(names.map((name): [string, unknown] => [name, Reflect.get(body, name)]))
}

/** `run_uuid` is an older name of `run_id`, which some clients send beside it and some alone. */
export function withRunId(request: unknown): unknown {
  if (typeof request !== 'object' || request === null || !('run_uuid' in request)) return request
  return 'run_id' in request && request.run_id !== undefined && request.run_id !== null
    ? request
    : { ...request, run_id: request.run_uuid }
}

/**
 * Reads a request. Throws `INVALID_PARAMETER_VALUE` naming the first field that is missing or wrong. `asWritten` gives the same
 * request with its numbers as they were written, for the message.
 */
export function readRequest<T>(shape: z.ZodType<T>, request: unknown, asWritten: () => unknown = () => request): T {
  const parsed = shape.safeParse(request)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  const field = pathText(issue.path)
  const value = valueAt(request, issue.path)
  if (issue.code === 'too_big' && Array.isArray(value))
    checkCount(lastName(issue.path), value.length, Number(issue.maximum))
  const isEmpty = value === '' && issue.code === 'too_small'
  if (value === undefined || value === null || isEmpty) {
    throw invalid(`Missing value for required parameter '${field}'. ${SEE_DOCS}`)
  }
  const written = valueAt(asWritten(), issue.path) ?? value
  const type = pythonType(written)
  throw invalid(
    `Invalid value ${shown(written)} for parameter '${field}' supplied:  Hint: Value was of type '${type}'. ${SEE_DOCS}`,
  )
}

/** What a reader of a value returns for one that it refuses. */
const WRONG = Symbol('wrong')

function described<T>(schema: JsonSchema, read: (value: unknown) => T | typeof WRONG) {
  const shape = z.transform((value: unknown, context): T => {
    const found = read(value)
    if (found !== WRONG) return found
    context.issues.push({ code: 'custom', input: value, message: 'wrong' })
    return z.NEVER
  })
  return describeAs(shape, schema)
}

function unlessMissing<T>(
  read: (value: unknown) => T | typeof WRONG,
): (value: unknown) => T | undefined | typeof WRONG {
  return (value) => (value === undefined || value === null ? undefined : read(value))
}

function wholeNumber(value: unknown): number | bigint | typeof WRONG {
  const number = numberFrom(value)
  if (typeof number === 'bigint') return isInt64(number) ? number : WRONG
  if (typeof number === 'symbol') return WRONG
  if (!Number.isInteger(number)) return WRONG
  if (Number.isSafeInteger(number)) return number === 0 ? 0 : number // no negative zero
  const whole = BigInt(number)
  return isInt64(whole) ? whole : WRONG
}

function smallNumber(value: unknown): number | typeof WRONG {
  const number = wholeNumber(value)
  return typeof number === 'number' && Math.abs(number) <= LARGEST_INT32 ? number : WRONG
}

/** A number as clients write it: itself, true or false, or a text. A whole number that a double cannot hold is a bigint. */
function numberFrom(value: unknown): number | bigint | typeof WRONG {
  if (typeof value === 'number' || typeof value === 'bigint') return value
  if (typeof value === 'boolean') return Number(value)
  if (typeof value !== 'string' || value.length > NUMBER_LETTERS) return WRONG
  const plain = value.trim()
  if (/^[+-]?\d{1,19}$/.test(plain)) {
    const number = Number(plain)
    return Number.isSafeInteger(number) ? number : BigInt(plain.replace('+', ''))
  }
  if (/^[+-]?inf(?:inity)?$/i.test(plain)) return plain.startsWith('-') ? -Infinity : Infinity
  if (/^[+-]?nan$/i.test(plain)) return Number.NaN
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(plain) ? Number(plain) : WRONG
}

function isInt64(value: bigint): boolean {
  return value <= LARGEST_INT64 && value >= -LARGEST_INT64 - 1n
}

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (said, part) =>
      typeof part === 'number' ? `${said}[${part}]` : said === '' ? String(part) : `${said}.${String(part)}`,
    '',
  )
}

/** What a list is called, without where it stands: the tags of `datasets[3].tags`. */
function lastName(path: readonly PropertyKey[]): string {
  return String(path.findLast((part) => typeof part === 'string'))
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (found, part) => (typeof found === 'object' && found !== null ? Reflect.get(found, part) : undefined),
    value,
  )
}

function shown(value: unknown): string {
  try {
    const said = pythonJson(beginning(value, { letters: REPEATED_LETTERS + 1 }))
    return said.length <= REPEATED_LETTERS ? said : `${said.slice(0, REPEATED_LETTERS)}…`
  } catch {
    return '…' // nested so deeply that it cannot be written
  }
}

/** As much of a value as there are letters left for; the letters counted are no more than those that it is written with. */
function beginning(value: unknown, left: { letters: number }): unknown {
  if (typeof value === 'string') {
    const kept = value.slice(0, Math.max(0, left.letters))
    left.letters -= kept.length + 1
    return kept
  }
  left.letters--
  if (typeof value !== 'object' || value === null || value instanceof NumberText) return value
  const entries = Object.entries(value)
  if (!Array.isArray(value)) entries.sort(([one], [other]) => (one < other ? -1 : 1)) // as they are written
  const kept: [string, unknown][] = []
  for (const [key, part] of entries) {
    if (left.letters <= 0) break
    kept.push([Array.isArray(value) ? key : String(beginning(key, left)), beginning(part, left)])
  }
  return Array.isArray(value) ? kept.map(([, part]) => part) : Object.fromEntries(kept)
}

function pythonType(value: unknown): string {
  if (value instanceof NumberText) return value.isFloat ? 'float' : 'int'
  switch (typeof value) {
    case 'string':
      return 'str'
    case 'boolean':
      return 'bool'
    case 'bigint':
      return 'int'
    case 'number':
      return Number.isInteger(value) ? 'int' : 'float'
    default:
      return Array.isArray(value) ? 'list' : 'dict'
  }
}
