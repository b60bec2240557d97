// Aliases: names that stand for one version of a model until they are given to another.
import { type Sql, WORKSPACE } from '../tracking/schema.ts'
import type { WireModelVersion } from '../tracking/wire.ts'
import type { StoreContext } from './context.ts'
import { invalid, notThere } from './error.ts'
import { latestRows, type VersionRow, wireVersion } from './read-registry.ts'
import { checkAlias, checkModelName, checkNewAlias } from './registry-names.ts'
import { modelRow, type VersionName, versionRow } from './registry-rows.ts'

export function aliasOperations({ database, addresses }: StoreContext) {
  const { sql } = database
  return {
    async setAlias({ name, version }: VersionName, alias: string): Promise<void> {
      checkModelName(name)
      checkNewAlias(alias)
      await database.write(async (trx) => {
        const { version: number } = await versionRow(trx, name, version)
        await trx
          .insertInto('registered_model_aliases')
          .values({ alias, version: number, name, workspace: WORKSPACE })
          .onConflict((conflict) => conflict.columns(['workspace', 'name', 'alias']).doUpdateSet({ version: number }))
          .execute()
      })
    },

    /** Takes an alias away; one that is not there is no mistake. */
    async deleteAlias(name: string, alias: string): Promise<void> {
      checkModelName(name)
      checkAlias(alias)
      await database.write(async (trx) => {
        await modelRow(trx, name)
        await trx
          .deleteFrom('registered_model_aliases')
          .where('workspace', '=', WORKSPACE)
          .where('name', '=', name)
          .where('alias', '=', alias)
          .execute()
      })
    },

    /** The version that an alias stands for; `latest` is the newest of all. */
    async getVersionByAlias(name: string, alias: string): Promise<WireModelVersion> {
      checkModelName(name)
      checkAlias(alias)
      await modelRow(sql, name)
      const row = alias.toLowerCase() === 'latest' ? await newest(sql, name) : await aliasedRow(sql, name, alias)
      return wireVersion(sql, addresses, row)
    },
  }
}

/** The version that an alias was given to. Throws `INVALID_PARAMETER_VALUE` if there is no such alias. */
export async function aliasedRow(sql: Sql, name: string, alias: string): Promise<VersionRow> {
  const row = await sql
    .selectFrom('registered_model_aliases')
    .select('version')
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .where('alias', '=', alias)
    .executeTakeFirst()
  if (row !== undefined) return versionRow(sql, name, String(row.version))
  throw invalid(`Registered model alias ${alias} not found.`)
}

async function newest(sql: Sql, name: string): Promise<VersionRow> {
  const row = (await latestRows(sql, [name])).at(-1)
  if (row !== undefined) return row
  throw notThere(`Latest version not found for model ${name}.`)
}
