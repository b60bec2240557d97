// Task `re_train`: a challenger, trained on the fresh month (or named by a person), registered, moved to Staging and scored.
import type { Score } from '../evaluation/day-losses.ts'
import type { TaskContext } from '../flow/port.ts'
import type { ModelVersion } from '../tracking/port.ts'
import { type Cast, learnsHistory } from './cast.ts'
import { TAG, trainedToMs } from './champion.ts'
import { ensureProcessed, type Fresh, MONTH_SPLIT } from './fresh.ts'
import { OWN, RECIPE, sayMoved } from './recipe-lines.ts'
import { windowText } from './recording.ts'
import type { CycleInput, LifecycleRooms } from './rooms.ts'
import { meanLoss, scoreVersion } from './scoring.ts'
import { enterStaging } from './stage-moves.ts'
import { closeTraining, trainVersion } from './train-version.ts'
import { settingsFor } from './trainer-settings.ts'
import type { TrainingPlan } from './training-plan.ts'
import type { Tuned } from './tune-cycle.ts'

export type Challenger = {
  readonly version: number
  readonly holdout: Score
  /** `unknown`: made elsewhere, and nobody wrote down which rows it learnt; `seen`: some of the holdout are among them. */
  readonly rowsLearnt: 'known' | 'unknown' | 'seen'
}

type Input = {
  readonly input: CycleInput
  readonly fresh: Fresh
  readonly cast: Cast
  readonly tuned?: Tuned
}

export function makeChallenger(rooms: LifecycleRooms) {
  return async (facts: Input, context: TaskContext): Promise<Challenger> => {
    const { input, fresh, cast } = facts
    await ensureProcessed(rooms, input, input, context)
    const version =
      input.challenger === null
        ? await trainChallenger(rooms, facts, context)
        : await rooms.tracking.version(input.model, input.challenger)
    // A look that can move nothing must not push out what waits in Staging for a person either.
    if (cast.onlyLooks === null) {
      await enterStaging(rooms.tracking, version, `challenger of ${windowText(input)}`, context.effectKey)
      await sayMoved(rooms, version, context)
    }
    const window = { fromMs: fresh.holdoutFromMs, toMs: input.toMs }
    const [holdout] = await scoreVersion(
      rooms,
      { model: input.model, version: version.version },
      input,
      [window],
      context.signal,
    )
    if (holdout === undefined) throw new Error('a window was scored and its score is missing')
    const error = meanLoss(holdout)
    const { metric, row } = rooms.project
    if (error !== null) context.log(OWN.onHoldout(metric, error, fresh.holdoutRows, row.many))
    if (input.challenger === null) {
      context.log(RECIPE.done('train'))
      const reported = { subject: input, holdout: { window, comparedWith: cast.comparison } }
      await closeTraining(rooms, version, holdout, reported, context)
    }
    const reached = trainedToMs(version)
    return {
      version: version.version,
      holdout,
      rowsLearnt: reached === null ? 'unknown' : reached <= fresh.holdoutFromMs ? 'known' : 'seen',
    }
  }
}

async function trainChallenger(rooms: LifecycleRooms, facts: Input, context: TaskContext): Promise<ModelVersion> {
  const { input, cast } = facts
  if (input.trainers.some((trainer) => learnsHistory(input, trainer, cast.warmStarts[trainer]))) {
    context.progress('bringing the history up to date')
    await ensureProcessed(rooms, input, { fromMs: rooms.project.historyFromMs, toMs: input.fromMs }, context)
  }
  const plans: TrainingPlan[] = []
  for (const trainer of input.trainers) plans.push(await planFor(rooms, facts, trainer))
  return await trainVersion(rooms, input, plans, context, cast.runId)
}

async function planFor(
  rooms: LifecycleRooms,
  { input, fresh, cast, tuned }: Input,
  trainer: string,
): Promise<TrainingPlan> {
  const warm = cast.warmStarts[trainer] ?? null
  return {
    trainer,
    settings: { ...settingsFor(trainer, input.trainerSettings), ...tuned?.settings[trainer] },
    fit: {
      fromMs: learnsHistory(input, trainer, cast.warmStarts[trainer]) ? rooms.project.historyFromMs : input.fromMs,
      toMs: fresh.earlyStopFromMs,
    },
    earlyStop: { fromMs: fresh.earlyStopFromMs, toMs: fresh.holdoutFromMs },
    steps: null,
    warmStart: warm === null ? null : await rooms.tracking.version(input.model, warm),
    seed: input.seed,
    splitRatio: MONTH_SPLIT,
    tags: tunedTags(tuned, trainer),
  }
}

/** What a version says of the search that settled on its settings; nothing where there was none. */
export function tunedTags(tuned: Tuned | undefined, trainer: string): Record<string, string> {
  const run = tuned?.runs[trainer]
  return run === undefined ? {} : { [TAG.tunedBy]: run }
}
