// Months of one table out of the same months of another: one statement per month, or per heap of months where that is the same.
import { PlannedError } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import { type Month, monthWindow } from '../kernel/window.ts'
import { soundPathsOf } from './damage.ts'
import { asDerived, quoteName } from './duckdb-columns.ts'
import { copyToFile, explainRead, forEachOnLanes, inspectFiles, relationOf, type WrittenFile } from './duckdb-parts.ts'
import { type DuckdbRooms, existingTable, sqlOf } from './duckdb-source.ts'
import { fingerprintOf, infoOf, type StoredPartition, type StoredTable } from './manifest.ts'
import type { TableInfo, TableSchema, Warehouse } from './port.ts'
import { checkDerivation, EARLIEST_MS, LATEST_MS } from './rows.ts'

/** Values a heap of months may have, source and result together, per MB of the memory limit; more are spilled, which is slow. */
const HEAP_VALUES_PER_MB = 20_000

export async function derive(
  rooms: DuckdbRooms,
  { from, to, months, select, schema, separable = false }: Parameters<Warehouse['derive']>[0],
  signal: AbortSignal | undefined,
): Promise<TableInfo> {
  checkDerivation(from, to, months, schema)
  const { session, files } = rooms
  const source = await existingTable(files, from)
  const wanted = new Set(months.map(({ month }) => month))
  const partitions = source.partitions.filter(({ month, rows }) => wanted.has(month) && rows > 0)
  const columns = source.schema.columns.length + schema.columns.length
  const heapRows = separable ? (session.memoryLimitMb * HEAP_VALUES_PER_MB) / columns : 0
  const staging = await files.makeStaging(to)
  try {
    const work = { ...rooms, source, schema, sql: sqlOf(select), staging, signal }
    const written: WrittenFile[] = []
    const { single = [], several = [] } = Object.groupBy(heaps(partitions, heapRows), ({ length }) =>
      length === 1 ? 'single' : 'several',
    )
    for (const heap of several) written.push(...(await deriveHeap(work, heap)))
    written.push(...(await deriveMonths(work, single.flat())))
    const found = new Map((await inspectFiles(session, signal, schema, written)).map((part) => [part.month, part]))
    const parts = months.map(({ month, basis }) => ({ ...(found.get(month) ?? noRows(month)), basis }))
    const publication = { origin: source.origin, schema, parts, others: 'keepIfSame', within: 'replace' } as const
    return infoOf(await files.publish(to, publication, signal))
  } finally {
    await files.removeStaging(staging)
  }
}

interface Work extends DuckdbRooms {
  readonly source: StoredTable
  readonly schema: TableSchema
  readonly sql: string
  readonly staging: string
  readonly signal: AbortSignal | undefined
}

/** Neighbouring months, together at most so many rows; a larger month stands alone. */
function heaps(partitions: readonly StoredPartition[], atMostRows: number): StoredPartition[][] {
  const all: StoredPartition[][] = []
  let rows = 0
  for (const partition of partitions) {
    const last = all.at(-1)
    if (last !== undefined && rows + partition.rows <= atMostRows) last.push(partition)
    else {
      all.push([partition])
      rows = 0
    }
    rows += partition.rows
  }
  return all
}

/** Each month by a statement of its own. */
async function deriveMonths(work: Work, partitions: readonly StoredPartition[]): Promise<WrittenFile[]> {
  const { session, files, source, staging, signal } = work
  const written: WrittenFile[] = []
  await forEachOnLanes(session, signal, partitions, async (lane, partition) => {
    const paths = await soundPathsOf(files, source, [partition])
    try {
      written.push(await copyToFile(lane, staging, partition.month, derivedRows(work, paths)))
    } catch (error) {
      throw await explainRead(session, source, paths, error)
    }
  })
  return written
}

/** All months of a heap by one statement, whose rows are then written out month by month: planning costs more than running. */
async function deriveHeap(work: Work, partitions: readonly StoredPartition[]): Promise<WrittenFile[]> {
  const { session, files, source, schema, staging, signal } = work
  const paths = await soundPathsOf(files, source, partitions)
  const heap = `derived_${newId()}`
  const time = quoteName(schema.timeColumn)
  const written: WrittenFile[] = []
  try {
    await session.use(signal, (lane) => lane.run(`create table ${heap} as ${derivedRows(work, paths)}`))
    await checkMonths(work, heap, partitions)
    await forEachOnLanes(session, signal, partitions, async (lane, { month }) => {
      const { fromMs, toMs } = monthWindow(month)
      const rows = `from ${heap} where ${time} >= make_timestamp(${fromMs * 1000}) and ${time} < make_timestamp(${toMs * 1000})`
      written.push(await copyToFile(lane, staging, month, rows))
    })
    return written
  } catch (error) {
    throw await explainRead(session, source, paths, error)
  } finally {
    await session.use(undefined, (lane) => lane.run(`drop table if exists ${heap}`))
  }
}

/** Throws `BAD_DATA` if a row lies in none of a heap's months: it would be in no file, and missed by nobody. */
async function checkMonths(
  { session, schema, signal }: Work,
  heap: string,
  partitions: readonly StoredPartition[],
): Promise<void> {
  const known = partitions.map(({ month }) => `'${month}'`).join(', ')
  const month = `strftime(${quoteName(schema.timeColumn)}, '%Y-%m')`
  const sql = `select distinct coalesce(${month}, 'no time') from ${heap} where coalesce(${month}, '') not in (${known}) limit 1`
  const [stray] = await session.use(signal, async (lane) => await (await lane.run(sql)).getRowsJson())
  if (stray === undefined) return
  const months = `${partitions[0]?.month} to ${partitions.at(-1)?.month}`
  throw new PlannedError('BAD_DATA', `rows derived from ${months} have ${String(stray[0])} in ${schema.timeColumn}`, {
    why: 'each must lie in its month',
    next: 'correct the query that derives them',
  })
}

function derivedRows({ source, schema, sql }: Work, paths: readonly string[]): string {
  const relation = relationOf(source.schema, paths, { fromMs: EARLIEST_MS, toMs: LATEST_MS })
  return `with source as (${relation}) select ${schema.columns.map(asDerived).join(', ')} from (${sql}\n)`
}

function noRows(month: Month) {
  return { month, path: null, rows: 0, fingerprint: fingerprintOf(0, 0n) }
}
