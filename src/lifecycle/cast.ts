// Task `find_champion`: who plays which part this month, written down before anything is scored or trained.

import { featureDigest } from '../features/specification.ts'
import { alreadyAnswered } from '../flow/decision.ts'
import type { TaskContext } from '../flow/port.ts'
import { PlannedError } from '../kernel/errors.ts'
import { dayText } from '../kernel/window.ts'
import { trainerNamed } from '../learning/trainers.ts'
import type { ModelVersion } from '../tracking/port.ts'
import {
  comparisonFor,
  learntFrom,
  type Roster,
  readRoster,
  standingOf,
  TAG,
  trainedToMs,
  warmStartFor,
} from './champion.ts'
import { type Fresh, isTooFewToLearn, sayTooFew } from './fresh.ts'
import { checkServes } from './open-version.ts'
import { isLook, pastOutcomes } from './past-cycles.ts'
import { specificationFor } from './project.ts'
import { endAbandonedCycles, startRun, windowText } from './recording.ts'
import type { CycleInput, LifecycleRooms } from './rooms.ts'

export type Cast = {
  /** The cycle's own run in tracking. */
  readonly runId: string
  /** The version in Production, whatever it learnt from; null if there is none. What a promotion replaces. */
  readonly production: number | null
  /** The version that the challenger is compared with; null if the champion was removed, or if nothing can be compared. */
  readonly comparison: number | null
  /** Why the verdict may say something but moves nothing; null if it may move. */
  readonly onlyLooks: string | null
  /** Why nothing can be compared at all. */
  readonly blocked: string | null
  readonly trains: boolean
  /** For each trainer, the version its training starts from. */
  readonly warmStarts: Readonly<Record<string, number | null>>
  readonly looks: number
}

export function findCast(rooms: LifecycleRooms) {
  return async ({ input, fresh }: { input: CycleInput; fresh: Fresh }, context: TaskContext): Promise<Cast> => {
    if (input.retrainOf !== null) await refuseSecondRetrain(rooms, input, input.retrainOf)
    const name = `cycle ${windowText(input)}`
    const tags = await originTags(rooms, input.retrainOf)
    const run = await startRun(
      rooms,
      input,
      { kind: 'cycle', name, parentRunId: null, tags },
      `${context.effectKey}/run`,
    )
    await endAbandonedCycles(rooms, input, run.id)
    const roster = await readRoster(rooms.tracking, input.model)
    const standing = standingOf(roster, input.origin, input.fromMs)
    if (standing.kind === 'never') {
      throw new PlannedError(
        'CONFLICT',
        `${input.model} had a champion for ${input.origin} rows when this began and has none now`,
        { next: 'give the command again' },
      )
    }
    const champion = standing.kind === 'champion' ? standing.champion : null
    const looks = await looksAt(rooms, input, fresh)
    // A person who asks for other settings has seen the first verdict: that look counts, and may promote.
    const isFurtherLook = input.retrainOf === null && (input.again || looks > 1)
    const { version: comparison, hindsight } =
      champion === null
        ? { version: null, hindsight: false }
        : comparisonFor(roster, champion, { ...input, holdoutFromMs: fresh.holdoutFromMs, isFurtherLook })
    if (input.challenger !== null) await checkNamedChallenger(rooms, input, comparison)
    const blocked = champion !== null && comparison === null ? nothingToCompare(champion, input) : null
    if (blocked === null && input.challenger === null && isTooFewToLearn(fresh.rows - fresh.holdoutRows))
      sayTooFew(context.log) // no training will, as none begins
    return {
      runId: run.id,
      production: champion?.version ?? (standing.kind === 'removed' ? (standing.foreign?.version ?? null) : null),
      comparison: comparison?.version ?? null,
      onlyLooks: isFurtherLook
        ? 'a further look at rows that were decided on moves nothing'
        : hindsight && champion !== null
          ? `${whatItLearnt(champion)}, so v${comparison?.version} was compared instead, in hindsight; that moves nothing`
          : null,
      blocked,
      trains: blocked === null && !fresh.tooSmall,
      warmStarts: Object.fromEntries(
        input.trainers.map((trainer) => [trainer, warmStartOf(rooms, roster, input, trainer)]),
      ),
      looks,
    }
  }
}

