// The rows of the model registry that operations begin from, or the refusal where there is none.
import { type Sql, WORKSPACE } from '../tracking/schema.ts'
import { DELETED_STAGE } from '../tracking/stages.ts'
import { invalid, notThere } from './error.ts'
import type { ModelRow, VersionRow } from './read-registry.ts'
import { checkModelName, isPrompt, versionNumber } from './registry-names.ts'

/** Which version of a model, its number as clients write it. */
export interface VersionName {
  readonly name: string
  readonly version: string
}

/** The largest number that the column of versions holds. */
const MAX_INTEGER = 2 ** 31 - 1
/** Letters of a version's number that are read; more say nothing more. */
const MAX_NUMBER_LENGTH = 100

/** The row of a registered model. Throws `RESOURCE_DOES_NOT_EXIST`. */
export async function modelRow(sql: Sql, name: string): Promise<ModelRow> {
  checkModelName(name)
  const row = await sql
    .selectFrom('registered_models')
    .selectAll()
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .executeTakeFirst()
  if (row !== undefined) return row
  throw notThere(`Registered Model with name=${name} not found`)
}

/** The row of a version that was not deleted. Throws `RESOURCE_DOES_NOT_EXIST`, `INVALID_PARAMETER_VALUE` for what is no number. */
export async function versionRow(sql: Sql, name: string, version: string): Promise<VersionRow> {
  checkModelName(name)
  if (version.length > MAX_NUMBER_LENGTH) {
    throw invalid(`Parameter 'version' must be an integer, got '${version.slice(0, MAX_NUMBER_LENGTH)}…'.`)
  }
  const number = versionNumber(version)
  const row = Math.abs(number) <= MAX_INTEGER ? await findVersion(sql, name, number) : undefined
  if (row !== undefined) return row
  throw notThere(`Model Version (name=${name}, version=${BigInt(version.trim().replace('+', ''))}) not found`)
}

async function findVersion(sql: Sql, name: string, version: number): Promise<VersionRow | undefined> {
  return sql
    .selectFrom('model_versions')
    .selectAll()
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .where('version', '=', version)
    .where('current_stage', '!=', DELETED_STAGE)
    .executeTakeFirst()
}

/** Whether a registered model is a prompt. */
export async function isPromptModel(sql: Sql, name: string): Promise<boolean> {
  const tags = await sql
    .selectFrom('registered_model_tags')
    .select(['key', 'value'])
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .execute()
  return isPrompt(tags)
}

/** Notes that something of a model was changed. */
export async function touchModel(trx: Sql, name: string, nowMs: number): Promise<void> {
  await trx
    .updateTable('registered_models')
    .set({ last_updated_time: nowMs })
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .execute()
}
