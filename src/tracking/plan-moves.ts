// What a call of `move` comes to, and what the history does not explain: reckoned from stages alone, the same for every store.
import { PlannedError } from '../kernel/errors.ts'
import { checkText } from './names.ts'
import type { Cause, Move, Stage, Transition } from './port.ts'
import { isExclusive, isStage } from './stages.ts'

/** One change of stage that is about to be made. */
export interface Change {
  readonly version: number
  readonly from: Stage
  readonly to: Stage
  readonly cause: Cause
}

/** The stage of every version a model has, deleted ones left out. */
export type Stages = ReadonlyMap<number, Stage>

/** Refuses moves that contradict each other or say too little. */
export function checkMoves(name: string, moves: readonly Move[]): void {
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
export function planMoves(name: string, moves: readonly Move[], stages: Stages): Change[] {
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

/** Refuses to replace another version than the one that was seen there. Of several, which MLflow allows, the newest is the one that counts. */
function checkReplaced(
  name: string,
  { version, to, replaces }: { version: number; to: Stage; replaces: number | null },
  stages: Stages,
): void {
  const there = [...stages].findLast(([other, stage]) => stage === to && other !== version)?.[0] ?? null
  if (there === replaces) return
  const who = (number: number | null): string => (number === null ? 'no version' : `v${number}`)
  throw new PlannedError(
    'CONFLICT',
    `${who(there)} of ${name} is in ${to}, not ${who(replaces)} any more, so nothing was moved`,
    { next: 'look at its history and decide anew', facts: { name, version, expected: replaces, found: there } },
  )
}

/** Who brought about the stages that a model's versions are in, and why those that are elsewhere than the history says, and those that are gone. */
export interface Explanation {
  readonly actor: string
  readonly moved: string
  readonly gone: string
  readonly atMs: number
}

/** The words for what others did, seen at a time. */
export function seenOutside(nowMs: number): Explanation {
  const seenAt = `seen at ${new Date(nowMs).toISOString()}`
  return {
    actor: 'unknown',
    moved: `moved outside Understudy, ${seenAt}`,
    gone: `deleted outside Understudy, ${seenAt}`,
    atMs: nowMs,
  }
}

/** What a history lacks that says of each version the stage in `recorded`, while they are in `stages`: rows that explain it. */
export function unexplained(
  name: string,
  stages: Stages,
  recorded: Stages,
  { actor, moved: whyMoved, gone: whyGone, atMs }: Explanation,
): Omit<Transition, 'id'>[] {
  const same = { name, actor, evidence: null, atMs }
  const gone = [...recorded]
    .filter(([version, from]) => !stages.has(version) && from !== 'None' && from !== 'Archived')
    .map(([version, from]) => ({ ...same, version, from, to: 'Archived' as const, reason: whyGone }))
  const moved = [...stages]
    .map(([version, to]) => ({ ...same, version, from: recorded.get(version) ?? 'None', to, reason: whyMoved }))
    .filter(({ from, to }) => from !== to)
  return [...gone, ...moved]
}

/** Only what a cause is: a caller's object may carry more. */
export function plainCause({ actor, reason, evidence }: Cause): Cause {
  return { actor, reason, evidence }
}
