// A prediction request's values, in the project's own words, as raw columns.
import { wallClock } from '../features/time-zone.ts'
import { PlannedError } from '../kernel/errors.ts'
import { dayText } from '../kernel/window.ts'
import type { Project, RequestField, TimeReading } from './project.ts'

/** How a request's times are taken. */
export interface RequestTimes {
  /** How the source labels its times, and so what the model's column holds. */
  readonly reading: TimeReading
  /** What a time is that names no zone: the column's value as it is, or what the clocks of the field's zone show. */
  readonly unzoned: 'stored' | 'local'
}

/** What can be wrong with a value. */
export type FieldFault = 'missing' | 'not a number' | 'not finite' | 'not whole' | 'too large' | 'not a time'

const AS_STORED: RequestTimes = { reading: 'utc', unzoned: 'stored' }
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i
const WHOLE = /^[+-]?\d+(?:\.0*)?$/
const NOT_FINITE = /^[+-]?(?:inf(?:inity)?|nan)$/i
const TIME = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(?: ?(UTC|Z|[+-]\d\d:?\d\d))?$/i
/** What people and their programs write for "nothing here". */
const NULLS: ReadonlySet<string> = new Set(['', 'null', 'na', 'n/a', 'nan', 'none', 'nat', '<na>', '\\n'])

/**
 * Reads a request's texts to columns of one row; fields that are absent take the project's example.
 * Throws `BAD_INPUT` that names every field that is wrong, and fields that the project does not know.
 */
export function readRequest(
  project: Project,
  texts: Readonly<Record<string, string>>,
  times: RequestTimes = AS_STORED,
): Record<string, Float64Array> {
  const known = project.request.map((field) => field.name).join(', ')
  const faults = Object.keys(texts)
    .filter((name) => !project.request.some((field) => field.name === name))
    .map((name) => ({ what: `${name} is not a field`, next: `set one of ${known}` }))
  const columns: Record<string, Float64Array> = {}
  for (const field of project.request) {
    const given = texts[field.name]
    const value = given === undefined ? readText(field, field.example, AS_STORED) : readText(field, given, times)
    if (typeof value === 'string')
      faults.push({
        what: `${field.name} is "${given}"`,
        next: `write ${howToWrite(field.kind, times)}, for example ${field.name}=${field.example}`,
      })
    else columns[field.name] = Float64Array.of(value)
  }
  if (faults.length > 0) {
    throw new PlannedError('BAD_INPUT', faults.map(({ what }) => what).join('\n  '), {
      next: [...new Set(faults.map(({ next }) => next))].join('; '),
    })
  }
  return columns
}

/** How a value is written, in words: "a whole number". */
export function howToWrite(kind: RequestField['kind'], { unzoned }: RequestTimes): string {
  if (kind === 'number') return 'a number'
  if (kind === 'integer') return 'a whole number'
  return `${unzoned === 'stored' ? 'a UTC time' : 'a time'} as YYYY-MM-DD HH:MM:SS`
}

/** The example of a field as a request writes it, where a time without a zone is what the clocks of the field's zone show. */
export function localExample({ kind, example, zone = 'UTC' }: RequestField): string {
  if (kind !== 'time') return example
  const wallMs = wallClock(zone).toWall(Date.parse(`${example.replace(' ', 'T')}Z`))
  return new Date(wallMs).toISOString().slice(0, 19).replace('T', ' ')
}

/** A value from a file or from JSON: NaN for none; a text as `readText` reads it; a number for a time is the column's value itself. */
export function readCell(field: RequestField, value: unknown, times: RequestTimes): number | FieldFault {
  if (value === undefined) return 'missing'
  if (value === null || Number.isNaN(value)) return Number.NaN
  if (typeof value === 'number' || typeof value === 'bigint') return checkNumber(field, Number(value))
  if (typeof value === 'string')
    return NULLS.has(value.trim().toLowerCase()) ? Number.NaN : readText(field, value, times)
  return field.kind === 'time' ? 'not a time' : 'not a number'
}

/** A value from a text: a finite number, a whole number, or a time in ms since 1970 as the model's column holds it. */
export function readText(field: RequestField, text: string, times: RequestTimes): number | FieldFault {
  const trimmed = text.trim()
  if (field.kind === 'time') return readTime(field, trimmed, times) ?? 'not a time'
  if (field.kind === 'integer') {
    if (WHOLE.test(trimmed)) return checkNumber(field, Number(trimmed))
    return NUMBER.test(trimmed) ? 'not whole' : 'not a number'
  }
  if (NUMBER.test(trimmed)) return checkNumber(field, Number(trimmed))
  return NOT_FINITE.test(trimmed) ? 'not finite' : 'not a number'
}

function checkNumber({ kind }: RequestField, value: number): number | FieldFault {
  if (!Number.isFinite(value)) return 'not finite'
  if (kind === 'number') return value
  if (Math.abs(value) > (kind === 'time' ? LATEST_TIME_MS : Number.MAX_SAFE_INTEGER)) return 'too large'
  if (Number.isInteger(value)) return value
  return kind === 'time' ? Math.floor(value) : 'not whole'
}

/** The last instant a Date can hold, and as far back. */
const LATEST_TIME_MS = 8.64e15

function readTime({ zone = 'UTC' }: RequestField, text: string, times: RequestTimes): number | null {
  const [, day, clock, named] = TIME.exec(text) ?? []
  if (day === undefined || clock === undefined) return null
  const wallMs = Date.parse(`${day}T${clock}Z`)
  if (Number.isNaN(wallMs) || dayText(wallMs) !== day) return null // 30 February would be taken for 1 March
  if (named !== undefined) {
    const instantMs = wallMs - offsetMs(named)
    return times.reading === 'utc' ? instantMs : wallClock(zone).toWall(instantMs)
  }
  const isStored = times.unzoned === 'stored' || times.reading === 'local'
  return isStored ? wallMs : wallClock(zone).toInstant(wallMs)
}

function offsetMs(zone: string): number {
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(zone) ?? []
  const size = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60_000
  return sign === '-' ? -size : size
}
