// Task `ask_a_person`: an escalation becomes a decision that waits, for as long as it takes.
import { z } from 'zod'
import type { TaskContext } from '../flow/port.ts'
import { canonicalJson } from '../kernel/json.ts'
import type { Cast } from './cast.ts'
import type { Challenger } from './make-challenger.ts'
import { windowText } from './recording.ts'
import type { CycleInput, FirstModelInput, LifecycleRooms } from './rooms.ts'

/** What a decision is about, by reference: its evidence is the outcome of the run that asked. */
export const Question = z.object({
  kind: z.enum(['cycle', 'first-model']),
  model: z.string(),
  /** The month, in words. */
  month: z.string(),
  /** The version that waits in Staging; null if none could be trained. */
  version: z.int().nullable(),
  /** The version that was in Production when this was asked. */
  production: z.int().nullable(),
})
export type Question = z.infer<typeof Question>

export type Asked = {
  readonly id: number
  /** False if the very same was asked before, and the answer is still awaited. */
  readonly isNew: boolean
}

export function askAboutCycle(rooms: LifecycleRooms) {
  return async (
    { input, cast, challenger }: { input: CycleInput; cast: Cast; challenger: Challenger | null },
    context: TaskContext,
  ): Promise<Asked> => {
    const version = challenger?.version ?? null
    const about = { kind: 'cycle', model: input.model, month: windowText(input) } as const
    return await ask(rooms, { ...about, version, production: cast.production }, context)
  }
}

export function askAboutFirst(rooms: LifecycleRooms) {
  return async (
    { input, version }: { input: FirstModelInput; version: number },
    context: TaskContext,
  ): Promise<Asked> => {
    const about = { kind: 'first-model', model: input.model, month: windowText(input) } as const
    return await ask(rooms, { ...about, version, production: input.foreign }, context)
  }
}

/** What the decisions of a model are filed under. */
export function subjectOf({ store }: Pick<LifecycleRooms, 'store'>, model: string): string {
  return `${store}/${model}`
}

async function ask(rooms: LifecycleRooms, question: Question, context: TaskContext): Promise<Asked> {
  const { decisions } = rooms.engine
  const subject = subjectOf(rooms, question.model)
  const waiting = (await decisions.list({ subject })).find(
    ({ answer, flowRunId, question: asked }) =>
      answer === null &&
      flowRunId !== context.flowRunId &&
      question.version !== null &&
      canonicalJson(asked) === canonicalJson(question),
  )
  if (waiting !== undefined) return { id: waiting.id, isNew: false }
  const { id } = await decisions.ask({ flowRunId: context.flowRunId, subject, question })
  return { id, isNew: true }
}
