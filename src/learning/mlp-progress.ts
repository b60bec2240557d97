// How far the training of a network is, told as its rows go by.
import { openPace } from './pace.ts'
import type { LearningProgress, TrainingJob } from './port.ts'

/** Rows between two reports: some tenths of a second. */
const ROWS_A_REPORT = 65_536

export interface Pacing {
  /** To be awaited after every few rows that were learnt or predicted: see `openPace`. */
  readonly pace: (rows: number) => Promise<void>
  endEpoch(): void
}

/** Paces a training of at most so many epochs and tells its `onProgress` how far it is, within an epoch too. */
export function openPacing(
  { fit, earlyStop, signal, onProgress }: Pick<TrainingJob<unknown>, 'fit' | 'earlyStop' | 'signal' | 'onProgress'>,
  atMost: number,
): Pacing {
  const breathe = openPace(signal)
  const rowsAnEpoch = fit.rows + (earlyStop?.rows ?? 0)
  let epoch = 0
  let rowsDone = 0
  let rowsSince = 0
  const tell = (done: number): void => onProgress?.({ unit: 'epoch', done, atMost } satisfies LearningProgress)
  return {
    async pace(rows) {
      rowsDone += rows
      rowsSince += rows
      if (rowsSince >= ROWS_A_REPORT) {
        rowsSince = 0
        tell(epoch + Math.min(rowsDone / rowsAnEpoch, 1))
      }
      await breathe(rows)
    },
    endEpoch() {
      epoch++
      rowsDone = 0
      tell(epoch)
    },
  }
}
