// What the tests measure on simulated rides: the marginals that tests/golden/real_rides.py takes of real ones.
import type { Batch } from '../../src/lifecycle/project.ts'

interface Point {
  readonly latitude: number
  readonly longitude: number
}

/** A ride that cleaning keeps, and what the marginals ask about it. */
export interface Ride {
  readonly pickupMs: number
  readonly yearMonth: string
  /** 1 to 12. */
  readonly month: number
  readonly hour: number
  /** 0 = Monday … 6 = Sunday. */
  readonly weekday: number
  readonly pickup: Point
  readonly dropoff: Point
  /** Great-circle distance on a sphere of 6371 km. */
  readonly km: number
  readonly fareUsd: number
  readonly usdPerKm: number
  readonly passengers: number
  /** Airports it starts and ends at, if any. */
  readonly from: string | null
  readonly to: string | null
  /** How many kept rides share its second, itself included. */
  mates: number
  /** Rides of the real sample's month over rides of this one's. */
  weight: number
}

export type Dirt = 'lost' | 'empty' | 'beyond' | 'outside'

/** Why cleaning would drop a row, by the first of its rules that fails, or null. */
export function dirtOf(columns: Batch['columns'], row: number): Dirt | null {
  const value = (name: string): number => columns[name]?.[row] ?? Number.NaN
  const latitudes = [value('pickup_latitude'), value('dropoff_latitude')]
  const longitudes = [value('pickup_longitude'), value('dropoff_longitude')]
  if ([...latitudes, ...longitudes].every((degrees) => degrees === 0)) return 'lost'
  if (!(value('passenger_count') > 0 && value('fare_amount') > 0)) return 'empty'
  if (!(value('passenger_count') < 8 && value('fare_amount') < 400)) return 'beyond'
  const isInside =
    latitudes.every((degrees) => degrees >= 40.5 && degrees <= 40.9) &&
    longitudes.every((degrees) => degrees >= -74.3 && degrees <= -73.7)
  return isInside ? null : 'outside'
}

/** The rides cleaning keeps, weighted so that each month counts as much as the real sample's. */
export function cleanRides(batches: readonly Batch[], ridesByMonth: Readonly<Record<string, number>>): Ride[] {
  const rides: Ride[] = []
  const seconds = new Map<number, number>()
  for (const { rows, columns } of batches) {
    const first = rides.length
    for (let row = 0; row < rows; row++) if (dirtOf(columns, row) === null) rides.push(rideOf(columns, row))
    const ofMonth = rides.slice(first)
    const expected = ridesByMonth[ofMonth[0]?.yearMonth ?? ''] ?? 0
    for (const ride of ofMonth) {
      ride.weight = expected / ofMonth.length
      seconds.set(ride.pickupMs, (seconds.get(ride.pickupMs) ?? 0) + 1)
    }
  }
  for (const ride of rides) ride.mates = seconds.get(ride.pickupMs) ?? 0
  return rides
}

function rideOf(columns: Batch['columns'], row: number): Ride {
  const value = (name: string): number => columns[name]?.[row] ?? Number.NaN
  const pickup = { latitude: value('pickup_latitude'), longitude: value('pickup_longitude') }
  const dropoff = { latitude: value('dropoff_latitude'), longitude: value('dropoff_longitude') }
  const pickupMs = value('pickup_datetime')
  const date = new Date(pickupMs)
  const km = haversineKm(pickup, dropoff)
  return {
    pickupMs,
    yearMonth: date.toISOString().slice(0, 7),
    month: date.getUTCMonth() + 1,
    hour: date.getUTCHours(),
    weekday: (date.getUTCDay() + 6) % 7,
    pickup,
    dropoff,
    km,
    fareUsd: value('fare_amount'),
    usdPerKm: value('fare_amount') / km,
    passengers: value('passenger_count'),
    from: airportOf(pickup),
    to: airportOf(dropoff),
    mates: 0,
    weight: 0,
  }
}

function haversineKm(a: Point, b: Point): number {
  const radians = Math.PI / 180
  const up = Math.sin(((b.latitude - a.latitude) * radians) / 2)
  const across = Math.sin(((b.longitude - a.longitude) * radians) / 2)
  const h = up * up + Math.cos(a.latitude * radians) * Math.cos(b.latitude * radians) * across * across
  return 2 * 6371 * Math.asin(Math.sqrt(h))
}

/** Boxes around the terminals: latitude, longitude, half height, half width, in degrees; as in real_rides.py. */
const AIRPORTS = {
  JFK: [40.6465, -73.786, 0.013, 0.02],
  LGA: [40.7725, -73.87, 0.01, 0.0165],
  EWR: [40.69, -74.18, 0.014, 0.016],
} as const

function airportOf({ latitude, longitude }: Point): string | null {
  for (const [name, [lat, lon, height, width]] of Object.entries(AIRPORTS)) {
    if (Math.abs(latitude - lat) < height && Math.abs(longitude - lon) < width) return name
  }
  return null
}

const BASE_32 = '0123456789bcdefghjkmnpqrstuvwxyz'

/** The geohash of five characters that a point lies in: 12 bits of latitude, 13 of longitude, longitude first. */
export function districtOf({ latitude, longitude }: Point): string {
  const row = Math.floor(((latitude + 90) / 180) * 4096)
  const column = Math.floor(((longitude + 180) / 360) * 8192)
  let text = ''
  for (let character = 0; character < 5; character++) {
    let code = 0
    for (let bit = 5 * character; bit < 5 * character + 5; bit++) {
      const half = bit >> 1
      code = code * 2 + (bit % 2 === 0 ? (column >> (12 - half)) & 1 : (row >> (11 - half)) & 1)
    }
    text += BASE_32[code]!
  }
  return text
}

type Measure = 'km' | 'fareUsd' | 'usdPerKm'

/** Weighted share of the rides for which something holds. */
export function share(rides: readonly Ride[], holds: (ride: Ride) => boolean): number {
  let all = 0
  let some = 0
  for (const ride of rides) {
    all += ride.weight
    if (holds(ride)) some += ride.weight
  }
  return some / all
}

export function weightedMean(rides: readonly Ride[], measure: Measure): number {
  let weight = 0
  let sum = 0
  for (const ride of rides) {
    weight += ride.weight
    sum += ride.weight * ride[measure]
  }
  return sum / weight
}

/** The smallest value that at least a share `at` of the weight does not exceed. */
export function weightedQuantile(rides: readonly Ride[], measure: Measure, at: number): number {
  const sorted = [...rides].sort((a, b) => a[measure] - b[measure])
  let left = at * sorted.reduce((sum, ride) => sum + ride.weight, 0)
  for (const ride of sorted) {
    left -= ride.weight
    if (left <= 0) return ride[measure]
  }
  return sorted.at(-1)?.[measure] ?? Number.NaN
}
