// Windows of time and the months that partition them. Half-open, UTC, everywhere.
import { PlannedError } from './errors.ts'

/** A half-open span `[fromMs, toMs)`, milliseconds since 1970-01-01T00:00Z. */
export interface TimeWindow {
  readonly fromMs: number
  readonly toMs: number
}

/** A calendar month in UTC, written `YYYY-MM`. */
export type Month = `${number}-${number}`

export const DAY_MS = 86_400_000

/** Parses `YYYY-MM`. Throws `BAD_INPUT` on anything else; `where` is what it was given as, such as an option's name. */
export function parseMonth(text: string, where?: string): Month {
  const match = /^(\d{4})-(\d{2})$/.exec(text)
  const month = Number(match?.[2])
  if (match === null || month < 1 || month > 12) {
    throw new PlannedError('BAD_INPUT', notOne(text, 'a month', where), {
      next: 'write it as YYYY-MM, for example 2015-01',
    })
  }
  return text as Month // the pattern above is the type
}

/**
 * Parses `YYYY-MM-DD` to that day's first millisecond, UTC. Throws `BAD_INPUT` on anything else, 2015-02-30 included; `where` is what it
 * was given as.
 */
export function parseDay(text: string, where?: string): number {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  if (Number.isNaN(ms) || dayText(ms) !== text) {
    throw new PlannedError('BAD_INPUT', notOne(text, 'a date', where), {
      next: 'write it as YYYY-MM-DD, for example 2015-01-01',
    })
  }
  return ms
}

function notOne(text: string, what: string, where: string | undefined): string {
  return where === undefined ? `"${text}" is not ${what}` : `${where} is "${text}", which is not ${what}`
}

/**
 * The UTC day of an instant, as `YYYY-MM-DD`.
 *
 * @example dayText(0) // => '1970-01-01'
 */
export function dayText(ms: number): string {
  return new Date(ms).toISOString().slice(0, -'T00:00:00.000Z'.length) // years past 9999 have more digits
}

/** The month an instant falls in. */
export function monthOf(ms: number): Month {
  return dayText(ms).slice(0, -'-01'.length) as Month // an ISO date starts with one
}

/** The window of one month. */
export function monthWindow(month: Month): TimeWindow {
  const fromMs = Date.parse(`${month}-01T00:00:00Z`)
  return { fromMs, toMs: addMonths(fromMs, 1) }
}

/**
 * The same day and time n months later; past a month's end, its last day (31 January plus one month is 28 or 29 February).
 *
 * @example dayText(addMonths(parseDay('2015-01-31'), 1)) // => '2015-02-28'
 */
export function addMonths(ms: number, months: number): number {
  const date = new Date(ms)
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + months]
  const daysInMonth = new Date(utcDay(year, month + 1, 0)).getUTCDate()
  const dayStart = Math.floor(ms / DAY_MS) * DAY_MS
  return utcDay(year, month, Math.min(date.getUTCDate(), daysInMonth)) + (ms - dayStart)
}

/** Like Date.UTC, which takes the years 0 to 99 for 1900 to 1999. */
function utcDay(year: number, month: number, day: number): number {
  return new Date(0).setUTCFullYear(year, month, day)
}

/** The month n months later. */
export function shiftMonth(month: Month, months: number): Month {
  return monthOf(addMonths(monthWindow(month).fromMs, months))
}

/** Every month a window touches, in order; none for an empty window. */
export function monthsOf(window: TimeWindow): Month[] {
  const months: Month[] = []
  if (window.toMs <= window.fromMs) return months
  for (let month = monthOf(window.fromMs); monthWindow(month).fromMs < window.toMs; month = shiftMonth(month, 1)) {
    months.push(month)
  }
  return months
}
