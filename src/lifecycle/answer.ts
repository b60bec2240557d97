// Answering a decision: once, whatever was stopped on the way.
import type { Decision } from '../flow/decision.ts'
import type { FlowRun } from '../flow/port.ts'
import { PlannedError } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import { canonicalJson } from '../kernel/json.ts'
import type { Transition } from '../tracking/port.ts'
import { Question, subjectOf } from './ask.ts'
import { readRoster } from './champion.ts'
import { cycle } from './cycle.ts'
import { lockOf } from './cycle-key.ts'
import { DecisionInput, decisionFlow } from './decision-flow.ts'
import { whatClosed } from './decision-state.ts'
import { type DecisionView, viewOf } from './decisions.ts'
import { firstModel } from './first-model.ts'
import { type AnsweringRooms, type FurtherLook, furtherInput } from './further-look.ts'
import { refuseOthersModel } from './model-owner.ts'
import type { Watch } from './raw-table.ts'
import { finishStopped, goOnWith, hasMoved } from './resume.ts'
import type { LifecycleRooms } from './rooms.ts'

export interface AnswerRequest extends Omit<DecisionInput, 'model'> {}

/** What came of an answer; the further look is that of `retrain`. */
export interface Answered extends FurtherLook {
  readonly decision: DecisionView
  readonly moves: readonly Transition[]
}

/**
 * Answers a decision. The answer is kept for ever, and carried out once: one that was stopped goes on when it is given again, word for word,
 * and one that had already moved a version is finished before anything else is said.
 *
 * Throws `NOT_FOUND` for a decision that is none; `CONFLICT`, saying who did what and when, for one that was answered or that is not waiting
 * any more, and while a cycle of the model runs; `BAD_INPUT` for settings that cannot be. The decision goes on waiting then.
 */
export async function answerDecision(rooms: LifecycleRooms, request: AnswerRequest, watch: Watch): Promise<Answered> {
  const { id, choice } = request
  if (choice !== 'retrain' && Object.keys(request.set).length > 0) {
    throw new PlannedError('BAD_INPUT', `--set changes nothing when the answer is ${choice}`, {
      next: 'leave it out, or choose retrain',
    })
  }
  const { decisions } = rooms.engine
  const asking = await decisions.find(id)
  const model = modelOf(rooms, asking)
  await refuseOthersModel(rooms, model)
  await finishAsking(rooms, asking, watch)
  const input: DecisionInput = { ...request, model }
  const answering = { ...rooms, watch }
  const result = (await finishStoppedAnswer(answering, input, watch)) ?? (await carryOut(answering, input, watch))
  const roster = await readRoster(rooms.tracking, model)
  return {
    cycle: result.further?.cycle ?? null,
    firstModel: result.further?.firstModel ?? null,
    decision: await viewOf(rooms, await decisions.find(id), roster, await sameModel(rooms, model)),
    moves: roster.history.filter((transition) => result.moves.includes(transition.id)),
  }
}

type Result = { readonly moves: readonly number[]; readonly further: FurtherLook | null }

/** Finishes an answer that was stopped: the same one, or any that has moved a version. What came of it, if it is the one given now. */
async function finishStoppedAnswer(rooms: AnsweringRooms, input: DecisionInput, watch: Watch): Promise<Result | null> {
  const { history } = await readRoster(rooms.tracking, input.model)
  const isTheSame = (run: FlowRun): boolean => canonicalJson(run.input) === canonicalJson(input)
  const stopped = {
    prefix: prefixOf(rooms, input),
    isLocked: (run: FlowRun) => holdsModel(DecisionInput.parse(run.input)),
    hasBegun: (run: FlowRun) => hasMoved(history, run) || isTheSame(run),
  }
  const finished = await finishStopped(rooms, decisionFlow, stopped, watch)
  return finished !== null && isTheSame(finished.run) ? finished.output : null
}

async function carryOut(rooms: AnsweringRooms, input: DecisionInput, watch: Watch): Promise<Result> {
  const { id, model } = input
  const decision = await rooms.engine.decisions.find(id)
  const closed = whatClosed(decision, await readRoster(rooms.tracking, model), await sameModel(rooms, model))
  if (closed !== null) throw closed.error
  if (input.choice === 'retrain') await furtherInput(rooms, decision, input.set) // what cannot be is refused before anything is begun
  const lock = holdsModel(input) ? { lock: lockOf(model) } : {}
  const key = `${prefixOf(rooms, input)}${newId()}`
  return (await rooms.engine.run(decisionFlow, rooms, input, { key, ...lock, ...watch })).output
}

/** The cycle of a further look holds the model itself. */
function holdsModel({ choice }: DecisionInput): boolean {
  return choice !== 'retrain'
}

function prefixOf(rooms: LifecycleRooms, { id, model }: DecisionInput): string {
  return `${subjectOf(rooms, model)}/decision-${id}/`
}

function sameModel(rooms: LifecycleRooms, model: string): Promise<readonly Decision[]> {
  return rooms.engine.decisions.list({ subject: subjectOf(rooms, model) })
}

/** The model a decision is about. Throws `NOT_FOUND` if it belongs to another store. */
function modelOf(rooms: LifecycleRooms, { id, question, subject }: Decision): string {
  const { model } = Question.parse(question)
  if (subject === subjectOf(rooms, model)) return model
  throw new PlannedError('NOT_FOUND', `decision ${id} belongs to another tracking store`, {
    next: 'set MODEL_TARGET and MLFLOW_TRACKING_URI as they were when it was asked',
  })
}

/** The run that asked may have been stopped before its evidence was on record and anybody was told: that comes first. */
async function finishAsking(rooms: LifecycleRooms, { flowRunId, question }: Decision, watch: Watch): Promise<void> {
  const run = await rooms.engine.flowRun(flowRunId)
  const flow = Question.parse(question).kind === 'cycle' ? cycle : firstModel
  if (run.status === 'completed' || run.version !== flow.version) return
  if (flow.name === cycle.name) await goOnWith(rooms, cycle, run, { ...watch, isLocked: true })
  else await goOnWith(rooms, firstModel, run, { ...watch, isLocked: true })
}
