import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compileToJavaScript } from '../src/features/compile-javascript.ts'
import { type Dialects, openDialects } from '../src/features/dialects.contract.ts'
import { encodedWidth, featureDigest } from '../src/features/specification.ts'
import { recipeSpecification, specificationFor } from '../src/lifecycle/project.ts'
import type { Batch } from '../src/warehouse/port.ts'
import { taxifareSpecification } from './features.ts'
import { project } from './project.ts'
import { TREE_FEATURES, tripSpecification } from './trip-features.ts'

type Point = readonly [latitude: number, longitude: number]
const GRAND_CENTRAL: Point = [40.7527, -73.9772]
const JFK: Point = [40.6413, -73.7781]
const LA_GUARDIA: Point = [40.7769, -73.874]
const NEWARK: Point = [40.6895, -74.1745]
/** Two corners of Fifth Avenue, 59th and 34th Street: 25 blocks, which are a mile and a quarter. */
const [PLAZA, EMPIRE_STATE]: readonly [Point, Point] = [
  [40.7645, -73.973],
  [40.7485, -73.9846],
]
/** The other end of 34th Street. */
const HUDSON_YARDS: Point = [40.7565, -74.0035]

interface Trip {
  readonly at?: string
  readonly from?: Point
  readonly to?: Point
}

function batchOf(trips: readonly Trip[]): Batch {
  const column = (value: (trip: Trip, i: number) => number): Float64Array => Float64Array.from(trips, value)
  return {
    rows: trips.length,
    columns: {
      fare_amount: column(() => 10),
      pickup_datetime: column(({ at = '2015-01-15T12:00:00Z' }) => Date.parse(at)),
      pickup_longitude: column(({ from = PLAZA }) => from[1]),
      pickup_latitude: column(({ from = PLAZA }) => from[0]),
      dropoff_longitude: column(({ to = EMPIRE_STATE }) => to[1]),
      dropoff_latitude: column(({ to = EMPIRE_STATE }) => to[0]),
      passenger_count: column((_, i) => (i % 6) + 1),
    },
  }
}

function featuresOf(trip: Trip, pickupTimes: 'utc' | 'local' = 'local'): Readonly<Record<string, number>> {
  const columns = Object.entries(compileToJavaScript(tripSpecification(pickupTimes)).features(batchOf([trip])))
  return Object.fromEntries(columns.map(([name, values]) => [name, values[0]!]))
}

let dialects: Dialects
beforeAll(async () => {
  dialects = await openDialects()
})
afterAll(() => dialects[Symbol.asyncDispose]())

describe('the street grid', () => {
  test('is turned so that Fifth Avenue has no crosstown, and its blocks their length', () => {
    const trip = featuresOf({ from: PLAZA, to: EMPIRE_STATE })
    expect(trip.avenue_km).toBeCloseTo(1.25 * 1.609, 1)
    expect(trip.uptown_km).toBe(-trip.avenue_km!)
    expect(trip.street_km).toBeLessThan(0.05)
    expect(trip.grid_km).toBeCloseTo(trip.avenue_km! + trip.street_km!, 12)
    expect(trip.direction_cosine).toBeCloseTo(-1, 2)
  })

  test('has 34th Street without uptown', () => {
    const trip = featuresOf({ from: EMPIRE_STATE, to: HUDSON_YARDS })
    expect(trip.avenue_km).toBeLessThan(0.1)
    expect(trip.crosstown_km).toBeLessThan(-1.5) // to the north-west
    expect(trip.direction_sine).toBeCloseTo(-1, 2)
  })

  test('is laid out from Grand Central, and as long as the sphere to a third of a percent', () => {
    expect(featuresOf({ from: GRAND_CENTRAL })).toMatchObject({ pickup_east_km: 0, pickup_north_km: 0 })
    for (const [from, to] of [
      [PLAZA, JFK],
      [LA_GUARDIA, NEWARK],
    ] as const) {
      const trip = featuresOf({ from, to })
      const straightKm = Math.hypot(trip.uptown_km!, trip.crosstown_km!)
      expect(Math.abs(straightKm / (trip.haversine! * 100) - 1)).toBeLessThan(0.0033)
    }
  })

  test('gives a trip that ends where it began no direction and no length, but no null either', () => {
    const trip = featuresOf({ from: PLAZA, to: PLAZA })
    expect(trip).toMatchObject({ direction_sine: 0, direction_cosine: 0, grid_km: 0 })
  })
})

describe('the airports', () => {
  test.each([
    ['jfk', JFK],
    ['laguardia', LA_GUARDIA],
    ['newark', NEWARK],
  ] as const)('know a trip to or from %s', (airport, place) => {
    const others = ['jfk', 'laguardia', 'newark'].filter((one) => one !== airport)
    for (const trip of [featuresOf({ from: place }), featuresOf({ to: place })]) {
      expect(trip[`at_${airport}`]).toBe(1)
      expect(trip[`${airport}_km`]).toBeLessThan(1)
      for (const other of others) expect(trip[`at_${other}`]).toBe(0)
    }
  })

  test('are far from midtown', () => {
    const trip = featuresOf({})
    expect(trip).toMatchObject({ at_jfk: 0, at_laguardia: 0, at_newark: 0 })
    expect(trip.jfk_km).toBeGreaterThan(18)
    expect(trip.laguardia_km).toBeGreaterThan(8)
  })
})

