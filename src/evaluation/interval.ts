// How far a mean loss, or the difference of two, can be trusted when the rows of one day are alike.
import type { DayLoss, PairedDay } from './day-losses.ts'
import { studentTQuantile } from './student-t.ts'

type Interval = { readonly low: number; readonly high: number }

/** A model's error: row-weighted mean loss; no interval on fewer than two days. */
export type ErrorEstimate = { readonly mean: number; readonly interval: Interval | null }

/** Challenger minus champion, so negative is better. `smallestVisible` is the difference that would be seen four times in five. */
export type Difference = {
  readonly mean: number
  readonly low: number
  readonly high: number
  readonly smallestVisible: number
}

/** The chance of seeing a difference as large as the smallest visible one. */
const POWER = 0.8

/**
 * The two-sided level of every interval when a holdout is looked at for the nth time (Bonferroni): 0.95, 0.975, 0.9833, …
 *
 * @example levelOfLook(2) // => 0.975
 */
export function levelOfLook(looks: number): number {
  return 1 - 0.05 / looks
}

/**
 * A model's error and its two-sided interval, as `differenceOf` makes them.
 *
 * Shapes  one entry per day.
 * Units   those of the losses; `level` is a fraction, 0.95 for a first look.
 * Returns null without rows; an estimate without an interval on a single day.
 */
export function errorOf(days: readonly DayLoss[], level: number): ErrorEstimate | null {
  const rows = days.reduce((total, day) => total + day.rows, 0)
  if (rows === 0) return null
  const mean = days.reduce((total, day) => total + day.sum, 0) / rows
  const error = clusteredError(days, mean)
  if (error === null) return { mean, interval: null }
  const reach = studentTQuantile((1 + level) / 2, days.length - 1) * error
  return { mean, interval: { low: mean - reach, high: mean + reach } }
}

/**
 * Difference of two models' errors on the same rows: the row-weighted mean of paired losses, with a cluster-robust (CR1)
 * standard error by day, Student's t with days - 1 degrees, and an interval centred on the difference.
 * The rows of a day are not independent (weather, traffic, a holiday move both models), so the days are what is counted: on a
 * handful of them, rows taken as independent, or a normal quantile, make an interval that is far too narrow.
 * It covers these two sets of weights on these days, not the luck of another training.
 *
 * Shapes  one entry per day.
 * Units   those of the losses; `level` is a fraction, 0.95 for a first look.
 * Error   `high` is below zero for equal models in 2.5 % of months by design. Measured (`gate.simulation.test.ts`): 4.0, 3.3 and 2.7 %
 *         on 5, 8 and 30 days whose rows differ up to eightfold; but 12 % on 5 days of which one holds seven rows in ten, and up to
 *         21 % on 5 days whose luck is as lopsided as a log-normal, rarely far in the champion's favour.
 * Returns null on fewer than two days. The smallest visible difference is (t of the level + t.80) standard errors.
 * Source  A. C. Cameron and D. L. Miller, "A Practitioner's Guide to Cluster-Robust Inference", J. Human Resources 50(2), 2015,
 *         sections II and VI; for a mean the CR1 factor is days / (days - 1).
 */
export function differenceOf(days: readonly PairedDay[], level: number): Difference | null {
  const rows = days.reduce((total, day) => total + day.rows, 0)
  // The difference of the two printed errors, not a third sum: n < c and mean < 0 must be the same statement.
  const mean =
    days.reduce((total, day) => total + day.challengerSum, 0) / rows -
    days.reduce((total, day) => total + day.championSum, 0) / rows
  const error = clusteredError(
    days.map((day) => ({ rows: day.rows, sum: day.challengerSum - day.championSum })),
    mean,
  )
  if (error === null) return null
  const quantile = studentTQuantile((1 + level) / 2, days.length - 1)
  const smallestVisible = (quantile + studentTQuantile(POWER, days.length - 1)) * error
  return { mean, low: mean - quantile * error, high: mean + quantile * error, smallestVisible }
}

/** CR1 standard error of a row-weighted mean, clusters being days; null on fewer than two. */
function clusteredError(days: readonly { readonly rows: number; readonly sum: number }[], mean: number): number | null {
  const count = days.length
  if (count < 2) return null
  let rows = 0
  let squares = 0
  for (const day of days) {
    rows += day.rows
    const excess = day.sum - day.rows * mean
    squares += excess * excess
  }
  return Math.sqrt((count / (count - 1)) * squares) / rows
}
