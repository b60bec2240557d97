// What is measured of a trained model for its report: on its holdout, by its own file, as everything is that is said of it.
import { type DayLoss, type ErrorMetric, pairDays, scoreByDay } from '../evaluation/day-losses.ts'
import { type Difference, differenceOf, type ErrorEstimate, errorOf } from '../evaluation/interval.ts'
import { type BandError, cutsByRank, sliceErrors } from '../evaluation/slices.ts'
import { evaluate } from '../features/evaluate.ts'
import { programOf } from '../features/program.ts'
import type { Expression } from '../features/specification.ts'
import { isPlanned, messageOf, throwIfCancelled } from '../kernel/errors.ts'
import { seededRandom, shuffle } from '../kernel/random.ts'
import type { TimeWindow } from '../kernel/window.ts'
import type { Predictor } from '../learning/port.ts'
import type { Batch } from '../warehouse/port.ts'
import { openVersion } from './open-version.ts'
import type { Project, Slice } from './project.ts'
import type { RunSubject } from './recording.ts'
import type { LifecycleRooms } from './rooms.ts'
import { metricOf, readCleaned } from './scoring.ts'
import type { Looks } from './training-report-looks.ts'

/** A slice with what was found in it. */
export interface SliceErrors {
  readonly slice: Slice & { readonly readsTarget: boolean }
  readonly bands: readonly BandError[]
}

/** What a model looks at: shares of the gain in training, or how much its error grows when a column is shuffled. */
export type Importance =
  | { readonly kind: 'gain'; readonly features: readonly { readonly name: string; readonly share: number }[] }
  | {
      readonly kind: 'permutation'
      readonly rows: number
      readonly repeats: number
      readonly columns: readonly {
        readonly name: string
        readonly mean: number
        readonly low: number
        readonly high: number
      }[]
    }

/** The version it is up against, on the same rows. */
export type Compared =
  | { readonly version: number; readonly error: number; readonly difference: Difference | null }
  | { readonly version: number; readonly reason: string }

export interface Measured {
  readonly window: TimeWindow
  readonly looks: Looks
  readonly rows: number
  readonly days: readonly DayLoss[]
  readonly estimate: ErrorEstimate
  readonly actual: Float64Array
  readonly predicted: Float64Array
  readonly slices: readonly SliceErrors[]
  readonly importance: Importance
  readonly compared: Compared | null
}

export interface ToMeasure {
  readonly subject: RunSubject
  readonly version: number
  readonly window: TimeWindow
  readonly looks: Looks
  /** The version it is up against; null for none. */
  readonly comparedWith: number | null
  /** What its trainer said that features were worth; null if it cannot tell. */
  readonly gains: Readonly<Record<string, number>> | null
  readonly signal: AbortSignal
}

/** Measures a version on its holdout; says in words why it cannot be. */
export async function measure(rooms: LifecycleRooms, what: ToMeasure): Promise<Measured | { readonly reason: string }> {
  const { project } = rooms
  const { subject, window, looks, signal } = what
  const batch = await readCleaned(rooms, subject, window, signal)
  if (batch.rows === 0) return { reason: `there are no clean ${project.row.many} in it` }
  const { timeColumn, target } = project.specification(subject.timeReading)
  const { [target]: actual, ...inputs } = batch.columns
  const timesMs = batch.columns[timeColumn]
  if (actual === undefined || timesMs === undefined) throw new Error(`no ${target} or ${timeColumn} was read`)
  const metric = metricOf(project)
  return await asReason(async () => {
    await using predictor = await openVersion(rooms.tracking, { model: subject.model, version: what.version })
    const predicted = await predictor.predict(inputs, batch.rows)
    const score = scoreByDay(metric, timesMs, actual, predicted)
    if (score.kind === 'cannot-score') return { reason: score.reason }
    const estimate = errorOf(score.days, looks.level)
    if (estimate === null) throw new Error('rows were scored and have no error')
    throwIfCancelled(signal)
    return {
      ...{ window, looks },
      rows: batch.rows,
      days: score.days,
      estimate,
      actual,
      predicted,
      slices: slicesOf(project, subject, batch, predicted),
      importance: gainsOf(what.gains) ?? (await permuted(metric, predictor, { inputs, actual, timesMs }, signal)),
      compared: await compare(rooms, what, { inputs, actual, timesMs, days: score.days }),
    }
  })
}

async function asReason<T>(work: () => Promise<T>): Promise<T | { readonly reason: string }> {
  try {
    return await work()
  } catch (error) {
    if (!isPlanned(error, 'BAD_DATA')) throw error
    return { reason: error.why ?? messageOf(error) }
  }
}

/** Bands of the actual value, where the project declares no slices: at most so many, and rows enough in each to say something. */
const TARGET_BANDS = 6
const ROWS_PER_BAND = 40

