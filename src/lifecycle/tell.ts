// Task `notify`: tells every channel the outcome, after it is on record. A channel that is down fails no cycle.
import type { TaskContext } from '../flow/port.ts'
import { messageOf } from '../kernel/errors.ts'
import { outcomeNotice } from '../notify/outcome-notice.ts'
import type { CycleOutcome } from './outcome.ts'
import type { LifecycleRooms } from './rooms.ts'

export function tell(rooms: LifecycleRooms) {
  return async ({ outcome }: { outcome: CycleOutcome }, context: TaskContext): Promise<null> => {
    if (outcome.case === 'nothing-to-compare') return null // nothing was looked at, so there is nothing to tell
    const notice = outcomeNotice({
      kind: outcome.insteadOfAsking === 'promoted' ? 'promote' : outcome.verdict,
      case: outcome.case,
      isMoved: outcome.applied,
      metricName: outcome.metric.name,
      holdoutRows: outcome.holdoutRows,
      windowRows: outcome.rows,
      rowsNoun: rooms.project.row.many,
      oldError: outcome.champion?.error ?? null,
      newError: outcome.challenger?.error ?? null,
    })
    for (const notifier of rooms.notifiers) {
      try {
        await notifier.send(notice)
      } catch (error) {
        context.log(`${notifier.channel} could not be told: ${messageOf(error)}`)
      }
    }
    return null
  }
}
