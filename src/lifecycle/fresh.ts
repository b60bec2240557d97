// Task `preprocess_new_data`: the month's partition rebuilt, and its rows split by time.
import { isTooSmall } from '../evaluation/gate.ts'
import { splitByTime } from '../evaluation/split.ts'
import type { TaskContext } from '../flow/port.ts'
import type { TimeWindow } from '../kernel/window.ts'
import { fingerprintOf, preprocess } from './preprocess.ts'
import { tablesOf } from './project.ts'
import { RECIPE } from './recipe-lines.ts'
import type { CycleInput, LifecycleRooms } from './rooms.ts'

/** A window's rows after cleaning, cut by time: each part is a window too, because rows of one timestamp stay together. */
export type Fresh = {
  readonly rawRows: number
  readonly rows: number
  /** Digest of the raw rows of the months touched. */
  readonly rawFingerprint: string
  readonly holdoutRows: number
  readonly holdoutDays: number
  readonly tooSmall: boolean
  /** Cuts, in ms: fit is [from, earlyStopFromMs), early stopping [earlyStopFromMs, holdoutFromMs), the holdout the rest. */
  readonly earlyStopFromMs: number
  readonly holdoutFromMs: number
}

/** The share of a month that a challenger is held against. */
export const MONTH_SPLIT = 0.2

/** With fewer rows than these nothing can be learnt: the recipe's own limit. */
const LEAST_TO_LEARN = 10

/** Whether there are too few rows to learn from. */
export function isTooFewToLearn(rows: number): boolean {
  return rows < LEAST_TO_LEARN
}

/** What a training says that there are too few rows for. */
export function sayTooFew(log: (line: string) => void): void {
  log(RECIPE.useCase('train'))
  log(RECIPE.tooFewRows())
}

export function preprocessNewData(rooms: LifecycleRooms) {
  return async ({ input }: { input: CycleInput }, context: TaskContext): Promise<Fresh> => {
    const window = { fromMs: input.fromMs, toMs: input.toMs }
    const done = await preprocess(rooms, {
      size: input.size,
      origin: input.origin,
      timeReading: input.timeReading,
      window,
      rebuild: 'all',
      signal: context.signal,
      log: context.log,
    })
    const { fitRows: _fit, earlyStopRows: _stop, ...split } = await splitWindow(rooms, input, window, MONTH_SPLIT)
    const rawFingerprint = await fingerprintOf(rooms.warehouse, tablesOf(rooms.project, input).raw, window)
    return { rawRows: done.rawRows, rawFingerprint, ...split }
  }
}

/** Brings a window's processed rows up to date: somebody may have dropped or replaced them since a cycle began. Nothing happens if not. */
export async function ensureProcessed(
  rooms: Pick<LifecycleRooms, 'project' | 'warehouse'>,
  data: Pick<CycleInput, 'size' | 'origin' | 'timeReading'>,
  window: TimeWindow,
  how: { readonly signal?: AbortSignal | undefined; readonly log?: ((line: string) => void) | undefined },
): Promise<void> {
  const { size, origin, timeReading } = data
  const { fromMs, toMs } = window
  const { signal, log } = how
  await preprocess(rooms, { size, origin, timeReading, window: { fromMs, toMs }, rebuild: 'stale', signal, log })
}

/** Splits a window's processed rows by time. */
export async function splitWindow(
  rooms: Pick<LifecycleRooms, 'project' | 'warehouse'>,
  data: Pick<CycleInput, 'size' | 'timeReading'>,
  window: TimeWindow,
  ratio: number,
) {
  const { timeColumn } = rooms.project.specification(data.timeReading)
  const table = tablesOf(rooms.project, data).processed
  const isThere = (await rooms.warehouse.describe(table)) !== null // it is not before the first month was preprocessed
  const read = isThere ? await rooms.warehouse.read(table, window, { columns: [timeColumn], orderBy: [] }) : null
  const times = read?.columns[timeColumn] ?? new Float64Array(0)
  const split = splitByTime(times, ratio)
  const holdoutRows = split.holdout.to - split.holdout.from
  return {
    rows: times.length,
    fitRows: split.fit.to - split.fit.from,
    earlyStopRows: split.earlyStop.to - split.earlyStop.from,
    holdoutRows,
    holdoutDays: split.holdoutDays,
    tooSmall: isTooSmall({ rows: holdoutRows, days: split.holdoutDays }),
    earlyStopFromMs: times[split.earlyStop.from] ?? window.toMs,
    holdoutFromMs: split.holdoutFromMs ?? window.toMs,
  }
}
