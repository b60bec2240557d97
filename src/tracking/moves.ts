// Moving versions between stages, and noticing moves that others made on the same database.
import type { Context } from './context.ts'
import { once } from './effects.ts'
import { addToHistory } from './history.ts'
import { checkModelName } from './names.ts'
import {
  checkMoves,
  type Explanation,
  plainCause,
  planMoves,
  type Stages,
  seenOutside,
  unexplained,
} from './plan-moves.ts'
import type { EffectKey, Move, Stage, Tracking, Transition } from './port.ts'
import { type Sql, WORKSPACE } from './schema.ts'
import { DELETED_STAGE, stageOf } from './stages.ts'

export function moveOperations(context: Context): Pick<Tracking, 'move' | 'noticeOutsideMoves'> {
  const { database, clock } = context
  return {
    move: (name, moves, effect) => moveVersions(context, name, moves, effect),
    async noticeOutsideMoves(name) {
      checkModelName(name)
      return database.transaction(async (trx) => noticeMoves(trx, name, await readStages(trx, name), clock.nowMs()))
    },
  }
}

async function moveVersions(
  { database, clock }: Context,
  name: string,
  moves: readonly Move[],
  effect: EffectKey | undefined,
): Promise<readonly Transition[]> {
  checkModelName(name)
  checkMoves(name, moves)
  const nowMs = clock.nowMs()
  const run = async (trx: Sql): Promise<readonly Transition[]> => {
    const stages = await readStages(trx, name)
    const changes = planMoves(name, moves, stages)
    await noticeMoves(trx, name, stages, nowMs) // first what others did, or the history would have a gap
    for (const { version, to } of changes) await writeStage(trx, name, version, to, nowMs)
    if (changes.length > 0) {
      const models = trx.updateTable('registered_models').set({ last_updated_time: nowMs })
      await models.where('workspace', '=', WORKSPACE).where('name', '=', name).execute()
    }
    return addToHistory(
      trx,
      changes.map(({ version, from, to, cause }) => ({ name, version, from, to, ...plainCause(cause), atMs: nowMs })),
    )
  }
  return database.transaction((trx) => once(trx, { kind: 'move versions', effect, nowMs, run: () => run(trx) }))
}

/** Adds to the history where the stages found differ from what it says. Returns what it added. */
export async function noticeMoves(trx: Sql, name: string, stages: Stages, nowMs: number): Promise<Transition[]> {
  return explainStages(trx, name, stages, seenOutside(nowMs))
}

/** Adds rows to the history until it says of every version the stage that it is in; of those that are gone, that they left theirs. */
export async function explainStages(
  trx: Sql,
  name: string,
  stages: Stages,
  explanation: Explanation,
): Promise<Transition[]> {
  return addToHistory(trx, unexplained(name, stages, await recordedStages(trx, name), explanation))
}

/** The stage of each version of a model, by number; deleted ones are left out. */
export async function readStages(trx: Sql, name: string): Promise<Stages> {
  const rows = await trx
    .selectFrom('model_versions')
    .select(['version', 'current_stage'])
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .orderBy('version')
    .execute()
  return new Map(
    rows.filter((row) => row.current_stage !== DELETED_STAGE).map((row) => [row.version, stageOf(row.current_stage)]),
  )
}

/** Where the history says each version is. */
async function recordedStages(trx: Sql, name: string): Promise<Stages> {
  const rows = await trx
    .selectFrom('understudy_transitions')
    .select(['version', 'to_stage'])
    .where('name', '=', name)
    .orderBy('id')
    .execute()
  return new Map(rows.map((row) => [row.version, stageOf(row.to_stage)])) // the last one of a version stays
}

export async function writeStage(trx: Sql, name: string, version: number, to: Stage, nowMs: number): Promise<void> {
  await trx
    .updateTable('model_versions')
    .set({ current_stage: to, last_updated_time: nowMs })
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .where('version', '=', version)
    .execute()
}
