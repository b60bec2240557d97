// What waits for a person, with its evidence and what each answer would do.
import type { Answer, Decision } from '../flow/decision.ts'
import { Question, subjectOf } from './ask.ts'
import { type Roster, readRoster } from './champion.ts'
import type { Choice } from './decision-flow.ts'
import { whatClosed, whyNotPromoted, whyNotRetrained } from './decision-state.ts'
import type { CycleOutcome, FirstModelOutcome } from './outcome.ts'
import { rollbackOf } from './rollback.ts'
import type { LifecycleRooms } from './rooms.ts'

/** What an answer would do, or why it cannot be given. */
type ChoiceView = { readonly choice: Choice; readonly isPossible: boolean; readonly effect: string }

/** A decision as a person sees it. */
export type DecisionView = {
  readonly id: number
  readonly kind: Question['kind']
  readonly model: string
  readonly month: string
  /** The version that waits in Staging; null if none could be trained. */
  readonly version: number | null
  /** The version in Production when this was asked. */
  readonly production: number | null
  readonly askedAtMs: number
  /** `closed`: nobody answered, and what was asked about has changed since. */
  readonly status: 'open' | 'answered' | 'closed'
  /** Who did what, and when; null while it is open. */
  readonly because: string | null
  readonly answer: Answer | null
  /** Its evidence; null while the run that asked has not ended. */
  readonly cycle: CycleOutcome | null
  readonly firstModel: FirstModelOutcome | null
  /** None unless it is open. */
  readonly choices: readonly ChoiceView[]
}

/** What decisions are read from. */
type Records = Pick<LifecycleRooms, 'engine' | 'tracking' | 'store'>

/** The decisions of a model, or of all models of this store; those that wait, or all there ever were. Newest first. */
export async function decisionsOf(
  rooms: Records,
  filter: { readonly model?: string; readonly all?: boolean } = {},
): Promise<readonly DecisionView[]> {
  const { model, all = false } = filter
  const own = (
    await rooms.engine.decisions.list(model === undefined ? {} : { subject: subjectOf(rooms, model) })
  ).filter(({ subject }) => subject.startsWith(subjectOf(rooms, '')))
  const rosters = new Map<string, Roster>()
  const views: DecisionView[] = []
  for (const decision of own) {
    const { model: about } = Question.parse(decision.question)
    const roster = rosters.get(about) ?? (await readRoster(rooms.tracking, about))
    rosters.set(about, roster)
    const view = await viewOf(rooms, decision, roster, own)
    if (all || view.status === 'open') views.push(view)
  }
  return views
}

/** `others` are at least the decisions about the same model. */
export async function viewOf(
  rooms: Pick<LifecycleRooms, 'engine'>,
  decision: Decision,
  roster: Roster,
  others: readonly Decision[],
): Promise<DecisionView> {
  const question = Question.parse(decision.question)
  const { output } = await rooms.engine.flowRun(decision.flowRunId)
  const same = others.filter(({ subject }) => subject === decision.subject)
  const closed = whatClosed(decision, roster, same)
  const asked = question.kind === 'cycle' ? (output as CycleOutcome | null) : null // what the flow of that name returned
  return {
    id: decision.id,
    ...question,
    askedAtMs: decision.askedAtMs,
    status: closed === null ? 'open' : decision.answer === null ? 'closed' : 'answered',
    because: closed?.because ?? null,
    answer: decision.answer,
    cycle: asked,
    firstModel: question.kind === 'first-model' ? (output as FirstModelOutcome | null) : null,
    choices: closed === null ? choicesOf(question, asked?.holdoutFrom ?? null, roster) : [],
  }
}

function choicesOf(question: Question, holdoutFrom: string | null, roster: Roster): ChoiceView[] {
  const { version, kind, month } = question
  const serving = roster.versions.find(({ stage }) => stage === 'Production')?.version ?? null
  const serves = serving === null ? 'no version serves' : `v${serving} goes on serving`
  const back = rollbackOf(roster, null)
  const gone = (left: number | null | undefined): string => (left == null ? '' : `, v${left} is archived`)
  const archived = version === null ? '' : `v${version} is archived`
  const further =
    kind === 'cycle'
      ? `another version is trained on ${month}${version === null ? ', if there are more rows by now,' : ''} with what --set changes and judged on the same holdout: a further look, which may promote`
      : 'another first model is trained with what --set changes, and waits in its turn'
  const choice = (name: Choice, refusal: string | null, effect: string): ChoiceView => ({
    choice: name,
    isPossible: refusal === null,
    effect: refusal ?? effect,
  })
  return [
    choice('promote', whyNotPromoted(question, roster), `v${version} goes to Production${gone(serving)}`),
    choice('keep', null, `${version === null ? 'nothing moves' : archived}; ${serves}`),
    choice('retrain', whyNotRetrained(question, holdoutFrom, roster), further),
    choice(
      'rollback',
      back === null ? 'no earlier version was in Production' : null,
      `v${back?.to.version} is in Production again${gone(back?.from?.version)}${version === null ? '' : `; ${archived}`}`,
    ),
  ]
}
