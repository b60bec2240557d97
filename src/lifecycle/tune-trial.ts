// One trial of a search: settings learnt with and judged fold by fold, in a run of its own, given up when it loses.
import type { Fold } from '../evaluation/forward-folds.ts'
import type { TaskContext } from '../flow/port.ts'
import { isPlanned } from '../kernel/errors.ts'
import { type Bar, whyPruned } from '../learning/search/pruning.ts'
import type { Point } from '../learning/search/space.ts'
import { snakeCase } from '../learning/settings.ts'
import type { Metric, Run } from '../tracking/port.ts'
import { TAG } from './champion.ts'
import { tablesOf } from './project.ts'
import { endAbandonedAttempts, startRun } from './recording.ts'
import type { LifecycleRooms, TrainingResult } from './rooms.ts'
import { trainerSettingsText } from './trainer-settings.ts'
import type { Ground, TrialOutcome, TuneInput } from './tune-input.ts'

type Input = {
  readonly input: TuneInput
  readonly ground: Ground
  readonly number: number
  readonly settings: Point
  /** What it has to reach after each fold. */
  readonly bars: readonly Bar[]
  /** The time it may take; null for any. */
  readonly budgetMs: number | null
}

/** Of a curve no more points than these are kept for each fold: trees come by the thousand. */
const CURVE_POINTS = 100

/**
 * Learns and judges settings fold after fold. That settings cannot be learnt with is an outcome, journalled like any other; what stops the
 * whole search, or may pass, is thrown.
 */
export function runTrial(rooms: LifecycleRooms) {
  return async (trial: Input, context: TaskContext): Promise<TrialOutcome> => {
    const { input, ground, number, settings } = trial
    await endAbandonedAttempts(rooms.tracking, input.experiment, context.effectKey)
    const run = await startRun(rooms, input, {
      kind: 'trial',
      name: number === 0 ? `settings in force of ${input.trainer}` : `trial ${number} of ${input.trainer}`,
      parentRunId: ground.runId,
      tags: { [TAG.effect]: context.effectKey },
    })
    await rooms.tracking.logParams(run.id, {
      context: 'trial',
      trial: String(number),
      trainer: input.trainer,
      seed: String(input.seed),
      ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [snakeCase(name), JSON.stringify(value)])),
    })
    const startedAt = performance.now()
    const ended = await learnFolds(rooms, trial, run, context)
    const seconds = (performance.now() - startedAt) / 1000
    await record(rooms, run, ended, seconds)
    context.log(lineOf(rooms, trial, ended))
    return { number, settings, ...ended, seconds, runId: run.id }
  }
}

type Ended = Pick<TrialOutcome, 'state' | 'errors' | 'why'>

async function learnFolds(rooms: LifecycleRooms, trial: Input, run: Run, context: TaskContext): Promise<Ended> {
  const { input, ground, number, bars, budgetMs } = trial
  const timeUp = new AbortController()
  const end = (): void => {
    // Nothing can be said for others without them: they are judged whatever it takes, and whoever waits is told.
    if (number === 0) context.log('   the time is up; the settings in force are judged to their end all the same')
    else timeUp.abort()
  }
  const lastsMs = number === 0 ? input.timeMs : budgetMs
  const timer = lastsMs === null ? undefined : setTimeout(end, Math.min(lastsMs, MAX_TIMER_MS))
  const signal = AbortSignal.any([context.signal, timeUp.signal])
  const warmStart = await readWarmStart(rooms, input)
  const errors: number[] = []
  let sum = 0
  try {
    for (const [index, fold] of ground.folds.entries()) {
      const result = await learnFold(rooms, trial, { fold, index, warmStart, signal }, context)
      sum += result.validation?.mae ?? Number.NaN
      errors.push(sum / (index + 1))
      await rooms.tracking.logMetrics(run.id, foldMetrics(rooms, result, { index, mean: sum / (index + 1) }))
      const why = index + 1 < ground.folds.length ? whyPruned(errors, bars) : null
      if (why !== null) return { state: 'pruned', errors, why }
    }
    return { state: 'finished', errors, why: null }
  } catch (error) {
    if (context.signal.aborted) {
      await rooms.tracking.endRun(run.id, 'KILLED').catch(() => undefined) // that it was stopped is what is told
      throw error
    }
    if (timeUp.signal.aborted) return { state: 'stopped', errors, why: 'the time was up' }
    if (isPlanned(error, 'BAD_DATA')) return { state: 'failed', errors, why: error.what }
    await rooms.tracking.endRun(run.id, 'FAILED').catch(() => undefined) // what it failed of is what is told
    throw error
  } finally {
    clearTimeout(timer)
  }
}

