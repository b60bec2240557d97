// The city simulator: New York's taxi rides from January 2009 to June 2015, the same on every machine. Real rides may not
// be shipped, so this stands in for them: not for what single rides did, but for all that a model can notice.
import { type Batch, type Month, type Random, seededRandom, throwIfCancelled } from '../../src/lifecycle/project.ts'
import { type DayPlan, daysOf, MONTHS, monthlyRows, type TableSize } from './calendar.ts'
import { MonthClock, type Start, type Vendor } from './clock.ts'
import { breakRides, type DirtCounts, monthlyDirt, type RideColumns } from './dirt.ts'
import { FLAG_FALL_USD, fareUsd } from './fares.ts'
import { dayPart, emptyPlace, type Geography, type Place, placeRide, surveyCity } from './places.ts'
import type { Area } from './zones.ts'

export type { TableSize } from './calendar.ts'

/** Every number the city draws comes from this one: another seed is another city. */
const CITY_SEED = 20_090_101

export interface SimulationOptions {
  readonly signal?: AbortSignal
  /** Called when a month is made, before it is handed over. */
  readonly onProgress?: (month: Month, rows: number) => void
}

/**
 * The rides of a raw table, one batch a month, months in order, rides of a month in no order. A smaller table holds the
 * first rides of each month of a larger one (but has more broken records among them).
 *
 * Shapes  seven columns, in the order of the raw tables: fare_amount (USD), pickup_datetime (ms since 1970; New York's
 *         clocks, labelled UTC), longitudes and latitudes (WGS84 degrees), passenger_count.
 * Throws  PlannedError('CANCELLED') between two months once the signal has fired.
 */
export async function* simulateRides(size: TableSize, options: SimulationOptions = {}): AsyncIterable<Batch> {
  const geography = surveyCity()
  const rows = monthlyRows(size)
  const dirt = monthlyDirt(size)
  for (const [i, month] of MONTHS.entries()) {
    await new Promise<void>((resolve) => setImmediate(resolve)) // lets signals, timers and progress through
    throwIfCancelled(options.signal)
    const columns = simulateMonth(i, rows[i]!, dirt[i]!, geography)
    options.onProgress?.(month, rows[i]!)
    yield { rows: rows[i]!, columns }
  }
}

function simulateMonth(
  index: number,
  rows: number,
  dirt: DirtCounts,
  geography: Geography,
): Batch['columns'] & RideColumns {
  const random = seededRandom(CITY_SEED, 2, index)
  const clock = new MonthClock(daysOf(MONTHS[index]!, CITY_SEED), random)
  const columns = {
    fare_amount: new Float64Array(rows),
    pickup_datetime: new Float64Array(rows),
    pickup_longitude: new Float64Array(rows),
    pickup_latitude: new Float64Array(rows),
    dropoff_longitude: new Float64Array(rows),
    dropoff_latitude: new Float64Array(rows),
    passenger_count: new Float64Array(rows),
  }
  const isAlone = new Uint8Array(rows)
  const pickup = emptyPlace()
  const dropoff = emptyPlace()
  for (let row = 0; row < rows; row++) {
    const start = clock.next()
    isAlone[row] = Number(start.isAlone)
    columns.pickup_datetime[row] = start.pickupMs
    columns.fare_amount[row] = drive(start, geography, random, pickup, dropoff)
    columns.passenger_count[row] = passengers(start, random)
    const round = MONTHS[index]! >= '2015-01' ? roundToFloat32 : ROUNDING[start.vendor]
    columns.pickup_longitude[row] = round(pickup.longitude)
    columns.pickup_latitude[row] = round(pickup.latitude)
    columns.dropoff_longitude[row] = round(dropoff.longitude)
    columns.dropoff_latitude[row] = round(dropoff.latitude)
  }
  breakRides(columns, isAlone, dirt, [CITY_SEED, 3, index])
  return columns
}

