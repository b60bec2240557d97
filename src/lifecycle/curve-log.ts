// A training's curve on its way to tracking. Trees come hundreds a second: points that come together are written together.
import type { Clock } from '../kernel/clock.ts'
import type { EpochRecord } from '../learning/port.ts'
import type { Metric, Tracking } from '../tracking/port.ts'
import { epochMetrics } from './autolog.ts'

/** How long a point waits for others, at most: a curve is watched while it grows. */
const GATHER_MS = 250

export interface CurveLog {
  add(record: EpochRecord): void
  /** Writes what still waits. Throws what writing was first refused with. */
  close(): Promise<void>
}

export function openCurveLog(
  { tracking, clock }: { readonly tracking: Pick<Tracking, 'logMetrics'>; readonly clock: Clock },
  runId: string,
): CurveLog {
  let waiting: Metric[] = []
  let timer: NodeJS.Timeout | undefined
  let refusal: { readonly error: unknown } | null = null
  let writing = Promise.resolve()
  const write = (): void => {
    timer = undefined
    const metrics = waiting
    waiting = []
    writing = writing
      .then(async () => {
        if (refusal === null && metrics.length > 0) await tracking.logMetrics(runId, metrics)
      })
      .catch((error: unknown) => {
        refusal = { error } // told by `close`: until then nobody listens, which would end the process
      })
  }
  return {
    add(record) {
      waiting.push(...epochMetrics(record, clock.nowMs()))
      timer ??= setTimeout(write, GATHER_MS)
    },
    async close() {
      clearTimeout(timer)
      write()
      await writing
      if (refusal !== null) throw refusal.error
    },
  }
}
