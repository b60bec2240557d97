// Experiments: created, found, renamed, deleted and restored.
import type { Selectable } from 'kysely'
import { type Sql, type TrackingSchema, WORKSPACE } from '../tracking/schema.ts'
import type { WireExperiment, WireKeyValue } from '../tracking/wire.ts'
import { checkedArtifactLocation } from './artifact-location.ts'
import type { StoreContext } from './context.ts'
import { invalid, MlflowError, notThere } from './error.ts'
import { checkExperimentName, checkExperimentTag } from './limits.ts'

/** MLflow's own pages keep arrangements of theirs in tags that begin like this. */
const VIEW_TAG = 'mlflow.customView.view'
const MAX_VIEWS = 50

export type ExperimentRow = Selectable<TrackingSchema['experiments']>

interface NewExperiment {
  readonly name: string
  /** Undefined or empty for the server's own place. */
  readonly artifact_location: string | undefined
  readonly tags: readonly WireKeyValue[]
}

export function experimentOperations(context: StoreContext) {
  const { database, addresses, clock } = context
  return {
    createExperiment: (experiment: NewExperiment): Promise<string> => createExperiment(context, experiment),

    async getExperiment(id: string): Promise<WireExperiment> {
      const row = await experimentRow(database.sql, id)
      return wireExperiment(row, await tagsOf(database.sql, row.experiment_id), addresses)
    },

    async getExperimentByName(name: string): Promise<WireExperiment> {
      const row = await rowByName(database.sql, name)
      if (row === undefined) throw notThere(`Could not find experiment with name '${name}'`)
      return wireExperiment(row, await tagsOf(database.sql, row.experiment_id), addresses)
    },

    /** Deletes an experiment with its runs: they are marked, and can be restored. */
    deleteExperiment: (id: string): Promise<void> =>
      database.write((trx) => setStage(trx, id, { from: 'active', to: 'deleted', nowMs: clock.nowMs() })),

    /** Restores an experiment with all of its runs. */
    restoreExperiment: (id: string): Promise<void> =>
      database.write((trx) => setStage(trx, id, { from: 'deleted', to: 'active', nowMs: clock.nowMs() })),

    async renameExperiment(id: string, name: string): Promise<void> {
      checkExperimentName(name)
      await database.write(async (trx) => {
        const { experiment_id, lifecycle_stage } = await experimentRow(trx, id)
        if (lifecycle_stage !== 'active') throw invalid('Cannot rename a non-active experiment.')
        const other = await rowByName(trx, name)
        if (other !== undefined && other.experiment_id !== experiment_id) throw nameTaken(name)
        const changes = { name, last_update_time: clock.nowMs() }
        await trx.updateTable('experiments').set(changes).where('experiment_id', '=', experiment_id).execute()
      })
    },

    async setExperimentTag(id: string, key: string, value: string): Promise<void> {
      checkExperimentTag(key, value)
      await database.write(async (trx) => {
        const { experiment_id } = await activeExperiment(trx, id)
        if (key.startsWith(VIEW_TAG)) await checkRoomForView(trx, experiment_id, key)
        await writeTags(trx, experiment_id, [{ key, value }])
      })
    },

    deleteExperimentTag: (id: string, key: string): Promise<void> =>
      database.write(async (trx) => {
        const { experiment_id } = await activeExperiment(trx, id)
        const { numDeletedRows } = await trx
          .deleteFrom('experiment_tags')
          .where('experiment_id', '=', experiment_id)
          .where('key', '=', key)
          .executeTakeFirst()
        if (numDeletedRows === 0n) throw notThere(`No tag with name: ${key} in experiment with id ${id}`)
      }),
  }
}

/** The number of an experiment's id. Throws `INVALID_PARAMETER_VALUE` if it is none. */
export function experimentNumber(id: string): number {
  const number = /^[+-]?\d{1,18}$/.test(id) ? Number(id) : Number.NaN
  if (Number.isSafeInteger(number)) return number
  throw invalid(`Invalid experiment ID '${id}'. Experiment ID must be a valid integer.`)
}

/** A stored key and value; a value that is null is an empty one. */
export function keyValueOf({ key, value }: { key: string; value: string | null }): WireKeyValue {
  return { key, value: value ?? '' }
}

/** An experiment's row as it is shown, with its tags. */
export function wireExperiment(
  row: ExperimentRow,
  tags: readonly WireKeyValue[],
  addresses: StoreContext['addresses'],
): WireExperiment {
  return {
    experiment_id: String(row.experiment_id),
    name: row.name,
    artifact_location: addresses.shown(row.artifact_location ?? ''),
    lifecycle_stage: row.lifecycle_stage ?? 'active',
    ...(row.last_update_time === null ? {} : { last_update_time: Number(row.last_update_time) }),
    ...(row.creation_time === null ? {} : { creation_time: Number(row.creation_time) }),
    ...(tags.length === 0 ? {} : { tags }),
    workspace: row.workspace,
  }
}

