// The simulated city beside the real rides' marginals (tests/golden/real-rides.json; made by real_rides.py there).
// Rides of the 200k table, cleaned, and weighted so that every month counts as much as in the real sample.
import { beforeAll, expect, test } from 'vitest'
import type { Batch } from '../../src/warehouse/port.ts'
import real from '../../tests/golden/real-rides.json' with { type: 'json' }
import { simulateRides } from './city.ts'
import { cleanRides, districtOf, type Ride, share, weightedMean, weightedQuantile } from './marginals.ts'

const FARE_RISE_MS = Date.parse('2012-09-04T00:00:00Z')
const YEAR_2015_MS = Date.parse('2015-01-01T00:00:00Z')
const ERAS = {
  before: (ride: Ride) => ride.pickupMs < FARE_RISE_MS,
  after: (ride: Ride) => ride.pickupMs >= FARE_RISE_MS,
}

let rides: readonly Ride[] = []
/** Rides that do not sit in a crowded minute, as in the golden file. */
let alone: readonly Ride[] = []

beforeAll(async () => {
  const batches: Batch[] = []
  for await (const batch of simulateRides('200k')) batches.push(batch)
  rides = cleanRides(batches, real.ridesByMonth)
  alone = rides.filter((ride) => ride.mates <= 20 || ride.pickupMs >= YEAR_2015_MS)
})

/**
 * How far two shares may lie apart: four standard errors of both samples (about 108,000 rides each, of which a quarter
 * come by the minute, so that they count as half), and a model error in proportion.
 */
function room(expected: number, modelError: number): number {
  return 4 * Math.sqrt((2 * expected * (1 - expected)) / 54_000) + modelError * expected
}

function expectShares(
  expected: Readonly<Record<string, number>>,
  shareOf: (key: string) => number,
  modelError: number,
): void {
  const wrong = Object.entries(expected).flatMap(([key, value]) => {
    const found = shareOf(key)
    return Math.abs(found - value) <= room(value, modelError) ? [] : [`${key}: ${found.toFixed(5)}, real ${value}`]
  })
  expect(wrong).toEqual([])
}

/** Fails with every value that is further from the real one than the relative error allowed. */
function expectClose(
  found: Readonly<Record<string, number>>,
  expected: Readonly<Record<string, number>>,
  error: number,
): void {
  const wrong = Object.entries(expected).flatMap(([key, value]) => {
    const mine = found[key] ?? Number.NaN
    return Math.abs(mine - value) <= error * value ? [] : [`${key}: ${mine.toFixed(3)}, real ${value}`]
  })
  expect(wrong).toEqual([])
}

test('rides start at the hours, on the weekdays and in the seasons the real ones do', () => {
  // 10 %: an hour's share moves by day events, and by 4 to 10 % between halves of the real sample
  expectShares(real.hourShares, (hour) => share(alone, (ride) => ride.hour === Number(hour)), 0.1)
  expectShares(real.weekdayShares, (day) => share(alone, (ride) => ride.weekday === Number(day)), 0.03)
  const before = alone.filter((ride) => ride.pickupMs < YEAR_2015_MS)
  expectShares(real.seasonShares, (month) => share(before, (ride) => ride.month === Number(month)), 0.03)
})

test('rides are as long as the real ones, at every hour', () => {
  const found = Object.fromEntries(
    Object.keys(real.kmQuantiles).map((q) => [q, weightedQuantile(rides, 'km', Number(q))]),
  )
  // 6 %: the lattice of half a kilometre blurs the shortest rides; the others agree to 3 %
  expectClose(found, real.kmQuantiles, 0.06)
  const hours = real.meanKmByHour.map((_, hour) =>
    weightedMean(
      rides.filter((ride) => ride.hour === hour),
      'km',
    ),
  )
  // 12 %: at 5 in the morning the real sample has 927 rides, whose mean has a standard error of 4 %
  expectClose(Object.fromEntries(hours.entries()), Object.fromEntries(real.meanKmByHour.entries()), 0.12)
  expectShares({ standing: real.standingShare }, () => share(rides, (ride) => ride.km < 0.01), 0.15)
})

test('a ride of a distance costs what a real one does, before and after the fare rise', () => {
  for (const era of ['before', 'after'] as const) {
    for (const [band, expected] of Object.entries(real.fareByKm[era])) {
      const [low = 0, high = 0] = band.split('-').map(Number)
      if (high > 20) continue // flat fares to and from Kennedy, with a toll or without: held by the airports' test
      const inBand = rides.filter((ride) => ERAS[era](ride) && ride.km >= low && ride.km < high)
      const found = [0.05, 0.25, 0.5, 0.75, 0.95].map((q) => weightedQuantile(inBand, 'fareUsd', q))
      // One step of the meter, and of the fare 6 % in the middle, 15 % at the edges (few rides, and tolls, decide those).
      const step = era === 'before' ? 0.4 : 0.5
      const wrong = found.filter((fare, i) => {
        const real = expected[i]!
        return Math.abs(fare - real) > step + 0.001 + (i === 0 || i === 4 ? 0.15 : 0.06) * real
      })
      expect(wrong, `${era} the rise, ${band} km: ${found}, real ${expected}`).toEqual([])
    }
  }
})

