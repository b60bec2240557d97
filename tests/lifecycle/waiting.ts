// What tests of a person's decisions begin with: a stage where something waits, and ways to answer and to be refused.
import { expect } from 'vitest'
import { isPlanned } from '../../src/kernel/errors.ts'
import { type AnswerRequest, answerDecision } from '../../src/lifecycle/answer.ts'
import { deliveries } from '../deliveries/project.ts'
import { openStage, type Stage } from './stage.ts'

export const UNFORESEEABLE = { noise: 9 }
export const SLOWER = { pace: 3.6 }
export const model = 'deliveries'

/** v1 in Production, v2 in Staging, and decision 1 about it. */
export async function waiting(options: Parameters<typeof openStage>[1] = {}): Promise<Stage> {
  const stage = await openStage(deliveries({ '2020-04': UNFORESEEABLE }), options)
  const { cycle } = await stage.month('2020-04')
  expect(cycle).toMatchObject({ verdict: 'escalate', decision: 1 })
  return stage
}

/** v1 and v2 archived, v3 in Production, v4 in Staging, and decision 1 about it. */
export async function waitingLater(): Promise<Stage> {
  const stage = await openStage(
    deliveries({ '2020-04': SLOWER, '2020-05': { pace: 4.2 }, '2020-06': { ...UNFORESEEABLE, pace: 4.2 } }),
  )
  for (const month of ['2020-04', '2020-05'] as const) {
    expect((await stage.month(month)).cycle?.verdict).toBe('promote')
  }
  expect((await stage.month('2020-06')).cycle).toMatchObject({ verdict: 'escalate', decision: 1 })
  expect(await stage.cast()).toBe('v1 Archived, v2 Archived, v3 Production, v4 Staging')
  return stage
}

export function answer(stage: Stage, choice: AnswerRequest['choice'], more: Partial<AnswerRequest> = {}) {
  return answerDecision(stage, { id: 1, choice, why: 'I have looked', by: 'ana', set: {}, ...more }, {})
}

export async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => expect.unreachable('it was not refused'),
    (thrown: unknown) => thrown,
  )
  if (!isPlanned(error)) throw error
  return `${error.code}: ${error.message}`
}
