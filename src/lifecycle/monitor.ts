// Production's error, month by month. Rows of each origin have a curve of their own: one says nothing about the other.
import type { ModelVersion } from '../tracking/port.ts'
import { TAG } from './champion.ts'
import { monthOfStep, PRODUCTION_METRIC, runsOf } from './recording.ts'
import type { LifecycleRooms } from './rooms.ts'

export type MonitorPoint = {
  readonly month: string
  /** Where the month's rows are from. */
  readonly origin: string
  /** Mean loss of the version that was in Production when the month came, on all of the month. */
  readonly error: number
  readonly measuredAtMs: number
}

/** Points of every origin, oldest month first, one per month and origin: the last one measured. Empty if no month was run. */
export async function monitorSeries(
  { tracking }: Pick<LifecycleRooms, 'tracking'>,
  subject: { experiment: string; model: string },
): Promise<readonly MonitorPoint[]> {
  const experiment = await tracking.findExperiment(subject.experiment)
  if (experiment === null) return []
  const runs = await runsOf(tracking, experiment.id, 'monitor', subject.model)
  const points = await Promise.all(
    runs.map(async ({ id, tags }) =>
      (await tracking.metricHistory(id, PRODUCTION_METRIC)).map(({ step, value, timestampMs }) => ({
        month: monthOfStep(step),
        origin: tags[TAG.origin] ?? 'unknown',
        error: value,
        measuredAtMs: timestampMs,
      })),
    ),
  )
  const byTime = points.flat().toSorted((a, b) => a.measuredAtMs - b.measuredAtMs)
  const last = new Map(byTime.map((point) => [`${point.month} ${point.origin}`, point]))
  return [...last].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, point]) => point)
}

/** The curve to show now: of what the version in Production learnt from, else of what was measured last. Origin null if there is neither. */
export function seriesAtHand(
  series: readonly MonitorPoint[],
  versions: readonly ModelVersion[],
): { readonly origin: string | null; readonly points: readonly MonitorPoint[] } {
  const serving = versions.find(({ stage }) => stage === 'Production')
  const newest = series.toSorted((a, b) => b.measuredAtMs - a.measuredAtMs)[0]
  const origin = serving?.tags[TAG.origin] ?? newest?.origin ?? null
  return { origin, points: series.filter((point) => point.origin === origin) }
}
