// Versions of registered models: made of a source, described, tagged, moved between stages, deleted.
import { addToHistory } from '../tracking/history.ts'
import { explainStages, noticeMoves, readStages, writeStage } from '../tracking/moves.ts'
import type { Stages } from '../tracking/plan-moves.ts'
import type { Stage } from '../tracking/port.ts'
import { type Sql, WORKSPACE } from '../tracking/schema.ts'
import { DELETED_STAGE, isExclusive } from '../tracking/stages.ts'
import { takeVersionNumber } from '../tracking/version-numbers.ts'
import type { WireKeyValue, WireModelVersion } from '../tracking/wire.ts'
import type { StoreContext } from './context.ts'
import { invalid } from './error.ts'
import { checkRegistryTag } from './limits.ts'
import { noteVersionOfModel } from './logged-model-versions.ts'
import { fillWireVersions, type VersionRow } from './read-registry.ts'
import { CLIENT } from './registered-models.ts'
import { checkDescription, checkModelName, checkRunFields, isPrompt, stageNamed } from './registry-names.ts'
import { modelRow, touchModel, versionRow } from './registry-rows.ts'
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

/** Which version of a model, its number as clients write it. */
export interface VersionName {
  readonly name: string
  readonly version: string
}

export function modelVersionOperations(context: StoreContext) {
  const { database, addresses, clock } = context
  const filled = async (sql: Sql, row: VersionRow): Promise<WireModelVersion> => {
    const [version] = await fillWireVersions(sql, addresses, [row])
    if (version === undefined) throw new Error('one row of a version gives one version')
    return version
  }
  return {
    async createModelVersion(version: NewVersion): Promise<WireModelVersion> {
      checkModelName(version.name)
      checkDescription(version.description ?? '')
      for (const { key, value } of version.tags) checkRegistryTag(key, value)
      const { runId, modelId, source } = version
      const request = { source, runId, modelId, isPrompt: isPrompt(version.tags) }
      const found = await resolveSource({ sql: database.sql, addresses }, request)
      checkRunFields({ runId: found.runId, runLink: version.runLink ?? '' })
      return database.write(async (trx) => filled(trx, await insertVersion(trx, version, found, clock.nowMs())))
    },

    async getModelVersion({ name, version }: VersionName): Promise<WireModelVersion> {
      return filled(database.sql, await versionRow(database.sql, name, version))
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
        return filled(trx, { ...row, ...changed })
      })
    },

    /** Moves a version to a stage, and those that are there to Archived if asked to. Each move enters the history. */
    async transitionStage(
      { name, version }: VersionName,
      { stage, archivesOthers }: { stage: string; archivesOthers: boolean },
    ): Promise<WireModelVersion> {
      const to = stageNamed(stage)
      if (archivesOthers && !isExclusive(to)) {
        throw invalid(
          `Model version transition cannot archive existing model versions because '${stage}' is not an Active stage. Valid stages are ['Staging', 'Production']`,
        )
      }
      return database.write(async (trx) => {
        const row = await versionRow(trx, name, version)
        const nowMs = clock.nowMs()
        await moveVersion(trx, row, { to, archivesOthers }, nowMs)
        return filled(trx, { ...row, current_stage: to, last_updated_time: nowMs })
      })
    },

    /** Deletes a version: its row stays, so that its number does, but says no more what it was. */
    async deleteModelVersion({ name, version }: VersionName): Promise<void> {
      await database.write(async (trx) => deleteVersion(trx, await versionRow(trx, name, version), clock.nowMs()))
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

async function writeVersionTag(trx: Sql, { name, version }: VersionRow, { key, value }: WireKeyValue): Promise<void> {
  await trx
    .insertInto('model_version_tags')
    .values({ key, value, name, version, workspace: WORKSPACE })
    .onConflict((conflict) => conflict.columns(['workspace', 'key', 'name', 'version']).doUpdateSet({ value }))
    .execute()
}

async function updateVersion(
  trx: Sql,
  { name, version }: VersionRow,
  changed: { description: string | null; last_updated_time: number },
): Promise<void> {
  const versions = trx.updateTable('model_versions').set(changed).where('workspace', '=', WORKSPACE)
  await versions.where('name', '=', name).where('version', '=', version).execute()
}

async function moveVersion(
  trx: Sql,
  { name, version }: VersionRow,
  { to, archivesOthers }: { to: Stage; archivesOthers: boolean },
  nowMs: number,
): Promise<void> {
  const stages = await readStages(trx, name)
  await noticeMoves(trx, name, stages, nowMs) // first what others did, or the history would have a gap
  const leaving = archivesOthers ? othersIn(stages, to, version) : []
  for (const other of leaving) await writeStage(trx, name, other, 'Archived', nowMs)
  await writeStage(trx, name, version, to, nowMs)
  await touchModel(trx, name, nowMs)
  const reason = "moved through MLflow's interface"
  const superseded = `superseded by v${version} through MLflow's interface`
  const from = stages.get(version) ?? 'None'
  const same = { name, actor: CLIENT, evidence: null, atMs: nowMs }
  await addToHistory(trx, [
    ...leaving.map((other) => ({ ...same, version: other, from: to, to: 'Archived' as const, reason: superseded })),
    ...(from === to ? [] : [{ ...same, version, from, to, reason }]),
  ])
}

function othersIn(stages: Stages, stage: Stage, except: number): number[] {
  return [...stages].filter(([version, its]) => its === stage && version !== except).map(([version]) => version)
}

async function deleteVersion(trx: Sql, { name, version }: VersionRow, nowMs: number): Promise<void> {
  const stages = await readStages(trx, name)
  await noticeMoves(trx, name, stages, nowMs)
  await trx
    .deleteFrom('registered_model_aliases')
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .where('version', '=', version)
    .execute()
  await trx
    .updateTable('model_versions')
    .set({
      current_stage: DELETED_STAGE,
      last_updated_time: nowMs,
      description: null,
      user_id: null,
      source: 'REDACTED-SOURCE-PATH', // MLflow's own words
      run_id: 'REDACTED-RUN-ID',
      run_link: 'REDACTED-RUN-LINK',
      status_message: null,
    })
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .where('version', '=', version)
    .execute()
  await touchModel(trx, name, nowMs)
  const left = new Map([...stages].filter(([one]) => one !== version))
  const why = "deleted through MLflow's interface"
  await explainStages(trx, name, left, { actor: CLIENT, moved: why, gone: why, atMs: nowMs })
}
