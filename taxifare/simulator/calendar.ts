// The city's calendar: how many rides a month has, how a day differs from its neighbours, what the weather did.
import { DAY_MS, type Month, monthsOf, monthWindow, seededRandom } from '../../src/lifecycle/project.ts'
import { normal } from './sampling.ts'
import type { DayTraffic } from './traffic.ts'

export type TableSize = '1k' | '200k' | 'all'

/** Every month the city has: 2009-01 … 2015-06. */
export const MONTHS: readonly Month[] = monthsOf({
  fromMs: Date.parse('2009-01-01T00:00:00Z'),
  toMs: Date.parse('2015-07-01T00:00:00Z'),
})
/** From this month on all tables hold far more rides: the months a model meets fresh. */
export const FRESH_MONTHS_FROM: Month = '2015-01'

/** Rides of each table before 2015 and in the six months after. The first two are the recipe's tables to the row. */
export const TABLE_ROWS: Readonly<Record<TableSize, { readonly before: number; readonly fresh: number }>> = {
  '1k': { before: 455, fresh: 545 },
  '200k': { before: 90_743, fresh: 109_257 },
  all: { before: 500_000, fresh: 600_000 },
}

/** One day as rides meet it. */
export interface DayPlan extends DayTraffic {
  readonly startMs: number
  /** 0 = Monday … 6 = Sunday. */
  readonly weekday: number
  /** Share of a usual day's rides. */
  readonly demand: number
  /** How many long rides (airports, other boroughs) there are against the average of all years. */
  readonly longRides: number
}

// Estimated from the city's public trip records, 2009-2015, by month of the year or by year from 2009.
const RIDES_PER_DAY = [1, 0.99, 1.02, 1.02, 1.02, 1.03, 0.96, 0.91, 1.02, 1.03, 0.98, 1]
const RIDES_BY_YEAR = [1.01, 0.97, 1, 1.03, 1.01, 0.96, 1]
const LONG_RIDES = [0.75, 0.87, 1, 1.01, 1.05, 1.03, 1.03, 1.02, 1.05, 1.04, 1.02, 0.97]
const LONG_RIDES_BY_YEAR = [0.92, 0.93, 1.0, 1.05, 1.08, 1.1, 1.12]
/** Log ticks of the meter for a ride of the same way: the season (against September), then the year (against 2009). */
const SLOWNESS = [-0.058, -0.041, -0.033, -0.023, -0.013, -0.01, -0.027, -0.036, 0, -0.008, 0.002, 0.009]
const SLOWNESS_BY_YEAR = [0, -0.008, 0.004, 0.018, 0.024, 0.056, 0.056]
/** The six months of 2015 in place of the season: estimated, and then evened out so that they climb. */
const SLOWNESS_2015 = [-0.016, -0.016, -0.012, 0, 0.004, 0.022]
/** How much luck counts in 2015. Set so that trees and networks find each month as hard as the real one. */
const UNSTEADINESS_2015 = [0.89, 0.95, 0.96, 0.98, 1.01, 0.97]

/** Spread of one day against the next: log rides, and log ticks (traffic grew less even from 2013 on). */
const DAY_DEMAND_SPREAD = 0.12
const DAY_SLOWNESS_SPREAD = { until2012: 0.021, since2013: 0.034 }

interface DayEvent {
  readonly demand?: number
  readonly slowness?: number
  readonly unsteadiness?: number
  readonly longRides?: number
}

/** Holidays on a date: few people at work, open streets. */
const FIXED_HOLIDAYS: Readonly<Record<string, DayEvent>> = {
  '01-01': { demand: 0.85, slowness: -0.12 },
  '07-04': { demand: 0.6, slowness: -0.1 },
  '12-24': { demand: 0.75, slowness: -0.14 },
  '12-25': { demand: 0.48, slowness: -0.25 },
  '12-26': { demand: 0.65, slowness: -0.15 },
  '12-27': { demand: 0.75, slowness: -0.07 },
  '12-28': { demand: 0.85, slowness: -0.05 },
  '12-31': { demand: 1, slowness: -0.08 },
}
/** Holidays on the n-th weekday of a month (month, weekday with 0 = Monday, n; 5 = the last). */
const MOVING_HOLIDAYS: readonly (DayEvent & { readonly on: readonly [number, number, number] })[] = [
  { on: [1, 0, 3], demand: 0.8, slowness: -0.09 },
  { on: [2, 0, 3], demand: 0.8, slowness: -0.1 },
  { on: [5, 0, 5], demand: 0.72, slowness: -0.1 },
  { on: [9, 0, 1], demand: 0.65, slowness: -0.11 },
  { on: [10, 0, 2], demand: 0.85, slowness: -0.07 },
  { on: [11, 3, 4], demand: 0.7, slowness: -0.15 },
  { on: [11, 4, 4], demand: 0.8, slowness: -0.12 },
]
/** Days everybody remembers: blizzards, Irene, Sandy. */
const NAMED_DAYS: Readonly<Record<string, DayEvent>> = {
  '2010-02-10': { demand: 0.55, slowness: 0.08 },
  '2010-12-26': { demand: 0.3, slowness: 0.1 },
  '2010-12-27': { demand: 0.2, slowness: 0.15 },
  '2011-08-27': { demand: 0.3, slowness: -0.05 },
  '2011-08-28': { demand: 0.05, slowness: -0.1 },
  '2011-08-29': { demand: 0.45, slowness: 0.05 },
  '2012-10-29': { demand: 0.16, slowness: -0.05 },
  '2012-10-30': { demand: 0.34, slowness: 0.03 },
  '2012-10-31': { demand: 0.6, slowness: 0.12 },
  '2015-01-26': { demand: 0.55, slowness: 0.12, unsteadiness: 1.2 },
  '2015-01-27': { demand: 0.22, slowness: -0.2 },
}
/**
 * Weeks out of the ordinary (first and last day). These are made up: in real months too the last days differ from the
 * first, and a model that is retrained on the first has to live with it.
 */
