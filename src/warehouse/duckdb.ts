// The warehouse on one's own disk: Parquet files by month, read and written by a DuckDB that keeps nothing itself.
import { type Clock, systemClock } from '../kernel/clock.ts'
import { throwIfCancelled } from '../kernel/errors.ts'
import { monthWindow, type TimeWindow } from '../kernel/window.ts'
import { monthsWithFaults, soundPathsOf } from './damage.ts'
import { asNumber, fetchColumns, quoteName } from './duckdb-columns.ts'
import { derive } from './duckdb-derive.ts'
import { explainRead, inspectFiles, mergeFiles, relationOf } from './duckdb-parts.ts'
import { type DuckdbSession, openDuckdbSession } from './duckdb-session.ts'
import { type DuckdbRooms, existingTable, partitionsIn, sqlOf } from './duckdb-source.ts'
import { writeBatches } from './duckdb-writer.ts'
import { removeLeftBehind } from './left-behind.ts'
import { infoOf, type StoredPartition, type StoredTable } from './manifest.ts'
import type { Batch, ReadOptions, Select, TableInfo, Warehouse, WriteOptions } from './port.ts'
import { checkColumns, checkSameKind, checkSchema } from './rows.ts'
import { openTableFiles, type TableFiles } from './table-files.ts'

export interface DuckdbWarehouseOptions {
  /** Holds one folder per table. May be open in any number of processes of this machine at once. */
  readonly directory: string
  /** Takes what does not fit in memory while a query runs. */
  readonly temporaryDirectory: string
  readonly threads?: number
  readonly memoryLimitMb?: number
  readonly clock?: Clock
}

/** Opens the warehouse. A directory that does not exist is an empty warehouse. */
export async function openDuckdbWarehouse(options: DuckdbWarehouseOptions): Promise<Warehouse> {
  const { directory, temporaryDirectory, threads = 2, memoryLimitMb = 400, clock = systemClock } = options
  removeLeftBehind(directory)
  const session = await openDuckdbSession({ temporaryDirectory, threads, memoryLimitMb })
  const rooms: DuckdbRooms = { session, files: openTableFiles(directory, clock) }
  return {
    dialect: 'duckdb',
    tables: () => listTables(rooms.files),
    async describe(table) {
      const stored = await rooms.files.read(table)
      return stored === null ? null : infoOf(stored)
    },
    write: (table, batches, writing) => write(rooms, table, batches, writing),
    derive: (derivation, signal) => derive(rooms, derivation, signal),
    read: (table, window, reading) => read(rooms, table, window, reading),
    query: (table, window, select) => query(rooms, table, window, select),
    async damagedMonths(table) {
      const stored = await rooms.files.read(table)
      return stored === null ? [] : await monthsWithFaults(rooms.files, stored)
    },
    count: (table, window) => count(rooms, table, window),
    drop: (table) => rooms.files.drop(table),
    async [Symbol.asyncDispose]() {
      session.close()
    },
  }
}

async function listTables(files: TableFiles): Promise<TableInfo[]> {
  const tables = await Promise.all((await files.names()).map((name) => files.read(name)))
  return tables.flatMap((table) => (table === null ? [] : [infoOf(table)]))
}

async function write(
  { session, files }: DuckdbRooms,
  table: string,
  batches: AsyncIterable<Batch> | Iterable<Batch>,
  { schema, origin, others, within = 'replace', signal }: WriteOptions,
): Promise<TableInfo> {
  checkSchema(schema)
  const current = await files.read(table)
  // Asked again under the lock; here so that nobody waits for a write that cannot be kept.
  if (current !== null && others === 'keep') checkSameKind(current, origin, schema)
  const staging = await files.makeStaging(table)
  try {
    const written = await writeBatches(session, staging, schema, batches, signal)
    const merged = await mergeFiles(session, signal, staging, written)
    const parts = (await inspectFiles(session, signal, schema, merged)).map((part) => ({ ...part, basis: null }))
    return infoOf(await files.publish(table, { origin, schema, parts, others, within }, signal))
  } finally {
    await files.removeStaging(staging)
  }
}

async function read(
  { session, files }: DuckdbRooms,
  table: string,
  window: TimeWindow,
  options: ReadOptions,
): Promise<Batch> {
  const stored = await existingTable(files, table)
  const { schema } = stored
  checkColumns(table, schema, [...options.columns, ...options.orderBy])
  const paths = await soundPathsOf(files, stored, partitionsIn(stored, window))
  const atMost = partitionsIn(stored, window).reduce((sum, { rows }) => sum + rows, 0)
  const order = [schema.timeColumn, ...options.orderBy].map((name) => `${quoteName(name)} asc nulls last`).join(', ')
  // The rows are sorted before they are made numbers: a null as NaN would come before an infinity, and timestamps are cheaper.
  const sql = `select ${options.columns.map(quoteName).join(', ')} from (${relationOf(schema, paths, window)}) order by ${order}`
  return await fetchNumbers(session, stored, paths, sql, atMost, options.signal)
}

async function query(
  { session, files }: DuckdbRooms,
  table: string,
  window: TimeWindow,
  select: Select,
): Promise<Batch> {
  const stored = await existingTable(files, table)
  const paths = await soundPathsOf(files, stored, partitionsIn(stored, window))
  const sql = `with source as (${relationOf(stored.schema, paths, window)}) select * from (${sqlOf(select)}\n)`
  return await fetchNumbers(session, stored, paths, sql, null)
}

/** Runs a query over a table's files and fetches what it gives as numbers; `atMost` rows if that is known. */
async function fetchNumbers(
  session: DuckdbSession,
  table: StoredTable,
  paths: readonly string[],
  sql: string,
  atMost: number | null,
  signal?: AbortSignal,
): Promise<Batch> {
  try {
    return await session.use(signal, async (lane) => {
      const prepared = await lane.connection.prepare(sql)
      const indexes = Array.from({ length: prepared.columnCount }, (_, index) => index)
      const names = indexes.map((index) => prepared.columnName(index))
      const values = indexes.map((index) => asNumber(names[index]!, prepared.columnTypeId(index)))
      prepared.destroySync()
      const numbers = `select ${values.join(', ')} from (${sql})`
      if (atMost !== null) return await fetchColumns(await lane.stream(numbers), names, atMost)
      const result = await lane.run(numbers)
      return await fetchColumns(result, names, result.rowCount)
    })
  } catch (error) {
    throwIfCancelled(signal) // an interrupted query says nothing of its files
    throw await explainRead(session, table, paths, error)
  }
}

async function count({ session, files }: DuckdbRooms, table: string, window: TimeWindow): Promise<number> {
  const stored = await existingTable(files, table)
  const isWhole = ({ month }: StoredPartition): boolean =>
    monthWindow(month).fromMs >= window.fromMs && monthWindow(month).toMs <= window.toMs
  const { whole = [], cut = [] } = Object.groupBy(partitionsIn(stored, window), (partition) =>
    isWhole(partition) ? 'whole' : 'cut',
  )
  const known = whole.reduce((sum, { rows }) => sum + rows, 0)
  const paths = await soundPathsOf(files, stored, cut)
  if (paths.length === 0) return known
  const sql = `select count(*) as rows from (${relationOf(stored.schema, paths, window)})`
  const { columns } = await fetchNumbers(session, stored, paths, sql, 1)
  return known + columns.rows![0]!
}
