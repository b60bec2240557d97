// A person decides: what waits, each answer carried out once, and clear words for an answer that comes twice or too late.
import { expect, test } from 'vitest'
import { isPlanned, PlannedError } from '../../src/kernel/errors.ts'
import { monthWindow } from '../../src/kernel/window.ts'
import { type AnswerRequest, answerDecision } from '../../src/lifecycle/answer.ts'
import { decisionsOf } from '../../src/lifecycle/decisions.ts'
import { promoteByHand } from '../../src/lifecycle/promote-by-hand.ts'
import { rollbackByHand } from '../../src/lifecycle/rollback.ts'
import { runCycle } from '../../src/lifecycle/run-cycle.ts'
import { deliveries } from '../deliveries/project.ts'
import { openStage, type Stage, usual } from './stage.ts'

const UNFORESEEABLE = { noise: 9 }
const SLOWER = { pace: 3.6 }
const model = 'deliveries'

/** v1 in Production, v2 in Staging, and decision 1 about it. */
async function waiting(options: Parameters<typeof openStage>[1] = {}): Promise<Stage> {
  const stage = await openStage(deliveries({ '2020-04': UNFORESEEABLE }), options)
  const { cycle } = await stage.month('2020-04')
  expect(cycle).toMatchObject({ verdict: 'escalate', decision: 1 })
  return stage
}

/** v1 and v2 archived, v3 in Production, v4 in Staging, and decision 1 about it. */
async function waitingLater(): Promise<Stage> {
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

function answer(stage: Stage, choice: AnswerRequest['choice'], more: Partial<AnswerRequest> = {}) {
  return answerDecision(stage, { id: 1, choice, why: 'I have looked', by: 'ana', set: {}, ...more }, {})
}

async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => expect.unreachable('it was not refused'),
    (thrown: unknown) => thrown,
  )
  if (!isPlanned(error)) throw error
  return `${error.code}: ${error.message}`
}

test('what waits is listed with its evidence and what each answer would do', async () => {
  await using stage = await waitingLater()
  const [decision, ...others] = await decisionsOf(stage, { model })
  expect(others).toEqual([])
  expect(decision).toMatchObject({ id: 1, month: '2020-06', version: 4, production: 3, status: 'open' })
  expect(decision?.cycle?.difference).not.toBeNull()
  expect(decision?.choices.map(({ choice, effect }) => `${choice}: ${effect}`)).toEqual([
    'promote: v4 goes to Production, v3 is archived',
    'keep: v4 is archived; v3 goes on serving',
    'retrain: another version is trained on 2020-06 with what --set changes and judged on the same holdout: a further look, which may promote',
    'rollback: v2 is in Production again, v3 is archived; v4 is archived',
  ])
})

test('promote puts the version that waits into Production, in the name of who decided', async () => {
  await using stage = await waiting()
  const { moves, decision } = await answer(stage, 'promote')
  expect(await stage.cast()).toBe('v1 Archived, v2 Production')
  expect(moves).toMatchObject([
    { version: 1, to: 'Archived', actor: 'ana', reason: 'replaced by v2: I have looked' },
    { version: 2, to: 'Production', actor: 'ana', reason: 'I have looked', evidence: { decision: 1 } },
  ])
  expect(decision).toMatchObject({ status: 'answered', answer: { choice: 'promote', by: 'ana', why: 'I have looked' } })
  expect(stage.notices.at(-1)).toBe(
    'ℹ️ deliveries: v2 is in production in place of v1, by ana (decision 1): I have looked',
  )
  expect(await decisionsOf(stage, { model })).toEqual([])
  expect(await decisionsOf(stage, { all: true })).toHaveLength(1)
})

test('keep archives the version that waits, and the champion goes on', async () => {
  await using stage = await waiting()
  await answer(stage, 'keep')
  expect(await stage.cast()).toBe('v1 Production, v2 Archived')
  expect(stage.notices.at(-1)).toContain('v2 was not taken, production stays as it is')
})

