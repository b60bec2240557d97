// Logged models: MLflow 3's models, known by an id of their own and kept beside the runs of their experiment.
import { newId } from '../kernel/ids.ts'
import type { Sql } from '../tracking/schema.ts'
import type { WireKeyValue, WireLoggedModel } from '../tracking/wire.ts'
import type { StoreContext } from './context.ts'
import { invalid, notThere } from './error.ts'
import { activeExperiment } from './experiments.ts'
import { checkLength } from './limits.ts'
import { writeLoggedModelTag } from './logged-model-versions.ts'
import { pythonText, pythonTuple } from './python-text.ts'
import { fillWireLoggedModels, LOGGED_MODEL_STATUSES, type LoggedModelRow } from './read-logged-models.ts'
import { randomRunName } from './run-names.ts'

export type LoggedModelStatus = (typeof LOGGED_MODEL_STATUSES)[number]

export interface NewLoggedModel {
  readonly experimentId: string
  readonly name?: string | undefined
  readonly modelType?: string | undefined
  readonly sourceRunId?: string | undefined
  readonly params: readonly WireKeyValue[]
  readonly tags: readonly WireKeyValue[]
}

// What MLflow's columns hold, in characters.
const MAX_NAME = 500
const MAX_TYPE = 500
const MAX_KEY = 255
const MAX_RUN_ID = 32
const MAX_LOCATION = 1000

const NOT_IN_NAMES = ['/', ':', '.', '%', '"', "'"]

export function loggedModelOperations({ database, addresses, clock }: StoreContext) {
  const filled = async (sql: Sql, row: LoggedModelRow): Promise<WireLoggedModel> => {
    const [model] = await fillWireLoggedModels(sql, addresses, [row])
    if (model === undefined) throw new Error('one row of a logged model gives one model')
    return model
  }
  return {
    /** Makes a model that is pending until its files are there. Without a name it gets one. */
    async createLoggedModel(model: NewLoggedModel): Promise<WireLoggedModel> {
      check(model)
      return database.write(async (trx) => filled(trx, await insertModel(trx, model, clock.nowMs())))
    },

    async getLoggedModel(modelId: string, { alsoDeleted = false } = {}): Promise<WireLoggedModel> {
      const row = await modelRow(database.sql, modelId)
      if (row.lifecycle_stage === 'deleted' && !alsoDeleted) throw noModel(modelId)
      return filled(database.sql, row)
    },

    /** Says how the upload of a model's files ended. */
    async finalizeLoggedModel(modelId: string, status: LoggedModelStatus): Promise<WireLoggedModel> {
      const changes = { status: LOGGED_MODEL_STATUSES.indexOf(status), last_updated_timestamp_ms: clock.nowMs() }
      return database.write(async (trx) => {
        const row = await modelRow(trx, modelId)
        await trx.updateTable('logged_models').set(changes).where('model_id', '=', modelId).execute()
        return filled(trx, { ...row, ...changes })
      })
    },

    /** Marks a model as deleted: nothing finds it any more, and its files stay. */
    async deleteLoggedModel(modelId: string): Promise<void> {
      const changes = { lifecycle_stage: 'deleted', last_updated_timestamp_ms: clock.nowMs() }
      await database.write(async (trx) => {
        await modelRow(trx, modelId)
        await trx.updateTable('logged_models').set(changes).where('model_id', '=', modelId).execute()
      })
    },
  }
}

/** What a logged model is told of itself. */
export function loggedModelValueOperations({ database }: StoreContext) {
  return {
    /** Adds parameters. One that is there already may be said again, but not changed. */
    async logLoggedModelParams(modelId: string, params: readonly WireKeyValue[]): Promise<void> {
      for (const { key } of params) checkLength('key', key, MAX_KEY)
      await database.write(async (trx) => {
        const { experiment_id } = await modelRow(trx, modelId)
        await writeParams(trx, experiment_id, modelId, params)
      })
    },

    async setLoggedModelTags(modelId: string, tags: readonly WireKeyValue[]): Promise<void> {
      for (const { key } of tags) checkLength('key', key, MAX_KEY)
      await database.write(async (trx) => {
        const { experiment_id } = await modelRow(trx, modelId)
        for (const tag of tags) await writeLoggedModelTag(trx, experiment_id, modelId, tag)
      })
    },

    async deleteLoggedModelTag(modelId: string, key: string): Promise<void> {
      await database.write(async (trx) => {
        await modelRow(trx, modelId)
        const tags = trx.deleteFrom('logged_model_tags').where('model_id', '=', modelId).where('tag_key', '=', key)
        const { numDeletedRows } = await tags.executeTakeFirst()
        if (numDeletedRows > 0n) return
        throw notThere(`No tag with key ${pythonText(key)} found for model with ID ${pythonText(modelId)}.`)
      })
    },
  }
}

