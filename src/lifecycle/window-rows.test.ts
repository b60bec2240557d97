import { expect, test } from 'vitest'
import { column } from '../features/expressions.ts'
import type { FeatureSpecification } from '../features/specification.ts'
import { seededRandom } from '../kernel/random.ts'
import type { TimeWindow } from '../kernel/window.ts'
import { allRows } from '../learning/rows.ts'
import { openMemoryWarehouse } from '../warehouse/memory.ts'
import type { Batch, TableSchema, Warehouse } from '../warehouse/port.ts'
import { openWindowRows, sampleInMemory, type WindowRows } from './window-rows.ts'

const RAW: TableSchema['columns'] = [
  { name: 'left_at', type: 'timestamp' },
  { name: 'weight_kg', type: 'double' },
  { name: 'minutes', type: 'double' },
]
const SPECIFICATION: FeatureSpecification = {
  columns: RAW,
  timeColumn: 'left_at',
  target: 'minutes',
  cleaning: { duplicates: null, nulls: 'keep', rules: [] },
  features: [
    { name: 'weight', kind: 'number', value: column('weight_kg') },
    { name: 'shelf', kind: 'category', size: 5, code: column('weight_kg') },
  ],
}
const SCHEMA: TableSchema = {
  timeColumn: 'left_at',
  columns: [...RAW, { name: 'weight', type: 'double' }, { name: 'shelf', type: 'integer' }],
}
const YEAR: TimeWindow = { fromMs: Date.UTC(2020, 0), toMs: Date.UTC(2021, 0) }

/** Rows of some months, many of them of one hour, in no order. */
function someRows(rows: number, months: readonly number[]): Batch {
  const random = seededRandom(rows)
  const at = (month: number): number => Date.UTC(2020, month, 1 + random.below(random.below(28) + 1), random.below(24))
  const weights = Array.from({ length: rows }, () => random.below(100) / 4)
  return {
    rows,
    columns: {
      left_at: Float64Array.from(weights, () => at(months[random.below(months.length)]!)),
      weight_kg: Float64Array.from(weights),
      minutes: Float64Array.from(weights, () => random.below(90)),
      weight: Float64Array.from(weights),
      shelf: Float64Array.from(weights, (weight) => Math.floor(weight) % 5),
    },
  }
}

async function openWith(
  rows: number,
  months: readonly number[],
): Promise<{ warehouse: Warehouse; source: WindowRows }> {
  const warehouse = openMemoryWarehouse()
  await warehouse.write('parcels', [someRows(rows, months)], { schema: SCHEMA, origin: 'made up', others: 'keep' })
  const signal = new AbortController().signal
  return { warehouse, source: { warehouse, table: 'parcels', specification: SPECIFICATION, signal } }
}

async function blockSizes(source: WindowRows, window = YEAR): Promise<number[]> {
  const sizes: number[] = []
  for await (const { rows } of (await openWindowRows(source, window)).blocks()) sizes.push(rows)
  return sizes
}

test('blocks of any size are the same rows in the same order as all at once', async () => {
  const { source } = await openWith(900, [0, 1, 2, 5, 11])
  const windows = [YEAR, { fromMs: Date.UTC(2020, 0, 7, 3), toMs: Date.UTC(2020, 5, 9) }]
  for (const window of windows) {
    const whole = await allRows(await openWindowRows({ ...source, blockRows: 10_000 }, window))
    expect(whole.rows).toBeGreaterThan(300)
    for (const blockRows of [1, 40, 150, 400]) {
      expect(await allRows(await openWindowRows({ ...source, blockRows }, window))).toEqual(whole)
    }
  }
})

test('small months are read together, and a large one in parts', async () => {
  const { source } = await openWith(600, [0, 1, 2, 3, 4, 5])
  expect(await blockSizes({ ...source, blockRows: 330 })).toHaveLength(2)
  const parts = await blockSizes({ ...source, blockRows: 30 })
  expect(parts.length).toBeGreaterThan(12)
  expect(parts.reduce((sum, rows) => sum + rows)).toBe(600)
})

test('a window without rows has no block', async () => {
  const { source } = await openWith(100, [0])
  const before = { fromMs: Date.UTC(2019, 0), toMs: Date.UTC(2020, 0) }
  expect(await blockSizes(source, before)).toEqual([])
  expect(await allRows(await openWindowRows(source, before))).toMatchObject({
    rows: 0,
    numberCount: 1,
    categoryCount: 1,
  })
})

test('of more rows than may be held every second, or third, is taken', async () => {
  const { source } = await openWith(500, [0, 1, 2])
  const rows = await openWindowRows({ ...source, blockRows: 70 }, YEAR)
  const all = await allRows(rows)
  const sample = await sampleInMemory(rows, 200)
  const third = (values: Float32Array | Int16Array) => Array.from(values).filter((_, at) => at % 3 === 0)
  expect(sample).toMatchObject({ every: 3, rows: { rows: 167 } })
  expect(Array.from(sample.rows.numbers)).toEqual(third(all.numbers))
  expect(Array.from(sample.rows.codes)).toEqual(third(all.codes))
  expect(Array.from(sample.rows.target)).toEqual(third(all.target))
  expect(await sampleInMemory(rows, 500)).toEqual({ every: 1, rows: all })
})

test('rows that come or go while they are read are noticed', async () => {
  const { warehouse, source } = await openWith(500, [0, 1, 2])
  const rows = await openWindowRows({ ...source, blockRows: 70 }, YEAR)
  await warehouse.write('parcels', [someRows(50, [1])], { schema: SCHEMA, origin: 'made up', others: 'keep' })
  await expect(allRows(rows)).rejects.toMatchObject({ code: 'CONFLICT' })
})

test('reading ends soon after the signal, and a reader that leaves is not followed by an error nobody hears', async () => {
  const { source } = await openWith(500, [0, 1, 2])
  const stop = new AbortController()
  const rows = await openWindowRows({ ...source, blockRows: 70, signal: stop.signal }, YEAR)
  for await (const _ of rows.blocks()) break
  const reading = allRows(rows)
  stop.abort()
  await expect(reading).rejects.toMatchObject({ code: 'CANCELLED' })
})
