// A search for better settings: trial after trial, each journalled when it has ended, and the best of them at the end.
import type { Fold } from '../evaluation/forward-folds.ts'
import { forwardFolds } from '../evaluation/forward-folds.ts'
import { flow } from '../flow/flow.ts'
import type { FlowContext, TaskContext } from '../flow/port.ts'
import { barsOf } from '../learning/search/pruning.ts'
import { nextPoint } from '../learning/search/sampler.ts'
import { type Point, parameterText } from '../learning/search/space.ts'
import type { Trial } from '../learning/search/trial.ts'
import { snakeCase } from '../learning/settings.ts'
import { ensureProcessed, splitWindow } from './fresh.ts'
import { type Project, tablesOf, usualSettings } from './project.ts'
import { datasetInput, endAbandonedSearches, startRun, windowText } from './recording.ts'
import type { LifecycleRooms } from './rooms.ts'
import { findEarlier, sameTrial } from './tune-earlier.ts'
import { type Ground, type TrialOutcome, TuneInput, type TuneOutcome } from './tune-input.ts'
import { TUNE_VERSION } from './tune-key.ts'
import { recordSearch } from './tune-outcome.ts'
import { checkBatches } from './tune-space.ts'
import { runTrial } from './tune-trial.ts'

export const tune = flow<LifecycleRooms>()({
  name: 'tune',
  version: TUNE_VERSION,
  input: TuneInput,
  async run(context, input): Promise<TuneOutcome> {
    const { task, rooms } = context
    const { earlier, ...ground } = await task('find_folds', { input }, findFolds(rooms), { retries: 2 })
    const trials = await runTrials(context, input, { ground, earlier })
    return await task('record_search', { input, ground, trials }, recordSearch(rooms), { retries: 3 })
  },
})

/** Of a search that is bounded by time alone: what all its trials came to is journalled in one piece, which has an end. */
export const MOST_TRIALS = 1_000

/**
 * Runs trials, so many at a time, until there are enough, the time is up or nothing is left to try. Trial k goes by what came of all trials
 * up to k - workers, and begins when those have ended: so the same search tries the same settings whatever its threads' luck, and one that
 * was killed goes on to what it would have come to. One that differs from an earlier search in its bounds alone takes over those of its trials
 * that it would make again, with the time that they took.
 */
async function runTrials(
  { task, rooms }: FlowContext<LifecycleRooms>,
  input: TuneInput,
  { ground, earlier }: { readonly ground: Ground; readonly earlier: Ground['earlier'] | undefined },
): Promise<TrialOutcome[]> {
  const begun: { readonly settings: Point; readonly outcome: Promise<TrialOutcome> }[] = []
  for (let number = 0; number <= (input.trials ?? MOST_TRIALS); number++) {
    const ended = await Promise.all(
      begun.slice(0, Math.max(0, number - input.workers + 1)).map(({ outcome }) => outcome),
    )
    const budgetMs = number === 0 ? null : timeLeft(input, number, ended)
    if (budgetMs !== null && budgetMs <= 0) break
    const pending = begun.slice(ended.length).map(({ settings }): Trial => ({ settings, state: 'running', errors: [] }))
    const situation = { space: input.space, trials: [...ended, ...pending], seed: input.seed }
    const settings = number === 0 ? inForce(rooms.project, input) : nextPoint(input.sampler, situation)
    if (settings === null) break
    const trial = { input, ground, number, settings, bars: barsOf(ended, input.folds), budgetMs }
    const known = sameTrial(earlier, { number, settings, ended })
    const name = `trial_${number}`
    const outcome =
      known === null ? task(name, trial, runTrial(rooms), { retries: 1 }) : task(name, { known }, takeOver)
    outcome.catch(() => undefined) // it is awaited when its turn comes; until then nobody listens, which would end the process
    begun.push({ settings, outcome })
  }
  return await Promise.all(begun.map(({ outcome }) => outcome))
}

async function takeOver({ known }: { known: TrialOutcome }): Promise<TrialOutcome> {
  return { ...known, takenOver: true }
}

