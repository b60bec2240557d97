// Metrics as MLflow keeps them: every point, and the latest of each name beside.
import { sql as raw } from 'kysely'
import { checkInteger, checkKey } from './names.ts'
import type { Metric } from './port.ts'
import type { Sql } from './schema.ts'

/** Rows of one statement; SQLite binds at most 32766 values. */
const ROWS_AT_ONCE = 500

interface StoredValue {
  readonly value: number
  readonly is_nan: number
}

/** Refuses what could not be stored or found again. */
export function checkMetrics(metrics: readonly Metric[]): void {
  for (const { key, step, timestampMs } of metrics) {
    checkKey('metric', key)
    checkInteger(`step of metric ${key}`, step)
    checkInteger(`timestamp of metric ${key}`, timestampMs)
  }
}

/** Adds points; a point that is there already changes nothing. The latest is the one with the highest (step, timestamp, stored value). */
export async function writeMetrics(trx: Sql, runId: string, metrics: readonly Metric[]): Promise<void> {
  for (let from = 0; from < metrics.length; from += ROWS_AT_ONCE) {
    const rows = metrics.slice(from, from + ROWS_AT_ONCE).map((metric) => ({
      key: metric.key,
      ...stored(metric.value),
      timestamp: metric.timestampMs,
      step: metric.step,
      run_uuid: runId,
    }))
    await trx
      .insertInto('metrics')
      .values(rows)
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    await trx
      .insertInto('latest_metrics')
      .values(rows)
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
      )
      .execute()
  }
}

/** Every point of one metric, by step, then timestamp, then the order they were logged in. */
export async function readMetricHistory(sql: Sql, runId: string, key: string): Promise<Metric[]> {
  const rows = await sql
    .selectFrom('metrics')
    .select(['value', 'is_nan', 'step', 'timestamp'])
    .where('run_uuid', '=', runId)
    .where('key', '=', key)
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

function stored(value: number): StoredValue {
  if (Number.isNaN(value)) return { value: 0, is_nan: 1 }
  return { value: Math.min(Math.max(value, -Number.MAX_VALUE), Number.MAX_VALUE), is_nan: 0 }
}