test('rollback puts the version before the champion back, and archives the one that waited', async () => {
  await using stage = await waitingLater()
  await answer(stage, 'rollback')
  expect(await stage.cast()).toBe('v1 Archived, v2 Production, v3 Archived, v4 Archived')
  expect(stage.notices.at(-1)).toContain('v2 is in production again in place of v3')
})

test('with no earlier champion there is nothing to roll back to, and nothing moves', async () => {
  await using stage = await waiting()
  expect(await refusal(answer(stage, 'rollback'))).toMatch(/^CONFLICT: decision 1 cannot be answered by a rollback/)
  expect(await stage.cast()).toBe('v1 Production, v2 Staging')
  expect((await decisionsOf(stage, { model }))[0]?.status).toBe('open')
})

test('a second answer is told who gave the first, when and why', async () => {
  await using stage = await waiting()
  await answer(stage, 'keep')
  for (const choice of ['keep', 'promote', 'rollback'] as const) {
    const why = await refusal(answer(stage, choice, { by: 'ben' }))
    expect(why).toMatch(
      /^CONFLICT: decision 1 was answered before: ana chose keep on 20\d\d-.*Z, because "I have looked"; /,
    )
  }
  expect(await stage.cast()).toBe('v1 Production, v2 Archived')
})

test('an answer that comes too late is told what happened to the version', async () => {
  await using stage = await waiting()
  await stage.month('2020-05')
  expect(await refusal(answer(stage, 'promote'))).toMatch(
    /^CONFLICT: decision 1 is not waiting any more: v2 was moved from Staging to Archived by understudy on 20.*: superseded by v3; /,
  )
  const [closed] = await decisionsOf(stage, { model, all: true })
  expect(closed).toMatchObject({ status: 'closed', answer: null })
})

test('a version that somebody promoted by hand is not decided about again', async () => {
  await using stage = await waiting()
  await promoteByHand(stage, { model, version: 2, actor: 'ben', reason: 'in a hurry' })
  expect(await refusal(answer(stage, 'keep'))).toMatch(
    /v2 was moved from Staging to Production by ben on .*: in a hurry/,
  )
  expect(await stage.cast()).toBe('v1 Archived, v2 Production')
})

test('once another version serves than the one that was compared, promote is refused and says who put it there', async () => {
  await using stage = await waitingLater()
  await rollbackByHand(stage, { model, to: null, actor: 'ben', reason: 'complaints' })
  expect(await refusal(answer(stage, 'promote'))).toMatch(
    /v4 was compared while v3 was in Production, and v2 is there now: v2 was moved from Archived to Production by ben on .*: complaints/,
  )
  await answer(stage, 'keep')
  expect(await stage.cast()).toBe('v1 Archived, v2 Production, v3 Archived, v4 Archived')
})

test('retrain is a further look with other settings, linked to the first, tested more strictly, and it may promote', async () => {
  await using stage = await openStage(deliveries({ '2020-04': SLOWER }))
  const { cycle: first } = await stage.month('2020-04', { threshold: 0.5 }) // good enough for nobody
  expect(first).toMatchObject({ verdict: 'escalate', looks: 1, level: 0.95, decision: 1 })
  const { cycle, decision } = await answer(stage, 'retrain', { set: { ridge: '0.001' } })
  expect(decision.answer).toMatchObject({ choice: 'retrain', details: { set: { ridge: '0.001' } } })
  expect(cycle).toMatchObject({ retrainOf: 1, looks: 2, level: 0.975, applied: true, decision: 2 })
  expect(await stage.cast()).toBe('v1 Production, v2 Archived, v3 Staging') // superseded, and a person is asked again
  const run = await stage.tracking.run(cycle?.runId ?? '')
  const [asking] = await stage.engine.flowRuns({ flow: 'cycle' }).then((runs) => runs.toReversed())
  expect(run.tags).toMatchObject({
    'understudy.retrain_of_decision': '1',
    'understudy.retrain_of_flow_run': asking?.id,
  })
  const trained = await stage.tracking.run((await stage.tracking.version(model, 3)).runId ?? '')
  expect(trained.params).toMatchObject({ ridge: '0.001' })
  expect((await decisionsOf(stage, { model }))[0]).toMatchObject({ id: 2, status: 'open' })
})

