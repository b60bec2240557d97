// How models stand, and everything there is to know of one version.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openEmbeddedEngine } from '../../src/flow/embedded.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { PlannedError } from '../../src/kernel/errors.ts'
import { monthWindow } from '../../src/kernel/window.ts'
import { answerDecision } from '../../src/lifecycle/answer.ts'
import { versionDetails } from '../../src/lifecycle/lineage.ts'
import { replay } from '../../src/lifecycle/replay.ts'
import { runCycle } from '../../src/lifecycle/run-cycle.ts'
import { type ModelStatus, modelStatuses } from '../../src/lifecycle/status.ts'
import { deliveries } from '../deliveries/project.ts'
import { openStage, type Stage, usual } from './stage.ts'

const SLOWER = { pace: 3.6 }
const UNFORESEEABLE = { noise: 9 }

async function onlyStatus(stage: Stage): Promise<ModelStatus> {
  const statuses = await modelStatuses(stage)
  expect(statuses).toHaveLength(1)
  return statuses[0]!
}

test('a state directory without any run has no model', async () => {
  await using stage = await openStage(deliveries())
  expect(await modelStatuses(stage)).toEqual([])
})

test('who serves, the last verdict, the error on the month and the month after are read from the records', async () => {
  await using stage = await openStage(deliveries({ '2020-04': SLOWER }))
  const { cycle } = await stage.month('2020-04')
  const status = await onlyStatus(stage)
  const moved = (await stage.tracking.history('deliveries')).findLast(({ to }) => to === 'Production')
  expect(status).toMatchObject({
    model: 'deliveries',
    unit: 'min',
    champion: { version: 2, sinceMs: moved?.atMs, by: 'understudy', origin: 'simulated' },
    last: { month: '2020-04', verdict: 'promote' },
    error: { month: null, version: 2, value: cycle?.challenger?.error, threshold: 2, isOver: false }, // its own, not v1's
    waits: [],
    working: null,
    stopped: null,
    next: '2020-05',
  })
  expect(status.champion?.trainedTo).toMatch(/^2020-04-2/)
  await stage.month('2020-04', { again: true }) // a further look moves nothing, and is no verdict that counts
  expect((await onlyStatus(stage)).last).toEqual(status.last)
})

test('an error over the threshold is marked, and the question waits until a person answers it', async () => {
  await using stage = await openStage(deliveries({ '2020-04': UNFORESEEABLE }))
  await stage.month('2020-04')
  const asked = await onlyStatus(stage)
  expect(asked).toMatchObject({ last: { verdict: 'escalate' }, error: { isOver: true }, champion: { version: 1 } })
  expect(asked.waits).toMatchObject([{ decision: 1, kind: 'cycle', month: '2020-04', version: 2 }])
  await answerDecision(stage, { id: 1, choice: 'keep', why: 'the holiday', by: 'tester', set: {} }, {})
  expect((await onlyStatus(stage)).waits).toEqual([])
  const { decisions } = await versionDetails(stage, 'deliveries', 2)
  expect(decisions).toMatchObject([{ id: 1, status: 'answered', answer: { choice: 'keep', why: 'the holiday' } }])
})

test('a first model that waits for a person is a question too, and its month comes next', async () => {
  await using stage = await openStage(deliveries())
  await stage.month('2020-04', { acceptFirst: false })
  const status = await onlyStatus(stage)
  expect(status).toMatchObject({ champion: null, last: { month: null, verdict: 'escalate' }, next: '2020-04' })
  expect(status.waits).toMatchObject([{ decision: 1, kind: 'first-model', version: 1 }])
  expect(status.error).toBeNull() // nobody serves
})

test('the error is that of the champion on the last whole month it served', async () => {
  await using stage = await openStage(deliveries())
  await stage.month('2020-04')
  const { cycle } = await stage.month('2020-05')
  expect(cycle?.champion?.version).toBe(1)
  const { error } = await onlyStatus(stage)
  expect(error).toMatchObject({ month: '2020-05', version: 1, value: cycle?.champion?.monthError })
})

test('a month without rows is not decided: it stays the next one', async () => {
  await using stage = await openStage(deliveries({ '2020-05': { rows: 0 } }))
  await stage.month('2020-04')
  await stage.month('2020-05')
  expect(await onlyStatus(stage)).toMatchObject({ next: '2020-05', error: { month: '2020-04' } })
  await stage.month('2020-06') // and is passed by once a later one was
  expect(await onlyStatus(stage)).toMatchObject({ next: '2020-07' })
})

