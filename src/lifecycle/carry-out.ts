// Task `transition_model`: what the verdict says, done in the registry, all of it or nothing.
import type { Verdict } from '../evaluation/verdict.ts'
import type { TaskContext } from '../flow/port.ts'
import { isPlanned, messageOf, unreachable } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { ModelVersion, Move, Stage } from '../tracking/port.ts'
import { type Cast, looksAt } from './cast.ts'
import { learntFrom, TAG } from './champion.ts'
import { type CycleFacts, decide, type Ruling } from './decide.ts'
import type { Challenger } from './make-challenger.ts'
import { RECIPE, sayMoved } from './recipe-lines.ts'
import { windowText } from './recording.ts'
import type { CycleInput, LifecycleRooms } from './rooms.ts'
import { causeOf, takeProduction } from './stage-moves.ts'

/** What was done. `applied`: the verdict was carried out; `overtaken`: somebody else had moved stages meanwhile, and nothing was. */
export type Carried = {
  readonly applied: boolean
  readonly promoted: boolean
  readonly overtaken: boolean
  readonly insteadOfAsking: 'kept' | 'promoted' | null
  readonly notes: readonly string[]
  /** What was carried out, or was to be. Journalled here, with what was done, so that no later wording is put in its place. */
  readonly ruling: Ruling
}

export function carryOut(rooms: LifecycleRooms) {
  return async (facts: CycleFacts, context: TaskContext): Promise<Carried> => {
    const { input, challenger } = facts
    const ruling = decide(rooms, facts)
    const { moves, ...carried } = await planMoves(rooms, facts, ruling)
    if (challenger === null) return carried
    const changed = await whatChanged(rooms, facts, carried)
    if (changed !== null) return await standAside(rooms, facts, challenger, ruling, changed)
    const before = await rooms.tracking.version(input.model, challenger.version)
    try {
      await rooms.tracking.move(input.model, moves, `${context.effectKey}/move`)
    } catch (error) {
      if (!isPlanned(error, 'CONFLICT')) throw error
      return await standAside(rooms, facts, challenger, ruling, messageOf(error))
    }
    if (carried.applied) {
      const verdict = `${windowText(input)}: ${ruling.verdict?.kind}`
      await rooms.tracking.setVersionTags(input.model, challenger.version, { [TAG.verdict]: verdict })
    }
    await sayCarriedOut(rooms, facts, carried, { before, context })
    return carried
  }
}

/** What was carried out, in the recipe's words; an attempt that finds it done already claims nothing. */
async function sayCarriedOut(
  rooms: LifecycleRooms,
  { champion }: CycleFacts,
  { applied, promoted, ruling }: Omit<Carried, 'notes'>,
  { before, context }: { before: ModelVersion; context: TaskContext },
): Promise<void> {
  const { metric } = rooms.project
  const evidence = ruling.verdict?.evidence
  const found = { old: evidence?.champion?.mean ?? null, new: evidence?.challenger?.mean ?? null }
  if (promoted && before.stage !== 'Production') context.log(RECIPE.replaced(metric, found))
  if (applied && !promoted && champion !== null) context.log(RECIPE.keptInPlace(metric, found))
  await sayMoved(rooms, before, context)
}

/**
 * What others did since the verdict's grounds were written down, if it makes it void. A move already made by an earlier attempt at this
 * task is not asked about again: its effect key brings it back.
 */
async function whatChanged(rooms: LifecycleRooms, facts: CycleFacts, carried: Carried): Promise<string | null> {
  const { input, fresh, cast, challenger } = facts
  const versions = await rooms.tracking.versions(input.model)
  const isWaiting = versions.some(({ version, stage }) => version === challenger?.version && stage === 'Staging')
  if (!carried.applied || !isWaiting) return null
  const serving = versions.find(({ stage }) => stage === 'Production')?.version ?? null
  if (serving !== cast.production) return 'another version is in Production than the one that was compared'
  if ((await looksAt(rooms, input, fresh)) !== cast.looks) return 'somebody has looked at this holdout meanwhile'
  return null
}

interface MovePlan extends Carried {
  readonly moves: readonly Move[]
}

/** From a verdict to moves: the version this cycle made, by number, and never whatever happens to be in Staging. */
async function planMoves(
  rooms: LifecycleRooms,
  { input, cast, challenger }: CycleFacts,
  ruling: Ruling,
): Promise<MovePlan> {
  const done = { applied: true, promoted: false, overtaken: false, insteadOfAsking: null, notes: [], ruling }
  const { verdict } = ruling
  if (verdict === null || challenger === null) {
    return { ...done, moves: [], applied: verdict !== null && cast.onlyLooks === null }
  }
  const moveTo = (to: Stage, expect: Stage, reason: string): Move => ({
    version: challenger.version,
    to,
    expect,
    cause: causeOf(reason, evidenceOf(verdict)),
  })
  if (cast.onlyLooks !== null) {
    // A version somebody named stays where it is; the one trained for this look goes.
    const moves = input.challenger === null ? [moveTo('Archived', 'None', cast.onlyLooks)] : []
    return { ...done, moves, applied: false, notes: [cast.onlyLooks] }
  }
  const { action, insteadOfAsking } = actionFor(verdict, input.onEscalate)
  switch (action) {
    case 'promote': {
      const moves = await promotion(rooms, input, cast, challenger, verdict)
      return { ...done, moves, promoted: true, insteadOfAsking }
    }
    case 'archive':
      return { ...done, moves: [moveTo('Archived', 'Staging', verdict.reason)], insteadOfAsking }
    case 'wait': // where it is, if it is still there
      return { ...done, moves: [moveTo('Staging', 'Staging', verdict.reason)] }
    default:
      return unreachable(action)
  }
}

/** What becomes of the challenger; a replay, which asks nobody, does something else instead. */
function actionFor(
  verdict: Verdict,
  onEscalate: CycleFacts['input']['onEscalate'],
): { action: 'promote' | 'archive' | 'wait'; insteadOfAsking: Carried['insteadOfAsking'] } {
  if (verdict.kind === 'promote') return { action: 'promote', insteadOfAsking: null }
  if (verdict.kind === 'keep') return { action: 'archive', insteadOfAsking: null }
  if (onEscalate === 'ask') return { action: 'wait', insteadOfAsking: null }
  const isBetter = verdict.evidence.difference !== null && verdict.evidence.difference.mean < 0
  return onEscalate === 'promote-better' && isBetter
    ? { action: 'promote', insteadOfAsking: 'promoted' }
    : { action: 'archive', insteadOfAsking: 'kept' }
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
  { input }: CycleFacts,
  challenger: Challenger,
  ruling: Ruling,
  why: string,
): Promise<Carried> {
  const { stage } = await rooms.tracking.version(input.model, challenger.version)
  if (stage === 'Staging' && input.challenger === null) {
    const cause = causeOf(`it was overtaken while it was judged: ${why}`)
    await rooms.tracking.move(input.model, [{ version: challenger.version, to: 'Archived', expect: 'Staging', cause }])
  }
  return { applied: false, promoted: false, overtaken: true, insteadOfAsking: null, notes: [why], ruling }
}

function evidenceOf(verdict: Verdict): JsonObject {
  return verdict.evidence as JsonObject // plain numbers and nulls, as the gate's type says
}
