// Task `notify`: tells every channel the outcome, after it is on record. A channel that is down fails no cycle.
import type { TaskContext } from '../flow/port.ts'
import { messageOf } from '../kernel/errors.ts'
import { outcomeNotice } from '../notify/outcome-notice.ts'
import type { Notice } from '../notify/port.ts'
import type { CycleOutcome, FirstModelOutcome } from './outcome.ts'
import type { LifecycleRooms } from './rooms.ts'

export function tellOutcome(rooms: LifecycleRooms) {
  return async ({ outcome }: { outcome: CycleOutcome }, context: TaskContext): Promise<null> => {
    if (outcome.case === 'nothing-to-compare' || outcome.case === 'overtaken') return null // nothing was decided
    const notice = outcomeNotice({
      kind: outcome.insteadOfAsking === 'promoted' ? 'promote' : outcome.verdict,
      case: outcome.case,
      isMoved: outcome.applied,
      metricName: outcome.metric.name,
      oldError: outcome.champion?.error ?? null,
      newError: outcome.challenger?.error ?? null,
      holdoutRows: outcome.holdoutRows,
      windowRows: outcome.rows,
      rowsNoun: rooms.project.row.many,
    })
    return await tell(rooms, notice, context)
  }
}

export function tellFirst(rooms: LifecycleRooms) {
  return async ({ first }: { first: FirstModelOutcome }, context: TaskContext): Promise<null> => {
    const notice = outcomeNotice({
      kind: first.verdict,
      case: 'first-model',
      isMoved: first.verdict === 'promote',
      metricName: first.metric.name,
      oldError: null,
      newError: first.error,
      holdoutRows: first.holdoutRows,
      windowRows: first.rows,
      rowsNoun: rooms.project.row.many,
    })
    return await tell(rooms, notice, context)
  }
}

async function tell(rooms: LifecycleRooms, notice: Notice, context: TaskContext): Promise<null> {
  for (const notifier of rooms.notifiers) {
    try {
      await notifier.send(notice)
    } catch (error) {
      context.log(`${notifier.channel} could not be told: ${messageOf(error)}`)
    }
  }
  return null
}