const NAMED_WEEKS: readonly (DayEvent & { readonly from: string; readonly to: string })[] = [
  // Road works on the avenues and the bridges' approaches. They rest from Memorial Day on, while half the city is away.
  { from: '2015-05-04', to: '2015-05-24', slowness: 0.085 },
  { from: '2015-05-25', to: '2015-05-25', demand: 0.72, slowness: -0.1, unsteadiness: 0.85 },
  { from: '2015-05-26', to: '2015-05-31', slowness: -0.055, unsteadiness: 0.85 },
  // The end of school, thunderstorms, parades: nobody can tell how long a ride takes.
  { from: '2015-06-24', to: '2015-06-30', slowness: 0.05, unsteadiness: 1.36, longRides: 1.12 },
]

/** The days of a month. The same for every table size: a seed of its own for each day. */
export function daysOf(month: Month, seed: number): DayPlan[] {
  const { fromMs, toMs } = monthWindow(month)
  const plans: DayPlan[] = []
  for (let startMs = fromMs; startMs < toMs; startMs += DAY_MS) plans.push(planDay(startMs, seed))
  return plans
}

function planDay(startMs: number, seed: number): DayPlan {
  const date = new Date(startMs)
  const month = date.getUTCMonth()
  const year = date.getUTCFullYear() - 2009
  const weekday = (date.getUTCDay() + 6) % 7
  const random = seededRandom(seed, 1, startMs / DAY_MS)
  const spread = year < 4 ? DAY_SLOWNESS_SPREAD.until2012 : DAY_SLOWNESS_SPREAD.since2013
  const season = year === 6 ? SLOWNESS_2015[month]! : SLOWNESS[month]!
  const event = eventOf(date, weekday)
  return {
    startMs,
    weekday,
    demand: Math.exp(DAY_DEMAND_SPREAD * normal(random)) * (event.demand ?? 1),
    slowness: season + SLOWNESS_BY_YEAR[year]! + spread * normal(random) + (event.slowness ?? 0),
    unsteadiness: event.unsteadiness ?? (year === 6 ? UNSTEADINESS_2015[month]! : 1),
    longRides: LONG_RIDES[month]! * LONG_RIDES_BY_YEAR[year]! * (event.longRides ?? 1),
  }
}

function eventOf(date: Date, weekday: number): DayEvent {
  const day = date.toISOString().slice(0, 10)
  const named =
    NAMED_DAYS[day] ?? FIXED_HOLIDAYS[day.slice(5)] ?? NAMED_WEEKS.find(({ from, to }) => from <= day && day <= to)
  if (named !== undefined) return named
  const nth = Math.ceil(date.getUTCDate() / 7)
  const isLast = new Date(date.getTime() + 7 * DAY_MS).getUTCMonth() !== date.getUTCMonth()
  const holiday = MOVING_HOLIDAYS.find(
    ({ on: [month, day, n] }) => month === date.getUTCMonth() + 1 && day === weekday && (n === 5 ? isLast : n === nth),
  )
  return holiday ?? {}
}

/** Rides of each month of a table, in the order of `MONTHS`. */
export function monthlyRows(size: TableSize): readonly number[] {
  const { before, fresh } = TABLE_ROWS[size]
  const weights = MONTHS.map((month) => {
    const { fromMs, toMs } = monthWindow(month)
    const date = new Date(fromMs)
    const season = RIDES_PER_DAY[date.getUTCMonth()]! * RIDES_BY_YEAR[date.getUTCFullYear() - 2009]!
    return ((toMs - fromMs) / DAY_MS) * season
  })
  const split = MONTHS.indexOf(FRESH_MONTHS_FROM)
  return [...shareOut(before, weights.slice(0, split)), ...shareOut(fresh, weights.slice(split))]
}

/**
 * Whole numbers that add up to `total`, each within one of its weight's share.
 *
 * @example shareOut(10, [1, 1, 1]) // => [3, 4, 3]
 */
export function shareOut(total: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((a, b) => a + b, 0)
  let passed = 0
  let given = 0
  return weights.map((weight) => {
    passed += weight
    const upTo = Math.round((total * passed) / sum)
    const share = upTo - given
    given = upTo
    return share
  })
}
