// Versions of registered models: made of a source, found, described.
import { type Sql, WORKSPACE } from '../tracking/schema.ts'
import { takeVersionNumber } from '../tracking/version-numbers.ts'
import type { WireKeyValue, WireModelVersion } from '../tracking/wire.ts'
import type { StoreContext } from './context.ts'
import { checkRegistryTag } from './limits.ts'
import { noteVersionOfModel } from './logged-model-versions.ts'
import { type VersionRow, wireVersion } from './read-registry.ts'
import { checkDescription, checkModelName, checkRunFields, isPrompt } from './registry-names.ts'
import { modelRow, touchModel, type VersionName, versionRow } from './registry-rows.ts'
import { writeVersionTag } from './registry-tags.ts'
import { resolveSource, type VersionSource } from './version-source.ts'

export interface NewVersion {
  readonly name: string
  readonly source: string
  readonly runId?: string | undefined
  readonly modelId?: string | undefined
  readonly runLink?: string | undefined
  readonly description?: string | undefined
  readonly tags: readonly WireKeyValue[]
}

export function modelVersionOperations(context: StoreContext) {
  const { database, addresses, clock } = context
  return {
    async createModelVersion(version: NewVersion): Promise<WireModelVersion> {
      checkModelName(version.name)
      checkDescription(version.description ?? '')
      for (const { key, value } of version.tags) checkRegistryTag(key, value)
      const { runId, modelId, source } = version
      const request = { source, runId, modelId, isPrompt: isPrompt(version.tags) }
      const found = await resolveSource({ sql: database.sql, addresses }, request)
      checkRunFields({ runId: found.runId, runLink: version.runLink ?? '' })
      return database.write(async (trx) =>
        wireVersion(trx, addresses, await insertVersion(trx, version, found, clock.nowMs())),
      )
    },

    async getModelVersion({ name, version }: VersionName): Promise<WireModelVersion> {
      return wireVersion(database.sql, addresses, await versionRow(database.sql, name, version))
    },

    /** Where a version's files lie, as a client can open it. */
    async getDownloadUri({ name, version }: VersionName): Promise<string> {
      const row = await versionRow(database.sql, name, version)
      return addresses.shown(row.storage_location || row.source || '')
    },

    /** Gives a version another description; none takes it away. */
    async updateModelVersion({ name, version }: VersionName, description?: string): Promise<WireModelVersion> {
      checkDescription(description ?? '')
      return database.write(async (trx) => {
        const row = await versionRow(trx, name, version)
        const changed = { description: description ?? null, last_updated_time: clock.nowMs() }
        await updateVersion(trx, row, changed)
        return wireVersion(trx, addresses, { ...row, ...changed })
      })
    },
  }
}

async function insertVersion(
  trx: Sql,
  { name, description, runLink, tags }: NewVersion,
  found: VersionSource,
  nowMs: number,
): Promise<VersionRow> {
  await modelRow(trx, name)
  await touchModel(trx, name, nowMs)
  const row = await trx
    .insertInto('model_versions')
    .values({
      name,
      version: await takeVersionNumber(trx, name),
      creation_time: nowMs,
      last_updated_time: nowMs,
      description: description ?? '',
      user_id: null,
      current_stage: 'None',
      source: found.source,
      run_id: found.runId,
      status: 'READY',
      run_link: runLink ?? '',
      storage_location: found.storageLocation,
      workspace: WORKSPACE,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  for (const tag of tags) await writeVersionTag(trx, row, tag)
  if (found.modelId !== undefined) await noteVersionOfModel(trx, found.modelId, row)
  return row
}

async function updateVersion(
  trx: Sql,
  { name, version }: VersionRow,
  changed: { description: string | null; last_updated_time: number },
): Promise<void> {
  const versions = trx.updateTable('model_versions').set(changed).where('workspace', '=', WORKSPACE)
  await versions.where('name', '=', name).where('version', '=', version).execute()
}
