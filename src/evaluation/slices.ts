// Where a model errs: its error and its bias on the rows of each band of some value, with how many rows stand behind each.
import { type ErrorMetric, scoreByDay } from './day-losses.ts'
import { errorOf } from './interval.ts'

/**
 * How values are put into bands: spans between rising cuts, each holding its lower end (`[1, 2]`: under 1, 1 to under 2, 2 and more); or
 * one band per value named, in that order.
 */
export type Bands =
  | { readonly cuts: readonly number[] }
  | { readonly values: readonly { readonly value: number; readonly label: string }[] }

/** Scored rows, one value each per row. */
export interface ScoredRows {
  /** Milliseconds since 1970, UTC. */
  readonly timesMs: Float64Array
  readonly actual: Float64Array
  readonly predicted: Float64Array
}

/** Error and bias on the rows of one band. A band without rows has neither. */
export interface BandError {
  readonly label: string
  readonly rows: number
  readonly error: number | null
  /** Two-sided 95 % interval of the error, rows clustered by day; null on fewer than two days. */
  readonly interval: { readonly low: number; readonly high: number } | null
  /** Mean of prediction minus actual value: above zero where predictions are too high. */
  readonly bias: number | null
}

/** With fewer rows than these a band's figures say little of the next rows like them. */
const LEAST_TELLING = 30
const LEVEL = 0.95

/** Whether a band has too few rows for its figures to say much. */
export function isFew({ rows }: Pick<BandError, 'rows'>): boolean {
  return rows < LEAST_TELLING
}

/**
 * Error and bias by band. Rows whose value is in no band (a value not named, or none at all) are one band more, "other", if there are any;
 * the first and the last span are left out where they have no rows.
 *
 * Shapes  `values` and all of `rows` are (n); one entry per band.
 * Units   predictions and actual values in the target's unit; errors in the metric's; bias in the target's.
 * Throws  PlannedError('BAD_DATA') as `scoreByDay` does; an Error for a prediction that is no finite number.
 *
 * @example sliceErrors({ name: 'mae', unit: 'min', rowsNoun: 'trains' }, { cuts: [10] }, Float64Array.of(3, 12), { timesMs: Float64Array.of(0, 0), actual: Float64Array.of(5, 5), predicted: Float64Array.of(6, 3) }).map(({ error }) => error) // => [1, 2]
 */
export function sliceErrors(
  metric: ErrorMetric,
  bands: Bands,
  values: Float64Array,
  rows: ScoredRows,
): readonly BandError[] {
  const { labels, bandOf } = banding(bands)
  const members: number[][] = labels.map(() => [])
  const others: number[] = []
  for (let row = 0; row < values.length; row++) (members[bandOf(values[row]!)] ?? others).push(row)
  const found = labels.map((label, band) => errorIn(metric, label, members[band]!, rows))
  const isOuter = (band: number): boolean => 'cuts' in bands && (band === 0 || band === labels.length - 1)
  const shown = found.filter((band, i) => band.rows > 0 || !isOuter(i))
  return others.length === 0 ? shown : [...shown, errorIn(metric, 'other', others, rows)]
}

/** The names of the bands, and which one a value is in: -1 for none. */
function banding(bands: Bands): { labels: readonly string[]; bandOf: (value: number) => number } {
  if ('values' in bands) {
    const positions = new Map(bands.values.map(({ value }, position) => [value, position]))
    return { labels: bands.values.map(({ label }) => label), bandOf: (value) => positions.get(value) ?? -1 }
  }
  const { cuts } = bands
  const inner = cuts.slice(1).map((cut, i) => `${numberText(cuts[i]!)}–${numberText(cut)}`)
  const [first, last] = [cuts[0]!, cuts.at(-1)!] // `checkBands` saw that there is one
  return {
    labels: [`< ${numberText(first)}`, ...inner, `≥ ${numberText(last)}`],
    bandOf: (value) => (Number.isNaN(value) ? -1 : cuts.filter((cut) => value >= cut).length),
  }
}

function numberText(value: number): string {
  return String(value).replace('-', '−')
}

function errorIn(metric: ErrorMetric, label: string, members: readonly number[], all: ScoredRows): BandError {
  const pick = (column: Float64Array): Float64Array => Float64Array.from(members, (row) => column[row]!)
  const [timesMs, actual, predicted] = [pick(all.timesMs), pick(all.actual), pick(all.predicted)]
  const score = scoreByDay(metric, timesMs, actual, predicted)
  if (score.kind === 'cannot-score') throw new Error(`bands of rows that could not be scored: ${score.reason}`)
  const estimate = errorOf(score.days, LEVEL)
  let sum = 0
  for (let row = 0; row < members.length; row++) sum += predicted[row]! - actual[row]!
  return {
    label,
    rows: members.length,
    error: estimate?.mean ?? null,
    interval: estimate?.interval ?? null,
    bias: members.length === 0 ? null : sum / members.length,
  }
}

/** What is wrong with bands, in words; null if nothing is. */
export function faultOf(bands: Bands): string | null {
  if ('values' in bands) {
    const { length } = bands.values
    if (length === 0) return 'it names no value'
    if (new Set(bands.values.map(({ value }) => value)).size < length) return 'it names a value twice'
    return bands.values.every(({ value }) => Number.isFinite(value)) ? null : 'a value is not a finite number'
  }
  const { cuts } = bands
  if (cuts.length === 0) return 'it has no cuts'
  if (!cuts.every(Number.isFinite)) return 'a cut is not a finite number'
  return cuts.every((cut, i) => i === 0 || cut > cuts[i - 1]!) ? null : 'its cuts do not rise'
}

/**
 * Cuts that put about as many values into each of so many bands, rounded to two digits so that they can be read; fewer where values or
 * rounded cuts coincide. None if all values are alike.
 *
 * @example cutsByRank(Float64Array.of(1, 2, 3, 4), 2) // => [3]
 */
export function cutsByRank(values: Float64Array, bands: number): readonly number[] {
  const sorted = values.filter(Number.isFinite).sort()
  const [lowest, highest] = [sorted[0] ?? 0, sorted.at(-1) ?? 0]
  const cuts = new Set<number>()
  for (let band = 1; band < bands; band++) {
    const cut = Number((sorted[Math.floor((sorted.length * band) / bands)] ?? 0).toPrecision(2))
    if (cut > lowest && cut <= highest) cuts.add(cut)
  }
  return [...cuts].sort((a, b) => a - b)
}

/**
 * Rows grouped by the rank of what was predicted, as many in each group: mean prediction and mean actual value per group. Where the two
 * agree, predictions of that height are right on average.
 *
 * Shapes  (n) each; at most `groups` entries, lowest predictions first.
 */
export function calibrationOf(
  { actual, predicted }: Pick<ScoredRows, 'actual' | 'predicted'>,
  groups: number,
): readonly { readonly actual: number; readonly predicted: number; readonly rows: number }[] {
  const order = Uint32Array.from(predicted, (_, row) => row).sort((a, b) => predicted[a]! - predicted[b]!)
  const count = Math.min(groups, order.length)
  return Array.from({ length: count }, (_, group) => {
    const members = order.subarray(
      Math.floor((order.length * group) / count),
      Math.floor((order.length * (group + 1)) / count),
    )
    const mean = (of: Float64Array): number => members.reduce((sum, row) => sum + of[row]!, 0) / members.length
    return { actual: mean(actual), predicted: mean(predicted), rows: members.length }
  })
}
