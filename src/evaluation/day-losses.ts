// A model's loss on some rows, summed by day: all that the comparison of two models needs to know of them.
import { PlannedError } from '../kernel/errors.ts'
import { DAY_MS, dayText } from '../kernel/window.ts'
import type { Coverage } from './coverage.ts'
import { countText } from './figures.ts'

/** Losses of one row whose mean over rows is a model's error. */
const LOSSES = {
  mae: (error: number): number => Math.abs(error),
  mse: (error: number): number => error * error,
} as const satisfies Record<string, (error: number) => number>

/** A loss beyond it is as good as infinite; up to it, squares of sums over a year of rows are still numbers. */
const LARGEST_LOSS = 1e100

/** How a project measures error: the mean loss, its unit, and what it calls its rows. */
export type ErrorMetric = {
  readonly name: keyof typeof LOSSES
  /** Of the mean loss: `USD` for an absolute error in dollars. */
  readonly unit: string
  /** Plural: what one row is, to a person. */
  readonly rowsNoun: string
}

/** One model's losses of one UTC day, `YYYY-MM-DD`. */
export type DayLoss = { readonly day: string; readonly rows: number; readonly sum: number }

/**
 * What came of scoring a model on some rows: its losses by day, in order, or why there are none. `coverage` is there for a model
 * that gives intervals, a level each; no verdict rests on it.
 */
export type Score =
  | { readonly kind: 'scored'; readonly days: readonly DayLoss[]; readonly coverage?: readonly Coverage[] }
  | { readonly kind: 'cannot-score'; readonly reason: string }

/** Both models' losses of one UTC day, on the same rows. */
export type PairedDay = {
  readonly day: string
  readonly rows: number
  readonly championSum: number
  readonly challengerSum: number
}

/**
 * Sums a model's losses by UTC day. A prediction that is not a finite number means that the model cannot score these rows;
 * the reason says how many.
 *
 * Shapes  all three arrays are (n), one value per row, in any order; n may be 0. One entry per day that has rows, oldest first.
 * Units   times in milliseconds since 1970, UTC; targets and predictions in the target's unit; sums in the metric's.
 * Throws  PlannedError('BAD_DATA') if the arrays differ in length, or a target or a time is not a finite number.
 *
 * @example scoreByDay({ name: 'mae', unit: 'min', rowsNoun: 'trains' }, Float64Array.of(0, 1), Float64Array.of(5, 7), Float64Array.of(6, 5)) // => { kind: 'scored', days: [{ day: '1970-01-01', rows: 2, sum: 3 }] }
 */
export function scoreByDay(
  metric: ErrorMetric,
  timesMs: Float64Array,
  targets: Float64Array | Float32Array,
  predictions: Float64Array | Float32Array,
): Score {
  const rows = timesMs.length
  if (targets.length !== rows || predictions.length !== rows) {
    throw new PlannedError(
      'BAD_DATA',
      `${rows} times, ${targets.length} targets and ${predictions.length} predictions cannot be compared`,
      { next: 'give one of each per row' },
    )
  }
  const loss = LOSSES[metric.name]
  const byDay = new Map<number, { rows: number; sum: number }>()
  let unusable = 0
  for (let row = 0; row < rows; row++) {
    const target = targets[row]!
    const day = Math.floor(timesMs[row]! / DAY_MS)
    if (!Number.isFinite(target) || !Number.isFinite(day)) {
      throw new PlannedError('BAD_DATA', `row ${row} has time ${timesMs[row]} and target ${target}`, {
        next: 'clean the rows before scoring',
      })
    }
    const rowLoss = loss(predictions[row]! - target)
    if (!(rowLoss <= LARGEST_LOSS)) unusable++ // true of NaN too
    const entry = byDay.get(day)
    if (entry === undefined) {
      byDay.set(day, { rows: 1, sum: rowLoss })
    } else {
      entry.rows++
      entry.sum += rowLoss
    }
  }
  if (unusable > 0) {
    const reason = `it gave no finite number for ${countText(unusable)} of ${countText(rows)} ${metric.rowsNoun}`
    return { kind: 'cannot-score', reason }
  }
  const days = [...byDay]
    .sort(([a], [b]) => a - b)
    .map(([day, { rows, sum }]) => ({ day: dayText(day * DAY_MS), rows, sum }))
  return { kind: 'scored', days }
}

/**
 * Puts two models' losses of the same rows side by side.
 * Throws `BAD_DATA` if they are not of the same rows: another set of days, or another number of rows on one of them.
 */
export function pairDays(champion: readonly DayLoss[], challenger: readonly DayLoss[]): PairedDay[] {
  const others = new Map(challenger.map((loss) => [loss.day, loss]))
  const paired = champion.map(({ day, rows, sum }) => {
    const other = others.get(day)
    if (other?.rows !== rows) throw unequalRows(day, rows, other?.rows ?? 0)
    others.delete(day)
    return { day, rows, championSum: sum, challengerSum: other.sum }
  })
  for (const { day, rows } of others.values()) throw unequalRows(day, 0, rows)
  return paired
}

function unequalRows(day: string, champion: number, challenger: number): PlannedError {
  return new PlannedError(
    'BAD_DATA',
    `on ${day} the champion was scored on ${champion} rows and the challenger on ${challenger}`,
    { why: 'the data changed between the two', next: 'run the cycle again', facts: { day, champion, challenger } },
  )
}
