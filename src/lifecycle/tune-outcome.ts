// What a search has come to, worked out of its trials and written to its run.
import type { TaskContext } from '../flow/port.ts'
import { isPlanned } from '../kernel/errors.ts'
import { errorOf, ranked } from '../learning/search/trial.ts'
import { snakeCase } from '../learning/settings.ts'
import type { Metric } from '../tracking/port.ts'
import type { Project } from './project.ts'
import type { LifecycleRooms } from './rooms.ts'
import type { Ground, TrialOutcome, TuneInput, TuneOutcome } from './tune-input.ts'

interface Facts {
  readonly input: TuneInput
  readonly ground: Ground
  /** In the order they began. */
  readonly trials: readonly TrialOutcome[]
}

/** Pure: also of a search that was stopped, from the trials that had ended. */
export function outcomeOf({ metric }: Pick<Project, 'metric'>, { input, ground, trials }: Facts): TuneOutcome {
  const order = ranked(trials)
  const best = order.find(({ state }) => state === 'finished') ?? null
  const standing = trials.find(({ number }) => number === 0)
  const inForce = standing === undefined ? null : errorOf(standing)
  const bestError = best === null ? null : errorOf(best)
  const isBetter = best !== null && best.number !== 0 && standing !== undefined && doubtOf(best, standing) === null
  return {
    model: input.model,
    trainer: input.trainer,
    sampler: input.sampler,
    metric: { name: metric.name, unit: metric.unit },
    from: new Date(input.learnFromMs).toISOString(),
    to: new Date(ground.folds.at(-1)?.validate.toMs ?? input.toMs).toISOString(),
    folds: ground.folds,
    trials: order,
    inForce,
    best: best?.number ?? null,
    bestError,
    better: isBetter ? best.settings : null,
    runId: ground.runId,
  }
}

/** A smaller part of the error than this is no gain that anybody would notice. */
const LEAST_GAIN = 0.001

/** Why a lower error is no clear gain: it is hardly any, or the folds scatter as much. In the metric's unit, `share` of the error in force. */
export type Doubt =
  | { readonly because: 'small'; readonly gain: number; readonly share: number; readonly least: number }
  | { readonly because: 'scatter'; readonly gain: number; readonly standardError: number }

/**
 * Why a finished trial's settings are not worth changing those in force for; null if they are. They are if their error is lower by a
 * thousandth at least, and the mean of the folds' paired differences is above their standard error, s / √k over k folds, that is, more than
 * the folds' own scatter explains. One fold has no scatter to tell, and goes by the first alone. Settings in force that could not be learnt
 * with are bettered by any.
 *
 * Of many trials the lowest error is partly luck: neither condition is a proof, which the next holdout is for.
 */
export function doubtOf(trial: Pick<TrialOutcome, 'errors'>, standing: TrialOutcome): Doubt | null {
  const inForce = errorOf(standing)
  if (inForce === null) return null
  const gain = inForce - (trial.errors.at(-1) ?? Number.NaN)
  if (!(gain >= LEAST_GAIN * inForce) || gain === 0) {
    return { because: 'small', gain, share: gain === 0 ? 0 : gain / inForce, least: LEAST_GAIN }
  }
  const theirs = foldErrors(standing.errors)
  const gains = foldErrors(trial.errors).map((error, fold) => theirs[fold]! - error) // both are finished: of the same folds
  const folds = gains.length
  const squares = gains.reduce((sum, one) => sum + (one - gain) ** 2, 0)
  const standardError = folds === 1 ? 0 : Math.sqrt(squares / (folds - 1) / folds)
  return gain > standardError ? null : { because: 'scatter', gain, standardError }
}

/** The folds' own errors, of the means over the first, the first two, … */
function foldErrors(means: readonly number[]): number[] {
  return means.map((mean, at) => mean * (at + 1) - (means[at - 1] ?? 0) * at)
}

/**
 * Writes the outcome to the search's run and ends it. One that was ended meanwhile, by a later search, stays as it is, and one that somebody
 * removed does too: the trials are paid for, and what they came to is told all the same.
 */
export function recordSearch(rooms: LifecycleRooms) {
  return async (
    facts: Facts & { readonly trials: TrialOutcome[] },
    context: Pick<TaskContext, 'log'>,
  ): Promise<TuneOutcome> => {
    const outcome = outcomeOf(rooms.project, facts)
    try {
      await write(rooms, outcome, facts.trials)
    } catch (error) {
      if (!isPlanned(error, 'NOT_FOUND') && !isPlanned(error, 'CONFLICT')) throw error
      context.log(`   what was found is kept in no run: ${error.what}`)
    }
    return outcome
  }
}

async function write(
  { tracking, clock }: LifecycleRooms,
  { runId, trials, best: number }: TuneOutcome,
  begun: readonly TrialOutcome[],
): Promise<void> {
  if ((await tracking.run(runId)).status !== 'RUNNING') return
  await tracking.logMetrics(runId, curveOf(begun, clock.nowMs()))
  const best = trials.find((trial) => trial.number === number)
  if (best !== undefined) {
    const settings = Object.entries(best.settings).map(([name, value]) => [
      `best.${snakeCase(name)}`,
      JSON.stringify(value),
    ])
    await tracking.logParams(runId, Object.fromEntries(settings))
    await tracking.setTags(runId, { 'understudy.best_trial': String(best.number), 'understudy.best_run': best.runId })
  }
  await tracking.endRun(runId, 'FINISHED')
}

/** The error of each trial that came to an end, and the lowest so far, by trial. */
function curveOf(trials: readonly TrialOutcome[], timestampMs: number): Metric[] {
  let lowest = Number.POSITIVE_INFINITY
  return trials.flatMap((trial) => {
    const error = errorOf(trial)
    if (error === null) return []
    lowest = Math.min(lowest, error)
    const at = { step: trial.number, timestampMs }
    return [
      { key: 'trial_mae', value: error, ...at },
      { key: 'mae', value: lowest, ...at },
    ]
  })
}
