// How far the answers of two model files lie apart, on rows that were learnt.
import { isPlanned, throwIfCancelled } from '../kernel/errors.ts'
import { monthsOf, monthWindow, type TimeWindow } from '../kernel/window.ts'
import { openPredictor } from '../learning/predictor.ts'
import { tablesOf } from './project.ts'
import type { RunSubject } from './recording.ts'
import type { LifecycleRooms } from './rooms.ts'
import { readCleaned } from './scoring.ts'
import { learntWindow, MODEL_PATH, type TrainingRecord } from './training-record.ts'

/** How far the predictions of two models lie apart, in the target's unit. */
export type Distance = {
  readonly rows: number
  readonly mean: number
  readonly largest: number
  /** The mean and the largest that still count as equal. */
  readonly allowed: { readonly mean: number; readonly largest: number }
}

/** Rows to compare predictions on, at most: the last months learnt that have no more than so many, or the last one. */
const MOST_ROWS = 100_000
/** Answers this share of the threshold apart on average are as good as the same: a rounding that grows over thousands of steps. */
const EQUAL_ON_AVERAGE = 0.01
/** And none may be further apart than this share of it: a single answer that is off by more is another answer. */
const EQUAL_AT_MOST = 0.1

/** Compares a training's file, as its run keeps it, with another on rows it learnt; null if the run has its file no more. */
export async function distanceTo(
  rooms: LifecycleRooms,
  { runId, record, subject }: { readonly runId: string; readonly record: TrainingRecord; readonly subject: RunSubject },
  again: Uint8Array,
  signal: AbortSignal,
): Promise<Distance | null> {
  const recorded = await rooms.tracking.readArtifact(runId, MODEL_PATH).catch((error: unknown) => {
    if (isPlanned(error, 'NOT_FOUND')) return null
    throw error
  })
  if (recorded === null) return null
  const window = await lastRows(rooms, record)
  const { rows, columns } = await readCleaned(rooms, subject, window, signal)
  const { [rooms.project.specification(subject.timeReading).target]: _, ...inputs } = columns
  const predict = async (file: Uint8Array): Promise<Float64Array> => {
    throwIfCancelled(signal)
    await using predictor = await openPredictor(file)
    return await predictor.predict(inputs, rows)
  }
  const [before, after] = [await predict(recorded), await predict(again)]
  let sum = 0
  let largest = 0
  for (let row = 0; row < rows; row++) {
    const [then, now] = [before[row]!, after[row]!] // one answer per row
    const apart = Number.isNaN(then) && Number.isNaN(now) ? 0 : Math.abs(then - now)
    sum += apart
    largest = Math.max(largest, apart)
  }
  const { defaultThreshold } = rooms.project
  return {
    rows,
    mean: rows === 0 ? 0 : sum / rows,
    largest,
    allowed: { mean: EQUAL_ON_AVERAGE * defaultThreshold, largest: EQUAL_AT_MOST * defaultThreshold },
  }
}

async function lastRows({ project, warehouse }: LifecycleRooms, record: TrainingRecord): Promise<TimeWindow> {
  const learnt = learntWindow(record)
  const { processed } = tablesOf(project, { size: record.size, timeReading: record.request.timeReading })
  const counts = new Map(
    ((await warehouse.describe(processed))?.partitions ?? []).map(({ month, rows }) => [month, rows]),
  )
  let fromMs = learnt.toMs
  let rows = 0
  for (const month of monthsOf(learnt).toReversed()) {
    rows += counts.get(month) ?? 0
    if (rows > MOST_ROWS && fromMs < learnt.toMs) break
    fromMs = Math.max(learnt.fromMs, monthWindow(month).fromMs)
  }
  return { fromMs, toMs: learnt.toMs }
}