test('a further look that is better and good enough is promoted', async () => {
  await using stage = await openStage(deliveries({ '2020-04': SLOWER }))
  const { cycle: first } = await stage.month('2020-04', { trainWindow: 'history' }) // mostly months of another pace
  expect(first).toMatchObject({ verdict: 'escalate', decision: 1 })
  const { cycle } = await answer(stage, 'retrain', { set: { TRAIN_WINDOW: 'month' } })
  expect(cycle).toMatchObject({ verdict: 'promote', applied: true, looks: 2, level: 0.975, decision: null })
  expect(await stage.cast()).toBe('v1 Archived, v2 Archived, v3 Production')
  expect(cycle?.reason).toContain('look 2 at the same holdout')
  expect(stage.notices.at(-2)).toMatch(/^🚀 New model replacing old in production with MAE: /)
  expect(stage.notices.at(-1)).toContain('the month was looked at once more with other settings, by ana (decision 1)')
})

test('retrain with nothing set, an unknown name or a value that cannot be is refused, and the decision goes on waiting', async () => {
  await using stage = await waiting()
  expect(await refusal(answer(stage, 'retrain'))).toContain('BAD_INPUT: nothing is set otherwise')
  expect(await refusal(answer(stage, 'retrain', { set: { rigde: '1' } }))).toMatch(
    /nothing takes a setting "rigde".*linear has ridge/,
  )
  expect(await refusal(answer(stage, 'retrain', { set: { ridge: '-1' } }))).toContain('ridge')
  expect(await refusal(answer(stage, 'retrain', { set: { SEED: '1.5' } }))).toContain('SEED is a whole number')
  expect(await refusal(answer(stage, 'keep', { set: { SEED: '1' } }))).toContain('--set changes nothing')
  expect((await decisionsOf(stage, { model }))[0]?.status).toBe('open')
  expect(stage.trainings.count).toBe(2)
})

test('a retraining that was stopped goes on when the answer is given again, and is done once', async () => {
  let isBroken = true
  await using stage = await waiting({
    learning: (count) => {
      if (count === 3 && isBroken) throw new Error('the power went')
    },
  })
  const set = { ridge: '0.01' }
  await expect(answer(stage, 'retrain', { set })).rejects.toThrow('the power went')
  isBroken = false
  const { cycle, decision } = await answer(stage, 'retrain', { set })
  expect(cycle).toMatchObject({ retrainOf: 1, looks: 2 })
  expect(decision.status).toBe('answered')
  expect(stage.trainings.count).toBe(4)
  expect(await refusal(answer(stage, 'retrain', { set: { ridge: '0.1' } }))).toContain('was answered before')
  expect((await stage.engine.flowRuns({ flow: 'cycle' })).filter(({ status }) => status !== 'completed')).toEqual([])
})

test('a retraining that cannot be done leaves the decision open: other settings, or another answer', async () => {
  await using stage = await waiting({
    learning: (count) => {
      if (count === 3) throw new PlannedError('BAD_DATA', 'learning ran out of the finite numbers')
    },
  })
  expect(await refusal(answer(stage, 'retrain', { set: { ridge: '1e30' } }))).toContain('finite numbers')
  expect((await decisionsOf(stage, { model }))[0]?.status).toBe('open')
  const { cycle } = await answer(stage, 'retrain', { set: { ridge: '0.01' }, by: 'ben' })
  expect(cycle).toMatchObject({ retrainOf: 1, looks: 2 })
  const [, first] = await decisionsOf(stage, { model, all: true })
  expect(first?.answer).toMatchObject({ by: 'ben', details: { set: { ridge: '0.01' } } })
})

