// Tags of registered models and of their versions.
import { type Sql, WORKSPACE } from '../tracking/schema.ts'
import type { WireKeyValue } from '../tracking/wire.ts'
import type { StoreContext } from './context.ts'
import { checkRegistryTag } from './limits.ts'
import type { VersionRow } from './read-registry.ts'
import { checkModelName } from './registry-names.ts'
import { modelRow, type VersionName, versionRow } from './registry-rows.ts'

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
        await writeVersionTag(trx, await versionRow(trx, name, version), { key, value })
      })
    },

    /** Takes a tag away; one that is not there is no mistake. */
    async deleteModelVersionTag({ name, version }: VersionName, key: string): Promise<void> {
      checkRegistryTag(key, '')
      await database.write(async (trx) => {
        const row = await versionRow(trx, name, version)
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