/** A decision is answered once, and has one further look: whoever comes second, or too late, is told. */
async function refuseSecondRetrain(rooms: LifecycleRooms, input: CycleInput, id: number): Promise<void> {
  const { answer } = await rooms.engine.decisions.find(id)
  if (answer !== null) throw alreadyAnswered(id, answer)
  const done = (await pastOutcomes(rooms, input)).find(
    ({ outcome }) => outcome.retrainOf === id && outcome.case !== 'overtaken',
  )
  if (done === undefined) return
  throw new PlannedError('CONFLICT', `decision ${id} has had its further look`, {
    why: `another version was trained for it, and the verdict was ${done.outcome.verdict}`,
    next: './understudy decisions lists what waits now',
  })
}

/** What links a further look to the one it follows. */
async function originTags({ engine }: LifecycleRooms, decision: number | null): Promise<Record<string, string>> {
  if (decision === null) return {}
  const { flowRunId } = await engine.decisions.find(decision)
  return { 'understudy.retrain_of_decision': String(decision), 'understudy.retrain_of_flow_run': flowRunId }
}

/**
 * Whether a trainer learns all history, from a cold start, or the month alone. Unless told otherwise it learns what it prefers; but
 * one that goes on from earlier weights learns the history where there are none, as for a first model: nobody learns a trade in a month.
 */
export function learnsHistory(
  input: Pick<CycleInput, 'trainWindow'>,
  trainer: string,
  warmStart: number | null | undefined,
): boolean {
  if (input.trainWindow !== null) return input.trainWindow === 'history'
  const { prefers, warmStarts } = trainerNamed(trainer)
  return prefers === 'history' || (warmStarts && (warmStart ?? null) === null)
}

/** The version that a month's training starts from; null for a cold start. */
export function warmStartOf(
  rooms: Pick<LifecycleRooms, 'project'>,
  roster: Roster,
  input: Pick<CycleInput, 'trainWindow' | 'timeReading' | 'origin' | 'fromMs'>,
  trainer: string,
): number | null {
  const { warmStarts, prefers } = trainerNamed(trainer)
  if (!warmStarts || (input.trainWindow ?? prefers) === 'history') return null
  const digest = featureDigest(specificationFor(rooms.project, input.timeReading, trainer))
  const wanted = { origin: input.origin, trainer, featureDigest: digest, beforeMs: input.fromMs }
  return warmStartFor(roster, wanted)?.version ?? null
}

/** Throws `NOT_FOUND` for a version that does not exist and `BAD_INPUT` for one that cannot be a challenger. */
async function checkNamedChallenger(
  rooms: LifecycleRooms,
  input: CycleInput,
  comparison: ModelVersion | null,
): Promise<void> {
  const named = await rooms.tracking.version(input.model, input.challenger ?? 0)
  const refuse = (why: string): never => {
    throw new PlannedError('BAD_INPUT', `v${named.version} of ${input.model} cannot be the challenger`, {
      why,
      next: 'name another version',
    })
  }
  if (named.stage === 'Production') refuse('it is in Production')
  if (named.version === comparison?.version) refuse('it is what the challenger would be compared with')
  if (!learntFrom(named, input.origin)) {
    refuse(`it learnt from ${named.tags[TAG.origin]} ${rooms.project.row.many}, and these are ${input.origin}`)
  }
  await checkServes(rooms, { model: input.model, version: named.version })
}

function nothingToCompare(champion: ModelVersion, input: CycleInput): string {
  const month = windowText(input)
  const cure =
    trainedToMs(champion) === null
      ? `. Write it on the version as the tag ${TAG.trainedTo} (an ISO time), if you know it`
      : ''
  return `${whatItLearnt(champion)}, and no earlier champion of ${input.model} stopped before ${month}: nothing can be compared fairly, so nothing was trained or moved${cure}`
}

function whatItLearnt(champion: ModelVersion): string {
  const reached = trainedToMs(champion)
  return reached === null
    ? `the champion, v${champion.version}, does not say which rows it learnt`
    : `the champion, v${champion.version}, learnt rows up to ${dayText(reached - 1)}, past where this holdout begins`
}

/** How often rows of this holdout have been used for a decision, this time included. A window shifted by a day shares most of them. */
export async function looksAt(rooms: LifecycleRooms, input: CycleInput, fresh: Fresh): Promise<number> {
  const past = await pastOutcomes(rooms, input)
  const overlapping = past.filter(
    ({ outcome }) =>
      isLook(outcome) && Date.parse(outcome.holdoutFrom) < input.toMs && fresh.holdoutFromMs < Date.parse(outcome.to),
  )
  return 1 + overlapping.length
}
