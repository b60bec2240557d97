// Production's error, month by month.
import { monthOfStep, PRODUCTION_METRIC, runsOf } from './recording.ts'
import type { LifecycleRooms } from './rooms.ts'

export type MonitorPoint = {
  readonly month: string
  /** Mean loss of the version that was in Production when the month came, on all of the month. */
  readonly error: number
}

/** The series, oldest month first, one point per month: the last one measured. Empty if no month was run. */
export async function monitorSeries(
  rooms: Pick<LifecycleRooms, 'tracking'>,
  subject: { experiment: string; model: string },
): Promise<readonly MonitorPoint[]> {
  const experiment = await rooms.tracking.findExperiment(subject.experiment)
  return experiment === null ? [] : await monitorSeriesIn(rooms, subject.model, [experiment.id])
}

/** The same over several experiments, by their ids: somebody may have filed some months under another one. */
export async function monitorSeriesIn(
  { tracking }: Pick<LifecycleRooms, 'tracking'>,
  model: string,
  experimentIds: readonly string[],
): Promise<readonly MonitorPoint[]> {
  const runs = (await Promise.all(experimentIds.map((id) => runsOf(tracking, id, 'monitor', model)))).flat()
  const points = (await Promise.all(runs.map((run) => tracking.metricHistory(run.id, PRODUCTION_METRIC)))).flat()
  const last = new Map(
    points.toSorted((a, b) => a.timestampMs - b.timestampMs).map((point) => [point.step, point.value]),
  )
  return [...last].sort(([a], [b]) => a - b).map(([step, error]) => ({ month: monthOfStep(step), error }))
}
