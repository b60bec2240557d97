// The stages of versions: moved between, looked up, left by deletion. Each change enters the history in the same transaction.
import { addToHistory } from '../tracking/history.ts'
import { explainStages, noticeMoves, readStages, writeStage } from '../tracking/moves.ts'
import type { Stages } from '../tracking/plan-moves.ts'
import type { Stage } from '../tracking/port.ts'
import { type Sql, WORKSPACE } from '../tracking/schema.ts'
import { DELETED_STAGE, isExclusive } from '../tracking/stages.ts'
import type { WireModelVersion } from '../tracking/wire.ts'
import type { StoreContext } from './context.ts'
import { invalid } from './error.ts'
import { fillWireVersions, latestRows, type VersionRow, wireVersion } from './read-registry.ts'
import { stageNamed } from './registry-names.ts'
import { modelRow, touchModel, type VersionName, versionRow } from './registry-rows.ts'

/** Who moved a version, in the history of stages, when it was a client of this interface. */
export const CLIENT = 'MLflow client'

export function stageOperations({ database, addresses, clock }: StoreContext) {
  return {
    /** The newest version in each of the stages, or in every stage there is. */
    async getLatestVersions(name: string, stages: readonly string[]): Promise<WireModelVersion[]> {
      const { sql } = database
      await modelRow(sql, name)
      const wanted = new Set<string>(stages.map(stageNamed))
      const rows = await latestRows(sql, [name])
      const chosen = rows.filter(({ current_stage }) => wanted.size === 0 || wanted.has(current_stage ?? 'None'))
      return fillWireVersions(sql, addresses, chosen)
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
        return wireVersion(trx, addresses, { ...row, current_stage: to, last_updated_time: nowMs })
      })
    },

    /** Deletes a version: its row stays, so that its number does, but says no more what it was. */
    async deleteModelVersion({ name, version }: VersionName): Promise<void> {
      await database.write(async (trx) => deleteVersion(trx, await versionRow(trx, name, version), clock.nowMs()))
    },
  }
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
