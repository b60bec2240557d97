// How a month's rows become a Parquet file beside the table, and how files become the relation that a query reads.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isPlanned, messageOf, PlannedError, throwIfCancelled } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import { type Month, monthWindow, type TimeWindow } from '../kernel/window.ts'
import { damagedFile } from './damage.ts'
import { quoteName, quotePath, quoteText, sqlType } from './duckdb-columns.ts'
import type { DuckdbSession, Lane } from './duckdb-session.ts'
import { fingerprintOf, type StoredTable } from './manifest.ts'
import type { TableSchema } from './port.ts'
import { EARLIEST_MS, LATEST_MS } from './rows.ts'
import type { StagedPart } from './table-files.ts'

/** Dictionaries would store -0 as 0 (equal values share an entry), and cost time for columns that hardly repeat. */
const PARQUET = '(format parquet, compression snappy, dictionary_size_limit 1)'
const LANES = 2

/** A file that was written for a month; what it holds is not looked at yet. */
export interface WrittenFile {
  readonly month: Month
  readonly path: string
}

/** Writes a query's rows to a new file of a staging folder. */
export async function copyToFile(lane: Lane, staging: string, month: Month, query: string): Promise<WrittenFile> {
  const path = join(staging, `${month}-${newId().slice(0, 8)}.parquet`)
  await lane.run(`copy (${query}\n) to ${quoteText(path)} ${PARQUET}`)
  return { month, path }
}

/** Does something for every item, on a few connections at once: a month is too little work for two cores. */
export async function forEachOnLanes<T>(
  session: DuckdbSession,
  signal: AbortSignal | undefined,
  items: Iterable<T>,
  work: (lane: Lane, item: T) => Promise<void>,
): Promise<void> {
  const rest = [...items].values()
  const failed = new AbortController()
  const either = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal])
  const results = await Promise.allSettled(
    Array.from({ length: LANES }, () =>
      session
        .use(either, async (lane) => {
          for (const item of rest) await work(lane, item)
        })
        .catch((error: unknown) => {
          failed.abort() // what the others do is not needed any more
          throw error
        }),
    ),
  )
  throwIfCancelled(signal)
  const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
  if (errors.length > 0) throw errors.find((error) => !isPlanned(error, 'CANCELLED')) ?? errors[0]
}

/** One file per month out of several of the same month. */
export async function mergeFiles(
  session: DuckdbSession,
  signal: AbortSignal | undefined,
  staging: string,
  files: readonly WrittenFile[],
): Promise<WrittenFile[]> {
  const merged: WrittenFile[] = []
  await forEachOnLanes(
    session,
    signal,
    Map.groupBy(files, ({ month }) => month),
    async (lane, [month, parts]) => {
      const [first] = parts
      if (first !== undefined && parts.length === 1) merged.push(first)
      else merged.push(await copyToFile(lane, staging, month, `from ${parquetOf(parts.map(({ path }) => path))}`))
    },
  )
  return merged
}

/**
 * Looks at written files as any reader will: how many rows, their fingerprint, and that every row's time lies in the month.
 * Throws `BAD_DATA` if one does not. A file without rows is reported without a path.
 */
export async function inspectFiles(
  session: DuckdbSession,
  signal: AbortSignal | undefined,
  schema: TableSchema,
  files: readonly WrittenFile[],
): Promise<Omit<StagedPart, 'basis'>[]> {
  if (files.length === 0) return []
  const time = quoteName(schema.timeColumn)
  const hash = `hash(${schema.columns.map(({ name }) => quoteName(name)).join(', ')})`
  const rows = await session.use(signal, async (lane) => {
    const result = await lane.run(
      `select filename, count(*)::varchar, sum(${hash})::varchar, epoch_ms(min(${time}))::varchar, epoch_ms(max(${time}))::varchar,
        count(*) filter (${time} is null)::varchar
      from ${parquetOf(
        files.map(({ path }) => path),
        'filename = true',
      )} group by filename`,
    )
    return await result.getRowsJson()
  })
  const facts = new Map(rows.map(([path, ...rest]) => [String(path), rest.map(String)]))
  return files.map(({ month, path }) => {
    const [count = '0', sum = '0', first = '', last = '', timeless = '0'] = facts.get(path) ?? []
    if (Number(count) === 0) return { month, path: null, rows: 0, fingerprint: fingerprintOf(0, 0n) }
    const window = monthWindow(month)
    if (timeless !== '0' || Number(first) < window.fromMs || Number(last) >= window.toMs) {
      const found =
        timeless === '0'
          ? `${new Date(Number(first)).toISOString()} to ${new Date(Number(last)).toISOString()}`
          : `${timeless} nulls`
      throw new PlannedError('BAD_DATA', `rows for ${month} have ${found} in ${schema.timeColumn}`, {
        why: 'each must lie in the month',
        next: 'write each row into the month that it lies in',
      })
    }
    return { month, path, rows: Number(count), fingerprint: fingerprintOf(Number(count), BigInt(sum)) }
  })
}

/** SQL: the rows of stored files that lie in a window, or none of the same columns where there are no files. */
export function relationOf(schema: TableSchema, paths: readonly string[], window: TimeWindow): string {
  if (paths.length === 0) {
    const nulls = schema.columns.map(({ name, type }) => `null::${sqlType(type)} as ${quoteName(name)}`)
    return `select ${nulls.join(', ')} where false`
  }
  const columns = schema.columns.map(({ name }) => quoteName(name)).join(', ')
  const time = quoteName(schema.timeColumn)
  return `select ${columns} from ${parquetOf(paths)} where ${time} >= ${instant(window.fromMs)} and ${time} < ${instant(window.toMs)}`
}

function instant(ms: number): string {
  const clamped = Math.min(Math.max(ms, EARLIEST_MS), LATEST_MS)
  return `make_timestamp(${Math.ceil(clamped * 1000)}::bigint)`
}

function parquetOf(paths: readonly string[], options = ''): string {
  const more = options === '' ? '' : `, ${options}`
  return `read_parquet([${paths.map(quotePath).join(', ')}], hive_partitioning = false${more})`
}

/**
 * Turns a failed read into `BAD_DATA` naming table, month and file, if it is a file's fault: every file is read through, which only a
 * failure costs. Otherwise hands back the error.
 */
export async function explainRead(
  session: DuckdbSession,
  table: StoredTable,
  paths: readonly string[],
  error: unknown,
): Promise<unknown> {
  if (isPlanned(error)) return error
  const values = table.schema.columns.map((column) => `${quoteName(column.name)}::${sqlType(column.type)}`).join(', ')
  for (const path of paths) {
    try {
      await stat(path)
      await session.use(undefined, (lane) => lane.run(`select sum(hash(${values})) from ${parquetOf([path])}`))
    } catch (cause) {
      if (isPlanned(cause)) return cause
      // DuckDB says the path once more, which is said already.
      const reason = messageOf(cause).split('\n')[0]?.replaceAll(path, 'it')
      return damagedFile(table, path, `cannot be read (${reason})`, cause)
    }
  }
  return error
}
