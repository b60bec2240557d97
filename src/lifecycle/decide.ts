// From what a cycle found out to the gate's verdict.
import { judge } from '../evaluation/gate.ts'
import type { Situation, Verdict } from '../evaluation/verdict.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Cast } from './cast.ts'
import type { Champion } from './evaluate-champion.ts'
import type { Fresh } from './fresh.ts'
import type { Challenger } from './make-challenger.ts'
import type { CycleInput, LifecycleRooms } from './rooms.ts'
import { metricOf } from './scoring.ts'

/** Everything a cycle found out before it moved anything. */
export type CycleFacts = {
  readonly input: CycleInput
  readonly fresh: Fresh
  readonly cast: Cast
  readonly champion: Champion | null
  readonly challenger: Challenger | null
}

/** The gate's verdict, or why there could be none. */
export type Ruling = {
  readonly verdict: (Verdict & JsonObject) | null
  readonly blocked: string | null
}

export function decide(
  rooms: Pick<LifecycleRooms, 'project'>,
  { input, fresh, cast, champion, challenger }: CycleFacts,
): Ruling {
  if (cast.blocked !== null) return { verdict: null, blocked: cast.blocked }
  const situation: Situation = {
    holdout: { rows: fresh.holdoutRows, days: fresh.holdoutDays },
    champion: champion === null ? { kind: 'removed' } : champion.holdout,
    challenger:
      challenger === null
        ? { kind: 'not-trained' }
        : challenger.holdout.kind === 'scored'
          ? { ...challenger.holdout, rowsLearnt: challenger.rowsLearnt }
          : challenger.holdout,
    threshold: input.threshold,
    rule: input.rule,
    looks: cast.looks,
    metric: metricOf(rooms.project),
  }
  return { verdict: judge(situation), blocked: null }
}
