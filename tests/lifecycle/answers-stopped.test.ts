// Answers and rollbacks that are stopped half way, or that another person's comes upon.
import { expect, test } from 'vitest'
import { monthWindow } from '../../src/kernel/window.ts'
import { lockOf } from '../../src/lifecycle/cycle-key.ts'
import { decisionFlow } from '../../src/lifecycle/decision-flow.ts'
import { rollbackByHand } from '../../src/lifecycle/rollback.ts'
import { runCycle } from '../../src/lifecycle/run-cycle.ts'
import { deliveries } from '../deliveries/project.ts'
import { openStage, type Stage, usual } from './stage.ts'
import { answer, model, refusal, UNFORESEEABLE, waiting, waitingLater } from './waiting.ts'

test('an answer that was killed between the move and its record is finished, not refused', async () => {
  await using stage = await waiting()
  const { decisions } = stage.engine
  let isBroken = true
  const flaky: Stage = {
    ...stage,
    engine: {
      ...stage.engine,
      decisions: {
        ...decisions,
        answer: async (id, given) => {
          if (isBroken) throw new Error('killed')
          return await decisions.answer(id, given)
        },
      },
    },
  }
  await expect(answer(flaky, 'promote')).rejects.toThrow('killed')
  expect(await stage.cast()).toBe('v1 Archived, v2 Production')
  isBroken = false
  const { decision, moves } = await answer(stage, 'promote')
  expect(decision.status).toBe('answered')
  expect(moves).toHaveLength(2)
  expect((await stage.tracking.history(model)).filter(({ to }) => to === 'Production')).toHaveLength(2)
})

test("another person's answer does not carry out the one that failed before it moved anything", async () => {
  await using stage = await waiting()
  const { tracking } = stage
  const flaky: Stage = { ...stage, tracking: { ...tracking, move: () => Promise.reject(new Error('no room')) } }
  await expect(answer(flaky, 'promote')).rejects.toThrow('no room')
  const { decision } = await answer(stage, 'keep', { by: 'ben' })
  expect(decision.answer).toMatchObject({ choice: 'keep', by: 'ben' })
  expect(await stage.cast()).toBe('v1 Production, v2 Archived')
})

test('an answer finishes the run that asked: its evidence is on record, and what is told is not old', async () => {
  let isBroken = true
  await using stage = await openStage(deliveries({ '2020-04': UNFORESEEABLE }))
  const broken: Stage = {
    ...stage,
    outbox: {
      ...stage.outbox,
      post: async (key, notice, options) => {
        if (isBroken && notice.text.startsWith('🚨')) throw new Error('killed')
        return await stage.outbox.post(key, notice, options)
      },
    },
  }
  const request = { ...usual(deliveries()), ...monthWindow('2020-04') }
  await expect(runCycle(broken, request, {})).rejects.toThrow('killed')
  isBroken = false
  await answer(stage, 'promote')
  expect(stage.notices.at(-2)).toMatch(/^🚨 No model good enough/)
  expect(stage.notices.at(-1)).toContain('v2 is in production in place of v1, by ana (decision 1)')
})

test('rollback goes back one reign at a time, never to what it left, and no later training starts from that', async () => {
  await using stage = await waitingLater()
  const back = (to: number | null = null) => rollbackByHand(stage, { model, to, actor: 'ana', reason: 'complaints' })
  expect(await back()).toMatchObject([
    { version: 3, to: 'Archived', reason: 'rolled back to v2: complaints' },
    { version: 2, to: 'Production', reason: 'complaints' },
  ])
  await back()
  expect(await stage.cast()).toBe('v1 Production, v2 Archived, v3 Archived, v4 Staging')
  expect(await refusal(back())).toMatch(/^NOT_FOUND: deliveries has no version to go back to/)
  expect(await refusal(back(4))).toContain('v4 of deliveries was never in Production')
  expect(await refusal(back(1))).toContain('v1 of deliveries is in Production already')
  expect(await refusal(back(9))).toContain('there is no version 9')
  await back(3)
  expect(await stage.cast()).toBe('v1 Archived, v2 Archived, v3 Production, v4 Staging')
})

test('a rollback that was killed after it moved Production is finished and told, and goes no further back', async () => {
  await using stage = await waitingLater()
  const request = { model, to: null, actor: 'ana', reason: 'complaints' }
  const broken: Stage = { ...stage, outbox: { ...stage.outbox, post: () => Promise.reject(new Error('killed')) } }
  await expect(rollbackByHand(broken, request)).rejects.toThrow('killed')
  expect(await rollbackByHand(stage, request)).toHaveLength(2)
  expect(await stage.cast()).toBe('v1 Archived, v2 Production, v3 Archived, v4 Staging')
  expect(stage.notices.at(-1)).toBe('ℹ️ deliveries: v2 is in production again in place of v3, by ana: complaints')
})

test('a model that nobody keeps is not rolled back, and leaves no trace', async () => {
  await using stage = await waiting()
  const nothing = { model: 'deliverees', to: null, actor: 'ana', reason: 'x' }
  expect(await refusal(rollbackByHand(stage, nothing))).toContain('NOT_FOUND: there is no model deliverees')
  expect(await stage.engine.flowRuns({ flow: 'rollback' })).toEqual([])
})

test('what closed a decision is asked once more under the lock of the model', async () => {
  await using stage = await waiting()
  await answer(stage, 'keep')
  const late = { id: 1, model, choice: 'rollback', why: 'x', by: 'ben', set: {} } as const
  const run = stage.engine.run(decisionFlow, { ...stage, watch: {} }, late, { key: 'late', lock: lockOf(model) })
  expect(await refusal(run)).toContain('decision 1 was answered before: ana chose keep')
})

test('a promotion that was stopped after it moved is finished under the lock, whatever is answered next', async () => {
  await using stage = await waiting()
  const broken: Stage = {
    ...stage,
    engine: {
      ...stage.engine,
      decisions: { ...stage.engine.decisions, answer: () => Promise.reject(new Error('killed')) },
    },
  }
  await expect(answer(broken, 'promote')).rejects.toThrow('killed')
  const locks: (string | undefined)[] = []
  const watched: Stage = {
    ...stage,
    engine: {
      ...stage.engine,
      run: (flow, rooms, input, options) => {
        if (flow.name === 'decision') locks.push(options.lock)
        return stage.engine.run(flow, rooms, input, options)
      },
    },
  }
  const late = answer(watched, 'retrain', { by: 'ben', set: { ridge: '0.01' } })
  expect(await refusal(late)).toContain('decision 1 was answered before: ana chose promote')
  expect(locks).toEqual([lockOf(model)])
})
