// Which intervals a trained model gets, and how that is said.
import { countText } from '../evaluation/figures.ts'
import type { EncodedRows } from '../features/encode.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { TimeWindow } from '../kernel/window.ts'
import { calibrate, type Intervals, LEAST_CALIBRATION_ROWS } from '../learning/intervals.ts'
import type { RowIntervals, TrainedModel, Trainer, TrainingJob } from '../learning/port.ts'
import type { Warehouse } from '../warehouse/port.ts'
import { TAG } from './champion.ts'
import type { TrainingResult } from './rooms.ts'
import type { TrainingPlan } from './training-plan.ts'

/** Rows to calibrate on at most, the last ones: more would move no end by much (at 95 %, by half a thousandth of the rows), and cost time. */
const MOST_CALIBRATION_ROWS = 20_000

/**
 * Intervals for the weights kept, calibrated on the early-stop rows; null if those are too few. These rows said when to stop as well, and
 * which trainer's model is taken, so that the coverage is only about what the levels say: the holdout measures it. `source` is where those
 * rows were read, all of them or every so many.
 */
export async function intervalsFor(
  trainer: Pick<Trainer<JsonObject>, 'predictEncoded'>,
  job: Pick<TrainingJob<JsonObject>, 'specification' | 'earlyStop'>,
  { weights }: TrainedModel,
  source: { readonly warehouse: Warehouse; readonly table: string; readonly window: TimeWindow | null },
): Promise<Intervals | null> {
  const { window } = source
  if (job.earlyStop === null || window === null) return null
  const rows = lastRows(job.earlyStop, MOST_CALIBRATION_ROWS)
  if (rows.rows < LEAST_CALIBRATION_ROWS) return null
  const calibration = calibrate(trainer.predictEncoded(job.specification, weights, rows), rows.target)
  if (calibration === null) return null
  const skipped = job.earlyStop.rows - rows.rows
  const fromMs = skipped === 0 ? window.fromMs : await timeOfRow({ ...source, window }, job, skipped)
  return { ...calibration, window: { fromMs, toMs: window.toMs }, inheritedFrom: null }
}

/** The time of one of the early-stop rows, by its number. Times are read from the end, as many as that takes. */
async function timeOfRow(
  { warehouse, table, window }: { readonly warehouse: Warehouse; readonly table: string; readonly window: TimeWindow },
  { specification, earlyStop }: Pick<TrainingJob<JsonObject>, 'specification' | 'earlyStop'>,
  row: number,
): Promise<number> {
  const { fromMs, toMs } = window
  const all = await warehouse.count(table, window)
  const every = Math.ceil(all / (earlyStop?.rows ?? all)) // of very many rows a trainer gets every second, or third, …
  const wanted = all - row * every
  let span = window
  for (let share = 1 / 64; share <= 1; share *= 2) {
    span = { fromMs: toMs - Math.floor((toMs - fromMs) * share), toMs }
    if ((await warehouse.count(table, span)) >= wanted) break
  }
  const { timeColumn } = specification
  const { rows, columns } = await warehouse.read(table, span, { columns: [timeColumn], orderBy: [timeColumn] })
  return columns[timeColumn]?.[rows - wanted] ?? fromMs
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
