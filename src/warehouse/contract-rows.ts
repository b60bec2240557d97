// Rows for the laws of a warehouse: small, awkward, and comparable value by value.
import fc from 'fast-check'
import { monthWindow, parseMonth, type TimeWindow } from '../kernel/window.ts'
import type { Batch, TableSchema, Warehouse, WriteOptions } from './port.ts'

export type Open = () => Promise<Warehouse>
/** Time (ms), amount, tilt, count. */
export type Row = readonly [number, number, number, number]

export const SCHEMA: TableSchema = {
  timeColumn: 'at',
  columns: [
    { name: 'at', type: 'timestamp' },
    { name: 'amount', type: 'double' },
    { name: 'tilt', type: 'double' },
    { name: 'count', type: 'integer' },
  ],
}
const NAMES = ['at', 'amount', 'tilt', 'count']
export const TOTAL_ORDER = { columns: NAMES, orderBy: ['amount', 'tilt', 'count'] }
export const OPTIONS: WriteOptions = { schema: SCHEMA, origin: 'made up', others: 'keep' }
export const ALWAYS: TimeWindow = { fromMs: Date.UTC(1950, 0, 1), toMs: Date.UTC(2100, 0, 1) }

export const at = (text: string): number => Date.parse(text.length === 10 ? `${text}T00:00:00Z` : text)
export const month = (text: string): TimeWindow => monthWindow(parseMonth(text))

export function batchOf(rows: readonly Row[]): Batch {
  return {
    rows: rows.length,
    columns: Object.fromEntries(NAMES.map((name, j) => [name, Float64Array.from(rows, (row) => row[j]!)])),
  }
}

export function rowsOf({ rows, columns }: Batch): number[][] {
  const names = Object.keys(columns)
  return Array.from({ length: rows }, (_, i) => names.map((name) => columns[name]![i]!))
}

export async function* inPieces(rows: readonly Row[], size: number): AsyncGenerator<Batch> {
  for (let from = 0; from < rows.length; from += size) yield batchOf(rows.slice(from, from + size))
}

export async function allRows(warehouse: Warehouse, table = 'rides', window = ALWAYS): Promise<number[][]> {
  return rowsOf(await warehouse.read(table, window, TOTAL_ORDER))
}

/** A warehouse with one table, `rides`. */
export async function openWith(open: Open, rows: readonly Row[]): Promise<Warehouse> {
  const warehouse = await open()
  await warehouse.write('rides', [batchOf(rows)], OPTIONS)
  return warehouse
}

/** Rows around the turns of months, many of the same second, with nulls and numbers that only survive bit for bit. */
export const someRows: fc.Arbitrary<Row[]> = fc.array(
  fc.tuple(
    fc.oneof(
      fc.constantFrom(at('2014-12-31T23:59:59.999Z'), at('2015-01-01'), at('2015-01-31T23:59:59Z'), at('2015-02-01')),
      fc.integer({ min: at('2014-11-20'), max: at('2015-03-10') }),
    ),
    fc.oneof(fc.double(), fc.constantFrom(Number.NaN, 0, 0.1, 1 / 3, 5e-324, 1.7976931348623157e308)),
    fc.constantFrom(Number.NaN, -1.5, 2.25),
    fc.oneof(fc.maxSafeInteger(), fc.constant(Number.NaN)),
  ),
  { minLength: 1, maxLength: 40 },
)

/** The order the port promises, by the plainest means. */
export function inOrder(rows: readonly Row[]): Row[] {
  return [...rows].sort((a, b) => {
    const j = [0, 1, 2, 3].find((index) => a[index] !== b[index] && !(Number.isNaN(a[index]) && Number.isNaN(b[index])))
    if (j === undefined) return 0
    if (Number.isNaN(a[j])) return 1
    return Number.isNaN(b[j]) || a[j]! < b[j]! ? -1 : 1
  })
}
