// Which runs may be written to.
import { keptQuery } from '../database/kept-query.ts'
import { KIND_TAG } from '../tracking/own-runs.ts'
import type { Sql } from '../tracking/schema.ts'
import type { WireKeyValue } from '../tracking/wire.ts'
import { invalid, type MlflowError, notThere } from './error.ts'

/** MLflow's statuses of runs that go on. */
const UNENDED: readonly (string | null)[] = ['RUNNING', 'SCHEDULED']

/** A part of a path that is a run's id. */
const RUN_ID = /^[0-9a-f]{32}$/

export interface OpenRun {
  readonly experiment_id: number
  readonly status: string | null
  /** What Understudy's lifecycle made it for; null for other people's runs. */
  readonly kind: string | null
}

const runState = keptQuery((sql: Sql, { runId }: { readonly runId: string }) =>
  sql
    .selectFrom('runs')
    .leftJoin('tags', (join) => join.onRef('tags.run_uuid', '=', 'runs.run_uuid').on('tags.key', '=', KIND_TAG))
    .select(['experiment_id', 'lifecycle_stage', 'status', 'tags.key as ownTag', 'tags.value as kind'])
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
  return { ...run, kind: run.ownTag === null ? null : (run.kind ?? '') }
}

/**
 * Throws `INVALID_PARAMETER_VALUE` if a part of a path is the id of a run that Understudy's lifecycle made and that has ended. A part that
 * is no run's id is sealed by nobody.
 */
export async function checkPlaceUnsealed(sql: Sql, path: string): Promise<void> {
  for (const runId of idsIn(path)) {
    const [run] = await runState(sql, { runId })
    if (run !== undefined) refuseSealed(runId, run)
  }
}

/** Whether a part of a path is the id of a run, whoever made it. */
export async function isInRun(sql: Sql, path: string): Promise<boolean> {
  for (const runId of idsIn(path)) if ((await runState(sql, { runId })).length > 0) return true
  return false
}

/** What may be a run's id in a path. Some disks do not tell large letters from small ones. */
function idsIn(path: string): ReadonlySet<string> {
  return new Set(
    path
      .toLowerCase()
      .split('/')
      .filter((part) => RUN_ID.test(part)),
  )
}

/**
 * Checks tags that are about to be written to a run. Which runs are Understudy's own is said while they go on and holds from then on:
 * whoever could take it back could write to what is sealed, and whoever could say it later could seal what is theirs no more.
 */
export function checkKindTags(runId: string, run: OpenRun, tags: readonly WireKeyValue[]): void {
  let { kind } = run
  for (const { key, value } of tags) {
    if (key !== KIND_TAG || value === kind) continue
    if (kind !== null) throw keepsKind(runId, kind)
    if (!UNENDED.includes(run.status)) {
      throw invalid(
        `The run ${runId} has ended as ${run.status}, so the tag ${KIND_TAG} cannot be given to it: it says that Understudy recorded a run. Use another tag.`,
      )
    }
    kind = value
  }
}

/** Checks that a tag may be taken from a run. */
export function checkTagGoes(runId: string, { kind }: OpenRun, key: string): void {
  if (key === KIND_TAG && kind !== null) throw keepsKind(runId, kind)
}

function keepsKind(runId: string, kind: string): MlflowError {
  return invalid(
    `The tag ${KIND_TAG} of run ${runId} is '${kind}' and stays so: it says that Understudy recorded the run. Use another tag.`,
  )
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
