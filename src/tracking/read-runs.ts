// Runs as they are read: the row with its parameters, latest metrics and tags.
import { PlannedError } from '../kernel/errors.ts'
import { numberOf } from './metrics.ts'
import type { Run } from './port.ts'
import { refuseSealed, statusOf } from './run-rules.ts'
import type { Sql } from './schema.ts'

/** Runs read in one round. */
const RUNS_AT_ONCE = 500

/** The columns of a run that reading one takes. */
export const RUN_COLUMNS = [
  'run_uuid',
  'experiment_id',
  'name',
  'status',
  'start_time',
  'end_time',
  'artifact_uri',
  'lifecycle_stage',
] as const

export interface RunRow {
  run_uuid: string
  experiment_id: number
  name: string | null
  status: string | null
  start_time: number | bigint | null
  end_time: number | bigint | null
  artifact_uri: string | null
  lifecycle_stage: string | null
}

/** The row of a run. Throws `NOT_FOUND` if there is none. */
export async function runRow(sql: Sql, runId: string): Promise<RunRow> {
  const row = await sql.selectFrom('runs').select(RUN_COLUMNS).where('run_uuid', '=', runId).executeTakeFirst()
  if (row === undefined)
    throw new PlannedError('NOT_FOUND', `there is no run ${runId}`, {
      next: "look its id up among the experiment's runs",
    })
  return row
}

/** The row of a run that may be written to. Throws `NOT_FOUND`, or `CONFLICT` if the run has ended or was deleted. */
export async function openRunRow(sql: Sql, runId: string): Promise<RunRow> {
  const row = await runRow(sql, runId)
  refuseSealed(runId, { isDeleted: row.lifecycle_stage === 'deleted', status: statusOf(row.status) })
  return row
}

/** Fills rows, in their order. */
export async function fillRuns(sql: Sql, rows: readonly RunRow[]): Promise<Run[]> {
  const runs: Run[] = []
  for (let from = 0; from < rows.length; from += RUNS_AT_ONCE) {
    const some = rows.slice(from, from + RUNS_AT_ONCE)
    const ids = some.map((row) => row.run_uuid)
    const params = await sql
      .selectFrom('params')
      .select(['run_uuid', 'key', 'value'])
      .where('run_uuid', 'in', ids)
      .execute()
    const tags = await sql
      .selectFrom('tags')
      .select(['run_uuid', 'key', 'value'])
      .where('run_uuid', 'in', ids)
      .execute()
    const metrics = await sql
      .selectFrom('latest_metrics')
      .select(['run_uuid', 'key', 'value', 'is_nan'])
      .where('run_uuid', 'in', ids)
      .execute()
    const paramsOf = byRun(params, (row) => row.value)
    const tagsOf = byRun(tags, (row) => row.value ?? '')
    const metricsOf = byRun(metrics, numberOf)
    for (const row of some) {
      const id = row.run_uuid
      runs.push({ ...baseOf(row), params: paramsOf(id), metrics: metricsOf(id), tags: tagsOf(id) })
    }
  }
  return runs
}

function baseOf(row: RunRow): Omit<Run, 'params' | 'metrics' | 'tags'> {
  return {
    id: row.run_uuid,
    experimentId: String(row.experiment_id),
    name: row.name ?? '',
    status: statusOf(row.status),
    startedAtMs: Number(row.start_time ?? 0),
    endedAtMs: row.end_time === null ? null : Number(row.end_time),
    artifactUri: row.artifact_uri ?? '',
  }
}

function byRun<Row extends { run_uuid: string; key: string }, T>(
  rows: readonly Row[],
  read: (row: Row) => T,
): (runId: string) => Readonly<Record<string, T>> {
  const groups = Map.groupBy(rows, (row) => row.run_uuid)
  return (runId) => Object.fromEntries((groups.get(runId) ?? []).map((row) => [row.key, read(row)] as const))
}
