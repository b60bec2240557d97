// What a request to MLflow's interface may hold, and how it is told that it holds something else: in MLflow's own words.
import { z } from 'zod'
import { invalid } from '../mlflow/error.ts'

const MORE = 'See the API docs for more information about request parameters.'

/** A required text. */
export const text = z.string()
/** A text that may be missing; protobuf cannot tell that from an empty one. */
export const optionalText = z
  .string()
  .nullish()
  .transform((value) => value ?? undefined)

/** A whole number of 64 bits: a number, or a text that reads like one. */
export const int64 = z.preprocess(numberFrom, z.number().int())
export const optionalInt64 = z
  .preprocess(numberFrom, z.number().int().nullish())
  .transform((value) => value ?? undefined)

/** A floating-point number, also as a text, NaN and the infinities included. */
export const double = z.preprocess(numberFrom, z.union([z.number(), z.nan(), z.literal([Infinity, -Infinity])]))

export const optionalBoolean = z
  .preprocess((value) => (value === 'true' ? true : value === 'false' ? false : value), z.boolean().nullish())
  .transform((value) => value ?? undefined)

/** A list that may be missing, which is an empty one. A single value stands for a list of one: a query cannot say it otherwise. */
export function list<T extends z.ZodType>(item: T) {
  return z.preprocess(
    (value) => (value === undefined || value === null ? [] : Array.isArray(value) ? value : [value]),
    z.array(item),
  )
}

export const keyValue = z.object({
  key: text,
  value: z
    .string()
    .nullish()
    .transform((value) => value ?? ''),
})

/** `run_uuid` is an older name of `run_id`, which some clients send beside it and some alone. */
export function withRunId(request: unknown): unknown {
  if (typeof request !== 'object' || request === null || !('run_uuid' in request)) return request
  return 'run_id' in request && request.run_id !== undefined ? request : { ...request, run_id: request.run_uuid }
}

/** Reads a request. Throws `INVALID_PARAMETER_VALUE` naming the first field that is missing or wrong. */
export function readRequest<T>(shape: z.ZodType<T>, request: unknown): T {
  const parsed = shape.safeParse(request)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  const field = pathText(issue.path)
  const value = valueAt(request, issue.path)
  if (value === undefined || value === null) throw invalid(`Missing value for required parameter '${field}'. ${MORE}`)
  throw invalid(
    `Invalid value ${JSON.stringify(value)} for parameter '${field}' supplied:  Hint: Value was of type '${pythonType(value)}'. ${MORE}`,
  )
}

function numberFrom(value: unknown): unknown {
  if (typeof value === 'boolean') return Number(value)
  if (typeof value !== 'string' || value.trim() === '') return value
  if (/^[+-]?(?:inf|infinity)$/i.test(value)) return value.startsWith('-') ? -Infinity : Infinity
  if (/^[+-]?nan$/i.test(value)) return Number.NaN
  const number = Number(value)
  return Number.isNaN(number) ? value : number
}

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (said, part) =>
      typeof part === 'number' ? `${said}[${part}]` : said === '' ? String(part) : `${said}.${String(part)}`,
    '',
  )
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (found, part) => (typeof found === 'object' && found !== null ? Reflect.get(found, part) : undefined),
    value,
  )
}

function pythonType(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return 'str'
    case 'boolean':
      return 'bool'
    case 'number':
      return Number.isInteger(value) ? 'int' : 'float'
    default:
      return Array.isArray(value) ? 'list' : 'dict'
  }
}
