// What a New Yorker would ask about a trip beyond the recipe's ten features: where it runs, which airport it
// touches, and what the calendar and the tariff say. For models that want more than sums of the ten; none of them is ever null.
import {
  absolute,
  add,
  ceiling,
  clock,
  column,
  divide,
  floor,
  less,
  lessOrEqual,
  multiply,
  subtract,
} from '../src/features/expressions.ts'
import type { Expression, Feature, FeatureSpecification } from '../src/features/specification.ts'
import { taxifareSpecification, zoneOf } from './features.ts'
import {
  AIRPORTS,
  directionOf,
  gridKm,
  nearestKm,
  type Place,
  type PlanePoint,
  planePointOf,
} from './trip-geography.ts'

const pickupTime = column('pickup_datetime')
const pickup: Place = { latitude: column('pickup_latitude'), longitude: column('pickup_longitude') }
const dropoff: Place = { latitude: column('dropoff_latitude'), longitude: column('dropoff_longitude') }

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** The mean length of a year, and what to add to days since 2009 so that each year begins with its 1 January, up to 2099. */
const DAYS_A_YEAR = 365.25
const YEAR_SHIFT = 0.75

/**
 * When the city's taxis became dearer, on its own clocks: from 40 to 50 cents a fifth of a mile or a minute of waiting, and the
 * flat fare between Manhattan and John F. Kennedy Airport from 45 to 52 USD.
 *
 * Source  New York City Taxi and Limousine Commission, rules in force from 4 September 2012.
 */
const FARE_RISE_MS = Date.UTC(2012, 8, 4)

/** The taxi rides' specification with these features behind the recipe's ten, which stay as they are. */
export function tripSpecification(pickupTimes: 'utc' | 'local'): FeatureSpecification {
  const specification = taxifareSpecification(pickupTimes)
  return { ...specification, features: [...specification.features, ...tripFeatures(zoneOf(pickupTimes))] }
}

function tripFeatures(zone: string): readonly Feature[] {
  return [...timeFeatures(zone), ...placeFeatures(), ...courseFeatures(), ...airportFeatures()]
}

function timeFeatures(zone: string): Feature[] {
  const hour = add(clock('hour', pickupTime, zone), divide(remainder(pickupTime, HOUR_MS), HOUR_MS)) // zones differ by whole hours
  const day = floor(divide(subtract(localMs(zone), Date.UTC(2009, 0, 1)), DAY_MS))
  const year = floor(divide(add(day, YEAR_SHIFT), DAYS_A_YEAR))
  const firstDay = ceiling(subtract(multiply(year, DAYS_A_YEAR), YEAR_SHIFT))
  return [
    number('hour_of_day', hour),
    number('hour_of_week', add(multiply(clock('weekday', pickupTime, zone), 24), hour)),
    number('day_of_year', add(subtract(day, firstDay), 1)),
    // Whole years, not days: a model that knows the day learns what happened on it by heart, and no later day is like it.
    number('years_since_2009', year),
    number('after_fare_rise', lessOrEqual(FARE_RISE_MS, localMs(zone))),
  ]
}

/** The time on the zone's clocks, as ms since 1970. For zones west of Greenwich. */
function localMs(zone: string): Expression {
  const utcHour = floor(divide(remainder(pickupTime, DAY_MS), HOUR_MS))
  const hoursBehind = remainder(subtract(utcHour, clock('hour', pickupTime, zone)), 24)
  return subtract(pickupTime, multiply(hoursBehind, HOUR_MS))
}

/** What is left of a number above the last whole multiple of `by`. */
function remainder(of: Expression, by: number): Expression {
  return subtract(of, multiply(floor(divide(of, by)), by))
}

/** Where a trip begins, ends, and has its middle; km from Grand Central, along the compass and along the grid. */
function placeFeatures(): Feature[] {
  const [from, to] = [planePointOf(pickup), planePointOf(dropoff)]
  const ends = (name: string, at: PlanePoint): Feature[] => [
    number(`${name}_east_km`, at.east),
    number(`${name}_north_km`, at.north),
    number(`${name}_uptown_km`, at.uptown),
    number(`${name}_crosstown_km`, at.crosstown),
  ]
  return [
    ...ends('pickup', from),
    ...ends('dropoff', to),
    number('middle_uptown_km', divide(add(from.uptown, to.uptown), 2)),
    number('middle_crosstown_km', divide(add(from.crosstown, to.crosstown), 2)),
  ]
}

/** How a trip runs: along the grid, and in which direction. */
function courseFeatures(): Feature[] {
  const [from, to] = [planePointOf(pickup), planePointOf(dropoff)]
  const direction = directionOf(from, to)
  const uptown = subtract(to.uptown, from.uptown)
  const crosstown = subtract(to.crosstown, from.crosstown)
  return [
    number('uptown_km', uptown),
    number('crosstown_km', crosstown),
    number('avenue_km', absolute(uptown)),
    number('street_km', absolute(crosstown)),
    number('grid_km', gridKm(from, to)),
    number('direction_sine', direction.sine),
    number('direction_cosine', direction.cosine),
  ]
}

/** Whether a trip begins or ends at an airport's terminals, and how near to the airport it comes at either end. */
function airportFeatures(): Feature[] {
  const [from, to] = [planePointOf(pickup), planePointOf(dropoff)]
  return (['jfk', 'laguardia', 'newark'] as const).flatMap((airport) => {
    const km = nearestKm(from, to, airport)
    return [number(`${airport}_km`, km), number(`at_${airport}`, less(km, AIRPORTS[airport].terminalsKm))]
  })
}

function number(name: string, value: Expression): Feature {
  return { kind: 'number', name, value }
}

/**
 * What trees learn from: these features and five of the recipe's. Not from the day (see `years_since_2009`), nor from the hour's
 * sine and cosine or the districts, which the hour and the plane's kilometres say more finely.
 */
export const TREE_FEATURES: readonly string[] = [
  ...['passengers', 'day_of_week', 'month_of_year', 'haversine', 'manhattan'],
  ...tripFeatures(zoneOf('utc')).map(({ name }) => name),
]

/**
 * What suits trees on these rides: the fare's logarithm, because errors grow with the fare, of which those beyond a tenth count by
 * their size, because some fares no distance explains; and each tree sees a part of the rides and of the features, which are many
 * and alike. Answers are whole steps of the meter, 50 cents since September 2012; for months before, when it went by 40 cents from
 * 2.50 USD, `trees.round_to=0` is better by a two-hundredth. Chosen on the rides of 2014 by models of the rides before.
 */
export const TREE_SETTINGS = {
  objective: 'huber',
  huberDelta: 0.1,
  logTarget: true,
  roundTo: 0.5,
  trees: 4_000,
  patience: 100,
  minLeafRows: 40,
  rowShare: 0.8,
  columnShare: 0.5,
} as const
