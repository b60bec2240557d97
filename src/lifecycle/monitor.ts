// Production's error, month by month.

import { monitorRuns, monthOfStep, PRODUCTION_METRIC } from './recording.ts'
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
  const runs = await monitorRuns(rooms.tracking, subject)
  const points = (await Promise.all(runs.map((run) => rooms.tracking.metricHistory(run.id, PRODUCTION_METRIC)))).flat()
  const last = new Map(
    points.toSorted((a, b) => a.timestampMs - b.timestampMs).map((point) => [point.step, point.value]),
  )
  return [...last].sort(([a], [b]) => a - b).map(([step, error]) => ({ month: monthOfStep(step), error }))
}