/** An experiment that may be written to. Throws `RESOURCE_DOES_NOT_EXIST`, or `INVALID_PARAMETER_VALUE` if it was deleted. */
export async function activeExperiment(sql: Sql, id: string): Promise<ExperimentRow> {
  const row = await experimentRow(sql, id)
  if (row.lifecycle_stage === 'active') return row
  throw invalid(
    `The experiment ${row.experiment_id} must be in the 'active' state. Current state is ${row.lifecycle_stage}.`,
  )
}

/** The row of an experiment. Throws `RESOURCE_DOES_NOT_EXIST` if there is none, or none in the stage asked for. */
async function experimentRow(sql: Sql, id: string, stage?: string): Promise<ExperimentRow> {
  const number = experimentNumber(id)
  const row = await sql.selectFrom('experiments').selectAll().where('experiment_id', '=', number).executeTakeFirst()
  if (row !== undefined && (stage === undefined || row.lifecycle_stage === stage)) return row
  throw notThere(`No Experiment with id=${number} exists`)
}

async function rowByName(sql: Sql, name: string): Promise<ExperimentRow | undefined> {
  return sql
    .selectFrom('experiments')
    .selectAll()
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .executeTakeFirst()
}

async function tagsOf(sql: Sql, experiment: number): Promise<WireKeyValue[]> {
  const rows = await sql
    .selectFrom('experiment_tags')
    .select(['key', 'value'])
    .where('experiment_id', '=', experiment)
    .execute()
  return rows.map(keyValueOf)
}

async function createExperiment(
  { database, addresses, clock }: StoreContext,
  { name, artifact_location, tags }: NewExperiment,
): Promise<string> {
  checkExperimentName(name)
  const location = artifact_location ? await checkedArtifactLocation(artifact_location, { addresses, database }) : null
  for (const { key, value } of tags) checkExperimentTag(key, value)
  if (tags.filter(({ key }) => key.startsWith(VIEW_TAG)).length > MAX_VIEWS) throw tooManyViews('')
  return database.write(async (trx) => {
    const nowMs = clock.nowMs()
    const made = await trx
      .insertInto('experiments')
      .values({
        name,
        artifact_location: location,
        lifecycle_stage: 'active',
        creation_time: nowMs,
        last_update_time: nowMs,
      })
      .onConflict((conflict) => conflict.columns(['workspace', 'name']).doNothing())
      .returning('experiment_id')
      .executeTakeFirst()
    if (made === undefined) throw nameTaken(name)
    const { experiment_id } = made
    if (location === null) {
      const ownPlace = { artifact_location: addresses.experimentLocation(String(experiment_id)) } // only now is the number known
      await trx.updateTable('experiments').set(ownPlace).where('experiment_id', '=', experiment_id).execute()
    }
    await writeTags(trx, experiment_id, tags)
    return String(experiment_id)
  })
}

async function writeTags(trx: Sql, experiment: number, tags: readonly WireKeyValue[]): Promise<void> {
  for (const { key, value } of tags) {
    await trx
      .insertInto('experiment_tags')
      .values({ experiment_id: experiment, key, value })
      .onConflict((conflict) => conflict.columns(['key', 'experiment_id']).doUpdateSet({ value }))
      .execute()
  }
}

async function setStage(
  trx: Sql,
  id: string,
  { from, to, nowMs }: { readonly from: string; readonly to: 'active' | 'deleted'; readonly nowMs: number },
): Promise<void> {
  const { experiment_id } = await experimentRow(trx, id, from)
  const stage = { lifecycle_stage: to, last_update_time: nowMs }
  await trx.updateTable('experiments').set(stage).where('experiment_id', '=', experiment_id).execute()
  const runs = { lifecycle_stage: to, deleted_time: to === 'deleted' ? nowMs : null }
  await trx.updateTable('runs').set(runs).where('experiment_id', '=', experiment_id).execute()
}

async function checkRoomForView(trx: Sql, experiment: number, key: string): Promise<void> {
  const views = (await tagsOf(trx, experiment)).filter((tag) => tag.key.startsWith(VIEW_TAG))
  if (views.length < MAX_VIEWS || views.some((tag) => tag.key === key)) return
  throw tooManyViews(` for experiment ${experiment}`)
}

function tooManyViews(where: string): MlflowError {
  return invalid(
    `Unable to create another custom view${where}; the maximum number of custom views per experiment is ${MAX_VIEWS}. ` +
      'Delete an existing custom view before creating a new one.',
  )
}

function nameTaken(name: string): MlflowError {
  return new MlflowError('RESOURCE_ALREADY_EXISTS', `Experiment(name=${name}) already exists.`)
}