/** Node's timers overflow beyond it, and fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

interface Round {
  readonly fold: Fold
  readonly index: number
  readonly warmStart: string | null
  readonly signal: AbortSignal
}

async function learnFold(
  rooms: LifecycleRooms,
  { input, ground, number, settings }: Input,
  { fold, index, warmStart, signal }: Round,
  context: TaskContext,
): Promise<TrainingResult> {
  const { trainer, seed, timeReading } = input
  const request = {
    table: tablesOf(rooms.project, input).processed,
    fit: fold.fit,
    earlyStop: fold.earlyStop,
    validate: fold.validate,
    steps: null,
    trainer,
    settings: { ...input.settings, ...settings },
    seed,
    timeReading,
    warmStart,
    ...(input.workers === 1 ? {} : { threads: 1 }), // several run side by side
    metadata: {},
  }
  return await rooms.runTraining(request, {
    signal,
    onEpoch: ({ epoch, valMae }) => {
      const error = valMae === null ? '' : `, ${valMae.toFixed(3)}`
      context.progress(`trial ${number}, fold ${index + 1} of ${ground.folds.length}: epoch ${epoch + 1}${error}`)
    },
    log: () => undefined, // the recipe's lines, once for every fold of every trial, would bury the table
  })
}

/** The file of the version whose weights each training begins with, base64; null for a cold start, or if the file is gone. */
async function readWarmStart({ tracking }: LifecycleRooms, { model, warmStart }: TuneInput): Promise<string | null> {
  if (warmStart === null) return null
  try {
    return Buffer.from(await tracking.readModelFile(model, warmStart, 'model.onnx')).toString('base64')
  } catch (error) {
    if (isPlanned(error, 'NOT_FOUND')) return null
    throw error
  }
}

/** A fold's curve, its error, and the mean over the folds so far. */
function foldMetrics(
  { clock }: LifecycleRooms,
  { epochs, validation }: TrainingResult,
  { index, mean }: { readonly index: number; readonly mean: number },
): Metric[] {
  const timestampMs = clock.nowMs()
  const fold = `fold_${index + 1}`
  const every = Math.ceil(epochs.length / CURVE_POINTS)
  const shown = epochs.filter((_, at) => at % every === 0 || at === epochs.length - 1)
  const curve = shown.flatMap(({ epoch, mae, valMae }) => [
    { key: `${fold}_mae`, value: mae, step: epoch, timestampMs },
    ...(valMae === null ? [] : [{ key: `${fold}_val_mae`, value: valMae, step: epoch, timestampMs }]),
  ])
  return [
    ...curve,
    { key: 'fold_mae', value: validation?.mae ?? Number.NaN, step: index + 1, timestampMs },
    { key: 'mean_mae', value: mean, step: index + 1, timestampMs },
  ]
}

/** Ends the run: FINISHED with the trial's error, KILLED if it was given up, FAILED if the settings cannot be learnt with. */
async function record({ tracking, clock }: LifecycleRooms, run: Run, ended: Ended, seconds: number): Promise<void> {
  const at = { step: 0, timestampMs: clock.nowMs() }
  const error = ended.state === 'finished' ? ended.errors.at(-1) : undefined
  await tracking.logMetrics(run.id, [
    { key: 'training_seconds', value: seconds, ...at },
    ...(error === undefined ? [] : [{ key: 'mae', value: error, ...at }]),
  ])
  if (ended.why !== null) await tracking.setTags(run.id, { [`understudy.${ended.state}`]: ended.why })
  const status = ended.state === 'finished' ? 'FINISHED' : ended.state === 'failed' ? 'FAILED' : 'KILLED'
  await tracking.endRun(run.id, status)
}

/** What a trial came to, in a line. */
function lineOf({ project }: LifecycleRooms, { number, settings }: Input, { state, errors, why }: Ended): string {
  const { name, unit } = project.metric
  const who = number === 0 ? 'the settings in force' : `trial ${number}`
  const what = state === 'finished' ? `${name.toUpperCase()} ${errors.at(-1)?.toFixed(3)} ${unit}` : `${state}: ${why}`
  return `   ${who} (${trainerSettingsText(settings)}): ${what}`
}
