// The answer `retrain`: a further look that counts, is tested more strictly, and may promote.
import { expect, test } from 'vitest'
import { PlannedError } from '../../src/kernel/errors.ts'
import { decisionsOf } from '../../src/lifecycle/decisions.ts'
import { CycleInput } from '../../src/lifecycle/rooms.ts'
import { runRetrain } from '../../src/lifecycle/run-cycle.ts'
import { deliveries } from '../deliveries/project.ts'
import { openStage, type Stage } from './stage.ts'
import { answer, model, refusal, SLOWER, waiting } from './waiting.ts'

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

test('a decision has one further look: whoever comes second is told, under the lock of the model', async () => {
  await using stage = await waiting()
  await answer(stage, 'retrain', { set: { ridge: '0.01' } })
  const [last] = await stage.engine.flowRuns({ flow: 'cycle' })
  const input = CycleInput.parse(last?.input)
  expect(input.retrainOf).toBe(1)
  expect(await refusal(runRetrain(stage, { ...input, seed: 7 }, {}))).toContain('decision 1 was answered before')
  expect(stage.trainings.count).toBe(3)
  expect((await runRetrain(stage, input, {})).retrainOf).toBe(1) // the same one is handed over again
  expect(stage.trainings.count).toBe(3)
})

test('a further look that came to move nothing, as somebody changed what serves meanwhile, leaves the decision open', async () => {
  await using stage = await waiting()
  const { warehouse, tracking } = stage
  const meddled: Stage = {
    ...stage,
    warehouse: {
      ...warehouse,
      derive: async (derivation, signal) => {
        await tracking.setVersionTags(model, 1, { 'understudy.trained_to': '2020-05-01T00:00:00.000Z' })
        return await warehouse.derive(derivation, signal)
      },
    },
  }
  const why = await refusal(answer(meddled, 'retrain', { set: { ridge: '0.01' } }))
  expect(why).toContain('CONFLICT: the further look for decision 1 moved nothing')
  expect((await decisionsOf(stage, { model }))[0]).toMatchObject({ id: 1, status: 'open' })
  expect(await stage.cast()).toBe('v1 Production, v2 Staging')
})
