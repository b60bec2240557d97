// A month's cycle, verdict by verdict, on a project that has nothing to do with taxis.
import { expect, test } from 'vitest'
import { deliveries } from '../deliveries/project.ts'
import { openStage } from './stage.ts'

const SLOWER = { pace: 3.6 }
const UNFORESEEABLE = { noise: 9 }

test('the first model learns everything before the month, once, and becomes the baseline', async () => {
  await using stage = await openStage(deliveries())
  const { first, cycle } = await stage.month('2020-04')
  expect(first).toMatchObject({ version: 1, trained: true, verdict: 'promote' })
  expect(first?.rows).toBe(3 * 594) // three months of 600, six of each without a distance
  expect(cycle?.champion?.version).toBe(1)
  expect(stage.trainings.count).toBe(2) // the first model and the challenger
  expect(stage.notices[0]).toMatch(/^ℹ️ First model in production with MAE: /)
  const again = await stage.month('2020-05')
  expect(again.first).toBeNull()
  expect(stage.trainings.count).toBe(3)
})

test('a challenger that was better on the same rows replaces the champion', async () => {
  await using stage = await openStage(deliveries({ '2020-04': SLOWER }))
  const { cycle } = await stage.month('2020-04')
  expect(cycle).toMatchObject({ verdict: 'promote', case: 'challenger-better', applied: true })
  expect(await stage.cast()).toBe('v1 Archived, v2 Production')
  expect(stage.notices.at(-1)).toMatch(/^🚀 New model replacing old in production with MAE: /)
  const [archived] = (await stage.tracking.history('deliveries')).filter((move) => move.to === 'Archived')
  expect(archived).toMatchObject({ version: 1, actor: 'understudy' })
  expect(archived?.reason).toContain('replaced by v2')
  expect(archived?.evidence).toMatchObject({ rows: cycle?.holdoutRows })
})

test('a champion that is good enough stays, and the challenger does not linger in Staging', async () => {
  await using stage = await openStage(deliveries())
  const { cycle } = await stage.month('2020-04', { rule: 'significant' })
  expect(cycle).toMatchObject({ verdict: 'keep', applied: true })
  expect(await stage.cast()).toBe('v1 Production, v2 Archived')
  expect(stage.notices.at(-1)).toMatch(/^✅ Old model still good enough: Old MAE: /)
})

test('when neither is good enough a person is asked, and the challenger waits in Staging', async () => {
  await using stage = await openStage(deliveries({ '2020-04': UNFORESEEABLE }))
  const { cycle } = await stage.month('2020-04')
  expect(cycle).toMatchObject({ verdict: 'escalate', case: 'none-good-enough' })
  expect(await stage.cast()).toBe('v1 Production, v2 Staging')
  expect(stage.notices.at(-1)).toMatch(/^🚨 No model good enough: /)
  await stage.month('2020-05')
  const superseded = (await stage.tracking.history('deliveries')).find((move) => move.reason === 'superseded by v3')
  expect(superseded).toMatchObject({ version: 2, from: 'Staging', to: 'Archived' })
})

test('a version that waits in Staging becomes the first model, and nothing is trained twice', async () => {
  await using stage = await openStage(deliveries())
  const asked = await stage.month('2020-04', { acceptFirst: false })
  expect(asked.first).toMatchObject({ version: 1, trained: true, verdict: 'escalate' })
  expect(asked.cycle).toBeNull()
  expect(await stage.cast()).toBe('v1 Staging')
  const askedAgain = await stage.month('2020-04', { acceptFirst: false })
  expect(askedAgain.first).toMatchObject({ version: 1, trained: false, verdict: 'escalate' })
  expect(stage.trainings.count).toBe(1)
  const accepted = await stage.month('2020-04')
  expect(accepted.first).toMatchObject({ version: 1, trained: false, verdict: 'promote' })
  expect(stage.trainings.count).toBe(2) // the challenger
})

test('too few rows are an answer in words: nothing is trained, and the champion is measured all the same', async () => {
  await using stage = await openStage(deliveries({ '2020-04': { rows: 400 }, '2020-05': { days: 12 } }))
  const few = await stage.month('2020-04')
  expect(few.cycle).toMatchObject({ verdict: 'keep', case: 'too-little-data', challenger: null, holdoutRows: 80 })
  expect(few.cycle?.champion?.error).toBeGreaterThan(0)
  const short = await stage.month('2020-05')
  expect(short.cycle).toMatchObject({ verdict: 'keep', case: 'too-little-data', challenger: null, holdoutDays: 3 })
  expect(stage.trainings.count).toBe(1)
  expect(await stage.cast()).toBe('v1 Production')
  expect(stage.notices.at(-1)).toMatch(/^ℹ️ Cannot tell yet/)
})

test('a month without any rows cannot tell either', async () => {
  await using stage = await openStage(deliveries())
  const { cycle } = await stage.month('2020-12')
  expect(cycle).toMatchObject({ verdict: 'keep', case: 'too-little-data', rows: 0, challenger: null, difference: null })
  expect(cycle?.notes.join()).toContain('deliveries_raw_small has no parcels in 2020-12; it holds 2020-01 to 2020-06')
})