/** Rides longer than this, and those of airports, come and go with the season. */
const LONG_RIDE_KM = 7
const AIRPORTS: ReadonlySet<Area> = new Set(['LGA', 'JFK', 'EWR'])
/** How many long rides an hour has against the day: they are the travellers' hours. From the city's public trip records. */
const LONG_BY_HOUR = [
  0.95, 0.95, 0.93, 1.12, 1.7, 2.9, 2.5, 1.25, 0.87, 0.72, 0.72, 0.72, 0.83, 0.95, 1.04, 1.05, 1.2, 1.0, 0.78, 0.83,
  0.96, 1.15, 1.32, 0.83,
]

/** Rides that end where they began (the meter stood, or lost its fix): their share, and of these the exact and the broken-off. */
const STANDING_SHARE = 0.0125
const EXACTLY_STANDING = 0.8
const BROKEN_OFF = 0.2
/** Of these, rides for a round sum agreed upon beforehand, and the sums in dollars. */
const AGREED = 0.07
const AGREED_USD = [30, 35, 40, 45, 45, 50, 52, 60, 65, 75]

/** Draws both ends of a ride into the places and returns its fare in dollars. */
function drive(start: Start, geography: Geography, random: Random, pickup: Place, dropoff: Place): number {
  const { day, hour, pickupMs } = start
  const part = dayPart(hour, day.weekday >= 5)
  do placeRide(geography, part, random, pickup, dropoff)
  while (!isTaken(isLong(pickup, dropoff), day.longRides * LONG_BY_HOUR[hour]!, random))
  const countsSurcharges = start.vendor === 'A'
  const fare = fareUsd({ pickupMs, hour, weekday: day.weekday, day, pickup, dropoff, countsSurcharges }, random)
  if (random.uniform() >= STANDING_SHARE) return fare
  const driftDegrees = random.uniform() < EXACTLY_STANDING ? 0 : 0.0004 * random.uniform()
  dropoff.longitude = pickup.longitude + driftDegrees
  dropoff.latitude = pickup.latitude + driftDegrees
  const kind = random.uniform()
  if (kind < AGREED) return AGREED_USD[random.below(AGREED_USD.length)]!
  return kind < AGREED + BROKEN_OFF ? FLAG_FALL_USD : fare
}

/** Whether a ride that was drawn is taken, so that long ones come `longRides` times as often, against the short ones. */
function isTaken(long: boolean, longRides: number, random: Random): boolean {
  const chance = long ? longRides : 1 / longRides
  return chance >= 1 || random.uniform() < chance
}

function isLong(pickup: Place, dropoff: Place): boolean {
  if (AIRPORTS.has(pickup.area) || AIRPORTS.has(dropoff.area)) return true
  const along = pickup.alongKm - dropoff.alongKm
  const cross = pickup.crossKm - dropoff.crossKm
  return along * along + cross * cross > LONG_RIDE_KM * LONG_RIDE_KM
}

/** Chance of at most 1, 2, … 5 passengers. Vendor B's fleet has the vans. Estimated from the city's public trip records. */
const AT_MOST: Readonly<Record<Vendor, readonly number[]>> = {
  A: [0.781, 0.93, 0.968, 0.9885, 0.9955],
  B: [0.614, 0.7545, 0.8015, 0.8215, 0.9615],
}
/** Share of lone riders who are two at the weekend and at night. */
const IN_COMPANY = 0.055

function passengers({ vendor, hour, day }: { vendor: Vendor; hour: number; day: DayPlan }, random: Random): number {
  const chance = random.uniform()
  const atMost = AT_MOST[vendor]
  let count = 1
  while (count < 6 && chance >= atMost[count - 1]!) count++
  return count === 1 && (day.weekday >= 5 || hour < 5) && random.uniform() < IN_COMPANY ? 2 : count
}

/** How each vendor's meters write degrees: six decimals, or thousandths of a minute of arc first. */
const ROUNDING: Readonly<Record<Vendor, (degrees: number) => number>> = {
  A: (degrees) => Math.round(degrees * 1e6) / 1e6,
  B: (degrees) => Math.round((Math.round(degrees * 60_000) / 60_000) * 1e6) / 1e6,
}

/** From 2015 on both write single precision. */
function roundToFloat32(degrees: number): number {
  return Math.fround(degrees)
}
