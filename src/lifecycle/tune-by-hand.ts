// A search as a person asks for it: one at a time per model, gone on with where it was stopped, and worth its trials if it is.
import { isPlanned, type PlannedError } from '../kernel/errors.ts'
import type { TimeWindow } from '../kernel/window.ts'
import type { SamplerName } from '../learning/search/sampler.ts'
import type { Space } from '../learning/search/space.ts'
import { learnsHistory, warmStartOf } from './cast.ts'
import { readRoster } from './champion.ts'
import { HISTORY_SPLIT } from './first-model.ts'
import { MONTH_SPLIT } from './fresh.ts'
import { refuseOthersModel } from './model-owner.ts'
import { ensureRawTable, type Watch } from './raw-table.ts'
import type { CycleInput, LifecycleRooms } from './rooms.ts'
import { settingsFor, type TrainerSettings } from './trainer-settings.ts'
import { tune } from './tune.ts'
import { trialsOf } from './tune-earlier.ts'
import { checkHoldouts, type Holdouts } from './tune-holdouts.ts'
import type { TuneInput, TuneOutcome } from './tune-input.ts'
import { searchBasis, searchKey } from './tune-key.ts'
import { outcomeOf } from './tune-outcome.ts'
import { usualWorkers } from './tune-workers.ts'

export interface TuneRequest
  extends Pick<CycleInput, 'model' | 'experiment' | 'size' | 'timeReading' | 'seed' | 'trainWindow'> {
  readonly trainer: string
  readonly trainerSettings: TrainerSettings
  /** `month`: what a challenger of that month would learn. `window`: what a first model of it would. */
  readonly learns: 'month' | 'window'
  readonly window: TimeWindow
  /** Where the month in force begins: its holdout, and those of later months, are seen only after they were decided on. */
  readonly evaluationFromMs: number
  readonly space: Space
  readonly sampler: SamplerName
  readonly trials: number | null
  readonly timeMs: number | null
  readonly folds: number
  /** Null: as many as usual. */
  readonly workers: number | null
}

export interface Tuned {
  readonly outcome: TuneOutcome
  readonly holdouts: Holdouts
  /** Whether this very search had come to its end before, and nothing was done now. */
  readonly replayed: boolean
  /** What it was stopped by before its end; null if it was not. */
  readonly stopped: PlannedError | null
}

/**
 * Searches, or goes on with the same search (of the same rows and features) where it was stopped. One that is stopped comes to
 * what its trials so far do. Throws `CANCELLED` if it is stopped before the first of them has ended, `CONFLICT` while another search of this
 * model is at work, `BAD_INPUT` if it would see a holdout that is still to be judged on.
 */
export async function tuneByHand(rooms: LifecycleRooms, request: TuneRequest, watch: Watch): Promise<Tuned> {
  await refuseOthersModel(rooms, request.model)
  const { origin } = await ensureRawTable(rooms, request.size, watch)
  const input = await inputOf(rooms, request, origin)
  const holdoutsOf = await checkHoldouts(rooms, input, request.evaluationFromMs, watch)
  const key = searchKey(input, await searchBasis(rooms, input))
  try {
    const { output, replayed } = await rooms.engine.run(tune, rooms, input, {
      key,
      lock: `tune/${input.model}`,
      ...watch,
    })
    return { outcome: output, holdouts: holdoutsOf(output), replayed, stopped: null }
  } catch (error) {
    if (!isPlanned(error, 'CANCELLED')) throw error
    const outcome = await soFar(rooms, input, key)
    if (outcome === null) throw error
    return { outcome, holdouts: holdoutsOf(outcome), replayed: false, stopped: error }
  }
}

async function inputOf(rooms: LifecycleRooms, request: TuneRequest, origin: string): Promise<TuneInput> {
  const { window, learns, trainWindow, trainerSettings, space, evaluationFromMs: _, ...asked } = request
  const { trainer, timeReading } = asked
  const isMonth = learns === 'month'
  const month = { ...window, trainWindow, timeReading, origin }
  const roster = await readRoster(rooms.tracking, asked.model)
  const warmStart = isMonth ? warmStartOf(rooms, roster, month, trainer) : null
  const wantsHistory = isMonth && learnsHistory({ trainWindow }, trainer, warmStart)
  const learnFromMs = wantsHistory ? rooms.project.historyFromMs : window.fromMs
  const learnt = { fromMs: learnFromMs, toMs: window.toMs }
  return {
    ...asked,
    ...window,
    origin,
    store: rooms.store,
    splitRatio: isMonth ? MONTH_SPLIT : HISTORY_SPLIT,
    learnFromMs,
    workers: asked.workers ?? (await usualWorkers(rooms, asked, learnt)),
    warmStart,
    settings: { ...settingsFor(trainer, trainerSettings) },
    space: [...space],
    parentRunId: null,
  }
}

/** What the trials of an unfinished search come to; null if none has ended. */
async function soFar(rooms: LifecycleRooms, input: TuneInput, key: string): Promise<TuneOutcome | null> {
  const [run] = await rooms.engine.flowRuns({ flow: tune.name, key })
  if (run === undefined) return null
  const { ground, trials } = await trialsOf(rooms, run.id)
  return ground === null || trials.length === 0 ? null : outcomeOf(rooms.project, { input, ground, trials })
}