test('a month that failed half-way is what comes next, with what it failed of; when it is done nothing is left of that', async () => {
  let isDown = true
  const learning = (count: number): void => {
    if (count > 1 && isDown) throw new PlannedError('BAD_DATA', 'the rows are mouldy')
  }
  await using stage = await openStage(deliveries(), { learning })
  await expect(stage.month('2020-04')).rejects.toThrow('mouldy')
  const failed = await onlyStatus(stage)
  expect(failed).toMatchObject({ next: '2020-04', stopped: { flow: 'cycle', month: '2020-04', further: null } })
  expect(failed.stopped?.error).toContain('mouldy')
  isDown = false
  await stage.month('2020-04')
  expect(await onlyStatus(stage)).toMatchObject({ next: '2020-05', stopped: null })
})

test('while a month is at work the status says so', async () => {
  const seen: ModelStatus[] = []
  const learning = async (_: number, stage: Stage): Promise<void> => {
    seen.push(await onlyStatus(stage))
  }
  await using stage = await openStage(deliveries(), { learning })
  await stage.month('2020-04')
  expect(seen.map(({ working }) => working)).toMatchObject([
    { flow: 'first_model', month: '2020-04' },
    { flow: 'cycle', month: '2020-04' },
  ])
})

test('a replay is no model of its own', async () => {
  await using stage = await openStage(deliveries())
  await replay(stage, { ...usual(stage.project), months: ['2020-04'], onEscalate: 'keep' }, {})
  expect((await stage.tracking.models()).join()).toContain('_replay_')
  expect(await modelStatuses(stage)).toEqual([])
})

test('a journal that was lost takes no verdict and no month with it', async () => {
  await using stage = await openStage(deliveries({ '2020-04': SLOWER }))
  await stage.month('2020-04')
  const before = await onlyStatus(stage)
  await using engine = await openEmbeddedEngine({ databasePath: join(stage.folder, 'new-flow.db'), clock: systemClock })
  const [after] = await modelStatuses({ ...stage, engine })
  expect(after).toEqual({ ...before, last: { ...before.last, atMs: after?.last?.atMs } })
})

test('a version tells the rows it learnt, its curve, its line and what was said of it', async () => {
  await using stage = await openStage(deliveries({ '2020-04': SLOWER }))
  const { cycle } = await stage.month('2020-04', { trainers: ['mlp'], trainWindow: null })
  const details = await versionDetails(stage, 'deliveries', 2)
  const { version, run, data, curve } = details
  const learnt = Number(run?.params.row_count) + Number(run?.params.early_stop_rows)
  expect(data).toMatchObject([
    {
      name: 'deliveries_processed_small',
      source: { origin: 'simulated', from: '2020-04-01T00:00:00.000Z', to: version.tags['understudy.trained_to'] },
      profile: { num_rows: learnt },
    },
  ])
  expect(learnt).toBe((cycle?.rows ?? 0) - (cycle?.holdoutRows ?? 0))
  expect(curve.metric).toBe('val_mae')
  expect(curve.points.length).toBeGreaterThan(1)
  expect(details.lineage).toEqual({ chain: [2, 1], refitOf: null, descendants: [], refits: [] })
  expect(details.file).toMatchObject({ kind: 'there', bytes: run?.metrics.model_bytes })
  expect(details.judgements).toMatchObject([{ part: 'challenger', judged: { outcome: { month: '2020-04' } } }])
  const first = await versionDetails(stage, 'deliveries', 1)
  expect(first.lineage).toMatchObject({ chain: [1], descendants: [2] })
  expect(first.judgements.map(({ part }) => part)).toEqual(['first model', 'champion'])
  await rm(join(stage.folder, 'artifacts'), { recursive: true })
  expect((await versionDetails(stage, 'deliveries', 2)).file).toMatchObject({ kind: 'missing' })
})

test('no project runs a month of a model that another project keeps', async () => {
  await using stage = await openStage(deliveries())
  await stage.month('2020-04')
  const before = await stage.cast()
  const parcels = { ...stage, project: { ...stage.project, name: 'parcels', tablePrefix: 'parcels_' } }
  const asked = { ...usual(stage.project), ...monthWindow('2020-05') }
  await expect(runCycle(parcels, asked, {})).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('kept by the project deliveries, and this is parcels'),
  })
  expect(await stage.cast()).toBe(before)
  expect(await stage.warehouse.describe('parcels_raw_small')).toBeNull()
})