test('preprocessing a month replaces that month only', async () => {
  await using stage = await openStage(deliveries())
  await stage.month('2020-04')
  const before = await stage.warehouse.describe('deliveries_processed_small')
  await stage.month('2020-05')
  const after = await stage.warehouse.describe('deliveries_processed_small')
  expect(before?.partitions).toHaveLength(4)
  expect(after?.partitions.slice(0, 4)).toEqual(before?.partitions)
  expect(after?.partitions).toHaveLength(5)
})

test('the same month again says what was found then, and does nothing', async () => {
  await using stage = await openStage(deliveries({ '2020-04': SLOWER }))
  const { cycle } = await stage.month('2020-04')
  const again = await stage.month('2020-04', { threshold: 1.9 })
  expect(again).toMatchObject({ decidedBefore: 'threshold was 2 and is now 1.9', cycle })
  expect(stage.trainings.count).toBe(2)
  expect(stage.notices).toHaveLength(2) // the first model's and the month's
})

test('a further look compares in hindsight, counts as a look, and moves nothing', async () => {
  await using stage = await openStage(deliveries({ '2020-04': SLOWER, '2020-05': UNFORESEEABLE }))
  await stage.month('2020-04') // v2 is promoted, having learnt most of April
  await stage.month('2020-05') // v3 waits for a person
  const { cycle } = await stage.month('2020-04', { again: true })
  expect(cycle).toMatchObject({ applied: false, looks: 2, champion: { version: 1 }, challenger: { version: 4 } })
  expect(cycle?.notes.join()).toContain('moves nothing')
  expect(await stage.cast()).toBe('v1 Archived, v2 Production, v3 Staging, v4 Archived')
  expect(stage.notices.at(-1)).not.toContain('🚀')
})

test('a further look moves nothing even where no champion is left', async () => {
  await using stage = await openStage(deliveries({ '2020-04': SLOWER }))
  await stage.month('2020-04')
  const cause = { actor: 'ben', reason: 'withdrawn', evidence: null }
  await stage.tracking.move('deliveries', [{ version: 2, to: 'Archived', cause }])
  const { cycle } = await stage.month('2020-04', { again: true })
  expect(cycle).toMatchObject({ verdict: 'promote', case: 'no-champion', applied: false, looks: 2 })
  expect(await stage.cast()).toBe('v1 Archived, v2 Archived, v3 Archived')
})

test('an older month is compared with the champion of that time, or not at all', async () => {
  await using stage = await openStage(deliveries({ '2020-05': SLOWER }))
  await stage.month('2020-05') // the first model learnt up to the end of April
  const { cycle } = await stage.month('2020-04')
  expect(cycle).toMatchObject({ case: 'nothing-to-compare', applied: false, champion: null, challenger: null })
  expect(cycle?.reason).toContain('no earlier champion')
  expect(stage.trainings.count).toBe(2)
  expect(await stage.cast()).toBe('v1 Archived, v2 Production')
})

test('a champion that was removed leaves the stage to a challenger under the threshold', async () => {
  await using stage = await openStage(deliveries())
  await stage.month('2020-04', { rule: 'significant' })
  const cause = { actor: 'tester', reason: 'it was wrong about bridges', evidence: null }
  await stage.tracking.move('deliveries', [{ version: 1, to: 'Archived', cause }])
  const { cycle } = await stage.month('2020-05')
  expect(cycle).toMatchObject({ verdict: 'promote', case: 'no-champion', champion: null, difference: null })
  expect(await stage.cast()).toContain('v3 Production')
})

test('rows of another origin bring a first model of their own, and its promotion says whose place it took', async () => {
  await using stage = await openStage(deliveries())
  await stage.month('2020-04', { rule: 'significant' })
  const raw = await stage.warehouse.read(
    'deliveries_raw_small',
    { fromMs: 0, toMs: Date.UTC(2021, 0) },
    { columns: ['minutes', 'left_at', 'distance_km', 'parcels'], orderBy: [] },
  )
  await stage.warehouse.write('deliveries_raw_small', [raw], {
    schema: stage.project.rawSchema,
    origin: 'imported',
    others: 'drop',
  })
  const { first, cycle } = await stage.month('2020-04', { rule: 'significant' })
  expect(first).toMatchObject({ version: 3, trained: true })
  expect(cycle).toMatchObject({ origin: 'imported', champion: { version: 3 } })
  const replaced = (await stage.tracking.history('deliveries')).find(
    (move) => move.version === 1 && move.to === 'Archived',
  )
  expect(replaced?.reason).toContain('learnt from simulated parcels')
})

test('no row of a month plays two parts: 70 % are learnt, 10 % say when to stop, 20 % judge', async () => {
  await using stage = await openStage(deliveries())
  const { cycle } = await stage.month('2020-04')
  const { runId } = await stage.tracking.version('deliveries', cycle?.challenger?.version ?? 0)
  const { params } = await stage.tracking.run(runId ?? '')
  const parts = [params.row_count, params.early_stop_rows, cycle?.holdoutRows].map(Number)
  expect(parts).toEqual([415, 60, 119]) // of 594, cut at the floor of 70 and of 80 %
  const [learnt] = await stage.tracking.inputs(runId ?? '')
  expect(learnt?.profile).toEqual({ num_rows: 415 + 60 })
  expect(learnt?.source).toMatchObject({ from: '2020-04-01T00:00:00.000Z', to: cycle?.holdoutFrom })
})
