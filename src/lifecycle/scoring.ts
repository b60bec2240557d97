// Scoring a registered version on rows: from its ONNX file, always by the same path, whoever it is.
import { type Coverage, coverageOf } from '../evaluation/coverage.ts'
import { type DayLoss, type ErrorMetric, type Score, scoreByDay } from '../evaluation/day-losses.ts'
import { isPlanned, messageOf, throwIfCancelled } from '../kernel/errors.ts'
import type { TimeWindow } from '../kernel/window.ts'
import type { Predictor } from '../learning/port.ts'
import type { Tracking } from '../tracking/port.ts'
import type { Batch, Warehouse } from '../warehouse/port.ts'
import { openVersion } from './open-version.ts'
import { type Project, type TimeReading, tablesOf } from './project.ts'

/** The rows of a size that are read, and how their times are taken. */
export interface Data {
  readonly size: string
  readonly timeReading: TimeReading
}

interface Rooms {
  readonly project: Project
  readonly warehouse: Warehouse
  readonly tracking: Tracking
}

/** A project's metric as the evaluation room knows it. */
export function metricOf(project: Project): ErrorMetric {
  return { ...project.metric, rowsNoun: project.row.many }
}

/**
 * Losses of one version over windows of cleaned rows, per UTC day, and how its intervals did where it has some: one score per window, from
 * one loading of the model.
 * A version that cannot score the data (its file is missing or damaged, it asks for other columns, or answers with no number) is an answer;
 * a store that cannot be reached is an error.
 */
export async function scoreVersion(
  rooms: Rooms,
  who: { model: string; version: number },
  data: Data,
  windows: readonly TimeWindow[],
  signal?: AbortSignal,
): Promise<readonly Score[]> {
  const specification = rooms.project.specification(data.timeReading)
  const opened = await asAnswer(() => openVersion(rooms.tracking, who))
  if (opened.kind === 'cannot-score') return windows.map(() => opened)
  await using predictor = opened.value
  const scores: Score[] = []
  for (const window of windows) {
    throwIfCancelled(signal)
    const { rows, columns } = await readCleaned(rooms, data, window, signal)
    const { [specification.target]: actual, ...inputs } = columns
    const times = columns[specification.timeColumn]
    if (actual === undefined || times === undefined)
      throw new Error(`no ${specification.target} or time column was read`)
    const predicted = await asAnswer(async () =>
      rows === 0 ? { values: new Float64Array(0), intervals: [] } : predictor.predictWithIntervals(inputs, rows),
    )
    if (predicted.kind === 'cannot-score') scores.push(predicted)
    else {
      const score = measure(rooms.project, { times, actual, ...predicted.value })
      scores.push(score.kind === 'cannot-score' ? withNulls(score, predictor, inputs) : score)
    }
  }
  return scores
}

/** Predictions, and the intervals around them, beside what was so. */
function measure(
  project: Project,
  rows: Awaited<ReturnType<Predictor['predictWithIntervals']>> & { times: Float64Array; actual: Float64Array },
): Score {
  const { times, actual, values, intervals } = rows
  const score = scoreByDay(metricOf(project), times, actual, values)
  if (score.kind === 'cannot-score' || intervals.length === 0 || actual.length === 0) return score
  return { ...score, coverage: intervals.map((ends) => coverageOf(ends, actual)) }
}

/** The reason with the columns that lack values in these rows, where the version answers no row without them. */
function withNulls(
  { kind, reason }: Extract<Score, { kind: 'cannot-score' }>,
  { inputs, answersWithout }: Predictor,
  columns: Batch['columns'],
): Score {
  const needed = inputs.filter((name) => !answersWithout.includes(name))
  const lacking = needed.filter((name) => columns[name]?.some(Number.isNaN))
  if (lacking.length === 0) return { kind, reason }
  const names = lacking.map((name) => `"${name}"`).join(' or ')
  const wayOut = 'let cleaning leave those out, or have trees learn it as a double, which may be null'
  return { kind, reason: `${reason}; it answers none without ${names}: ${wayOut}` }
}

async function asAnswer<T>(
  work: () => Promise<T>,
): Promise<{ kind: 'done'; value: T } | { kind: 'cannot-score'; reason: string }> {
  try {
    return { kind: 'done', value: await work() }
  } catch (error) {
    if (!isPlanned(error, 'BAD_DATA')) throw error
    return { kind: 'cannot-score', reason: error.why ?? messageOf(error) }
  }
}

/** The cleaned rows of a window, raw columns only, in their total order. */
export async function readCleaned(
  rooms: Pick<Rooms, 'project' | 'warehouse'>,
  data: Data,
  window: TimeWindow,
  signal?: AbortSignal,
): Promise<Batch> {
  const names = rooms.project.specification(data.timeReading).columns.map((column) => column.name)
  const table = tablesOf(rooms.project, data).processed
  return await rooms.warehouse.read(table, window, { columns: names, orderBy: names, signal })
}

/** How a version's intervals did, a level each; none where it has none or could not be scored. */
export function coverageIn(score: Score | null): readonly Coverage[] {
  return score?.kind === 'scored' ? (score.coverage ?? []) : []
}

/** Rows of a score. */
export function rowsOf(days: readonly DayLoss[]): number {
  return days.reduce((total, day) => total + day.rows, 0)
}

/** A score's mean loss; null where there is none. */
export function meanLoss(score: Score | null): number | null {
  if (score === null || score.kind === 'cannot-score' || score.days.length === 0) return null
  return score.days.reduce((total, day) => total + day.sum, 0) / rowsOf(score.days)
}

/** Predictions of one version for rows handed in. Throws what `openVersion` does. */
export async function predictRows(
  tracking: Tracking,
  who: { model: string; version: number },
  columns: Readonly<Record<string, Float64Array>>,
  rows: number,
): Promise<Float64Array> {
  await using predictor = await openVersion(tracking, who)
  return await predictor.predict(columns, rows)
}
