// How a model's intervals did on rows it had not seen: how many were within, and how wide the intervals were.
import { PlannedError } from '../kernel/errors.ts'

/** Intervals of one level, measured. */
export type Coverage = {
  /** How many of a hundred rows are to be within. */
  readonly level: number
  readonly rows: number
  readonly within: number
  /** In the target's unit. */
  readonly meanWidth: number
}

/** With fewer rows a coverage says little: at 200, one of 80 % is found anywhere from 74 to 86 %. */
export const LEAST_COVERAGE_ROWS = 200

/** Intervals of one level around the predictions of rows. */
interface Ends {
  readonly level: number
  readonly low: Float64Array
  readonly high: Float64Array
}

/**
 * Counts the rows whose true value is within its interval, ends included.
 *
 * Shapes  all arrays are (n), n at least 1. Units  all in the target's unit.
 * Throws  PlannedError('BAD_DATA') if the arrays differ in length or there are no rows.
 *
 * @example coverageOf({ level: 80, low: Float64Array.of(1, 2), high: Float64Array.of(3, 6) }, Float64Array.of(3, 7)) // => { level: 80, rows: 2, within: 1, meanWidth: 3 }
 */
export function coverageOf({ level, low, high }: Ends, actual: Float64Array): Coverage {
  const rows = actual.length
  if (rows === 0 || low.length !== rows || high.length !== rows) {
    throw new PlannedError('BAD_DATA', `${rows} true values and ${low.length} intervals cannot be compared`, {
      next: 'give one of each per row, and at least one row',
    })
  }
  let within = 0
  let width = 0
  for (let row = 0; row < rows; row++) {
    const [from, to, value] = [low[row]!, high[row]!, actual[row]!] // as many each
    if (value >= from && value <= to) within++
    width += to - from
  }
  return { level, rows, within, meanWidth: width / rows }
}

/** Coverages as figures with names to keep them by: `holdout_coverage_80`, a share, and `holdout_width_80`, for the prefix `holdout_`. */
export function coverageFigures(prefix: string, coverages: readonly Coverage[]): Record<string, number> {
  return Object.fromEntries(
    coverages.flatMap(({ level, rows, within, meanWidth }) => [
      [`${prefix}coverage_${level}`, within / rows],
      [`${prefix}width_${level}`, meanWidth],
    ]),
  )
}