test('a kilometre costs a fifth more after September 2012', () => {
  const usdPerKm = (era: keyof typeof ERAS) =>
    weightedQuantile(
      rides.filter((ride) => ride.km > 0.3 && ERAS[era](ride)),
      'usdPerKm',
      0.5,
    )
  expectClose({ before: usdPerKm('before'), after: usdPerKm('after') }, real.usdPerKm, 0.03)
  const rise = usdPerKm('after') / usdPerKm('before')
  expect(Math.abs(rise - real.usdPerKm.after / real.usdPerKm.before)).toBeLessThan(0.03)
})

test('fares of each month and year are the real ones within the sample error', () => {
  const found: Record<string, number> = {}
  const years: Record<string, readonly [number, number]> = {}
  for (const [month, expected] of Object.entries(real.meanFareByMonth)) {
    const inMonth = rides.filter((ride) => ride.yearMonth === month)
    found[month] = weightedMean(inMonth, 'fareUsd')
    const [mine, theirs] = years[month.slice(0, 4)] ?? [0, 0]
    years[month.slice(0, 4)] = [mine + found[month], theirs + expected]
  }
  // Some 1300 rides a month in either table, standard deviation 9.4 dollars, half as many independent: 0.37 each, 0.52
  // between the two; three of those.
  for (const [month, expected] of Object.entries(real.meanFareByMonth)) {
    expect(Math.abs(found[month]! - expected), `${month}: ${found[month]}, real ${expected}`).toBeLessThan(1.6)
  }
  // Over a year a twelfth of the variance: 0.15; three of those make 4 % of the fare.
  for (const [year, [mine, theirs]] of Object.entries(years)) {
    expect(Math.abs(mine / theirs - 1), `year ${year}`).toBeLessThan(0.04)
  }
})

test('airports have their share of rides, at their flat fares', () => {
  for (const [name, { share: expected, ...rest }] of Object.entries(real.airports)) {
    const [way, airport] = name.split(' ')
    const there = rides.filter((ride) => (way === 'from' ? ride.from : ride.to) === airport)
    expectShares({ [name]: expected }, () => there.reduce((sum, ride) => sum + ride.weight, 0) / totalWeight(), 0.1)
    for (const era of ['before', 'after'] as const) {
      const fares = 'fares' in rest ? rest.fares[era] : []
      const found = fares.map((_, i) => weightedQuantile(there.filter(ERAS[era]), 'fareUsd', (i + 1) / 4))
      // 10 %: a toll more or less, which half of the rides pay
      expectClose(Object.fromEntries(found.entries()), Object.fromEntries(fares.entries()), 0.1)
    }
  }
  const flat = rides.filter((ride) => ride.fareUsd === 45 || ride.fareUsd === 52)
  expect(flat.filter((ride) => ERAS.before(ride) === (ride.fareUsd === 45)).length / flat.length).toBeGreaterThan(0.9)
})

test('cents are those of the meter, the tolls and the surcharges of their time', () => {
  for (const era of ['before', 'after'] as const) {
    const inEra = rides.filter(ERAS[era])
    const shareOf = (cents: string) => share(inEra, (ride) => Math.round(ride.fareUsd * 100) % 100 === Number(cents))
    // Only endings of one in two hundred rides or more; 25 %: the tolls' own
    const common = Object.fromEntries(Object.entries(real.centShares[era]).filter(([, value]) => value >= 0.005))
    expectShares(common, shareOf, 0.25)
  }
})

test('passengers come alone, in pairs and by the van as they really do', () => {
  expectShares(real.passengerShares, (count) => share(rides, (ride) => ride.passengers === Number(count)), 0.04)
})

test('districts have their share of pick-ups and of drop-offs', () => {
  const districts = rides.map((ride) => [districtOf(ride.pickup), districtOf(ride.dropoff)] as const)
  const shareAt = (end: 0 | 1) => (district: string) =>
    rides.reduce((sum, ride, i) => sum + (districts[i]![end] === district ? ride.weight : 0), 0) / totalWeight()
  // 12 %: a district's edge may cut through a zone of the lattice
  expectShares(real.pickupDistricts, shareAt(0), 0.12)
  expectShares(real.dropoffDistricts, shareAt(1), 0.12)
})

test('half of the rides before 2015 share their second with another', () => {
  const before = rides.filter((ride) => ride.pickupMs < YEAR_2015_MS)
  expect(Math.abs(share(before, (ride) => ride.mates > 1) - real.sharedSecondShare)).toBeLessThan(0.05)
})

function totalWeight(): number {
  return rides.reduce((sum, ride) => sum + ride.weight, 0)
}
