// What the meter asks: the city's fare rules, flat airport fares, tolls. In whole cents, as a meter counts.
import type { Random } from '../../src/lifecycle/project.ts'
import type { Place } from './places.ts'
import { type DayTraffic, meterTicks, type RideTime } from './traffic.ts'
import { AREAS, type Area } from './zones.ts'

/** When the Taxi and Limousine Commission's rise of 2012 came into force (public rule). */
const FARE_RISE_MS = Date.parse('2012-09-04T00:00:00Z')

// Public fare rules of the TLC: flag fall, one step per fifth of a mile or minute of standing, Kennedy-Manhattan flat,
// and the surcharge to Newark.
const FLAG_FALL = 250
const BEFORE_RISE = { step: 40, kennedy: 4500, newark: 1500 }
const AFTER_RISE = { step: 50, kennedy: 5200, newark: 1750 }

/** Tolls of the MTA's bridges and tunnels from each day on: with E-ZPass, and paid in cash (public rates). */
const TOLLS = [
  { fromMs: Number.NEGATIVE_INFINITY, pass: 415, cash: 500 },
  { fromMs: Date.parse('2009-07-12T00:00:00Z'), pass: 457, cash: 550 },
  { fromMs: Date.parse('2010-12-30T00:00:00Z'), pass: 480, cash: 650 },
  { fromMs: Date.parse('2013-03-03T00:00:00Z'), pass: 533, cash: 750 },
  { fromMs: Date.parse('2015-03-22T00:00:00Z'), pass: 554, cash: 800 },
] as const
const CASH_SHARE = 0.04
/** Port Authority crossings, for rides to Newark (public rates, the change of December 2012 only; rounded). */
const HUDSON_TOLLS = { before: 800, after: 1025 }
const HUDSON_SHARE = 0.3

// Share of rides that pay a toll, between the row's area and the columns' (FIDI … HARL, BKQ), either way.
// Estimated from the city's public trip records: a fare that is off the meter's steps by a toll's cents paid it.
const TOLL_SHARES: Partial<Record<Area, readonly number[]>> = {
  LGA: [0.43, 0.67, 0.88, 0.79, 0.92, 0.89, 0.87, 0.03],
  JFK: [0.3, 0.66, 0.85, 0.74, 0.93, 0.96, 0.9, 0.05],
  BKQ: [0.035, 0.055, 0.165, 0.09, 0.12, 0.13, 0.3, 0.01],
}
/** Share of rides between Kennedy and Manhattan that go by the meter all the same, or break off. */
const UNFLAT_SHARE = 0.035

/** Until then one vendor's records count the evening and night surcharges into the fare. */
const SURCHARGES_UNTIL_MS = Date.parse('2009-04-05T00:00:00Z')

export interface Trip extends RideTime {
  readonly pickupMs: number
  readonly pickup: Place
  readonly dropoff: Place
  readonly day: DayTraffic
  readonly countsSurcharges: boolean
}

/** Fare of a trip in dollars, tolls included. */
export function fareUsd(trip: Trip, random: Random): number {
  const { pickup, dropoff } = trip
  const rule = trip.pickupMs < FARE_RISE_MS ? BEFORE_RISE : AFTER_RISE
  const ticks = Math.floor(meterTicks(pickup, dropoff, trip, trip.day, random) + 1)
  const isFlat = isKennedyManhattan(pickup.area, dropoff.area) && random.uniform() >= UNFLAT_SHARE
  let cents = isFlat ? rule.kennedy : FLAG_FALL + rule.step * ticks
  if (dropoff.area === 'EWR' && pickup.area !== 'EWR') {
    cents += rule.newark
    if (random.uniform() < HUDSON_SHARE) cents += rule === BEFORE_RISE ? HUDSON_TOLLS.before : HUDSON_TOLLS.after
  }
  if (random.uniform() < tollShare(pickup.area, dropoff.area)) cents += tollCents(trip.pickupMs, random)
  if (trip.countsSurcharges && !isFlat && trip.pickupMs < SURCHARGES_UNTIL_MS) cents += surchargeCents(trip)
  return cents / 100
}

/** The fare of a ride that was broken off at once. */
export const FLAG_FALL_USD = FLAG_FALL / 100

function isManhattan(area: Area): boolean {
  return AREAS.indexOf(area) <= AREAS.indexOf('HARL')
}

function isKennedyManhattan(from: Area, to: Area): boolean {
  return (from === 'JFK' && isManhattan(to)) || (to === 'JFK' && isManhattan(from))
}

function tollShare(from: Area, to: Area): number {
  const there = TOLL_SHARES[from]?.[AREAS.indexOf(to)]
  return there ?? TOLL_SHARES[to]?.[AREAS.indexOf(from)] ?? 0
}

function tollCents(pickupMs: number, random: Random): number {
  const rate = TOLLS.findLast(({ fromMs }) => pickupMs >= fromMs) ?? TOLLS[0]
  return random.uniform() < CASH_SHARE ? rate.cash : rate.pass
}

/** Half a dollar from 20 to 6, a dollar on working days from 16 to 20 (public TLC rule). */
function surchargeCents({ hour, weekday }: RideTime): number {
  if (hour >= 20 || hour < 6) return 50
  return weekday < 5 && hour >= 16 ? 100 : 0
}
