// Metrics as MLflow keeps them: every point, and the latest of each name beside.
import { sql as raw } from 'kysely'
import { keptQuery } from '../database/kept-query.ts'
import { checkInteger, checkKey } from './names.ts'
import type { Metric } from './port.ts'
import type { Sql } from './schema.ts'

/** No step is before this one. Saying so leads SQLite to the index of one run's metric; else it reads that metric of every run. */
export const FIRST_STEP = -(2n ** 63n)

/** Rows of one statement: few sizes, so that each is prepared once. */
const SIZES = [250, 50, 10, 1] as const

interface StoredValue {
  readonly value: number
  readonly is_nan: number
}

/** One value of a metric, at one step and time. Steps and times are of 64 bits. */
export interface Point {
  readonly key: string
  readonly value: number
  readonly timestamp: number | bigint
  readonly step: number | bigint
}

/** Refuses what could not be stored or found again. */
export function checkMetrics(metrics: readonly Metric[]): void {
  for (const { key, step, timestampMs } of metrics) {
    checkKey('metric', key)
    checkInteger(`step of metric ${key}`, step)
    checkInteger(`timestamp of metric ${key}`, timestampMs)
  }
}

export async function writeMetrics(trx: Sql, runId: string, metrics: readonly Metric[]): Promise<void> {
  const points = metrics.map(({ key, value, step, timestampMs }) => ({ key, value, step, timestamp: timestampMs }))
  await writePoints(trx, runId, points)
}

/** Adds points; a point that is there already changes nothing. The latest is the one with the highest (step, timestamp, stored value). */
export async function writePoints(trx: Sql, runId: string, points: readonly Point[]): Promise<void> {
  const rows = points.map((point) => ({ ...point, ...stored(point.value) }))
  await inPieces(rows, (piece) => insertPoints[piece.length]!(trx, columnsOf(runId, piece)))
  await inPieces(latestOf(rows), (piece) => raiseLatest[piece.length]!(trx, columnsOf(runId, piece)))
}

type Row = Point & StoredValue

/** The latest of each name, by name: whoever writes several locks them in this order. */
function latestOf(rows: readonly Row[]): Row[] {
  if (rows.length === 1) return [...rows]
  const latest = new Map<string, Row>()
  for (const row of rows) {
    const before = latest.get(row.key)
    if (before === undefined || isLater(row, before)) latest.set(row.key, row)
  }
  return [...latest.values()].sort((one, other) => (one.key < other.key ? -1 : 1))
}

function isLater(row: Row, before: Row): boolean {
  if (row.step !== before.step) return row.step > before.step
  if (row.timestamp !== before.timestamp) return row.timestamp > before.timestamp
  return row.value > before.value
}

async function inPieces(rows: readonly Row[], write: (piece: readonly Row[]) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < rows.length; ) {
    const size = SIZES.find((some) => some <= rows.length - from) ?? 1
    await write(rows.slice(from, from + size))
    from += size
  }
}

/** Rows as a statement takes them: a list for each column. */
interface Columns {
  readonly [column: string]: string | readonly (string | number | bigint)[]
  readonly runId: string
  readonly key: readonly string[]
  readonly value: readonly number[]
  readonly is_nan: readonly number[]
  readonly timestamp: readonly (number | bigint)[]
  readonly step: readonly (number | bigint)[]
}

function columnsOf(runId: string, rows: readonly Row[]): Columns {
  return {
    runId,
    key: rows.map((row) => row.key),
    value: rows.map((row) => row.value),
    is_nan: rows.map((row) => row.is_nan),
    timestamp: rows.map((row) => row.timestamp),
    step: rows.map((row) => row.step),
  }
}

function rowsOf(given: Columns, count: number) {
  return Array.from({ length: count }, (_, index) => ({
    key: given.key[index]!,
    value: given.value[index]!,
    is_nan: given.is_nan[index]!,
    timestamp: given.timestamp[index]!,
    step: given.step[index]!,
    run_uuid: given.runId,
  }))
}

const insertPoints = bySize((count) =>
  keptQuery(
    (sql: Sql, given: Columns) =>
      sql
        .insertInto('metrics')
        .values(rowsOf(given, count))
        .onConflict((conflict) => conflict.doNothing()),
    lengthsOf(count),
  ),
)

const raiseLatest = bySize((count) =>
  keptQuery(
    (sql: Sql, given: Columns) =>
      sql
        .insertInto('latest_metrics')
        .values(rowsOf(given, count))
        .onConflict((conflict) =>
          conflict
            .columns(['key', 'run_uuid'])
            .doUpdateSet((row) => ({
              value: row.ref('excluded.value'),
              is_nan: row.ref('excluded.is_nan'),
              timestamp: row.ref('excluded.timestamp'),
              step: row.ref('excluded.step'),
            }))
            .where(
              raw<boolean>`(excluded.step, excluded.timestamp, excluded.value)
              > (latest_metrics.step, coalesce(latest_metrics.timestamp, 0), latest_metrics.value)`,
            ),
        ),
    lengthsOf(count),
  ),
)

/** Something for each size of a statement. */
function bySize<T>(make: (count: number) => T): Readonly<Record<number, T>> {
  return Object.fromEntries(SIZES.map((count) => [count, make(count)]))
}

function lengthsOf(count: number) {
  return { key: count, value: count, is_nan: count, timestamp: count, step: count }
}

/** Every point of one metric, by step, then timestamp, then the order they were logged in. */
export async function readMetricHistory(sql: Sql, runId: string, key: string): Promise<Metric[]> {
  const rows = await sql
    .selectFrom('metrics')
    .select(['value', 'is_nan', 'step', 'timestamp'])
    .where('run_uuid', '=', runId)
    .where('key', '=', key)
    .where('step', '>=', FIRST_STEP)
    .orderBy('step')
    .orderBy('timestamp')
    .orderBy('rowid')
    .execute()
  return rows.map((row) => ({ key, value: numberOf(row), step: Number(row.step), timestampMs: Number(row.timestamp) }))
}

/** A stored value as a number again. The largest double comes back as infinity: MLflow's columns cannot tell the two apart. */
export function numberOf({ value, is_nan }: StoredValue): number {
  if (is_nan === 1) return Number.NaN
  return Math.abs(value) === Number.MAX_VALUE ? Math.sign(value) * Number.POSITIVE_INFINITY : value
}

/** A number as MLflow stores it: NaN as 0 with a mark, the infinities as the largest doubles. */
export function stored(value: number): StoredValue {
  if (Number.isNaN(value)) return { value: 0, is_nan: 1 }
  return { value: Math.min(Math.max(value, -Number.MAX_VALUE), Number.MAX_VALUE), is_nan: 0 }
}
