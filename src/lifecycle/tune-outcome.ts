// What a search has come to, worked out of its trials and written to its run.
import { errorOf, ranked } from '../learning/search/trial.ts'
import type { Metric } from '../tracking/port.ts'
import type { Project } from './project.ts'
import type { LifecycleRooms } from './rooms.ts'
import { snakeCase } from './trainer-settings.ts'
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
  // What is as good as the settings in force is no reason to change them.
  const isBetter = best !== null && bestError !== null && best.number !== 0 && (inForce === null || bestError < inForce)
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

/** Writes the outcome to the search's run and ends it; one that was ended meanwhile, by a later search, stays as it is. */
export function recordSearch(rooms: LifecycleRooms) {
  return async (facts: Facts & { readonly trials: TrialOutcome[] }): Promise<TuneOutcome> => {
    const { tracking, clock } = rooms
    const outcome = outcomeOf(rooms.project, facts)
    const { runId } = outcome
    if ((await tracking.run(runId)).status !== 'RUNNING') return outcome
    const best = outcome.trials.find(({ number }) => number === outcome.best)
    await tracking.logMetrics(runId, curveOf(facts.trials, clock.nowMs()))
    if (best !== undefined) {
      const settings = Object.entries(best.settings).map(([name, value]) => [
        `best.${snakeCase(name)}`,
        JSON.stringify(value),
      ])
      await tracking.logParams(runId, Object.fromEntries(settings))
      await tracking.setTags(runId, { 'understudy.best_trial': String(best.number), 'understudy.best_run': best.runId })
    }
    await tracking.endRun(runId, 'FINISHED')
    return outcome
  }
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
