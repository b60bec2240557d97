// Task `transition_model`: what the verdict says, done in the registry, all of it or nothing.
import type { Verdict } from '../evaluation/verdict.ts'
import type { TaskContext } from '../flow/port.ts'
import { isPlanned, messageOf, unreachable } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Move, Stage } from '../tracking/port.ts'
import type { Cast } from './cast.ts'
import { learntFrom, TAG } from './champion.ts'
import type { Champion } from './evaluate-champion.ts'
import type { Fresh } from './fresh.ts'
import type { Challenger } from './make-challenger.ts'
import { windowText } from './recording.ts'
import type { CycleInput, LifecycleRooms } from './rooms.ts'
import { causeOf, takeProduction } from './stage-moves.ts'

/** The gate's verdict, or why there could be none. */
export type Ruling = {
  readonly verdict: (Verdict & JsonObject) | null
  readonly blocked: string | null
}

/** Everything a cycle found out before it moved anything. */
export type CycleFacts = {
  readonly input: CycleInput
  readonly fresh: Fresh
  readonly cast: Cast
  readonly champion: Champion | null
  readonly challenger: Challenger | null
  readonly ruling: Ruling
}

/** What was done. `applied`: the verdict was carried out; `overtaken`: somebody else had moved stages meanwhile, and nothing was. */
export type Carried = {
  readonly applied: boolean
  readonly promoted: boolean
  readonly overtaken: boolean
  readonly insteadOfAsking: 'kept' | 'promoted' | null
  readonly notes: readonly string[]
}

export function carryOut(rooms: LifecycleRooms) {
  return async (facts: CycleFacts, context: TaskContext): Promise<Carried> => {
    const { input, challenger } = facts
    const { moves, ...carried } = await planMoves(rooms, facts)
    if (challenger === null) return carried
    if (carried.applied && !carried.promoted) {
      // A promotion looks at Production in its own transaction; a verdict that leaves it alone must still be about whoever is there.
      const serving = (await rooms.tracking.versions(input.model)).find(({ stage }) => stage === 'Production')
      if ((serving?.version ?? null) !== facts.cast.production) {
        return await standAside(
          rooms,
          input,
          challenger,
          'another version is in Production than the one that was compared',
        )
      }
    }
    try {
      await rooms.tracking.move(input.model, moves, `${context.effectKey}/move`)
    } catch (error) {
      if (!isPlanned(error, 'CONFLICT')) throw error
      return await standAside(rooms, input, challenger, messageOf(error))
    }
    if (carried.applied) {
      const verdict = `${windowText(input)}: ${facts.ruling.verdict?.kind}`
      await rooms.tracking.setVersionTags(input.model, challenger.version, { [TAG.verdict]: verdict })
    }
    return carried
  }
}

interface MovePlan extends Carried {
  readonly moves: readonly Move[]
}

/** From a verdict to moves: the version this cycle made, by number, and never whatever happens to be in Staging. */
async function planMoves(rooms: LifecycleRooms, { input, cast, challenger, ruling }: CycleFacts): Promise<MovePlan> {
  const nothing = { moves: [], applied: false, promoted: false, overtaken: false, insteadOfAsking: null, notes: [] }
  const { verdict } = ruling
  if (verdict === null) return nothing
  if (challenger === null) return { ...nothing, applied: true }
  const archived = (reason: string, expect: Stage): Move => ({
    version: challenger.version,
    to: 'Archived',
    expect,
    cause: causeOf(reason, evidenceOf(verdict)),
  })
  if (cast.onlyLooks !== null) {
    // A version somebody named stays where it is; the one trained for this look goes.
    return {
      ...nothing,
      moves: input.challenger === null ? [archived(cast.onlyLooks, 'None')] : [],
      notes: [cast.onlyLooks],
    }
  }
  const kept = { ...nothing, moves: [archived(verdict.reason, 'Staging')], applied: true }
  const promoted = async () => ({
    ...nothing,
    moves: await promotion(rooms, input, cast, challenger, verdict),
    applied: true,
    promoted: true,
  })
  switch (verdict.kind) {
    case 'promote':
      return await promoted()
    case 'keep':
      return kept
    case 'escalate':
      if (input.onEscalate === 'ask') return { ...nothing, applied: true }
      if (input.onEscalate === 'promote-better' && (verdict.evidence.difference?.mean ?? 0) < 0) {
        return { ...(await promoted()), insteadOfAsking: 'promoted' }
      }
      return { ...kept, insteadOfAsking: 'kept' }
    default:
      return unreachable(verdict.kind)
  }
}

async function promotion(
  rooms: LifecycleRooms,
  input: CycleInput,
  cast: Cast,
  challenger: Challenger,
  verdict: Verdict,
): Promise<Move[]> {
  const replaced = cast.production === null ? null : await rooms.tracking.version(input.model, cast.production)
  const foreign =
    replaced === null || learntFrom(replaced, input.origin)
      ? ''
      : ` (it learnt from ${replaced.tags[TAG.origin]} ${rooms.project.row.many}, and these are ${input.origin})`
  return takeProduction(
    { number: challenger.version, from: 'Staging' },
    { number: cast.production, reason: `replaced by v${challenger.version}${foreign}: ${verdict.reason}` },
    causeOf(verdict.reason, evidenceOf(verdict)),
  )
}

/** Stages are not what they were when the verdict was reached: the challenger goes, and everything else stays as somebody put it. */
async function standAside(
  rooms: LifecycleRooms,
  input: CycleInput,
  challenger: Challenger,
  why: string,
): Promise<Carried> {
  const { stage } = await rooms.tracking.version(input.model, challenger.version)
  if (stage === 'Staging' && input.challenger === null) {
    const cause = causeOf(`stages were moved while it was judged: ${why}`)
    await rooms.tracking.move(input.model, [{ version: challenger.version, to: 'Archived', expect: 'Staging', cause }])
  }
  return { applied: false, promoted: false, overtaken: true, insteadOfAsking: null, notes: [why] }
}

function evidenceOf(verdict: Verdict): JsonObject {
  return verdict.evidence as JsonObject // plain numbers and nulls, as the gate's type says
}