test('while the champion has learnt rows of the holdout a further look could move nothing, so it is not begun', async () => {
  await using stage = await waiting()
  await stage.tracking.setVersionTags(model, 1, { 'understudy.trained_to': '2020-05-01T00:00:00.000Z' })
  const why = await refusal(answer(stage, 'retrain', { set: { ridge: '0.01' } }))
  expect(why).toContain('v1, which serves now, has learnt rows that it would be judged on')
  expect(stage.trainings.count).toBe(2)
  const [open] = await decisionsOf(stage, { model })
  expect(open?.choices.find(({ choice }) => choice === 'retrain')?.isPossible).toBe(false)
})

test('the month that was looked at again is decided: the same command says so', async () => {
  await using stage = await waiting()
  const { cycle } = await answer(stage, 'retrain', { set: { ridge: '0.01' } })
  const again = await stage.month('2020-04')
  expect(again.cycle?.runId).toBe(cycle?.runId)
  expect(again.decidedBefore).not.toBeNull()
})

test('a first model that waits is a decision, asked once however often the month is asked for', async () => {
  await using stage = await openStage(deliveries())
  const { first } = await stage.month('2020-04', { acceptFirst: false })
  expect(first?.decision).toBe(1)
  const told = stage.notices.length
  expect((await stage.month('2020-04', { acceptFirst: false })).first?.decision).toBe(1)
  expect(stage.notices.length).toBe(told)
  const { firstModel } = await answer(stage, 'retrain', { set: { ridge: '0.01' } })
  expect(firstModel).toMatchObject({ version: 2, decision: 2, verdict: 'escalate' })
  expect(await stage.cast()).toBe('v1 Archived, v2 Staging')
  await answer(stage, 'promote', { id: 2 })
  expect(await stage.cast()).toBe('v1 Archived, v2 Production')
  const { first: none, cycle } = await stage.month('2020-04', { acceptFirst: false })
  expect([none, cycle?.champion?.version]).toEqual([null, 2])
})

test('a month with too few rows and no champion asks, and an answer without a version can only keep, retrain or roll back', async () => {
  await using stage = await openStage(deliveries({ '2020-05': { rows: 30 } }))
  await stage.month('2020-04')
  await stage.tracking.move(model, [
    { version: 1, to: 'Archived', cause: { actor: 'ben', reason: 'withdrawn', evidence: null } },
    { version: 2, to: 'Archived', cause: { actor: 'ben', reason: 'withdrawn', evidence: null } },
  ])
  const { cycle } = await stage.month('2020-05')
  expect(cycle).toMatchObject({ verdict: 'escalate', challenger: null, decision: 1 })
  expect(await refusal(answer(stage, 'promote'))).toContain('no version waits')
  expect(await refusal(answer(stage, 'rollback'))).toContain('no earlier version was in Production') // v1 was withdrawn
  await answer(stage, 'keep')
  expect((await decisionsOf(stage, { model, all: true }))[0]?.answer?.choice).toBe('keep')
})

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

test('a version that is named as the challenger later is asked about anew, with the newer evidence', async () => {
  await using stage = await openStage(
    deliveries({ '2020-04': UNFORESEEABLE, '2020-05': UNFORESEEABLE, '2020-06': UNFORESEEABLE }),
  )
  await stage.month('2020-04')
  await stage.month('2020-05')
  const { cycle } = await stage.month('2020-06', { challenger: 2 })
  expect(cycle).toMatchObject({ verdict: 'escalate', decision: 3 })
  const all = await decisionsOf(stage, { model, all: true })
  expect(all.map(({ id, status }) => `${id} ${status}`)).toEqual(['3 open', '2 closed', '1 closed'])
  await answer(stage, 'promote', { id: 3 })
  expect(await stage.cast()).toBe('v1 Archived, v2 Production, v3 Archived')
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

test('a decision that is none is NOT_FOUND', async () => {
  await using stage = await waiting()
  expect(await refusal(answer(stage, 'keep', { id: 7 }))).toContain('NOT_FOUND: there is no decision 7')
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
