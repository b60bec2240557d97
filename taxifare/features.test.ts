import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compileToJavaScript } from '../src/features/compile-javascript.ts'
import { type Dialects, openDialects, runOnnx, runSelect } from '../src/features/dialects.contract.ts'
import { encodedLayout } from '../src/features/encode.ts'
import { selectCleaningReport, selectProcessed } from '../src/features/select.ts'
import { encodedWidth, featureDigest } from '../src/features/specification.ts'
import type { Batch } from '../src/warehouse/port.ts'
import { taxifareSpecification } from './features.ts'

const RECIPE = taxifareSpecification('utc')
const JFK = [40.6413, -73.7781] as const
const LA_GUARDIA = [40.7769, -73.874] as const
type Point = readonly [latitude: number, longitude: number]

interface Ride {
  readonly at?: string
  readonly from?: Point
  readonly to?: Point
  readonly passengers?: number
  readonly fare?: number
}

function batchOf(rides: readonly Ride[]): Batch {
  const column = (value: (ride: Ride) => number): Float64Array => Float64Array.from(rides, value)
  return {
    rows: rides.length,
    columns: {
      fare_amount: column(({ fare = 10 }) => fare),
      pickup_datetime: column(({ at = '2015-01-15T12:00:00Z' }) => Date.parse(at)),
      pickup_longitude: column(({ from = JFK }) => from[1]),
      pickup_latitude: column(({ from = JFK }) => from[0]),
      dropoff_longitude: column(({ to = LA_GUARDIA }) => to[1]),
      dropoff_latitude: column(({ to = LA_GUARDIA }) => to[0]),
      passenger_count: column(({ passengers = 1 }) => passengers),
    },
  }
}

function featuresOf(ride: Ride, specification = RECIPE): Readonly<Record<string, number>> {
  const columns = Object.entries(compileToJavaScript(specification).features(batchOf([ride])))
  return Object.fromEntries(columns.map(([name, values]) => [name, values[0]!]))
}

let dialects: Dialects
beforeAll(async () => {
  dialects = await openDialects()
})
afterAll(() => dialects[Symbol.asyncDispose]())

describe('the features', () => {
  // The figures the recipe's own notebook printed for rows of its history, in time order.
  const firstRow: Ride = {
    at: '2009-01-01T01:14:44Z',
    from: [40.782397, -73.98241],
    to: [40.783295, -73.978177],
    passengers: 1,
  }

  test('are the 65 columns of the recipe, in its order', () => {
    expect(encodedWidth(RECIPE)).toBe(65)
    expect(encodedLayout(RECIPE).map(({ from }) => from)).toEqual([0, 1, 8, 20, 21, 22, 23, 24, 25, 45])
  })

  test('give the first row its printed values: distances in double, the recipe’s float32 ones within 2e-3 km', () => {
    const first = featuresOf(firstRow)
    const [haversineKm, manhattanKm] = [first.haversine! * 100, first.manhattan! * 100]
    expect(haversineKm).toBeCloseTo(0.370_124, 6)
    expect(manhattanKm).toBeCloseTo(0.570_541, 6)
    expect(Math.abs(haversineKm - 0.369_161)).toBeLessThan(2e-3)
    expect(Math.abs(manhattanKm - 0.569_232)).toBeLessThan(2e-3)
    expect(first.hour_sine).toBeCloseTo(-0.866_025, 6)
    expect(first.hour_cosine).toBeCloseTo(0.5, 6)
    expect(first.days_since_2009! * 2090).toBeCloseTo(0.051_898, 6)
    expect(first).toMatchObject({ passengers: 0, day_of_week: 2, month_of_year: 11 }) // a Wednesday in December, in New York
  })

  test('read the fifth row’s time as midnight of a Thursday in January', () => {
    const fifth = featuresOf({ at: '2009-01-01T05:04:41Z' })
    expect(fifth).toMatchObject({ hour_sine: 0, hour_cosine: 1, day_of_week: 3, month_of_year: 0 })
    expect(fifth.days_since_2009! * 2090).toBeCloseTo(0.211_586, 4)
  })

  test('with local times, the hours are those stored', () => {
    const local = featuresOf(firstRow, taxifareSpecification('local'))
    expect(local).toMatchObject({ day_of_week: 3, month_of_year: 0, hour_sine: Math.sin(Math.PI / 12) })
    expect(featureDigest(taxifareSpecification('local'))).not.toBe(featureDigest(RECIPE))
  })

  test('know the districts of places whose geohash is known', () => {
    const districts = 'dr5ru dr5rs dr5rv dr72h dr72j dr5re dr5rk dr5rz dr5ry dr5rt dr5rg dr5x1'.split(' ')
    const districtOf = (from: Point): string | undefined => districts[featuresOf({ from }).pickup_district!]
    expect(districtOf(JFK)).toBe('dr5x1')
    expect(districtOf(LA_GUARDIA)).toBe('dr5ry')
    expect(districtOf([40.797_054, -73.970_03])).toBe('dr72h')
    expect(districtOf([40.720_04, -74.010_53])).toBe('dr5re')
    expect(featuresOf({ from: [40.55, -74.25] }).pickup_district).toBe(-1)
  })
})

