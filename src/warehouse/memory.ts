// The warehouse in memory: the reference the others are held to, for tests and for tables that need not last.
import { PlannedError, throwIfCancelled } from '../kernel/errors.ts'
import { type Month, monthWindow, type TimeWindow } from '../kernel/window.ts'
import type { Batch, ReadOptions, Select, TableInfo, TableSchema, Warehouse, WriteOptions } from './port.ts'
import {
  checkColumns,
  checkDerivation,
  checkDerived,
  checkSameKind,
  checkSchema,
  checkTableName,
  isSameKind,
  monthNumbers,
  monthOfNumber,
  noTable,
  storableColumns,
} from './rows.ts'

interface HeldPartition {
  readonly month: Month
  readonly batch: Batch
  readonly fingerprint: string
  readonly basis: string | null
}

interface HeldTable {
  readonly name: string
  readonly origin: string
  readonly schema: TableSchema
  /** In order of month. */
  readonly partitions: readonly HeldPartition[]
}

/** Opens an empty warehouse. A change is one assignment, so readers see the table before or after it. */
export function openMemoryWarehouse(): Warehouse {
  const tables = new Map<string, HeldTable>()
  const existing = (table: string): HeldTable => {
    checkTableName(table)
    const held = tables.get(table)
    if (held === undefined) throw noTable(table)
    return held
  }
  const put = (held: HeldTable): TableInfo => {
    tables.set(held.name, held)
    return infoOf(held)
  }
  return {
    dialect: 'javascript',
    async tables() {
      return [...tables.values()].map(infoOf).sort((a, b) => (a.name < b.name ? -1 : 1))
    },
    async describe(table) {
      checkTableName(table)
      const held = tables.get(table)
      return held === undefined ? null : infoOf(held)
    },
    async write(table, batches, options) {
      checkTableName(table)
      checkSchema(options.schema)
      checkKind(tables.get(table), options)
      const written = partition(options.schema, await takeAll(options.schema, batches, options.signal), null)
      // Looked at once more: another write may have come between.
      checkKind(tables.get(table), options)
      return put(mergeWritten(table, tables.get(table), written, options))
    },
    async derive(derivation, signal) {
      const { from, to, months, schema } = derivation
      checkDerivation(from, to, months, schema)
      return put(deriveTable(existing(from), tables.get(to), derivation, signal))
    },
    async read(table, window, options) {
      throwIfCancelled(options.signal)
      const held = existing(table)
      checkColumns(table, held.schema, [...options.columns, ...options.orderBy])
      return sorted(held.schema, rowsIn(held, window), options)
    },
    async query(table, window, select) {
      const run = functionOf(select)
      return run(rowsIn(existing(table), window))
    },
    async count(table, window) {
      return rowsIn(existing(table), window).rows
    },
    damagedMonths: async () => [],
    async drop(table) {
      checkTableName(table)
      tables.delete(table)
    },
    async [Symbol.asyncDispose]() {},
  }
}

function infoOf({ name, origin, schema, partitions }: HeldTable): TableInfo {
  const parts = partitions.map(({ month, batch, fingerprint, basis }) => ({
    month,
    rows: batch.rows,
    fingerprint,
    basis,
  }))
  return { name, origin, schema, partitions: parts }
}

function checkKind(current: HeldTable | undefined, { origin, schema, others }: WriteOptions): void {
  if (current !== undefined && others === 'keep') checkSameKind(current, origin, schema)
}

async function takeAll(
  schema: TableSchema,
  batches: AsyncIterable<Batch> | Iterable<Batch>,
  signal: AbortSignal | undefined,
): Promise<Batch> {
  const taken: Batch[] = []
  for await (const batch of batches) {
    const columns = storableColumns(schema, batch) // copied below: the caller may fill the same arrays again
    taken.push({
      rows: batch.rows,
      columns: Object.fromEntries(schema.columns.map(({ name }, i) => [name, columns[i]!])),
    })
    throwIfCancelled(signal)
  }
  throwIfCancelled(signal)
  return joined(schema, taken)
}

function mergeWritten(
  name: string,
  current: HeldTable | undefined,
  written: readonly HeldPartition[],
  { origin, schema, others, within }: WriteOptions,
): HeldTable {
  const kept = others === 'keep' ? (current?.partitions ?? []) : []
  const merged = written.map((part) => {
    const existing = within === 'append' ? kept.find(({ month }) => month === part.month) : undefined
    if (existing === undefined) return part
    const batch = joined(schema, [existing.batch, part.batch])
    return { ...part, batch, fingerprint: fingerprintOf(schema, batch) }
  })
  return { name, origin, schema, partitions: replaceMonths(kept, merged) }
}

function replaceMonths(kept: readonly HeldPartition[], parts: readonly HeldPartition[]): HeldPartition[] {
  const after = new Map([...kept, ...parts].map((part) => [part.month, part]))
  return [...after.values()].sort((a, b) => (a.month < b.month ? -1 : 1))
}

function deriveTable(
  source: HeldTable,
  current: HeldTable | undefined,
  { to, months, select, schema }: Parameters<Warehouse['derive']>[0],
  signal: AbortSignal | undefined,
): HeldTable {
  const run = functionOf(select)
  const derived = months.map(({ month, basis }) => {
    throwIfCancelled(signal)
    const rows = source.partitions.find((part) => part.month === month)?.batch ?? noRows(source.schema)
    return deriveMonth(schema, month, basis, rows.rows === 0 ? noRows(schema) : run(rows))
  })
  throwIfCancelled(signal)
  if (current !== undefined) checkDerived(current)
  const kept = current !== undefined && isSameKind(current, source.origin, schema) ? current.partitions : []
  return { name: to, origin: source.origin, schema, partitions: replaceMonths(kept, derived) }
}

