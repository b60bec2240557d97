// A person's answer, carried out: planned, moved (or, for `retrain`, looked at once more), recorded, told.
import { z } from 'zod'
import { flow } from '../flow/flow.ts'
import type { TaskContext } from '../flow/port.ts'
import { PlannedError, unreachable } from '../kernel/errors.ts'
import type { Move } from '../tracking/port.ts'
import { Question, subjectOf } from './ask.ts'
import { type Roster, readRoster } from './champion.ts'
import { whatClosed, whyNotPromoted } from './decision-state.ts'
import { type AnsweringRooms, type FurtherLook, furtherLook } from './further-look.ts'
import { checkEntering } from './open-version.ts'
import { type NamedCause, rollbackMoves, rollbackOf } from './rollback.ts'
import type { LifecycleRooms } from './rooms.ts'
import { takeProduction } from './stage-moves.ts'
import { tellDecision } from './tell.ts'

export const CHOICES = ['promote', 'keep', 'retrain', 'rollback'] as const
export type Choice = (typeof CHOICES)[number]

export const DecisionInput = z.object({
  id: z.int().positive(),
  model: z.string(),
  choice: z.enum(CHOICES),
  why: z.string(),
  by: z.string(),
  /** Settings for `retrain`, as they were typed. */
  set: z.record(z.string(), z.string()),
})
export type DecisionInput = z.infer<typeof DecisionInput>

/** What an answer moves, planned before anything is moved. */
type AnswerPlan = { readonly moves: Move[] }

/**
 * `retrain` runs a cycle of its own inside a task, and that one holds the model: this run holds it only for the other answers. The answer is
 * recorded once it is carried out, so that one that cannot be leaves the decision open.
 */
export const decisionFlow = flow<AnsweringRooms>()({
  name: 'decision',
  version: 1,
  input: DecisionInput,
  async run({ task, rooms }, input): Promise<{ moves: number[]; further: FurtherLook | null }> {
    const plan = await task('plan_answer', input, planAnswer(rooms))
    const further =
      input.choice === 'retrain' ? await task('further_look', input, furtherLook(rooms), { retries: 0 }) : null
    const moved = await task('transition_model', { input, plan }, async (facts, { effectKey }) => {
      const made = await rooms.tracking.move(input.model, facts.plan.moves, `${effectKey}/move`)
      return { moves: made.map(({ id }) => id) }
    })
    await task('record_answer', { input, moved }, recordAnswer(rooms), { retries: 3 })
    await task('notify', { input, plan }, tellDecision(rooms))
    return { ...moved, further }
  },
})

function planAnswer(rooms: LifecycleRooms) {
  return async (input: DecisionInput, context: TaskContext): Promise<AnswerPlan> => {
    const { decisions } = rooms.engine
    const decision = await decisions.find(input.id)
    const roster = await readRoster(rooms.tracking, input.model)
    const closed = whatClosed(decision, roster, await decisions.list({ subject: subjectOf(rooms, input.model) }))
    if (closed !== null) throw closed.error
    const { id, choice, by, why } = input
    const evidence = { decision: id, choice, askedBy: decision.flowRunId, flowRun: context.flowRunId }
    const moves = movesOf(input, Question.parse(decision.question), roster, { actor: by, reason: why, evidence })
    await checkEntering(rooms, input.model, moves)
    return { moves }
  }
}

function movesOf(input: DecisionInput, question: Question, roster: Roster, cause: NamedCause): Move[] {
  const { version } = question
  const leaves: Move[] = version === null ? [] : [{ version, to: 'Archived', expect: 'Staging', cause }]
  switch (input.choice) {
    case 'retrain':
      return []
    case 'keep':
      return leaves
    case 'promote': {
      const refusal = whyNotPromoted(question, roster)
      if (refusal !== null || version === null) throw refusedPromotion(input.id, refusal ?? '')
      const replaced = { number: question.production, reason: `replaced by v${version}: ${cause.reason}` }
      return takeProduction({ number: version, from: 'Staging' }, replaced, cause)
    }
    case 'rollback': {
      const back = rollbackOf(roster, null)
      if (back !== null)
        return [...rollbackMoves(back, cause), ...leaves.filter((move) => move.version !== back.to.version)]
      throw new PlannedError('CONFLICT', `decision ${input.id} cannot be answered by a rollback`, {
        why: 'no earlier version was in Production, or none of those is left',
        next: 'choose promote, keep or retrain',
      })
    }
    default:
      return unreachable(input.choice)
  }
}

function refusedPromotion(id: number, why: string): PlannedError {
  return new PlannedError('CONFLICT', `decision ${id} cannot be answered by promote`, {
    why,
    next: 'choose keep or retrain, which compares with what serves now',
  })
}

function recordAnswer(rooms: LifecycleRooms) {
  return async ({ input, moved }: { input: DecisionInput; moved: { moves: number[] } }, context: TaskContext) => {
    const { id, choice, why, by, set } = input
    const details = { set, transitions: moved.moves }
    await rooms.engine.decisions.answer(id, { choice, why, by, details, flowRunId: context.flowRunId })
    return null
  }
}
