// What people are told when a person has decided.
import { unreachable } from '../kernel/errors.ts'
import type { Notice } from './port.ts'

/** What a person decided, and what was moved for it. */
export interface PersonsDecision {
  readonly choice: 'promote' | 'keep' | 'retrain' | 'rollback'
  readonly model: string
  /** The decision's number; null for a rollback that nobody had asked about. */
  readonly decision: number | null
  /** The version that was waiting; null if none was. */
  readonly waiting: number | null
  /** The version that entered Production, and the one that left it; null for none. */
  readonly entered: number | null
  readonly left: number | null
  /** Whether what entered is still there: a notice may come late. */
  readonly isThere: boolean
  readonly by: string
  readonly why: string
}

/** The message about it: one line, after it was carried out. */
export function decisionNotice(made: PersonsDecision): Notice {
  const decision = made.decision === null ? '' : ` (decision ${made.decision})`
  return { text: `ℹ️ ${made.model}: ${whatWasDone(made)}, by ${made.by}${decision}: ${made.why}` }
}

function whatWasDone({ choice, waiting, entered, left, isThere }: PersonsDecision): string {
  const since = isThere ? '' : ', and has been replaced since'
  const replaced = left === null ? '' : ` in place of v${left}`
  switch (choice) {
    case 'promote':
      return `v${entered} ${isThere ? 'is in' : 'was put into'} production${replaced}${since}`
    case 'rollback':
      return `v${entered} ${isThere ? 'is in' : 'was put into'} production again${replaced}${since}`
    case 'keep':
      return waiting === null ? 'production stays as it is' : `v${waiting} was not taken, production stays as it is`
    case 'retrain':
      return 'the month was looked at once more with other settings'
    default:
      return unreachable(choice)
  }
}
