// How far a training is, in words for a terminal: epoch or tree, the error so far, and how long it can still take.
import type { EpochRecord, LearningProgress } from '../learning/port.ts'
import { countsOf } from '../learning/trainers.ts'

/** How often a person is told anew, at most. */
const TELL_MS = 100
/** Before so much has been seen of the pace, nothing is said of the time left. */
const SEEN_MS = 2_000

export interface TrainingProgress {
  onEpoch(record: EpochRecord): void
  onProgress(progress: LearningProgress): void
}

/** Says in one short line, which a terminal of 80 columns has room for, how far a training is, a few times a second at most. `nowMs` is any clock that goes on. */
export function openTrainingProgress(
  { trainer, metric }: { readonly trainer: string; readonly metric: string },
  nowMs: () => number,
  say: (text: string) => void,
): TrainingProgress {
  let last: EpochRecord | null = null
  let first: { readonly atMs: number; readonly done: number } | null = null
  let far: { readonly progress: LearningProgress; readonly atMs: number } | null = null
  let saidMs = Number.NEGATIVE_INFINITY
  const tell = (): void => {
    const now = nowMs()
    if (now - saidMs < TELL_MS) return
    saidMs = now
    const left = first === null || far === null ? null : timeLeft(first, far)
    const where = far === null ? `${countsOf(trainer)} ${(last?.epoch ?? 0) + 1}` : placeText(far.progress)
    say([`${trainer}, ${where}${last === null ? '' : errorText(metric, last)}`, left].filter(Boolean).join('; '))
  }
  return {
    onEpoch(record) {
      last = record
      tell()
    },
    onProgress(progress) {
      const atMs = nowMs()
      first ??= { atMs, done: progress.done }
      far = { progress, atMs }
      tell()
    },
  }
}

function placeText({ unit, done, atMost }: LearningProgress): string {
  return `${Number(done.toFixed(1))} of ${atMost} ${unit}s`
}

function errorText(metric: string, { mae, valMae }: EpochRecord): string {
  return `: ${metric} ${mae.toFixed(3)}${valMae === null ? '' : `, early-stop ${valMae.toFixed(3)}`}`
}

/** If learning goes on to the end at the pace it has had: it may stop before. Null while there is too little to tell by. */
function timeLeft(
  first: { readonly atMs: number; readonly done: number },
  { progress, atMs }: { readonly progress: LearningProgress; readonly atMs: number },
): string | null {
  const tookMs = atMs - first.atMs
  const done = progress.done - first.done
  if (tookMs < SEEN_MS || done <= 0) return null
  const seconds = ((progress.atMost - progress.done) * tookMs) / done / 1000
  if (seconds < 90) return `at most ${Math.max(1, Math.ceil(seconds))} s left`
  if (seconds < 5_400) return `at most ${Math.ceil(seconds / 60)} min left`
  return `at most ${(seconds / 3_600).toFixed(1)} h left`
}
