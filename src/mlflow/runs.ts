// Runs: begun, read, renamed, ended, deleted and restored.
import { keptQuery } from '../database/kept-query.ts'
import { newId } from '../kernel/ids.ts'
import type { Sql } from '../tracking/schema.ts'
import type { WireKeyValue, WireRun, WireRunInfo } from '../tracking/wire.ts'
import type { StoreContext } from './context.ts'
import { invalid } from './error.ts'
import { activeExperiment } from './experiments.ts'
import { checkLength, checkRunName, tagValue } from './limits.ts'
import { noRun, openRun } from './open-runs.ts'
import { fillWireRuns, type RunRow, wireInfo } from './read-runs.ts'
import { randomRunName } from './run-names.ts'

/** The tag that MLflow shows as a run's name; the column follows it. */
export const NAME_TAG = 'mlflow.runName'

const STATUSES = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'] as const
export type WireRunStatus = (typeof STATUSES)[number]
export const RUN_STATUSES: readonly [WireRunStatus, ...WireRunStatus[]] = STATUSES

interface NewRun {
  readonly experiment_id: string
  readonly user_id: string | undefined
  readonly run_name: string | undefined
  readonly start_time: number | bigint | undefined
  readonly tags: readonly WireKeyValue[]
}

interface RunUpdate {
  readonly run_id: string
  readonly status: WireRunStatus | undefined
  readonly end_time: number | bigint | undefined
  readonly run_name: string | undefined
}

export function runOperations(context: StoreContext) {
  const { database, addresses, clock } = context
  return {
    createRun: (run: NewRun): Promise<WireRun> => createRun(context, run),

    async getRun(runId: string): Promise<WireRun> {
      const rows = await runById(database.sql, { runId })
      if (rows.length === 0) throw noRun(runId)
      const [run] = await fillWireRuns(database.sql, addresses, rows)
      return run!
    },

    /** What is undefined stays as it is; so does the name if the new one is empty. */
    updateRun: ({ run_id: runId, status, end_time, run_name }: RunUpdate): Promise<WireRunInfo> =>
      database.write(async (trx) => {
        await openRun(trx, runId)
        if (run_name) await renameRun(trx, runId, run_name)
        const changes = { ...(status ? { status } : {}), ...(end_time === undefined ? {} : { end_time }) }
        if (Object.keys(changes).length > 0) {
          await trx.updateTable('runs').set(changes).where('run_uuid', '=', runId).execute()
        }
        const [row] = await runById(trx, { runId })
        return wireInfo(row!, addresses)
      }),

    deleteRun: (runId: string): Promise<void> =>
      database.write((trx) => setStage(trx, runId, { lifecycle_stage: 'deleted', deleted_time: clock.nowMs() })),

    restoreRun: (runId: string): Promise<void> =>
      database.write((trx) => setStage(trx, runId, { lifecycle_stage: 'active', deleted_time: null })),
  }
}

/** Gives a run a name: the column and the tag. */
export async function renameRun(trx: Sql, runId: string, name: string): Promise<void> {
  checkRunName(name)
  await trx.updateTable('runs').set({ name }).where('run_uuid', '=', runId).execute()
  await writeTag(trx, { runId, key: NAME_TAG, value: name })
}

/** Writes one tag over the one of the same key. */
export const writeTag = keptQuery(
  (sql: Sql, { runId, key, value }: { readonly runId: string; readonly key: string; readonly value: string }) =>
    sql
      .insertInto('tags')
      .values({ run_uuid: runId, key, value })
      .onConflict((conflict) =>
        conflict.columns(['key', 'run_uuid']).doUpdateSet((row) => ({ value: row.ref('excluded.value') })),
      ),
)

const runById = keptQuery((sql: Sql, { runId }: { readonly runId: string }) =>
  sql
    .selectFrom('runs')
    .select(['run_uuid', 'experiment_id', 'name', 'user_id', 'status', 'start_time', 'end_time'])
    .select(['artifact_uri', 'lifecycle_stage'])
    .where('run_uuid', '=', runId),
)

async function createRun(context: StoreContext, given: NewRun): Promise<WireRun> {
  const { database, addresses } = context
  const tags = new Map(given.tags.map(({ key, value }) => [key, tagValue(value, context)]))
  for (const key of tags.keys()) checkLength('key', key, 250)
  const name = nameOf(given.run_name, tags.get(NAME_TAG))
  tags.set(NAME_TAG, name)
  const id = newId()
  return database.write(async (trx) => {
    const experiment = await activeExperiment(trx, given.experiment_id)
    const row: RunRow = {
      run_uuid: id,
      experiment_id: experiment.experiment_id,
      name,
      user_id: given.user_id ?? '',
      status: 'RUNNING',
      start_time: given.start_time ?? 0,
      end_time: null,
      artifact_uri: artifactFolder(experiment.artifact_location ?? '', id),
      lifecycle_stage: 'active',
    }
    // What a source's columns held has been tags since MLflow 1; it still fills them like this.
    const legacy = { source_type: 'UNKNOWN', source_name: '', entry_point_name: '', source_version: '' }
    await trx
      .insertInto('runs')
      .values({ ...row, ...legacy })
      .execute()
    for (const [key, value] of tags) await writeTag(trx, { runId: id, key, value })
    const shown = [...tags].map(([key, value]) => ({ key, value }))
    return { info: wireInfo(row, addresses), data: { tags: shown }, inputs: {} }
  })
}

/** Where a run of an experiment keeps its artifacts: below the experiment's place, whose query, if it has one, stays at the end. */
function artifactFolder(location: string, runId: string): string {
  const place = /^[^?#]*/.exec(location)![0]
  return `${place.replace(/\/+$/, '')}/${runId}/artifacts${location.slice(place.length)}`
}

/** The name of a new run: the one it is given, as a field or as a tag, or one of chance. */
function nameOf(given: string | undefined, tag: string | undefined): string {
  if (given && tag && given !== tag) {
    throw invalid(
      "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values " +
        `(run_name='${given}', mlflow.runName='${tag}').`,
    )
  }
  const name = given || tag || randomRunName()
  checkRunName(name)
  return name
}

async function setStage(
  trx: Sql,
  runId: string,
  stage: { readonly lifecycle_stage: string; readonly deleted_time: number | null },
): Promise<void> {
  const { numUpdatedRows } = await trx.updateTable('runs').set(stage).where('run_uuid', '=', runId).executeTakeFirst()
  if (numUpdatedRows === 0n) throw noRun(runId)
}
