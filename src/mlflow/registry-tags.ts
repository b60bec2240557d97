// Tags of registered models and of their versions.
import { HOLDOUT_TAGS, KIND_TAG, OWN_TAGS, VERDICT_TAG } from '../tracking/own-runs.ts'
import { type Sql, WORKSPACE } from '../tracking/schema.ts'
import type { WireKeyValue } from '../tracking/wire.ts'
import type { StoreContext } from './context.ts'
import { invalid, type MlflowError } from './error.ts'
import { checkRegistryTag } from './limits.ts'
import type { VersionRow } from './read-registry.ts'
import { checkModelName } from './registry-names.ts'
import { modelRow, type VersionName, versionRow } from './registry-rows.ts'

/** The lifecycle itself may work through a server, and writes these again. */
function isRenewed(key: string): boolean {
  return key.startsWith(HOLDOUT_TAGS) || key === VERDICT_TAG
}

export function registryTagOperations({ database }: StoreContext) {
  return {
    async setRegisteredModelTag(name: string, { key, value }: WireKeyValue): Promise<void> {
      checkModelName(name)
      checkRegistryTag(key, value)
      await database.write(async (trx) => {
        await modelRow(trx, name)
        await writeModelTag(trx, name, { key, value })
      })
    },

    /** Takes a tag away; one that is not there is no mistake. */
    async deleteRegisteredModelTag(name: string, key: string): Promise<void> {
      checkModelName(name)
      checkRegistryTag(key, '')
      await database.write(async (trx) => {
        await modelRow(trx, name)
        const tags = trx.deleteFrom('registered_model_tags').where('workspace', '=', WORKSPACE)
        await tags.where('name', '=', name).where('key', '=', key).execute()
      })
    },

    async setModelVersionTag({ name, version }: VersionName, { key, value }: WireKeyValue): Promise<void> {
      checkRegistryTag(key, value)
      await database.write(async (trx) => {
        const row = await versionRow(trx, name, version)
        const own = await ownTag(trx, row, key)
        if (own !== null && own !== value && !isRenewed(key)) throw keepsTag(row, key, own)
        await writeVersionTag(trx, row, { key, value })
      })
    },

    /** Takes a tag away; one that is not there is no mistake. */
    async deleteModelVersionTag({ name, version }: VersionName, key: string): Promise<void> {
      checkRegistryTag(key, '')
      await database.write(async (trx) => {
        const row = await versionRow(trx, name, version)
        const own = await ownTag(trx, row, key)
        if (own !== null) throw keepsTag(row, key, own)
        await trx
          .deleteFrom('model_version_tags')
          .where('workspace', '=', WORKSPACE)
          .where('name', '=', name)
          .where('version', '=', row.version)
          .where('key', '=', key)
          .execute()
      })
    },
  }
}

/**
 * What a tag says in which Understudy's lifecycle told of a version that it made itself: evidence, as the version's run is. Null for any
 * other tag, for one that is not there, and for versions of other people's runs, of which they may say something else later.
 */
async function ownTag(trx: Sql, { name, version, run_id: runId }: VersionRow, key: string): Promise<string | null> {
  if (!key.startsWith(OWN_TAGS) || !runId) return null
  const row = await trx
    .selectFrom('model_version_tags')
    .innerJoin('tags', (join) => join.on('tags.run_uuid', '=', runId).on('tags.key', '=', KIND_TAG))
    .select('model_version_tags.value')
    .where('model_version_tags.workspace', '=', WORKSPACE)
    .where('model_version_tags.name', '=', name)
    .where('model_version_tags.version', '=', version)
    .where('model_version_tags.key', '=', key)
    .executeTakeFirst()
  return row === undefined ? null : (row.value ?? '')
}

function keepsTag({ name, version }: VersionRow, key: string, value: string): MlflowError {
  const shown = value.length <= 100 ? value : `${value.slice(0, 99)}…`
  return invalid(
    `The tag ${key} of version ${version} of ${name} is '${shown}' and stays so: it tells what Understudy recorded of the version. Use another tag.`,
  )
}

/** Writes a tag of a registered model over the one of the same key. */
export async function writeModelTag(trx: Sql, name: string, { key, value }: WireKeyValue): Promise<void> {
  await trx
    .insertInto('registered_model_tags')
    .values({ key, value, name, workspace: WORKSPACE })
    .onConflict((conflict) => conflict.columns(['workspace', 'key', 'name']).doUpdateSet({ value }))
    .execute()
}

/** Writes a tag of a version over the one of the same key. */
export async function writeVersionTag(
  trx: Sql,
  { name, version }: VersionRow,
  { key, value }: WireKeyValue,
): Promise<void> {
  await trx
    .insertInto('model_version_tags')
    .values({ key, value, name, version, workspace: WORKSPACE })
    .onConflict((conflict) => conflict.columns(['workspace', 'key', 'name', 'version']).doUpdateSet({ value }))
    .execute()
}
