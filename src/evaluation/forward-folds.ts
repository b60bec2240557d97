// Forward validation: settings are judged on rows that come after those they were learnt from, as a model is in use.
import { PlannedError } from '../kernel/errors.ts'
import type { TimeWindow } from '../kernel/window.ts'
import { cutBefore, requireOrder } from './split.ts'

/** A window as the JSON that it is. */
type Span = { readonly fromMs: number; readonly toMs: number }

/** One round of learning and judging, as windows: rows to fit, then rows that say when to stop, then rows to judge on. */
export type Fold = {
  readonly fit: Span
  readonly earlyStop: Span
  readonly validate: Span
  readonly fitRows: number
  readonly earlyStopRows: number
  readonly validateRows: number
}

/** The share of all rows that one fold judges on, at most; no more than half of them are judged on in all. */
const JUDGED_SHARE = 0.1
/** The share of the rows before them that says when to stop, the last ones: as in a month's training. */
const STOP_SHARE = 0.1
/** An error over fewer rows says too little to choose by. */
const LEAST_JUDGED = 20

/**
 * Cuts n ordered rows into k folds of an expanding window: the last k parts of a tenth of the rows (less for more than 5 folds) are judged on,
 * one after the other, each by what is learnt from all rows before it, of which the last tenth says when to stop. Rows of one timestamp stay
 * together, on the later side.
 *
 * Shapes  `timesMs` is (n), in ascending order; the result is (k), the earliest first.
 * Units   milliseconds since 1970, UTC; `window` holds all the times.
 * Throws  PlannedError('BAD_DATA') if a fold would judge on fewer than 20 rows or learn from none, or if the times are not in order.
 * Source  L. J. Tashman, "Out-of-sample tests of forecasting accuracy", International Journal of Forecasting 16(4), 2000 (rolling origin).
 */
export function forwardFolds(timesMs: Float64Array, window: TimeWindow, count: number): Fold[] {
  requireOrder(timesMs)
  const rows = timesMs.length
  const share = Math.min(JUDGED_SHARE, 0.5 / count)
  const cuts = Array.from({ length: count + 1 }, (_, at) => cutBefore(timesMs, rows * (1 - (count - at) * share)))
  const timeAt = (cut: number): number => timesMs[cut] ?? window.toMs
  return cuts.slice(0, -1).map((from, fold) => {
    const to = cuts[fold + 1]!
    const stopFrom = cutBefore(timesMs, from * (1 - STOP_SHARE))
    if (to - from < LEAST_JUDGED || stopFrom === 0 || stopFrom === from) throw tooFew(rows, count)
    return {
      fit: { fromMs: window.fromMs, toMs: timeAt(stopFrom) },
      earlyStop: { fromMs: timeAt(stopFrom), toMs: timeAt(from) },
      validate: { fromMs: timeAt(from), toMs: timeAt(to) },
      fitRows: stopFrom,
      earlyStopRows: from - stopFrom,
      validateRows: to - from,
    }
  })
}

function tooFew(rows: number, count: number): PlannedError {
  return new PlannedError('BAD_DATA', `${rows} rows are too few to judge settings on ${count} folds`, {
    why: `each fold judges on ${LEAST_JUDGED} rows at least, and learns from rows before them`,
    next: 'take a longer window, or fewer folds',
    facts: { rows, folds: count },
  })
}
