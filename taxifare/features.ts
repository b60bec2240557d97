// What the fare model sees of a taxi ride, and which rides it is told of at all: the cleaning and the 65 features of
// the taxifare recipe.
import {
  absolute,
  add,
  and,
  arcsine,
  between,
  ceiling,
  clock,
  column,
  cosine,
  divide,
  equal,
  greater,
  less,
  minimum,
  multiply,
  not,
  position,
  sine,
  square,
  squareRoot,
  subtract,
} from '../src/features/expressions.ts'
import type { Expression, FeatureSpecification } from '../src/features/specification.ts'

/** The city's clocks. */
export const NEW_YORK = 'America/New_York'

const pickupTime = column('pickup_datetime')
const pickup = { latitude: column('pickup_latitude'), longitude: column('pickup_longitude') }
const dropoff = { latitude: column('dropoff_latitude'), longitude: column('dropoff_longitude') }
const passengers = column('passenger_count')
const fareUsd = column('fare_amount')

/**
 * The taxi rides' specification.
 *
 * @param pickupTimes How to read the stored times. `utc`: as UTC, and converted to New York's clocks for weekday, month
 *   and hour, as the recipe does. `local`: as New York's own clocks already, which is what the city's records hold.
 */
export function taxifareSpecification(pickupTimes: 'utc' | 'local'): FeatureSpecification {
  const zone = zoneOf(pickupTimes)
  const hourAngle = divide(multiply(2 * Math.PI, clock('hour', pickupTime, zone)), 24)
  return {
    columns: [
      { name: 'fare_amount', type: 'double' },
      { name: 'pickup_datetime', type: 'timestamp' },
      { name: 'pickup_longitude', type: 'double' },
      { name: 'pickup_latitude', type: 'double' },
      { name: 'dropoff_longitude', type: 'double' },
      { name: 'dropoff_latitude', type: 'double' },
      { name: 'passenger_count', type: 'integer' },
    ],
    timeColumn: 'pickup_datetime',
    target: 'fare_amount',
    cleaning: {
      // The recipe casts to float32 before it looks for duplicates; everything after is in doubles here.
      duplicates: {
        asFloat32: ['fare_amount', 'pickup_longitude', 'pickup_latitude', 'dropoff_longitude', 'dropoff_latitude'],
      },
      nulls: 'drop',
      rules: [
        {
          name: 'no_coordinates',
          keep: not(
            and(isZero(pickup.latitude), isZero(pickup.longitude), isZero(dropoff.latitude), isZero(dropoff.longitude)),
          ),
        },
        { name: 'no_passenger', keep: greater(passengers, 0) },
        { name: 'no_fare', keep: greater(fareUsd, 0) },
        { name: 'fare_too_high', keep: less(fareUsd, 400) },
        { name: 'too_many_passengers', keep: less(passengers, 8) },
        {
          name: 'latitude_outside_city',
          keep: and(between(pickup.latitude, 40.5, 40.9), between(dropoff.latitude, 40.5, 40.9)),
        },
        {
          name: 'longitude_outside_city',
          keep: and(between(pickup.longitude, -74.3, -73.7), between(dropoff.longitude, -74.3, -73.7)),
        },
      ],
    },
    // In the order of the recipe's 65 columns. None is called `month`: that is the name of the tables' partitions.
    features: [
      { kind: 'number', name: 'passengers', value: divide(subtract(passengers, 1), 8 - 1) },
      { kind: 'category', name: 'day_of_week', code: clock('weekday', pickupTime, zone), size: 7 },
      { kind: 'category', name: 'month_of_year', code: subtract(clock('month', pickupTime, zone), 1), size: 12 },
      { kind: 'number', name: 'days_since_2009', value: divide(daysSince2009(), RECIPE_DAYS) },
      { kind: 'number', name: 'hour_sine', value: sine(hourAngle) },
      { kind: 'number', name: 'hour_cosine', value: cosine(hourAngle) },
      { kind: 'number', name: 'haversine', value: divide(haversineKm(), 100) },
      { kind: 'number', name: 'manhattan', value: divide(manhattanKm(), 100) },
      { kind: 'category', name: 'pickup_district', code: districtOf(pickup), size: DISTRICTS.length },
      { kind: 'category', name: 'dropoff_district', code: districtOf(dropoff), size: DISTRICTS.length },
    ],
  }
}

