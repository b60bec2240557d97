// Task `notify`: tells what was decided and carried out, after it is on record. A channel that is down fails no cycle.
import type { TaskContext } from '../flow/port.ts'
import { decisionNotice, type PersonsDecision } from '../notify/decision-notice.ts'
import { outcomeNotice } from '../notify/outcome-notice.ts'
import type { Notice } from '../notify/port.ts'
import type { Move } from '../tracking/port.ts'
import type { CycleOutcome, FirstModelOutcome } from './outcome.ts'
import type { LifecycleRooms } from './rooms.ts'

export function tellOutcome(rooms: LifecycleRooms) {
  return async ({ outcome }: { outcome: CycleOutcome }, context: TaskContext): Promise<null> => {
    if (outcome.case === 'nothing-to-compare' || outcome.case === 'overtaken') return null // nothing was decided
    const notice = outcomeNotice({
      kind: outcome.insteadOfAsking === 'promoted' ? 'promote' : outcome.verdict,
      case: outcome.case,
      isMoved: outcome.applied,
      metricName: outcome.metric.name,
      oldError: outcome.champion?.error ?? null,
      newError: outcome.challenger?.error ?? null,
      holdoutRows: outcome.holdoutRows,
      windowRows: outcome.rows,
      rowsNoun: rooms.project.row.many,
      decision: outcome.decision,
    })
    return await tell(rooms, notice, context)
  }
}

export function tellFirst(rooms: LifecycleRooms) {
  return async ({ first }: { first: FirstModelOutcome }, context: TaskContext): Promise<null> => {
    const notice = outcomeNotice({
      kind: first.verdict,
      case: 'first-model',
      isMoved: first.verdict === 'promote',
      metricName: first.metric.name,
      oldError: null,
      newError: first.error,
      holdoutRows: first.holdoutRows,
      windowRows: first.rows,
      rowsNoun: rooms.project.row.many,
      decision: first.decision,
    })
    return await tell(rooms, notice, context)
  }
}

async function tell(rooms: LifecycleRooms, notice: Notice, context: TaskContext): Promise<null> {
  await rooms.outbox.post(context.effectKey, notice, { signal: context.signal }) // it says itself whom it could not tell
  return null
}

/** Tells what a person decided, after it was carried out. */
export function tellDecision(rooms: LifecycleRooms) {
  return async (
    {
      input,
      plan,
    }: {
      input: { id: number; model: string; choice: PersonsDecision['choice']; by: string; why: string }
      plan: Planned
    },
    context: TaskContext,
  ): Promise<null> => {
    const { id: decision, model, choice, by, why } = input
    const moved = await whoMoved(rooms, model, plan)
    const notice = decisionNotice({ choice, model, decision, by, why, ...moved })
    return await tell(rooms, notice, context)
  }
}

/** Tells of a rollback that nobody had asked about. */
export function tellRollback(rooms: LifecycleRooms) {
  return async (
    { input, plan }: { input: { model: string; actor: string; reason: string }; plan: Planned },
    context: TaskContext,
  ): Promise<null> => {
    const { model, actor: by, reason: why } = input
    const moved = await whoMoved(rooms, model, plan)
    const notice = decisionNotice({ choice: 'rollback', model, decision: null, by, why, ...moved })
    return await tell(rooms, notice, context)
  }
}

type Planned = { readonly moves: readonly Pick<Move, 'version' | 'to' | 'expect'>[] }

async function whoMoved(
  { tracking }: Pick<LifecycleRooms, 'tracking'>,
  model: string,
  { moves }: Planned,
): Promise<Pick<PersonsDecision, 'entered' | 'left' | 'waiting' | 'isThere'>> {
  const version = (wanted: (move: Planned['moves'][number]) => boolean): number | null =>
    moves.find(wanted)?.version ?? null
  const entered = version(({ to }) => to === 'Production')
  const serving = (await tracking.versions(model)).find(({ stage }) => stage === 'Production')?.version ?? null
  return {
    entered,
    left: version(({ expect, to }) => expect === 'Production' && to !== 'Production'),
    waiting: version(({ expect, to }) => expect === 'Staging' && to === 'Archived'),
    isThere: entered === serving,
  }
}
