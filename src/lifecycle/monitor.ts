// Production's error, month by month. Rows of each origin have a curve of their own: one says nothing about the other.
import { INTERVAL_LEVELS } from '../learning/intervals.ts'
import type { ModelVersion, Run } from '../tracking/port.ts'
import { TAG } from './champion.ts'
import { monthOfStep, PRODUCTION, PRODUCTION_METRIC, PRODUCTION_ROWS, runsOf } from './recording.ts'
import type { LifecycleRooms } from './rooms.ts'

export type MonitorPoint = {
  readonly month: string
  /** Where the month's rows are from. */
  readonly origin: string
  /** Mean loss of the version that was in Production when the month came, on all of the month. */
  readonly error: number
  readonly measuredAtMs: number
  /** Rows of the month; null of a month that was measured before they were written down. */
  readonly rows: number | null
  /** How the intervals of that version did on them, narrow before wide; none of a version without intervals. */
  readonly coverage: readonly MonthCoverage[]
}

/** Intervals of one level on the rows of one month. */
type MonthCoverage = {
  /** How many of a hundred rows are to be within. */
  readonly level: number
  /** Share of the rows that were. */
  readonly within: number
  /** In the target's unit. */
  readonly meanWidth: number
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
    runs.map(async (run) => {
      const measured = await openMeasured(tracking, run)
      const errors = await tracking.metricHistory(run.id, PRODUCTION_METRIC)
      return errors.map(({ step, value, timestampMs }): MonitorPoint => {
        const figure = (name: string): number | null => measured.get(name)?.get(`${step} ${timestampMs}`) ?? null
        return {
          month: monthOfStep(step),
          origin: run.tags[TAG.origin] ?? 'unknown',
          error: value,
          measuredAtMs: timestampMs,
          rows: figure(PRODUCTION_ROWS),
          coverage: INTERVAL_LEVELS.flatMap((level) => {
            const within = figure(`${PRODUCTION}coverage_${level}`)
            const meanWidth = figure(`${PRODUCTION}width_${level}`)
            return within === null || meanWidth === null ? [] : [{ level, within, meanWidth }]
          }),
        }
      })
    }),
  )
  const byTime = points.flat().toSorted((a, b) => a.measuredAtMs - b.measuredAtMs)
  const last = new Map(byTime.map((point) => [`${point.month} ${point.origin}`, point]))
  return [...last].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, point]) => point)
}

/** What was measured of Production beside its error: values by name, then by month and moment, as they were written. */
async function openMeasured(
  tracking: LifecycleRooms['tracking'],
  run: Run,
): Promise<ReadonlyMap<string, ReadonlyMap<string, number>>> {
  const names = [
    PRODUCTION_ROWS,
    ...INTERVAL_LEVELS.flatMap((level) => [`coverage_${level}`, `width_${level}`].map((name) => PRODUCTION + name)),
  ]
  const there = names.filter((name) => name in run.metrics)
  const histories = await Promise.all(there.map((name) => tracking.metricHistory(run.id, name)))
  return new Map(
    histories.map((history, at) => [
      there[at] ?? '',
      new Map(history.map(({ step, value, timestampMs }) => [`${step} ${timestampMs}`, value])),
    ]),
  )
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
