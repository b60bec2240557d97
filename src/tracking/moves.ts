// Moving versions between stages, and noticing moves that others made on the same database.
import { PlannedError } from '../kernel/errors.ts'
import type { Context } from './context.ts'
import { once } from './effects.ts'
import { addToHistory } from './history.ts'
import { checkModelName, checkText } from './names.ts'
import type { Cause, EffectKey, Move, Stage, Tracking, Transition } from './port.ts'
import { type Sql, WORKSPACE } from './schema.ts'
import { DELETED_STAGE, isExclusive, isStage, stageOf } from './stages.ts'

/** One change of stage that is about to be made. */
interface Change {
  readonly version: number
  readonly from: Stage
  readonly to: Stage
  readonly cause: Cause
}

/** The stage of every version a model has, deleted ones left out. */
type Stages = ReadonlyMap<number, Stage>

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
    const changes = plan(name, moves, stages)
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

/** Refuses moves that contradict each other or say too little. */
function checkMoves(name: string, moves: readonly Move[]): void {
  const versions = new Set<number>()
  const entered = new Set<Stage>()
  for (const { version, to, cause } of moves) {
    checkText('actor of a move', cause.actor, { max: 250 })
    checkText('reason of a move', cause.reason, { max: 10_000 })
    if (!isStage(to))
      throw new PlannedError('BAD_INPUT', `"${to}" is not a stage`, {
        next: 'use None, Staging, Production or Archived',
      })
    if (versions.has(version)) {
      throw new PlannedError('BAD_INPUT', `two moves of ${name} v${version} in one call`, {
        next: 'say only where it ends',
      })
    }
    if (isExclusive(to) && entered.has(to)) {
      throw new PlannedError('BAD_INPUT', `two versions of ${name} cannot both move to ${to}`, { next: 'choose one' })
    }
    versions.add(version)
    entered.add(to)
  }
}

/** The changes that the moves and the rule of one version per stage make together: what leaves comes before what enters. */
function plan(name: string, moves: readonly Move[], stages: Stages): Change[] {
  const changes: Change[] = []
  for (const { version, to, cause, expect, replaces } of moves) {
    const from = stages.get(version)
    if (from === undefined) {
      throw new PlannedError(
        'NOT_FOUND',
        `there is no version ${version} of the model "${name}", so nothing was moved`,
        { next: 'list its versions to see which there are', facts: { name, version } },
      )
    }
    if (expect !== undefined && expect !== from) {
      throw new PlannedError(
        'CONFLICT',
        `${name} v${version} is in ${from}, not in ${expect} any more, so nothing was moved`,
        { next: 'look at its history and decide anew', facts: { name, version, expected: expect, found: from } },
      )
    }
    if (replaces !== undefined) checkReplaced(name, { version, to, replaces }, stages)
    if (from !== to) changes.push({ version, from, to, cause })
  }
  const moved = new Set(moves.map((move) => move.version))
  for (const { to, cause } of moves.filter((move) => isExclusive(move.to))) {
    for (const [version, from] of stages) {
      if (from === to && !moved.has(version)) changes.push({ version, from, to: 'Archived', cause })
    }
  }
  return changes.toSorted((a, b) => Number(isExclusive(a.to)) - Number(isExclusive(b.to)))
}

/** Refuses to replace another version than the one that was seen there. */
function checkReplaced(
  name: string,
  { version, to, replaces }: { version: number; to: Stage; replaces: number | null },
  stages: Stages,
): void {
  const there = [...stages].find(([other, stage]) => stage === to && other !== version)?.[0] ?? null
  if (there === replaces) return
  const who = (number: number | null): string => (number === null ? 'no version' : `v${number}`)
  throw new PlannedError(
    'CONFLICT',
    `${who(there)} of ${name} is in ${to}, not ${who(replaces)} any more, so nothing was moved`,
    { next: 'look at its history and decide anew', facts: { name, version, expected: replaces, found: there } },
  )
}

/** Adds to the history where the stages found differ from what it says. Returns what it added. */
async function noticeMoves(trx: Sql, name: string, stages: Stages, nowMs: number): Promise<Transition[]> {
  const recorded = await recordedStages(trx, name)
  const seenAt = `seen at ${new Date(nowMs).toISOString()}`
  const outside = { name, actor: 'unknown', evidence: null, atMs: nowMs }
  const gone = [...recorded]
    .filter(([version, from]) => !stages.has(version) && from !== 'None' && from !== 'Archived')
    .map(([version, from]) => ({
      ...outside,
      version,
      from,
      to: 'Archived' as const,
      reason: `deleted outside Understudy, ${seenAt}`,
    }))
  const moved = [...stages]
    .map(([version, to]) => ({
      ...outside,
      version,
      from: recorded.get(version) ?? 'None',
      to,
      reason: `moved outside Understudy, ${seenAt}`,
    }))
    .filter(({ from, to }) => from !== to)
  return addToHistory(trx, [...gone, ...moved])
}

async function readStages(trx: Sql, name: string): Promise<Stages> {
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

async function writeStage(trx: Sql, name: string, version: number, to: Stage, nowMs: number): Promise<void> {
  await trx
    .updateTable('model_versions')
    .set({ current_stage: to, last_updated_time: nowMs })
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .where('version', '=', version)
    .execute()
}

/** Only what a cause is: a caller's object may carry more. */
function plainCause({ actor, reason, evidence }: Cause): Cause {
  return { actor, reason, evidence }
}
