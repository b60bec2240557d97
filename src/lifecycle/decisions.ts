// A person decides: what waits, with its evidence and what each answer would do, and the answers.
import type { Answer, Decision } from '../flow/decision.ts'
import { PlannedError } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import type { Json } from '../kernel/json.ts'
import type { Transition } from '../tracking/port.ts'
import { Question, subjectOf } from './ask.ts'
import { type Roster, readRoster } from './champion.ts'
import { cycle } from './cycle.ts'
import { lockOf } from './cycle-key.ts'
import { type Choice, DecisionInput, decisionFlow } from './decision-flow.ts'
import { whatClosed, whyNotPromoted } from './decision-state.ts'
import { firstModel } from './first-model.ts'
import { refuseOthersModel } from './model-owner.ts'
import type { CycleOutcome, FirstModelOutcome } from './outcome.ts'
import type { Watch } from './raw-table.ts'
import { finishStopped, onceBegun } from './resume.ts'
import { rollbackOf } from './rollback.ts'
import { CycleInput, FirstModelInput, type LifecycleRooms } from './rooms.ts'
import { runFirstRetrain, runRetrain } from './run-cycle.ts'
import { retrainedWith } from './trainer-settings.ts'

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

/** The decisions of a model, or of all models of this store; those that wait, or all there ever were. Newest first. */
export async function decisionsOf(
  rooms: LifecycleRooms,
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
    const view = await viewOf(rooms, decision, roster)
    if (all || view.status === 'open') views.push(view)
  }
  return views
}

async function viewOf(rooms: LifecycleRooms, decision: Decision, roster: Roster): Promise<DecisionView> {
  const question = Question.parse(decision.question)
  const { output } = await rooms.engine.flowRun(decision.flowRunId)
  const closed = whatClosed(decision, roster)
  return {
    id: decision.id,
    ...question,
    askedAtMs: decision.askedAtMs,
    status: closed === null ? 'open' : decision.answer === null ? 'closed' : 'answered',
    because: closed?.because ?? null,
    answer: decision.answer,
    cycle: question.kind === 'cycle' ? (output as CycleOutcome | null) : null, // what the flow of that name returned
    firstModel: question.kind === 'first-model' ? (output as FirstModelOutcome | null) : null,
    choices: closed === null ? choicesOf(question, roster) : [],
  }
}

function choicesOf(question: Question, roster: Roster): ChoiceView[] {
  const { version, production, kind, month } = question
  const waits = version === null ? '' : `v${version}`
  const serves = production === null ? 'no version serves' : `v${production} goes on serving`
  const refusal = whyNotPromoted(question, roster)
  const back = rollbackOf(roster, null)
  const archived = version === null ? '' : `; ${waits} is archived`
  const gone = production === null ? '' : `, v${production} is archived`
  const further =
    kind === 'cycle'
      ? `another version is trained on ${month} with what --set changes and judged on the same holdout: a further look, which may promote`
      : 'another first model is trained with what --set changes, and waits in its turn'
  return [
    { choice: 'promote', isPossible: refusal === null, effect: refusal ?? `${waits} goes to Production${gone}` },
    {
      choice: 'keep',
      isPossible: true,
      effect: version === null ? `nothing moves; ${serves}` : `${waits} is archived; ${serves}`,
    },
    { choice: 'retrain', isPossible: true, effect: further },
    {
      choice: 'rollback',
      isPossible: back !== null,
      effect:
        back === null
          ? 'no earlier version was in Production'
          : `v${back.to.version} is in Production again${back.from === null ? '' : `, v${back.from.version} is archived`}${archived}`,
    },
  ]
}

export interface AnswerRequest extends Omit<DecisionInput, 'model'> {}

/** What came of an answer. */
export interface Answered {
  readonly decision: DecisionView
  readonly moves: readonly Transition[]
  /** The further look of `retrain`. */
  readonly cycle: CycleOutcome | null
  readonly firstModel: FirstModelOutcome | null
}

/**
 * Answers a decision. The answer is kept for ever, and carried out once, even if this is stopped and given again.
 *
 * Throws `NOT_FOUND` for a decision that is none; `CONFLICT`, saying who did what and when, for one that was answered or that is not waiting
 * any more, and while a cycle of the model runs; `BAD_INPUT` for settings that cannot be.
 */
