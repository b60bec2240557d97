// Production's error, month by month.

import { monthOfStep, PRODUCTION_METRIC } from './recording.ts'
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
  if (experiment === null) return []
  const [run] = await rooms.tracking.findRuns(experiment.id, {
    'understudy.kind': 'monitor',
    'understudy.model': subject.model,
  })
  if (run === undefined) return []
  const points = await rooms.tracking.metricHistory(run.id, PRODUCTION_METRIC)
  const last = new Map(
    points.toSorted((a, b) => a.timestampMs - b.timestampMs).map((point) => [point.step, point.value]),
  )
  return [...last].sort(([a], [b]) => a - b).map(([step, error]) => ({ month: monthOfStep(step), error }))
}