function check({ name, modelType, sourceRunId, params, tags }: NewLoggedModel): void {
  if (name !== undefined && NOT_IN_NAMES.some((sign) => name.includes(sign))) {
    throw invalid(
      `Invalid model name (${pythonText(name)}) provided. Model name must be a non-empty string and cannot contain the following ` +
        `characters: ${pythonTuple(NOT_IN_NAMES)}`,
    )
  }
  checkLength('name', name ?? '', MAX_NAME)
  checkLength('model_type', modelType ?? '', MAX_TYPE)
  checkLength('source_run_id', sourceRunId ?? '', MAX_RUN_ID)
  for (const { key } of [...params, ...tags]) checkLength('key', key, MAX_KEY)
}

async function insertModel(trx: Sql, model: NewLoggedModel, nowMs: number): Promise<LoggedModelRow> {
  const experiment = await activeExperiment(trx, model.experimentId)
  const id = `m-${newId()}`
  const location = folderOf(experiment.artifact_location ?? '', id)
  checkLength('artifact_uri', location, MAX_LOCATION)
  const row: LoggedModelRow = {
    model_id: id,
    experiment_id: experiment.experiment_id,
    name: model.name || randomRunName(),
    artifact_location: location,
    creation_timestamp_ms: nowMs,
    last_updated_timestamp_ms: nowMs,
    status: LOGGED_MODEL_STATUSES.indexOf('LOGGED_MODEL_PENDING'),
    lifecycle_stage: 'active',
    model_type: model.modelType ?? '',
    source_run_id: model.sourceRunId ?? '',
    status_message: null,
  }
  await trx
    .insertInto('logged_models')
    .values({ ...row, creation_timestamp_ms: nowMs, last_updated_timestamp_ms: nowMs })
    .execute()
  await writeParams(trx, row.experiment_id, id, model.params)
  for (const tag of model.tags) await writeLoggedModelTag(trx, row.experiment_id, id, tag)
  return row
}

/** Where a model's files lie: below the experiment's place, whose query, if it has one, stays at the end. */
function folderOf(location: string, modelId: string): string {
  const place = /^[^?#]*/.exec(location)?.[0] ?? ''
  return `${place.replace(/\/+$/, '')}/models/${modelId}/artifacts${location.slice(place.length)}`
}

async function writeParams(
  trx: Sql,
  experimentId: number,
  modelId: string,
  params: readonly WireKeyValue[],
): Promise<void> {
  for (const { key, value } of params) {
    const written = await trx
      .insertInto('logged_model_params')
      .values({ model_id: modelId, experiment_id: experimentId, param_key: key, param_value: value })
      .onConflict((conflict) => conflict.columns(['model_id', 'param_key']).doNothing())
      .returning('param_key')
      .executeTakeFirst()
    if (written === undefined) await checkSaidBefore(trx, modelId, { key, value })
  }
}

async function checkSaidBefore(trx: Sql, modelId: string, { key, value }: WireKeyValue): Promise<void> {
  const { param_value: before } = await trx
    .selectFrom('logged_model_params')
    .select('param_value')
    .where('model_id', '=', modelId)
    .where('param_key', '=', key)
    .executeTakeFirstOrThrow()
  if (before === value) return
  throw invalid(
    `Changing param values is not allowed. Param with key='${key}' was already logged with value='${before}' for model ID='${modelId}'. ` +
      `Attempted logging new value '${value}'.`,
  )
}

/** The row of a logged model, a deleted one too. Throws `RESOURCE_DOES_NOT_EXIST`. */
async function modelRow(sql: Sql, modelId: string): Promise<LoggedModelRow> {
  const row = await sql.selectFrom('logged_models').selectAll().where('model_id', '=', modelId).executeTakeFirst()
  if (row === undefined) throw noModel(modelId)
  return row
}

function noModel(modelId: string): Error {
  return notThere(`Logged model with ID '${modelId}' not found.`)
}
