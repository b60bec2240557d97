// Task `find_champion`: who plays which part this month, written down before anything is scored or trained.

import { featureDigest } from '../features/specification.ts'
import type { TaskContext } from '../flow/port.ts'
import { PlannedError } from '../kernel/errors.ts'
import type { Json } from '../kernel/json.ts'
import type { ModelVersion } from '../tracking/port.ts'
import { comparisonFor, readRoster, standingOf, trainedToMs, warmStartFor } from './champion.ts'
import { cycleKeyPrefix } from './cycle-key.ts'
import type { Fresh } from './fresh.ts'
import { startRun, windowText } from './recording.ts'
import type { CycleInput, LifecycleRooms } from './rooms.ts'

export type Cast = {
  /** The cycle's own run in tracking. */
  readonly runId: string
  /** The version in Production, or null if it was removed. */
  readonly production: number | null
  /** The version that the challenger is compared with. */
  readonly comparison: number | null
  /** Whether that is not the version in Production but an earlier one: the comparison may say something, and moves nothing. */
  readonly hindsight: boolean
  /** Why nothing can be compared at all. */
  readonly blocked: string | null
  readonly trains: boolean
  /** For each trainer, the version its training starts from. */
  readonly warmStarts: Readonly<Record<string, number | null>>
  readonly looks: number
}

export function findCast(rooms: LifecycleRooms) {
  return async ({ input, fresh }: { input: CycleInput; fresh: Fresh }, context: TaskContext): Promise<Cast> => {
    const run = await startRun(
      rooms,
      input,
      { kind: 'cycle', name: `cycle ${windowText(input)}`, parentRunId: null },
      `${context.effectKey}/run`,
    )
    const roster = await readRoster(rooms.tracking, input.model)
    const standing = standingOf(roster, input.origin)
    if (standing.kind === 'never') {
      throw new PlannedError(
        'CONFLICT',
        `${input.model} has no champion for ${input.origin} rows any more; it had one when this cycle began. Run the same command again`,
      )
    }
    if (input.challenger !== null) await checkNamedChallenger(rooms, input, input.challenger)
    const champion = standing.kind === 'champion' ? standing.champion : null
    const { version: comparison, hindsight } =
      champion === null
        ? { version: null, hindsight: false }
        : comparisonFor(roster, champion, { ...input, holdoutFromMs: fresh.holdoutFromMs })
    const blocked = champion !== null && comparison === null ? nothingToCompare(champion, input) : null
    const warmStartOf = (trainer: string): number | null => {
      if (learnsHistory(input, trainer)) return null
      const digest = featureDigest(rooms.project.specification(input.timeReading))
      const wanted = { origin: input.origin, trainer, featureDigest: digest, beforeMs: input.fromMs }
      return warmStartFor(roster, wanted)?.version ?? null
    }
    return {
      runId: run.id,
      production: champion?.version ?? null,
      comparison: comparison?.version ?? null,
      hindsight,
      blocked,
      trains: blocked === null && !fresh.tooSmall,
      warmStarts: Object.fromEntries(input.trainers.map((trainer) => [trainer, warmStartOf(trainer)])),
      looks: await looksAt(rooms, input),
    }
  }
}

/** Throws `NOT_FOUND` for a version that does not exist and `BAD_INPUT` for one that serves already. */
async function checkNamedChallenger(rooms: LifecycleRooms, input: CycleInput, version: number): Promise<void> {
  const { stage } = await rooms.tracking.version(input.model, version)
  if (stage !== 'Production') return
  throw new PlannedError(
    'BAD_INPUT',
    `v${version} of ${input.model} is in Production: it cannot be its own challenger; name another version`,
  )
}

/** Whether a trainer learns all history, from a cold start, or the month alone. */
export function learnsHistory(input: Pick<CycleInput, 'trainWindow'>, trainer: string): boolean {
  return (input.trainWindow ?? (trainer === 'mlp' ? 'month' : 'history')) === 'history'
}

function nothingToCompare(champion: ModelVersion, input: CycleInput): string {
  const reached = trainedToMs(champion)
  const known =
    reached === null
      ? `the champion (v${champion.version}) does not say which rows it learnt`
      : `the champion (v${champion.version}) learnt rows up to ${new Date(reached - 1).toISOString().slice(0, 10)}, the holdout of ${windowText(input)} among them`
  return `${known}, and no earlier champion of ${input.model} stopped before ${windowText(input)}: nothing can be compared fairly, so nothing was trained or moved`
}

/** How often this month's holdout has been used for a decision, this time included. */
async function looksAt(rooms: LifecycleRooms, input: CycleInput): Promise<number> {
  const runs = await rooms.engine.flowRuns({ flow: 'cycle' })
  const prefix = cycleKeyPrefix(input)
  const decided = runs.filter(
    (run) => run.key.startsWith(prefix) && run.status === 'completed' && hasChallenger(run.output),
  )
  return 1 + decided.length
}

/** Whether an outcome looked at the holdout with a challenger; one that could not tell used nothing up. */
export function hasChallenger(outcome: Json): boolean {
  return typeof outcome === 'object' && outcome !== null && 'challenger' in outcome && outcome.challenger !== null
}
