// Which rows a model learns from and which it is judged on: cut by time, never by chance.
import { PlannedError } from '../kernel/errors.ts'
import { DAY_MS } from '../kernel/window.ts'

/** Rows `[from, to)` of an ordered table. */
type RowRange = { readonly from: number; readonly to: number }

/** The three parts of a window's rows, in order of time; any of them can be empty. */
export type Split = {
  readonly fit: RowRange
  readonly earlyStop: RowRange
  readonly holdout: RowRange
  /** UTC days on which the holdout has rows. */
  readonly holdoutDays: number
  /** Time of the holdout's first row; null if it has none. */
  readonly holdoutFromMs: number | null
}

/** Wider than the rounding of rows x share, far narrower than the distance of any other cut: 2150 x 0.94 must be 2021, not 2020.9999999999998. */
const ROUNDING_ROWS = 1e-6

/**
 * Splits n ordered rows by time: fit 1 - 1.5 r, early stopping r / 2, holdout r, with cuts at floor(n x share).
 * Rows of one timestamp stay together: a cut that falls among them moves before the first, so that they go to the later part.
 * A month uses r = 0.2 (70/10/20), the first model r = 0.02 (97/1/2).
 *
 * Shapes  `timesMs` is (n), in ascending order; n may be 0, and a part may be empty.
 * Units   milliseconds since 1970, UTC; `ratio` is a fraction in [0, 2/3].
 * Throws  PlannedError('BAD_INPUT') for another ratio, ('BAD_DATA') if the times are not in order or not numbers.
 *
 * @example splitByTime(Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), 0.2).holdout // => { from: 8, to: 10 }
 * @example splitByTime(Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 8, 10), 0.2).holdout // => { from: 7, to: 10 }
 */
export function splitByTime(timesMs: Float64Array, ratio: number): Split {
  if (!(ratio >= 0 && ratio <= 2 / 3)) {
    throw new PlannedError('BAD_INPUT', `the split ratio is ${ratio}`, {
      next: 'choose one from 0 to 2/3, for example 0.2',
    })
  }
  requireOrder(timesMs)
  const rows = timesMs.length
  const fitEnd = cutBefore(timesMs, rows * (1 - 1.5 * ratio))
  const holdoutStart = cutBefore(timesMs, rows * (1 - ratio))
  const holdout = { from: holdoutStart, to: rows }
  return {
    fit: { from: 0, to: fitEnd },
    earlyStop: { from: fitEnd, to: holdoutStart },
    holdout,
    holdoutDays: countDays(timesMs, holdout),
    holdoutFromMs: timesMs[holdoutStart] ?? null,
  }
}

/** The last place at or before `position` where no timestamp is torn apart: ordered times, any of them equal. */
export function cutBefore(timesMs: Float64Array, position: number): number {
  let cut = Math.min(timesMs.length, Math.floor(position + ROUNDING_ROWS))
  // At either end the neighbour is undefined, which equals no time.
  while (timesMs[cut] !== undefined && timesMs[cut - 1] === timesMs[cut]) cut--
  return cut
}

function countDays(timesMs: Float64Array, range: RowRange): number {
  let days = 0
  let previous = Number.NaN // equals no day, itself included
  for (let row = range.from; row < range.to; row++) {
    const day = Math.floor(timesMs[row]! / DAY_MS)
    if (day !== previous) days++
    previous = day
  }
  return days
}

/** Throws `BAD_DATA` if the times are not in order or not numbers. */
export function requireOrder(timesMs: Float64Array): void {
  let previous = Number.NEGATIVE_INFINITY
  for (const [row, time] of timesMs.entries()) {
    // Also true of NaN, which no comparison lets pass.
    if (!(time >= previous && Number.isFinite(time))) {
      throw new PlannedError('BAD_DATA', `row ${row} has time ${time} after ${previous}`, {
        next: 'read the rows ordered by time',
        facts: { row, time, previous },
      })
    }
    previous = time
  }
}
