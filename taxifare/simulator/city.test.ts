import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Batch } from '../../src/warehouse/port.ts'
import { monthlyRows, type TableSize } from './calendar.ts'
import { simulateRides } from './city.ts'
import { dirtOf } from './marginals.ts'

const COLUMNS = [
  'fare_amount',
  'pickup_datetime',
  'pickup_longitude',
  'pickup_latitude',
  'dropoff_longitude',
  'dropoff_latitude',
  'passenger_count',
]

/** SHA-256 over all values: month by month, column by column, as little-endian doubles. */
const GOLDEN: Readonly<Record<TableSize, string>> = {
  '1k': 'cf22e92223c781078969d840820b46621032ee762e1d845902e0b208e4025f32',
  '200k': '4ad9bde09f74d2f29fd62a09b80e3e55198e973bd36bc4cd0962145f0ed6291c',
  all: '2f7da2584fadca34962589ac84ba10d02e9811a40a8211b66badffcab1f04294',
}

async function simulate(size: TableSize): Promise<Batch[]> {
  const batches: Batch[] = []
  for await (const batch of simulateRides(size)) batches.push(batch)
  return batches
}

function digest(batches: readonly Batch[]): string {
  const hash = createHash('sha256')
  for (const { columns } of batches) for (const name of COLUMNS) hash.update(new Uint8Array(columns[name]!.buffer))
  return hash.digest('hex')
}

/** What cleaning leaves and why it drops the others, over some batches. */
function sweep(batches: readonly Batch[]): Record<string, number> {
  const counts: Record<string, number> = { rows: 0, clean: 0 }
  for (const { rows, columns } of batches) {
    for (let row = 0; row < rows; row++) {
      const dirt = dirtOf(columns, row) ?? 'clean'
      counts[dirt] = (counts[dirt] ?? 0) + 1
    }
    counts.rows! += rows
  }
  return counts
}

/** Rows that equal another in all columns after rounding to single precision. */
function duplicates(batches: readonly Batch[]): number {
  let found = 0
  for (const { rows, columns } of batches) {
    const seen = new Set<string>()
    for (let row = 0; row < rows; row++) {
      seen.add(
        COLUMNS.map((name) =>
          name === 'pickup_datetime' ? columns[name]![row]! : Math.fround(columns[name]![row]!),
        ).join(),
      )
    }
    found += rows - seen.size
  }
  return found
}

test('the small table has the recipe’s rows, the same on every machine', async () => {
  const batches = await simulate('1k')
  expect(Object.keys(batches[0]!.columns)).toEqual(COLUMNS)
  expect(batches).toHaveLength(78)
  expect(sweep(batches)).toMatchObject({ rows: 1000 })
  expect(sweep(batches.slice(0, 72))).toMatchObject({ rows: 455, clean: 447 })
  expect(digest(batches)).toBe(GOLDEN['1k'])
})

test('the middle table has the recipe’s rows and dirt before 2015, without duplicates or nulls', async () => {
  const batches = await simulate('200k')
  const before = batches.slice(0, 72)
  expect(sweep(batches)).toMatchObject({ rows: 200_000 })
  // 88,794 rows pass the rules on coordinates of zero, passengers and fares; 88,381 the box too
  expect(sweep(before)).toEqual({ rows: 90_743, clean: 88_381, lost: 1628, empty: 321, outside: 413 })
  expect(duplicates(before)).toBe(0)
  expect(batches.every(({ columns }) => COLUMNS.every((name) => columns[name]!.every(Number.isFinite)))).toBe(true)
  expect(digest(batches)).toBe(GOLDEN['200k'])
})

test('the large table has 1.1 million rides in ten seconds, low Januaries and a 2015 that climbs', async () => {
  const started = process.cpuUsage()
  const batches = await simulate('all')
  const { user, system } = process.cpuUsage(started)
  // Time of the processor, so that a busy machine does not count: 1.4 s on a quiet one. The promise is 10 on one core.
  expect((user + system) / 1e6).toBeLessThan(10)
  expect(digest(batches)).toBe(GOLDEN.all)
  const swept = sweep(batches)
  expect(swept.rows).toBe(1_100_000)
  expect(1 - swept.clean! / swept.rows!).toBeCloseTo(0.013, 4)
  expect(
    monthlyRows('all')
      .slice(72)
      .every((rows) => rows > 90_000 && rows < 106_000),
  ).toBe(true)

  const fares = batches.map(meanFare)
  for (let year = 0; year < 6; year++) {
    const [january, ...others] = fares.slice(12 * year, 12 * year + 12)
    expect(january, `January ${2009 + year}`).toBeLessThan(Math.min(...others))
  }
  const of2015 = fares.slice(72)
  expect(of2015).toEqual([...of2015].sort((a, b) => a - b))
})

function meanFare({ rows, columns }: Batch): number {
  let sum = 0
  let kept = 0
  for (let row = 0; row < rows; row++) {
    if (dirtOf(columns, row) !== null) continue
    sum += columns.fare_amount![row]!
    kept++
  }
  return sum / kept
}

test('a smaller table holds the first rides of a larger one', async () => {
  const small = await simulate('1k')
  const middle = await simulate('200k')
  for (const [i, { rows, columns }] of small.entries()) {
    expect(columns.pickup_datetime).toEqual(middle[i]!.columns.pickup_datetime!.slice(0, rows))
  }
})

test('the blizzard of 27 January 2015 empties the streets', async () => {
  const january = (await simulate('200k'))[72]!
  const days = new Array<number>(32).fill(0)
  for (const pickupMs of january.columns.pickup_datetime!) days[new Date(pickupMs).getUTCDate()]!++
  expect(days[27]).toBeLessThan(0.35 * (january.rows / 31))
  expect(Math.min(...days.slice(1))).toBe(days[27])
})

test('it tells the month it made, and stops between two of them on request', async () => {
  const controller = new AbortController()
  const seen: string[] = []
  const run = async () => {
    const options = {
      signal: controller.signal,
      onProgress: (month: string, rows: number) => seen.push(`${month}: ${rows}`),
    }
    for await (const { rows } of simulateRides('1k', options)) if (rows > 0 && seen.length === 3) controller.abort()
  }
  await expect(run()).rejects.toMatchObject({ name: 'PlannedError', code: 'CANCELLED' })
  expect(seen.map((line) => line.slice(0, 7))).toEqual(['2009-01', '2009-02', '2009-03'])
})
