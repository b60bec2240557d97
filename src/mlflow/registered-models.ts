// Registered models: created, renamed, described, deleted.
import { explainStages, noticeMoves, readStages } from '../tracking/moves.ts'
import { type Sql, WORKSPACE } from '../tracking/schema.ts'
import { keepVersionNumbers } from '../tracking/version-numbers.ts'
import type { WireKeyValue, WireRegisteredModel } from '../tracking/wire.ts'
import type { StoreContext } from './context.ts'
import { MlflowError } from './error.ts'
import { checkRegistryTag } from './limits.ts'
import { fillWireModels, type ModelRow } from './read-registry.ts'
import { checkDescription, checkModelName, isPrompt, nameTaken } from './registry-names.ts'
import { isPromptModel, modelRow } from './registry-rows.ts'
import { writeModelTag } from './registry-tags.ts'
import { CLIENT } from './version-stages.ts'

export interface NewModel {
  readonly name: string
  readonly tags: readonly WireKeyValue[]
  readonly description?: string | undefined
}

export function registeredModelOperations(context: StoreContext) {
  const { database, addresses, clock } = context
  const filled = async (sql: Sql, row: ModelRow): Promise<WireRegisteredModel> => {
    const [model] = await fillWireModels(sql, addresses, [row])
    if (model === undefined) throw new Error('one row of a registered model gives one model')
    return model
  }
  return {
    async createRegisteredModel(model: NewModel): Promise<WireRegisteredModel> {
      checkModelName(model.name)
      checkDescription(model.description ?? '')
      for (const { key, value } of model.tags) checkRegistryTag(key, value)
      return database.write(async (trx) => filled(trx, await insertModel(trx, model, clock.nowMs())))
    },

    async getRegisteredModel(name: string): Promise<WireRegisteredModel> {
      return filled(database.sql, await modelRow(database.sql, name))
    },

    /** Gives a model another description; an empty one takes it away. */
    async updateRegisteredModel(name: string, description: string): Promise<WireRegisteredModel> {
      checkDescription(description)
      return database.write(async (trx) => {
        const row = await modelRow(trx, name)
        const changed = { description, last_updated_time: clock.nowMs() }
        await trx
          .updateTable('registered_models')
          .set(changed)
          .where('workspace', '=', WORKSPACE)
          .where('name', '=', name)
          .execute()
        return filled(trx, { ...row, ...changed })
      })
    },

    async renameRegisteredModel(name: string, newName: string): Promise<WireRegisteredModel> {
      checkModelName(newName, 'new_name')
      return database.write(async (trx) => {
        await modelRow(trx, name)
        await rename(trx, { from: name, to: newName }, clock.nowMs())
        return filled(trx, await modelRow(trx, newName))
      })
    },

    /** Deletes a model with everything below it. What the history says of its versions stays, and their numbers stay given. */
    async deleteRegisteredModel(name: string): Promise<void> {
      await database.write(async (trx) => {
        await modelRow(trx, name)
        await deleteModel(trx, name, clock.nowMs())
      })
    },
  }
}

async function insertModel(trx: Sql, { name, tags, description }: NewModel, nowMs: number): Promise<ModelRow> {
  const row = await trx
    .insertInto('registered_models')
    .values({
      name,
      creation_time: nowMs,
      last_updated_time: nowMs,
      description: description ?? '',
      workspace: WORKSPACE,
    })
    .onConflict((conflict) => conflict.columns(['workspace', 'name']).doNothing())
    .returningAll()
    .executeTakeFirst()
  if (row === undefined) {
    throw nameTaken(name, { isOldPrompt: await isPromptModel(trx, name), isNewPrompt: isPrompt(tags) })
  }
  for (const tag of tags) await writeModelTag(trx, name, tag)
  return row
}

/** Renames a model; what belongs to it follows by the database's own rule. The history goes on under the new name. */
async function rename(trx: Sql, { from, to }: { from: string; to: string }, nowMs: number): Promise<void> {
  if (from !== to) {
    const taken = await trx
      .selectFrom('registered_models')
      .select('name')
      .where('workspace', '=', WORKSPACE)
      .where('name', '=', to)
      .executeTakeFirst()
    if (taken !== undefined) {
      throw new MlflowError('RESOURCE_ALREADY_EXISTS', `Registered Model (name=${to}) already exists.`)
    }
    await noticeMoves(trx, from, await readStages(trx, from), nowMs)
    await noticeMoves(trx, to, new Map(), nowMs) // of a model that had the name before
    await keepVersionNumbers(trx, from)
  }
  const models = trx.updateTable('registered_models').set({ name: to, last_updated_time: nowMs })
  await models.where('workspace', '=', WORKSPACE).where('name', '=', from).execute()
  const versions = trx.updateTable('model_versions').set({ last_updated_time: nowMs })
  await versions.where('workspace', '=', WORKSPACE).where('name', '=', to).execute()
  if (from === to) return
  await keepVersionNumbers(trx, to)
  const left = `the model was renamed to "${to}" through MLflow's interface`
  const came = `the model was renamed from "${from}" through MLflow's interface`
  await explainStages(trx, from, new Map(), { actor: CLIENT, moved: left, gone: left, atMs: nowMs })
  await explainStages(trx, to, await readStages(trx, to), { actor: CLIENT, moved: came, gone: came, atMs: nowMs })
}

async function deleteModel(trx: Sql, name: string, nowMs: number): Promise<void> {
  await noticeMoves(trx, name, await readStages(trx, name), nowMs)
  await keepVersionNumbers(trx, name)
  const tables = ['model_version_tags', 'model_versions', 'registered_model_tags', 'registered_model_aliases'] as const
  for (const table of [...tables, 'registered_models'] as const) {
    await trx.deleteFrom(table).where('workspace', '=', WORKSPACE).where('name', '=', name).execute()
  }
  const why = "deleted with its model through MLflow's interface"
  await explainStages(trx, name, new Map(), { actor: CLIENT, moved: why, gone: why, atMs: nowMs })
}