export async function answerDecision(rooms: LifecycleRooms, request: AnswerRequest, watch: Watch): Promise<Answered> {
  const { id, choice } = request
  if (choice !== 'retrain' && Object.keys(request.set).length > 0) {
    throw new PlannedError('BAD_INPUT', `--set changes nothing when the answer is ${choice}`, {
      next: 'leave it out, or choose retrain',
    })
  }
  const model = await modelOf(rooms, id)
  await refuseOthersModel(rooms, model)
  const prefix = `${subjectOf(rooms, model)}/decision-${id}/`
  const finished = await finishStopped(rooms, decisionFlow, { prefix, hasBegun: onceBegun('transition_model') }, watch)
  const decision = await rooms.engine.decisions.find(id)
  const closed = whatClosed(decision, await readRoster(rooms.tracking, model))
  // An answer that was stopped half way goes on when it is given again.
  const isHalfDone = finished !== null || (choice === 'retrain' && !(await isDone(rooms, decision)))
  const goesOn = isHalfDone && decision.answer?.choice === choice
  if (closed !== null && !goesOn) throw closed.error
  const set = goesOn ? setOf(decision) : request.set
  const further = choice === 'retrain' ? await furtherInput(rooms, decision, set) : null
  const options = { key: `${prefix}${newId()}`, lock: lockOf(model), ...watch }
  const moved = goesOn ? finished : (await rooms.engine.run(decisionFlow, rooms, { ...request, model }, options)).output
  const result = {
    cycle: further?.kind === 'cycle' ? await runRetrain(rooms, further.input, watch) : null,
    firstModel: further?.kind === 'first-model' ? await runFirstRetrain(rooms, further.input, watch) : null,
  }
  const roster = await readRoster(rooms.tracking, model)
  return {
    ...result,
    decision: await viewOf(rooms, await rooms.engine.decisions.find(id), roster),
    moves: roster.history.filter((transition) => moved?.moves.includes(transition.id)),
  }
}

/** The model a decision is about. Throws `NOT_FOUND` if there is no such decision in this store. */
async function modelOf(rooms: LifecycleRooms, id: number): Promise<string> {
  const { question, subject } = await rooms.engine.decisions.find(id)
  const { model } = Question.parse(question)
  if (subject === subjectOf(rooms, model)) return model
  throw new PlannedError('NOT_FOUND', `decision ${id} belongs to another tracking store`, {
    next: 'set MODEL_TARGET and MLFLOW_TRACKING_URI as they were when it was asked',
  })
}

/** The settings that a recorded answer carries. */
function setOf({ answer }: Decision): Record<string, string> {
  return DecisionInput.pick({ set: true }).parse(answer?.details).set
}

type Further =
  | { readonly kind: 'cycle'; readonly input: CycleInput }
  | { readonly kind: 'first-model'; readonly input: FirstModelInput }

/** What the run that asked was asked for, with other settings. */
async function furtherInput(rooms: LifecycleRooms, decision: Decision, set: Record<string, string>): Promise<Further> {
  const { kind } = Question.parse(decision.question)
  const { input } = await rooms.engine.flowRun(decision.flowRunId)
  if (kind === 'cycle') {
    const before = CycleInput.parse(input)
    const after = { ...before, ...retrainedWith(before, set), challenger: null, again: false, retrainOf: decision.id }
    return { kind, input: after }
  }
  const before = FirstModelInput.parse(input)
  const { seed, trainers, trainerSettings } = retrainedWith({ ...before, trainWindow: null, refit: false }, set)
  return { kind, input: { ...before, seed, trainers, trainerSettings, waiting: null, retrainOf: decision.id } }
}

/** Whether the further look that a decision asked for came to its outcome. */
async function isDone({ engine }: LifecycleRooms, decision: Decision): Promise<boolean> {
  const { kind } = Question.parse(decision.question)
  const runs = await engine.flowRuns({ flow: kind === 'cycle' ? cycle.name : firstModel.name })
  return runs.some(({ status, input, output }) => {
    const asked = CycleInput.pick({ retrainOf: true }).safeParse(input)
    return status === 'completed' && asked.data?.retrainOf === decision.id && !isOvertaken(output)
  })
}

function isOvertaken(output: Json): boolean {
  return typeof output === 'object' && output !== null && 'case' in output && output.case === 'overtaken'
}