/** What the searched settings are as things stand. */
function inForce(project: Project, { trainer, settings, space }: TuneInput): Point {
  const standing: Readonly<Record<string, unknown>> = { ...usualSettings(project, trainer), ...settings }
  return Object.fromEntries(space.map(({ name }) => [name, standing[name]])) as Point // every name was checked to be one of the trainer's
}

/** The time a trial may take, by how long those took that had to end before it could begin; null for any. */
function timeLeft({ timeMs, workers }: TuneInput, number: number, ended: readonly TrialOutcome[]): number | null {
  if (timeMs === null) return null
  const starts: number[] = []
  for (let k = 0; k <= number; k++) {
    const before = k - workers
    const free = before < 0 ? 0 : starts[before]! + ended[before]!.seconds * 1000 // all up to number - workers have ended
    starts.push(Math.max(free, starts[k - 1] ?? 0))
  }
  return Math.round(timeMs - starts[number]!)
}

/** Brings the rows up to date, cuts them into folds and begins the run that the search is kept in. */
function findFolds(rooms: LifecycleRooms) {
  return async ({ input }: { input: TuneInput }, context: TaskContext): Promise<Ground> => {
    const window = { fromMs: input.fromMs, toMs: input.toMs }
    await ensureProcessed(rooms, input, { fromMs: input.learnFromMs, toMs: input.toMs }, context)
    const { earlyStopFromMs } = await splitWindow(rooms, input, window, input.splitRatio)
    const folds = await foldsOf(rooms, input, earlyStopFromMs)
    checkBatches(input, Math.min(...folds.map(({ fitRows }) => fitRows)))
    const earlier = await findEarlier(rooms, input)
    if (earlier !== null)
      context.log(`   an earlier search asked for the same: going on with its trials (${earlier.trials.length})`)
    const { trainer, parentRunId } = input
    const name = `tune ${trainer} ${windowText(window)}`
    const tags = earlier === null ? {} : { 'understudy.goes_on_from': earlier.runId }
    const run = await startRun(rooms, input, { kind: 'tune', name, parentRunId, tags }, `${context.effectKey}/run`)
    if (parentRunId === null) await endAbandonedSearches(rooms, input, { whose: 'by hand', but: run.id })
    await rooms.tracking.logParams(run.id, {
      context: 'tune',
      training_set_size: input.size,
      trainer,
      sampler: input.sampler,
      validation: 'forward',
      folds: String(folds.length),
      ...(input.trials === null ? {} : { trials: String(input.trials) }),
      ...(input.timeMs === null ? {} : { time_seconds: String(input.timeMs / 1000) }),
      seed: String(input.seed),
      train_from: new Date(input.learnFromMs).toISOString(),
      train_to: new Date(earlyStopFromMs).toISOString(),
      ...Object.fromEntries(
        input.space.map((parameter) => [
          `space.${snakeCase(parameter.name)}`,
          parameterText(parameter).slice(parameter.name.length + 1),
        ]),
      ),
    })
    const last = folds.at(-1) // which reaches over all of them
    const rows = last === undefined ? 0 : last.fitRows + last.earlyStopRows + last.validateRows
    const learnt = { window: { fromMs: input.learnFromMs, toMs: earlyStopFromMs }, rows, context: 'train' } as const
    await rooms.tracking.logInputs(run.id, [await datasetInput(rooms, input, learnt)])
    return { runId: run.id, folds, ...(earlier === null ? {} : { earlier }) }
  }
}

/** The folds of all rows from the first that is learnt from to the window's early-stop rows. */
async function foldsOf(rooms: LifecycleRooms, input: TuneInput, toMs: number): Promise<Fold[]> {
  const { timeColumn } = rooms.project.specification(input.timeReading)
  const window = { fromMs: input.learnFromMs, toMs }
  const table = tablesOf(rooms.project, input).processed
  const read = await rooms.warehouse.read(table, window, { columns: [timeColumn], orderBy: [] })
  return forwardFolds(read.columns[timeColumn] ?? new Float64Array(0), window, input.folds)
}
