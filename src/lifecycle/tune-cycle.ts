// Task `tune`: before a challenger is trained, other settings of each trainer are tried on the rows it will learn.
import type { FlowEvent, TaskContext } from '../flow/port.ts'
import { isPlanned, messageOf } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import { type Cast, learnsHistory } from './cast.ts'
import { MONTH_SPLIT } from './fresh.ts'
import type { CycleInput, LifecycleRooms } from './rooms.ts'
import { settingsFor, trainerSettingsText } from './trainer-settings.ts'
import { tune } from './tune.ts'
import type { TuneInput, TuneOutcome } from './tune-input.ts'
import { spaceFor } from './tune-space.ts'
import { usualWorkers } from './tune-workers.ts'

/** How a cycle searches: as `./understudy tune` does unless told otherwise. */
export const FOLDS = 3

/** What came of the searches, by trainer. */
export type Tuned = {
  /** Better settings than those in force, where some were found. */
  readonly settings: Readonly<Record<string, JsonObject>>
  /** The runs that the searches are kept in. */
  readonly runs: Readonly<Record<string, string>>
}

/**
 * Searches for each trainer, in a run of the flow `tune` of its own, which a cycle that was stopped goes on with. The searches see no row of
 * the holdout and none of the early-stop rows. A month with too few rows to judge settings by is trained with those in force.
 */
export function tuneTrainers(rooms: LifecycleRooms) {
  return async ({ input, cast }: { input: CycleInput; cast: Cast }, context: TaskContext): Promise<Tuned> => {
    const settings: Record<string, JsonObject> = {}
    const runs: Record<string, string> = {}
    for (const trainer of input.trainers) {
      const outcome = await search(rooms, await inputOf(rooms, { input, cast }, trainer), trainer, context)
      if (outcome === null) continue
      runs[trainer] = outcome.runId
      if (outcome.better !== null) settings[trainer] = outcome.better
      for (const line of linesOf(outcome)) context.log(line)
    }
    return { settings, runs }
  }
}

async function search(
  rooms: LifecycleRooms,
  input: TuneInput,
  trainer: string,
  context: TaskContext,
): Promise<TuneOutcome | null> {
  const onEvent = (event: FlowEvent): void => {
    if (event.kind === 'task-progress') context.progress(event.text)
  }
  const options = { key: `${context.effectKey}/${trainer}`, signal: context.signal, onEvent }
  try {
    return (await rooms.engine.run(tune, rooms, input, options)).output
  } catch (error) {
    if (!isPlanned(error, 'BAD_DATA')) throw error
    context.log(`   ${trainer} learns with the settings in force: ${messageOf(error)}`)
    return null
  }
}

async function inputOf(
  rooms: LifecycleRooms,
  { input, cast }: { readonly input: CycleInput; readonly cast: Cast },
  trainer: string,
): Promise<TuneInput> {
  const { store, model, experiment, size, origin, timeReading, seed, fromMs, toMs } = input
  const learnFromMs = learnsHistory(input, trainer, cast.warmStarts[trainer]) ? rooms.project.historyFromMs : fromMs
  return {
    ...{ store, model, experiment, size, origin, timeReading, seed, fromMs, toMs, trainer },
    splitRatio: MONTH_SPLIT,
    learnFromMs,
    warmStart: cast.warmStarts[trainer] ?? null,
    settings: { ...settingsFor(trainer, input.trainerSettings) },
    space: [...spaceFor(trainer, 'tpe', [])],
    sampler: 'tpe',
    trials: input.tuneTrials ?? null,
    timeMs: null,
    folds: FOLDS,
    workers: await usualWorkers(rooms, input, { fromMs: learnFromMs, toMs }),
    parentRunId: cast.runId,
  }
}

/** What a search came to, in lines of a cycle's own. */
function linesOf({ trainer, trials, inForce, bestError, better, metric }: TuneOutcome): string[] {
  const figure = (error: number | null): string => (error === null ? 'none' : `${error.toFixed(3)} ${metric.unit}`)
  const others = trials.filter(({ number }) => number !== 0).length
  const tried = `   ${trainer}: ${others} ${others === 1 ? 'setting' : 'settings'} tried forward in time`
  return [
    better === null
      ? `${tried}, none clearly better than those in force (${metric.name.toUpperCase()} ${figure(inForce)})`
      : `${tried}; the best (${trainerSettingsText(better)}) have ${metric.name.toUpperCase()} ${figure(bestError)}, those in force ${figure(inForce)}`,
  ]
}