function deriveMonth(schema: TableSchema, month: Month, basis: string, rows: Batch): HeldPartition {
  const columns = storableColumns(schema, rows)
  const batch = {
    rows: rows.rows,
    columns: Object.fromEntries(schema.columns.map(({ name }, i) => [name, columns[i]!.slice()])),
  }
  const [part = { month, batch, fingerprint: fingerprintOf(schema, batch), basis }, ...more] = partition(
    schema,
    batch,
    basis,
  )
  const stray = [part, ...more].find((other) => other.month !== month)
  if (stray !== undefined) {
    throw new PlannedError('BAD_DATA', `rows for ${month} have times in ${stray.month} in ${schema.timeColumn}`, {
      why: 'each must lie in the month',
      next: 'write each row into the month that it lies in',
    })
  }
  return part
}

/** Rows by month, those of one month in the order they came. */
function partition(schema: TableSchema, batch: Batch, basis: string | null): HeldPartition[] {
  const indexes = new Map<number, number[]>()
  for (const [row, month] of monthNumbers(batch.columns[schema.timeColumn]!).entries()) {
    const rows = indexes.get(month)
    if (rows === undefined) indexes.set(month, [row])
    else rows.push(row)
  }
  return [...indexes].map(([number, rows]) => {
    const part = picked(schema, batch, rows)
    return { month: monthOfNumber(number), batch: part, fingerprint: fingerprintOf(schema, part), basis }
  })
}

function rowsIn({ schema, partitions }: HeldTable, { fromMs, toMs }: TimeWindow): Batch {
  const parts = partitions.filter(({ month }) => monthWindow(month).fromMs < toMs && monthWindow(month).toMs > fromMs)
  const all = joined(
    schema,
    parts.map(({ batch }) => batch),
  )
  const times = all.columns[schema.timeColumn]!
  const rows = Array.from({ length: all.rows }, (_, row) => row).filter(
    (row) => times[row]! >= fromMs && times[row]! < toMs,
  )
  return picked(schema, all, rows)
}

function sorted(schema: TableSchema, batch: Batch, { columns, orderBy }: ReadOptions): Batch {
  const keys = [schema.timeColumn, ...orderBy].map((name) => batch.columns[name]!)
  const rows = Array.from({ length: batch.rows }, (_, row) => row)
  rows.sort((a, b) => {
    for (const key of keys) {
      const order = compare(key[a]!, key[b]!)
      if (order !== 0) return order
    }
    return 0
  })
  const all = picked(schema, batch, rows)
  return { rows: all.rows, columns: Object.fromEntries(columns.map((name) => [name, all.columns[name]!])) }
}

/** Smaller first, NaN (null) last. */
function compare(a: number, b: number): number {
  if (a < b) return -1
  if (a > b) return 1
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
}

function picked(schema: TableSchema, batch: Batch, rows: readonly number[]): Batch {
  const columns = schema.columns.map(({ name }) => {
    const values = batch.columns[name]!
    return [name, Float64Array.from(rows, (row) => values[row]!)] as const
  })
  return { rows: rows.length, columns: Object.fromEntries(columns) }
}

function joined(schema: TableSchema, batches: readonly Batch[]): Batch {
  const rows = batches.reduce((sum, batch) => sum + batch.rows, 0)
  const columns = schema.columns.map(({ name }) => {
    const all = new Float64Array(rows)
    let at = 0
    for (const batch of batches) {
      all.set(batch.columns[name]!, at)
      at += batch.rows
    }
    return [name, all] as const
  })
  return { rows, columns: Object.fromEntries(columns) }
}

function noRows(schema: TableSchema): Batch {
  return { rows: 0, columns: Object.fromEntries(schema.columns.map(({ name }) => [name, new Float64Array()])) }
}

/** Number of rows and the sum of their hashes: the order of rows cannot show in it. */
function fingerprintOf(schema: TableSchema, batch: Batch): string {
  const columns = schema.columns.map(({ name }) => batch.columns[name]!)
  const words = new Uint32Array(columns.length * 2)
  const values = new Float64Array(words.buffer)
  let low = 0
  let high = 0
  for (let row = 0; row < batch.rows; row++) {
    for (const [index, column] of columns.entries()) {
      const value = column[row]!
      values[index] = Number.isNaN(value) ? Number.NaN : value + 0 // one NaN, and 0 for -0, as they are equal rows
    }
    let a = 0x811c9dc5
    let b = 0x9e3779b9
    for (const word of words) {
      a = mixed(a ^ word)
      b = mixed(b + a + word)
    }
    low = (low + a) >>> 0
    high = (high + b) >>> 0
  }
  return `${batch.rows}-${high.toString(16).padStart(8, '0')}${low.toString(16).padStart(8, '0')}`
}

/** A one-to-one scrambling of 32 bits (the finaliser of MurmurHash3, by A. Appleby, public domain). */
function mixed(bits: number): number {
  let h = bits
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

function functionOf(select: Select): (source: Batch) => Batch {
  if (select.dialect === 'javascript') return select.run
  throw new PlannedError('BAD_INPUT', `this warehouse runs javascript and was given ${select.dialect} SQL`, {
    next: 'ask for its dialect first',
  })
}