describe('a second implementation, in numpy and pandas', () => {
  interface Golden {
    readonly columns: Readonly<Record<string, readonly number[]>>
    readonly pickup_datetime_ms: readonly number[]
    readonly features_utc: readonly (readonly number[])[]
    readonly features_local: readonly (readonly number[])[]
  }
  const file = new URL('../tests/golden/features.json', import.meta.url)
  const golden = JSON.parse(readFileSync(file, 'utf8')) as Golden // written by features.py beside it
  const rides: Batch = {
    rows: golden.pickup_datetime_ms.length,
    columns: {
      ...Object.fromEntries(Object.entries(golden.columns).map(([name, values]) => [name, Float64Array.from(values)])),
      pickup_datetime: Float64Array.from(golden.pickup_datetime_ms),
      fare_amount: new Float64Array(golden.pickup_datetime_ms.length).fill(10),
    },
  }

  test.each([
    ['utc', golden.features_utc],
    ['local', golden.features_local],
  ] as const)('has the same 65 columns where times are %s', async (pickupTimes, wanted) => {
    const specification = taxifareSpecification(pickupTimes)
    const encoded = await runOnnx(specification, rides)
    for (const [row, values] of wanted.entries()) {
      // Features are float32 at the model's edge: half a unit in its last place is 6e-8 below 1 and 1.2e-7 up to 2. Before
      // that both compute the same formulas in double.
      for (const [i, value] of values.entries()) {
        expect(Math.abs(encoded[row * 65 + i]! - value), `ride ${row}, column ${i}`).toBeLessThan(1.3e-7)
      }
    }
    await dialects.expectEqual(specification, rides, 'dropoff_longitude') // no two rides share one
  })

  test('agrees in double: the numbers to 1e-12 in JavaScript', () => {
    const found = compileToJavaScript(RECIPE).features(rides)
    for (const { name, kind, from } of encodedLayout(RECIPE)) {
      if (kind === 'category') continue
      const errors = golden.features_utc.map((values, row) => Math.abs(found[name]![row]! - values[from]!))
      expect(Math.max(...errors), name).toBeLessThan(1e-12)
    }
  })
})

describe('the cleaning', () => {
  const bad: readonly (readonly [reason: string, ride: Ride])[] = [
    ['duplicates', { at: '2015-01-01T00:00:00Z', from: [40.641_300_000_1, -73.7781] }],
    ['nulls', { at: '2015-01-02T00:00:00Z', fare: Number.NaN }],
    ['no_coordinates', { from: [0, 0], to: [0, 0] }],
    ['no_passenger', { passengers: 0 }],
    ['no_fare', { fare: 0 }],
    ['fare_too_high', { fare: 400 }],
    ['too_many_passengers', { passengers: 8 }],
    ['latitude_outside_city', { from: [40.900_000_1, -74] }],
    ['longitude_outside_city', { to: [40.6, -73.699_999_9] }],
  ]
  const good: readonly Ride[] = [
    { at: '2015-01-01T00:00:00Z' }, // the first of the two that are equal in float32
    { from: [40.5, -74.3], to: [40.9, -73.7] },
    { fare: 399.99, passengers: 7 },
  ]
  const rides = batchOf([...bad.map(([, ride]) => ride), ...good])

  test.each(['duckdb', 'javascript'] as const)(
    'drops each kind of bad ride for its reason, and keeps the edges (%s)',
    async (dialect) => {
      const processed = await runSelect(dialects, RECIPE, rides, selectProcessed(RECIPE, dialect))
      expect(processed.rows).toBe(good.length)
      expect(processed.columns.pickup_latitude).not.toContain(40.641_300_000_1)
      const report = await runSelect(dialects, RECIPE, rides, selectCleaningReport(RECIPE, dialect))
      expect(Object.fromEntries(Object.entries(report.columns).map(([name, [count]]) => [name, count]))).toEqual({
        source: rides.rows,
        ...Object.fromEntries(bad.map(([reason]) => [reason, 1])),
        kept: good.length,
      })
    },
  )

  test('keeps a ride that has only some coordinates 0 for the boxes to judge', () => {
    const report = compileToJavaScript(RECIPE).report(batchOf([{ from: [0, 0], to: [40.7, 0] }]))
    expect(report.columns).toMatchObject({
      no_coordinates: Float64Array.of(0),
      latitude_outside_city: Float64Array.of(1),
    })
  })
})