function slicesOf(project: Project, { timeReading }: RunSubject, batch: Batch, predicted: Float64Array): SliceErrors[] {
  const { timeColumn, target } = project.specification(timeReading)
  const [actual, timesMs] = [batch.columns[target]!, batch.columns[timeColumn]!] // `measure` found both
  const declared = project.slices?.(timeReading) ?? byTarget(project, target, actual)
  const values = evaluate(programOf(declared.map((slice) => slice.of)), batch)
  return declared.map((slice, i) => ({
    slice: { ...slice, readsTarget: reads(slice.of, target) },
    bands: sliceErrors(metricOf(project), slice.bands, values[i]!, { timesMs, actual, predicted }),
  }))
}

function byTarget({ metric }: Project, target: string, actual: Float64Array): Slice[] {
  const cuts = cutsByRank(actual, Math.max(2, Math.min(TARGET_BANDS, Math.floor(actual.length / ROWS_PER_BAND))))
  if (cuts.length === 0) return []
  return [
    {
      name: 'actual',
      label: `actual ${target}`,
      unit: metric.unit,
      of: { op: 'column', name: target },
      bands: { cuts },
    },
  ]
}

/** Whether an expression reads a column. */
function reads(expression: Expression, name: string): boolean {
  if ('left' in expression) return reads(expression.left, name) || reads(expression.right, name)
  if (expression.op === 'column') return expression.name === name
  return 'of' in expression && reads(expression.of, name)
}

/** What the trainer said that features were worth, largest first; null if it cannot tell. */
export function gainsOf(gains: ToMeasure['gains']): Importance | null {
  if (gains === null) return null
  const features = Object.entries(gains).map(([name, share]) => ({ name, share }))
  return { kind: 'gain', features: features.toSorted((a, b) => b.share - a.share) }
}

interface Scored {
  readonly inputs: Batch['columns']
  readonly actual: Float64Array
  readonly timesMs: Float64Array
}

/** Enough rows for two digits, few enough that a slow model is done in a moment. */
const PERMUTED_ROWS = 4_000
const REPEATS = 3
const SEED = 1

/** How much the error grows when one column's values are exchanged among rows, by an order that is the same every time. */
async function permuted(
  metric: ErrorMetric,
  predictor: Predictor,
  scored: Scored,
  signal: AbortSignal,
): Promise<Importance> {
  const { inputs, actual, timesMs } = sampled(scored, PERMUTED_ROWS)
  const rows = actual.length
  const errorWith = async (columns: Batch['columns']): Promise<number> => {
    throwIfCancelled(signal)
    const score = scoreByDay(metric, timesMs, actual, await predictor.predict(columns, rows))
    return score.kind === 'scored' ? (errorOf(score.days, 0.95)?.mean ?? Number.NaN) : Number.NaN
  }
  const base = await errorWith(inputs)
  const columns = []
  for (const [position, name] of predictor.inputs.entries()) {
    const grown: number[] = []
    for (let repeat = 0; repeat < REPEATS; repeat++) {
      const order = Int32Array.from({ length: rows }, (_, row) => row)
      shuffle(order, seededRandom(SEED, position * REPEATS + repeat))
      const column = inputs[name]! // it has predicted from it
      grown.push((await errorWith({ ...inputs, [name]: Float64Array.from(order, (row) => column[row]!) })) - base)
    }
    const mean = grown.reduce((sum, one) => sum + one, 0) / REPEATS
    columns.push({ name, mean, low: Math.min(...grown), high: Math.max(...grown) })
  }
  // A column with which the model gives no numbers any more cannot be ranked.
  const ranked = columns.filter(({ mean }) => Number.isFinite(mean)).toSorted((a, b) => b.mean - a.mean)
  return { kind: 'permutation', rows, repeats: REPEATS, columns: ranked }
}

/** At most so many rows, evenly spread over those there are. */
function sampled({ inputs, actual, timesMs }: Scored, most: number): Scored {
  const stride = Math.ceil(actual.length / most)
  const pick = (column: Float64Array): Float64Array => column.filter((_, row) => row % stride === 0)
  const columns = Object.entries(inputs).map(([name, column]) => [name, pick(column)] as const)
  return { inputs: Object.fromEntries(columns), actual: pick(actual), timesMs: pick(timesMs) }
}

/** The version it is up against, on the same rows. */
async function compare(
  rooms: LifecycleRooms,
  { subject, comparedWith, looks }: ToMeasure,
  { inputs, actual, timesMs, days }: Scored & { readonly days: readonly DayLoss[] },
): Promise<Compared | null> {
  if (comparedWith === null) return null
  const found = await asReason(async () => {
    await using predictor = await openVersion(rooms.tracking, { model: subject.model, version: comparedWith })
    const score = scoreByDay(metricOf(rooms.project), timesMs, actual, await predictor.predict(inputs, actual.length))
    if (score.kind === 'cannot-score') return { reason: score.reason }
    const error = errorOf(score.days, 0.95)?.mean ?? Number.NaN
    return { error, difference: differenceOf(pairDays(score.days, days), looks.level) }
  })
  return { version: comparedWith, ...found }
}
