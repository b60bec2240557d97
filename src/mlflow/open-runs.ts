// Which runs may be written to.
import { keptQuery } from '../database/kept-query.ts'
import { KIND_TAG } from '../tracking/own-runs.ts'
import type { Sql } from '../tracking/schema.ts'
import { invalid, type MlflowError, notThere } from './error.ts'

/** MLflow's statuses of runs that go on. */
const UNENDED: readonly (string | null)[] = ['RUNNING', 'SCHEDULED']

export interface OpenRun {
  readonly experiment_id: number
  readonly status: string | null
}

const runState = keptQuery((sql: Sql, { runId }: { readonly runId: string }) =>
  sql
    .selectFrom('runs')
    .leftJoin('tags', (join) => join.onRef('tags.run_uuid', '=', 'runs.run_uuid').on('tags.key', '=', KIND_TAG))
    .select(['experiment_id', 'lifecycle_stage', 'status', 'tags.key as ownTag'])
    .where('runs.run_uuid', '=', runId),
)

/**
 * A run that may be written to. Throws `RESOURCE_DOES_NOT_EXIST` if there is none, `INVALID_PARAMETER_VALUE` if it was deleted, or
 * if Understudy's lifecycle made it and it has ended. Other runs may be written to after their end, as with MLflow.
 */
export async function openRun(trx: Sql, runId: string): Promise<OpenRun> {
  const [run] = await runState(trx, { runId })
  if (run === undefined) throw noRun(runId)
  const { lifecycle_stage: stage } = run
  if (stage !== 'active') {
    throw invalid(`The run ${runId} must be in the 'active' state. Current state is ${stage}.`)
  }
  refuseSealed(runId, run)
  return run
}

/** Throws `INVALID_PARAMETER_VALUE` if Understudy's lifecycle made a run and it has ended. An id that is no run's is sealed by nobody. */
export async function checkUnsealed(sql: Sql, runId: string): Promise<void> {
  const [run] = await runState(sql, { runId })
  if (run !== undefined) refuseSealed(runId, run)
}

function refuseSealed(runId: string, run: { readonly ownTag: string | null; readonly status: string | null }): void {
  if (run.ownTag === null || UNENDED.includes(run.status)) return
  throw invalid(
    `The run ${runId} was recorded by Understudy and ended as ${run.status}, so it is sealed and nothing can be written to it. Start a new run.`,
  )
}

export function noRun(runId: string): MlflowError {
  return notThere(`Run with id=${runId} not found`)
}