/** The zone on whose clocks stored times read as New York's. */
export function zoneOf(pickupTimes: 'utc' | 'local'): string {
  return pickupTimes === 'utc' ? NEW_YORK : 'UTC'
}

/**
 * The recipe's scale for time: days from 2009-01-01 to 2014-09-22. Later rides are beyond 1 (1.05 at the start of
 * 2015).
 */
const RECIPE_DAYS = 2090

const EARTH_RADIUS_KM = 6371

function daysSince2009(): Expression {
  return divide(subtract(pickupTime, Date.UTC(2009, 0, 1)), 86_400_000)
}

/**
 * Great-circle distance in km, by the haversine formula on a sphere.
 *
 * Source  R. W. Sinnott, "Virtues of the Haversine", Sky & Telescope 68(2), 1984, p. 159. The root is held to 1, which
 *         rounding may pass for opposite points of the globe.
 */
export function haversineKm(): Expression {
  const halfChord = (from: Expression, to: Expression): Expression =>
    square(sine(divide(radians(subtract(to, from)), 2)))
  const a = add(
    halfChord(pickup.latitude, dropoff.latitude),
    multiply(
      cosine(radians(pickup.latitude)),
      cosine(radians(dropoff.latitude)),
      halfChord(pickup.longitude, dropoff.longitude),
    ),
  )
  return multiply(2 * EARTH_RADIUS_KM, arcsine(minimum(1, squareRoot(a))))
}

/** The recipe's Manhattan distance in km: degrees of longitude are taken as long as those of latitude (no cosine). */
function manhattanKm(): Expression {
  const difference = (from: Expression, to: Expression): Expression => absolute(radians(subtract(to, from)))
  const sum = add(difference(pickup.latitude, dropoff.latitude), difference(pickup.longitude, dropoff.longitude))
  return multiply(sum, EARTH_RADIUS_KM)
}

function radians(degrees: Expression): Expression {
  return multiply(degrees, Math.PI / 180)
}

function isZero(of: Expression): Expression {
  return equal(of, 0)
}

/**
 * Cells of geohashes of five characters, about 4.9 km by 3.7 km: 99 % of pick-ups and drop-offs. In the recipe's order.
 */
const DISTRICTS = [
  ...['dr5ru', 'dr5rs', 'dr5rv', 'dr72h', 'dr72j', 'dr5re', 'dr5rk', 'dr5rz', 'dr5ry', 'dr5rt'],
  ...['dr5rg', 'dr5x1', 'dr5x0', 'dr72m', 'dr5rm', 'dr5rx', 'dr5x2', 'dr5rw', 'dr5rh', 'dr5x8'],
] as const

/**
 * Sides of a cell: 360 / 2^13 degrees of longitude and 180 / 2^12 of latitude, which are the same number, exact in
 * binary.
 */
const CELL_DEGREES = 360 / 2 ** 13
const COLUMNS = 2 ** 13
const ROWS = 2 ** 12

/**
 * Position of the district a point is in, or -1. A point on the line between two cells belongs to the one to its south
 * or west, as in the recipe's pygeohash 1.2, which halves an interval by "greater than the middle" (later versions do
 * not). Dividing before the origin is moved keeps the lines exact in New York: adding 180 first would round some points
 * across.
 */
function districtOf(point: { readonly latitude: Expression; readonly longitude: Expression }): Expression {
  const row = ceiling(divide(point.latitude, CELL_DEGREES))
  const across = ceiling(divide(point.longitude, CELL_DEGREES))
  return position(add(multiply(row, COLUMNS), across), DISTRICTS.map(cellNumber))
}

/** The number of a geohash's cell, counted from the equator and Greenwich as `districtOf` does. */
function cellNumber(geohash: string): number {
  const bits = Array.from(geohash, (letter) =>
    '0123456789bcdefghjkmnpqrstuvwxyz'.indexOf(letter).toString(2).padStart(5, '0'),
  ).join('')
  const everySecond = (from: number): number =>
    Number.parseInt(
      Array.from(bits)
        .filter((_, i) => i % 2 === from)
        .join(''),
      2,
    )
  // Longitude has the first bit; both count from the south-west corner.
  const [across, row] = [everySecond(0), everySecond(1)]
  return (row + 1 - ROWS / 2) * COLUMNS + (across + 1 - COLUMNS / 2)
}
