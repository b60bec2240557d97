// Whether a decision is still to be made: read from the answer, the registry and its history, and stored nowhere else.
import { alreadyAnswered, type Decision } from '../flow/decision.ts'
import { PlannedError } from '../kernel/errors.ts'
import type { Transition } from '../tracking/port.ts'
import { Question } from './ask.ts'
import { type Roster, trainedToMs } from './champion.ts'

/** Why a decision cannot be made any more: who did what, and when. */
export interface Closed {
  readonly because: string
  readonly error: PlannedError
}

/** Null while the decision is open. `others` are the decisions about the same model. */
export function whatClosed(decision: Decision, roster: Roster, others: readonly Decision[]): Closed | null {
  if (decision.answer !== null) {
    const error = alreadyAnswered(decision.id, decision.answer)
    return { because: error.why ?? '', error }
  }
  const because = askedAgain(decision, others) ?? whatHappened(decision, roster)
  if (because === null) return null
  const error = new PlannedError('CONFLICT', `decision ${decision.id} is not waiting any more`, {
    why: because,
    next: './understudy decisions lists what waits, ./understudy history what was moved',
    facts: { id: decision.id },
  })
  return { because, error }
}

/** A later decision about the same version takes the place of an earlier one: it has the newer evidence. */
function askedAgain({ id, question }: Decision, others: readonly Decision[]): string | null {
  const { version } = Question.parse(question)
  const later = others.find((other) => other.id > id && Question.parse(other.question).version === version)
  return version === null || later === undefined
    ? null
    : `v${version} was asked about again on ${new Date(later.askedAtMs).toISOString()}, as decision ${later.id}`
}

function whatHappened({ question: asked, askedAtMs }: Decision, { versions, history }: Roster): string | null {
  const question = Question.parse(asked)
  const { version, production } = question
  if (version !== null) {
    const now = versions.find((one) => one.version === version)
    if (now?.stage === 'Staging') return null
    const own = history.filter((transition) => transition.version === version)
    const last = own.findLast(({ from }) => from === 'Staging') ?? own.at(-1) // what closed it, whatever came after
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

/** Why a further look could move nothing; null if it may. */
export function whyNotRetrained(question: Question, holdoutFrom: string | null, roster: Roster): string | null {
  if (question.kind === 'first-model') return whyNotPromoted(question, roster)
  const champion = roster.versions.find(({ stage }) => stage === 'Production')
  if (champion === undefined || holdoutFrom === null) return null
  const reached = trainedToMs(champion)
  if (reached !== null && reached <= Date.parse(holdoutFrom)) return null
  return reached === null
    ? `v${champion.version}, which serves now, does not say which rows it learnt`
    : `v${champion.version}, which serves now, has learnt rows that it would be judged on`
}

/** A move in words: who did what, when and why. */
function transitionText({ version, from, to, actor, atMs, reason }: Transition): string {
  return `v${version} was moved from ${from} to ${to} by ${actor} on ${new Date(atMs).toISOString()}: ${reason}`
}
