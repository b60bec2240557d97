// A person decides: what waits, each answer carried out once, and clear words for an answer that comes twice or too late.
import { expect, test } from 'vitest'
import { decisionsOf } from '../../src/lifecycle/decisions.ts'
import { promoteByHand } from '../../src/lifecycle/promote-by-hand.ts'
import { rollbackByHand } from '../../src/lifecycle/rollback.ts'
import { deliveries } from '../deliveries/project.ts'
import { openStage } from './stage.ts'
import { answer, model, refusal, UNFORESEEABLE, waiting, waitingLater } from './waiting.ts'

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

test('a decision that is none is NOT_FOUND', async () => {
  await using stage = await waiting()
  expect(await refusal(answer(stage, 'keep', { id: 7 }))).toContain('NOT_FOUND: there is no decision 7')
})
