// Broken records, of the kinds the public records have. Every kind is one that cleaning drops.
import { type Random, seededRandom } from '../../src/lifecycle/project.ts'
import { FRESH_MONTHS_FROM, MONTHS, monthlyRows, shareOut, TABLE_ROWS, type TableSize } from './calendar.ts'

/** A month of rides, column by column. */
export interface RideColumns {
  readonly fare_amount: Float64Array
  readonly pickup_datetime: Float64Array
  readonly pickup_longitude: Float64Array
  readonly pickup_latitude: Float64Array
  readonly dropoff_longitude: Float64Array
  readonly dropoff_latitude: Float64Array
  readonly passenger_count: Float64Array
}

/** Rides that have no position at all; that carried nobody or cost nothing; that lie outside the city. */
export interface DirtCounts {
  readonly lost: number
  readonly empty: number
  readonly outside: number
}

/** Before 2015. The recipe's tables to the row (8 of 455; 2362 of 90,743); the large one as the public records: 1.3 %. */
const DIRT_BEFORE_2015: Readonly<Record<TableSize, DirtCounts>> = {
  '1k': { lost: 6, empty: 1, outside: 1 },
  '200k': { lost: 1628, empty: 321, outside: 413 },
  all: { lost: 4280, empty: 810, outside: 1410 },
}

/** Broken rides of each month of a table, in the order of the months. From 2015 on at the same rates as before. */
export function monthlyDirt(size: TableSize): DirtCounts[] {
  const rows = monthlyRows(size)
  const split = MONTHS.indexOf(FRESH_MONTHS_FROM)
  const { before, fresh } = TABLE_ROWS[size]
  const spread = (count: number): number[] => [
    ...shareOut(count, rows.slice(0, split)),
    ...shareOut(Math.round((count * fresh) / before), rows.slice(split)),
  ]
  const { lost, empty, outside } = DIRT_BEFORE_2015[size]
  const [losts, empties, outsides] = [spread(lost), spread(empty), spread(outside)]
  return rows.map((_, i) => ({ lost: losts[i]!, empty: empties[i]!, outside: outsides[i]! }))
}

/**
 * Breaks some of a month's rides, in place. Only rides alone in their second lose their position: two without one would
 * too easily be equal in every column, and the tables have no duplicates.
 */
export function breakRides(
  rides: RideColumns,
  isAlone: Uint8Array,
  counts: DirtCounts,
  seeds: readonly number[],
): void {
  const random = seededRandom(...seeds)
  const broken = new Set<number>()
  const pick = (isFit: (row: number) => boolean): number => {
    let row = random.below(isAlone.length)
    while (broken.has(row) || !isFit(row)) row = random.below(isAlone.length)
    broken.add(row)
    return row
  }
  for (let i = 0; i < counts.lost; i++)
    losePosition(
      rides,
      pick((row) => isAlone[row] === 1),
    )
  for (let i = 0; i < counts.empty; i++) emptyRide(rides, pick(anyRow), random)
  for (let i = 0; i < counts.outside; i++) strayRide(rides, pick(anyRow), random)
}

function anyRow(): boolean {
  return true
}

function losePosition(rides: RideColumns, row: number): void {
  rides.pickup_longitude[row] = 0
  rides.pickup_latitude[row] = 0
  rides.dropoff_longitude[row] = 0
  rides.dropoff_latitude[row] = 0
}

/** Fares of nothing or less, as they occur. */
const NO_FARES = [0, -2.5, -2.9, 0, -3, -2.5]

function emptyRide(rides: RideColumns, row: number, random: Random): void {
  if (random.uniform() < 0.95) rides.passenger_count[row] = 0
  else rides.fare_amount[row] = NO_FARES[random.below(NO_FARES.length)]!
}

/** A spot in Connecticut where a meter without a fix stood for most of 2009, and sums of money for rides out of town. */
const DEFAULT_SPOT = { longitude: -73.137393, latitude: 41.366138 }
const LONGEST_FARE_USD = 208

/** One of the ways to lie outside the city, at about the public records' shares. */
function strayRide(rides: RideColumns, row: number, random: Random): void {
  const kind = random.uniform()
  const [longitude, latitude] =
    random.uniform() < 0.5
      ? [rides.pickup_longitude, rides.pickup_latitude]
      : [rides.dropoff_longitude, rides.dropoff_latitude]
  if (kind < 0.25) {
    longitude[row] = 0
    latitude[row] = 0
  } else if (kind < 0.35) {
    swap(rides.pickup_longitude, rides.pickup_latitude, row)
    swap(rides.dropoff_longitude, rides.dropoff_latitude, row)
  } else if (kind < 0.47) {
    longitude[row] = DEFAULT_SPOT.longitude
    latitude[row] = DEFAULT_SPOT.latitude
  } else if (kind < 0.57) {
    latitude[row] = Math.round((latitude[row]! + (random.uniform() < 0.5 ? 1 : -1.12)) * 1e6) / 1e6 // a degree off
  } else if (kind < 0.62) {
    longitude[row] = -Math.round(random.uniform() * 1e5) / 1e6 // on the meridian of Greenwich, nearly
  } else if (kind < 0.65) {
    // a decimal point lost on the way
    longitude[row] = -Math.round((1000 + 750 * random.uniform()) * 1e6) / 1e6
    latitude[row] = Math.round((300 + 1663 * random.uniform()) * 1e6) / 1e6
  } else {
    leaveTown(rides, row, random)
  }
}

function swap(left: Float64Array, right: Float64Array, row: number): void {
  const kept = left[row]!
  left[row] = right[row]!
  right[row] = kept
}

/** Drops the ride off in Westchester or on Long Island, for a negotiated sum. */
function leaveTown(rides: RideColumns, row: number, random: Random): void {
  const isNorth = random.uniform() < 0.6
  const far = random.uniform()
  const latitude = isNorth ? 40.905 + 0.3 * far : 40.6 + 0.25 * random.uniform()
  const longitude = isNorth ? -73.9 + 0.25 * random.uniform() : -73.695 + 0.35 * far
  rides.dropoff_latitude[row] = Math.round(latitude * 1e6) / 1e6
  rides.dropoff_longitude[row] = Math.round(longitude * 1e6) / 1e6
  rides.fare_amount[row] = Math.min(LONGEST_FARE_USD, Math.round(2 * (35 + 45 * far + 95 * far * random.uniform())) / 2)
}
