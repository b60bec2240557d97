// Which intervals a trained model gets, and how that is said.
import { countText } from '../evaluation/figures.ts'
import type { EncodedRows } from '../features/encode.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { TimeWindow } from '../kernel/window.ts'
import { calibrate, type Intervals, LEAST_CALIBRATION_ROWS } from '../learning/intervals.ts'
import type { RowIntervals, TrainedModel, Trainer, TrainingJob } from '../learning/port.ts'
import { TAG } from './champion.ts'
import type { TrainingResult } from './rooms.ts'
import type { TrainingPlan } from './training-plan.ts'

/** Rows to calibrate on at most, the last ones: more would move no end by much (at 95 %, by half a thousandth of the rows), and cost time. */
const MOST_CALIBRATION_ROWS = 20_000

/**
 * Intervals for the weights kept, calibrated on the early-stop rows; null if those are too few. These rows said when to stop as well, and
 * which trainer's model is taken, so that the coverage is only about what the levels say: the holdout measures it.
 */
export function intervalsFor(
  trainer: Pick<Trainer<JsonObject>, 'predictEncoded'>,
  job: Pick<TrainingJob<JsonObject>, 'specification' | 'earlyStop'>,
  { weights }: TrainedModel,
  window: TimeWindow | null,
): Intervals | null {
  if (job.earlyStop === null || window === null) return null
  const rows = lastRows(job.earlyStop, MOST_CALIBRATION_ROWS)
  if (rows.rows < LEAST_CALIBRATION_ROWS) return null
  const calibration = calibrate(trainer.predictEncoded(job.specification, weights, rows), rows.target)
  const { fromMs, toMs } = window
  return calibration === null ? null : { ...calibration, window: { fromMs, toMs }, inheritedFrom: null }
}

/** The name of intervals where a project's predictions are told by name. */
export function intervalsKey(replyKey: string): string {
  return `${replyKey}_intervals`
}

/** The two ends of a row's interval; null where the row has none. */
export function endsOf({ low, high }: RowIntervals, row: number): readonly [number, number] | null {
  const [from = Number.NaN, to = Number.NaN] = [low[row], high[row]]
  return Number.isFinite(from) && Number.isFinite(to) ? [from, to] : null
}

/** Whence a model's intervals are, in words. */
export function intervalsText({ rows, inheritedFrom }: Intervals): string {
  return inheritedFrom === null
    ? `calibrated on ${countText(rows)} early-stop rows`
    : `inherited from v${inheritedFrom}`
}

/** The same of a training, or why its model has none. */
export function intervalsTag(plan: TrainingPlan, { intervals, earlyStopRows }: TrainingResult): string {
  if (intervals !== null) return intervalsText(intervals)
  const judged = plan.tags[TAG.refitOf]
  return judged === undefined
    ? `none: ${countText(earlyStopRows)} early-stop rows, ${LEAST_CALIBRATION_ROWS} needed`
    : `none: v${judged} has none to inherit`
}

function lastRows(rows: EncodedRows, count: number): EncodedRows {
  const from = Math.max(0, rows.rows - count)
  return {
    ...rows,
    rows: rows.rows - from,
    numbers: rows.numbers.subarray(from * rows.numberCount),
    codes: rows.codes.subarray(from * rows.categoryCount),
    target: rows.target.subarray(from),
  }
}
