// How often a model was judged on the rows of a report's holdout: who looks again chooses by what was seen.
import { levelOfLook } from '../evaluation/interval.ts'
import type { TimeWindow } from '../kernel/window.ts'
import type { ModelVersion } from '../tracking/port.ts'
import { TAG } from './champion.ts'
import { isLook, pastOutcomes } from './past-cycles.ts'
import type { RunSubject } from './recording.ts'
import type { LifecycleRooms } from './rooms.ts'

export interface Looks {
  /** Models judged on rows of this holdout, this one included. */
  readonly count: number
  /** Two-sided level of the intervals, as the gate takes it: stricter with every cycle that decided by these rows. */
  readonly level: number
}

/**
 * Looks at a holdout up to a version's own: of cycles that came to an outcome on rows of it, and of versions that learnt up to where it
 * begins and were measured from there on (first models and those trained by hand, which no cycle decides).
 */
export async function looksAtHoldout(
  rooms: Pick<LifecycleRooms, 'engine' | 'store' | 'tracking'>,
  subject: RunSubject,
  window: TimeWindow,
  version: Pick<ModelVersion, 'name' | 'version'>,
): Promise<Looks> {
  const cycles = (await pastOutcomes(rooms, { ...subject, store: rooms.store })).filter(
    ({ outcome }) =>
      isLook(outcome) &&
      (outcome.challenger?.version ?? 0) < version.version &&
      Date.parse(outcome.holdoutFrom) < window.toMs &&
      window.fromMs < Date.parse(outcome.to),
  )
  const from = new Date(window.fromMs).toISOString()
  const measured = (await rooms.tracking.versions(version.name)).filter(
    ({ version: number, tags }) =>
      number < version.version &&
      tags[TAG.origin] === subject.origin &&
      tags[TAG.trainedTo] === from &&
      tags[TAG.holdoutMae] !== undefined,
  )
  return { count: 1 + Math.max(cycles.length, measured.length), level: levelOfLook(1 + cycles.length) }
}
