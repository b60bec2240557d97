// Whether a decision is still to be made: read from the answer, the registry and its history, and stored nowhere else.
import { alreadyAnswered, type Decision } from '../flow/decision.ts'
import { PlannedError } from '../kernel/errors.ts'
import type { Transition } from '../tracking/port.ts'
import { Question } from './ask.ts'
import type { Roster } from './champion.ts'

/** Why a decision cannot be made any more: who did what, and when. */
export interface Closed {
  readonly because: string
  readonly error: PlannedError
}

/** Null while the decision is open. */
export function whatClosed(decision: Decision, roster: Roster): Closed | null {
  if (decision.answer !== null) {
    const error = alreadyAnswered(decision.id, decision.answer)
    return { because: error.why ?? '', error }
  }
  const because = whatHappened(decision, roster)
  if (because === null) return null
  const error = new PlannedError('CONFLICT', `decision ${decision.id} is not waiting any more`, {
    why: because,
    next: './understudy decisions lists what waits, ./understudy history what was moved',
    facts: { id: decision.id },
  })
  return { because, error }
}

function whatHappened({ question: asked, askedAtMs }: Decision, { versions, history }: Roster): string | null {
  const question = Question.parse(asked)
  const { version, production } = question
  if (version !== null) {
    const now = versions.find((one) => one.version === version)
    if (now?.stage === 'Staging') return null
    const last = history.findLast((transition) => transition.version === version)
    return last === undefined ? `v${version} is not there any more` : transitionText(last)
  }
  // No version waits: what was asked is what should serve, and a change of Production answers that.
  const serving = versions.find(({ stage }) => stage === 'Production')?.version ?? null
  if (serving === production) return null
  const since = history.findLast(
    ({ atMs, to, from }) => atMs >= askedAtMs && (to === 'Production' || from === 'Production'),
  )
  return since === undefined ? 'Production has changed since' : transitionText(since)
}

/** Why the version that waits cannot simply be promoted; null if it can. */
export function whyNotPromoted({ version, production }: Question, { versions, history }: Roster): string | null {
  if (version === null) return 'no version waits: there were too few rows to train one'
  const serving = versions.find(({ stage }) => stage === 'Production')?.version ?? null
  if (serving === production) return null
  const was = production === null ? 'no version' : `v${production}`
  const last = history.findLast(({ version: moved, to, from }) =>
    moved === serving ? to === 'Production' : from === 'Production',
  )
  const how = last === undefined ? '' : `: ${transitionText(last)}`
  return `v${version} was compared while ${was} was in Production, and ${serving === null ? 'none' : `v${serving}`} is there now${how}`
}

/** A move in words: who did what, when and why. */
function transitionText({ version, from, to, actor, atMs, reason }: Transition): string {
  return `v${version} was moved from ${from} to ${to} by ${actor} on ${new Date(atMs).toISOString()}: ${reason}`
}
