// The tag by which a logged model tells the versions that were made of it, as MLflow's own pages and clients read and write it.
import type { Sql } from '../tracking/schema.ts'
import { notThere } from './error.ts'
import { pythonJson } from './python-json.ts'
import { VERSIONS_TAG } from './read-logged-models.ts'

/** Adds a version to the tag of the logged model that it was made of. Throws `RESOURCE_DOES_NOT_EXIST` if the model is gone meanwhile. */
export async function noteVersionOfModel(
  trx: Sql,
  modelId: string,
  { name, version }: { readonly name: string; readonly version: number },
): Promise<void> {
  const model = await trx
    .selectFrom('logged_models')
    .select('experiment_id')
    .where('model_id', '=', modelId)
    .where('lifecycle_stage', '!=', 'deleted')
    .executeTakeFirst()
  if (model === undefined) throw notThere(`Logged model with ID '${modelId}' not found.`)
  const tag = await trx
    .selectFrom('logged_model_tags')
    .select('tag_value')
    .where('model_id', '=', modelId)
    .where('tag_key', '=', VERSIONS_TAG)
    .executeTakeFirst()
  const noted = [...listIn(tag?.tag_value ?? ''), { name, version }]
  await writeLoggedModelTag(trx, model.experiment_id, modelId, { key: VERSIONS_TAG, value: spaced(noted) })
}

/** Writes a tag of a logged model over the one of the same key. */
export async function writeLoggedModelTag(
  trx: Sql,
  experimentId: number,
  modelId: string,
  { key, value }: { readonly key: string; readonly value: string },
): Promise<void> {
  await trx
    .insertInto('logged_model_tags')
    .values({ model_id: modelId, experiment_id: experimentId, tag_key: key, tag_value: value })
    .onConflict((conflict) => conflict.columns(['model_id', 'tag_key']).doUpdateSet({ tag_value: value }))
    .execute()
}

/** What a tag lists; a text that somebody put in its place lists nothing. */
function listIn(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value : []
  } catch {
    return []
  }
}

/** JSON with a space after each sign, as Python writes it unless told otherwise. */
function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`
  if (typeof value !== 'object' || value === null) return pythonJson(value)
  return `{${Object.entries(value)
    .map(([key, part]) => `${pythonJson(key)}: ${spaced(part)}`)
    .join(', ')}}`
}