describe('the calendar', () => {
  test.each([
    ['2009-01-01T00:00:00Z', 1, 0],
    ['2009-12-31T23:59:59Z', 365, 0],
    ['2010-01-01T00:00:00Z', 1, 1],
    ['2012-02-29T12:00:00Z', 60, 3],
    ['2012-12-31T23:59:59Z', 366, 3],
    ['2013-01-01T00:00:00Z', 1, 4],
    ['2015-07-04T09:30:00Z', 185, 6],
    ['2016-12-31T23:00:00Z', 366, 7],
    ['2017-01-01T00:00:00Z', 1, 8],
  ])('takes %s for day %i of the year', (at, day, years) => {
    expect(featuresOf({ at })).toMatchObject({ day_of_year: day, years_since_2009: years })
  })

  test('begins each year up to 2099 on its 1 January and ends it on its 31 December', () => {
    const days = Array.from({ length: 91 }, (_, i) => 2009 + i).flatMap((year) => [
      { at: `${year}-01-01T00:00:00Z` },
      { at: `${year}-12-31T23:59:59Z` },
    ])
    const found = compileToJavaScript(tripSpecification('local')).features(batchOf(days))
    const isLeap = (year: number): boolean => year % 4 === 0
    const wanted = days.map((_, i) => (i % 2 === 0 ? 1 : isLeap(2009 + (i - 1) / 2) ? 366 : 365))
    expect(Array.from(found.day_of_year!)).toEqual(wanted)
    expect(Array.from(found.years_since_2009!)).toEqual(days.map((_, i) => Math.floor(i / 2)))
  })

  test('has the fares rise at midnight before 4 September 2012', () => {
    expect(featuresOf({ at: '2012-09-03T23:59:59Z' }).after_fare_rise).toBe(0)
    expect(featuresOf({ at: '2012-09-04T00:00:00Z' }).after_fare_rise).toBe(1)
    expect(featuresOf({ at: '2012-09-04T03:59:59Z' }, 'utc').after_fare_rise).toBe(0)
    expect(featuresOf({ at: '2012-09-04T04:00:00Z' }, 'utc').after_fare_rise).toBe(1)
  })

  test('counts a minute as a sixtieth of an hour, and hours from Monday', () => {
    const trip = featuresOf({ at: '2015-01-15T12:45:00Z' }) // a Thursday
    expect(trip).toMatchObject({ hour_of_day: 12.75, hour_of_week: 3 * 24 + 12.75 })
  })

  test.each([
    ['2015-01-15T17:45:00Z', '2015-01-15T12:45:00Z'],
    ['2013-01-01T04:30:00Z', '2012-12-31T23:30:00Z'], // an evening in New York, a new year in Greenwich
    ['2014-07-05T02:00:00Z', '2014-07-04T22:00:00Z'],
    ['2014-11-02T05:30:00Z', '2014-11-02T01:30:00Z'], // the first of two half past one
  ])('reads %s, UTC, as %s in New York', (utc, local) => {
    const calendar = (features: Readonly<Record<string, number>>): unknown =>
      ['hour_of_day', 'hour_of_week', 'day_of_year', 'years_since_2009'].map((name) => features[name])
    expect(calendar(featuresOf({ at: utc }, 'utc'))).toEqual(calendar(featuresOf({ at: local })))
  })
})

describe('the specification', () => {
  const trips = Array.from({ length: 60 }, (_, i): Trip => {
    const places = [PLAZA, EMPIRE_STATE, HUDSON_YARDS, JFK, LA_GUARDIA, NEWARK, GRAND_CENTRAL] as const
    const [latitude, longitude] = places[i % 7]!
    return {
      at: new Date(Date.UTC(2009, 0, 1) + i * 39.7 * 86_400_000).toISOString(),
      from: [latitude + i * 1e-4, longitude - i * 1e-4],
      to: places[(i * 3 + 1) % 7]!,
    }
  })

  test.each(['utc', 'local'] as const)(
    'means the same in SQL, JavaScript and ONNX where times are %s',
    async (times) => {
      await dialects.expectEqual(tripSpecification(times), batchOf(trips), 'pickup_datetime')
    },
  )

  test('is never without a value', () => {
    const found = compileToJavaScript(tripSpecification('utc')).features(batchOf(trips))
    for (const [name, values] of Object.entries(found)) expect(values.every(Number.isFinite), name).toBe(true)
  })

  test('leaves the network the recipe’s features, and its weights their digest', () => {
    for (const times of ['utc', 'local'] as const) {
      expect(featureDigest(recipeSpecification(project, times))).toBe(featureDigest(taxifareSpecification(times)))
    }
    expect(encodedWidth(recipeSpecification(project, 'utc'))).toBe(65)
  })

  test('gives trees what is named for them', () => {
    const names = specificationFor(project, 'utc', 'trees').features.map(({ name }) => name)
    expect(names.toSorted()).toEqual([...TREE_FEATURES].sort())
  })
})
