// What a cycle does when something goes wrong on the way: it goes on where it stopped, and moves nothing twice.
import { writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { PlannedError } from '../../src/kernel/errors.ts'
import { monitorSeries } from '../../src/lifecycle/monitor.ts'
import { runCycle } from '../../src/lifecycle/run-cycle.ts'
import { predictRows, readCleaned } from '../../src/lifecycle/scoring.ts'
import { deliveries } from '../deliveries/project.ts'
import { openStage, usual } from './stage.ts'

const SLOWER = { pace: 3.6 }

test('a cycle stopped during training goes on with the same command, and registers one challenger', async () => {
  const stop = new AbortController()
  await using stage = await openStage(deliveries({ '2020-04': SLOWER }), {
    learning: (count) => {
      if (count === 2) stop.abort()
    },
  })
  await expect(stage.month('2020-04', {}, stop.signal)).rejects.toMatchObject({ code: 'CANCELLED' })
  expect(await stage.cast()).toBe('v1 Production')
  const { cycle, first } = await stage.month('2020-04')
  expect(first).toBeNull()
  expect(cycle).toMatchObject({ verdict: 'promote', challenger: { version: 2 } })
  expect(await stage.cast()).toBe('v1 Archived, v2 Production')
  const experiment = await stage.tracking.experiment('deliveries_experiment')
  const trained = await stage.tracking.findRuns(experiment.id, { 'understudy.kind': 'train' })
  expect(trained.map((run) => run.status).sort()).toEqual(['FINISHED', 'FINISHED', 'KILLED'])
})

test('a training that fails leaves a FAILED run, and the next attempt is another run', async () => {
  await using stage = await openStage(deliveries(), {
    learning: (count) => {
      if (count === 2) throw new PlannedError('UNAVAILABLE', 'the disk is elsewhere')
    },
  })
  const { cycle } = await stage.month('2020-04')
  expect(cycle?.challenger?.version).toBe(2)
  const experiment = await stage.tracking.experiment('deliveries_experiment')
  const failed = (await stage.tracking.findRuns(experiment.id, { 'understudy.kind': 'train' })).filter(
    (run) => run.status === 'FAILED',
  )
  expect(failed).toHaveLength(1)
  expect(failed[0]?.tags['understudy.error']).toContain('the disk is elsewhere')
})

test('a curve that cannot be written while a training runs fails that training, with its own error, and not the process', async () => {
  await using stage = await openStage(deliveries())
  let refusals = 0
  const logMetrics: typeof stage.tracking.logMetrics = async (runId, metrics) => {
    if (metrics.some(({ key }) => key === 'val_mae') && refusals++ < 2)
      throw new PlannedError('BAD_DATA', 'the curve is full')
    return await stage.tracking.logMetrics(runId, metrics)
  }
  const runTraining: typeof stage.runTraining = async (request, how) => {
    const result = await stage.runTraining(request, how)
    await sleep(50) // the training goes on after the curve was refused
    return result
  }
  const rooms = { ...stage, runTraining, tracking: { ...stage.tracking, logMetrics } }
  await expect(runCycle(rooms, usual(stage.project), {})).rejects.toMatchObject({ message: 'the curve is full' })
  const experiment = await stage.tracking.experiment('deliveries_experiment')
  const [failed] = await stage.tracking.findRuns(experiment.id, { 'understudy.kind': 'train' })
  expect(failed).toMatchObject({ status: 'FAILED', tags: { 'understudy.error': 'the curve is full' } })
})

test('two cycles of one model at once: the second says who is at work', async () => {
  const others: PromiseSettledResult<unknown>[] = []
  await using stage = await openStage(deliveries(), {
    learning: async (_, { month }) => {
      others.push(...(await Promise.allSettled([month('2020-05')]))) // begun while the first one trains
    },
  })
  await stage.month('2020-04')
  expect(others).toMatchObject([
    { status: 'rejected', reason: { code: 'CONFLICT' } }, // at the first model
    { status: 'rejected', reason: { code: 'CONFLICT' } }, // at the challenger
  ])
})

test('a champion whose file is damaged cannot score: a person is asked, with the reason', async () => {
  await using stage = await openStage(deliveries())
  await stage.month('2020-04', { rule: 'significant' })
  const champion = await stage.tracking.version('deliveries', 1)
  await writeFile(`${fileURLToPath(champion.source)}/model.onnx`, 'half a file')
  const { cycle } = await stage.month('2020-05')
  expect(cycle).toMatchObject({ verdict: 'escalate', case: 'champion-cannot-score', champion: { error: null } })
  expect(await stage.cast()).toBe('v1 Production, v2 Archived, v3 Staging')
})

test('a promoted challenger is fitted again on the whole month, and the judged one gives way to a close relative', async () => {
  await using stage = await openStage(deliveries({ '2020-04': { ...SLOWER, rows: 3000 } }))
  const { cycle } = await stage.month('2020-04', { refit: true })
  expect(cycle).toMatchObject({ verdict: 'promote', challenger: { version: 2 } })
  expect(cycle?.notes.join()).toContain('fitted again on the whole month')
  expect(await stage.cast()).toBe('v1 Archived, v2 Archived, v3 Production')
  const refitted = await stage.tracking.version('deliveries', 3)
  expect(refitted.tags).toMatchObject({
    'understudy.refit_of': '2',
    'understudy.measured': 'false',
    'understudy.trained_to': '2020-05-01T00:00:00.000Z',
  })
  const next = await stage.month('2020-05')
  expect(next.cycle?.champion).toMatchObject({ version: 3 })
})

test('a refit whose answers are far from those that were judged is archived, and the judged one serves', async () => {
  await using stage = await openStage(deliveries({ '2020-04': SLOWER }))
  const { cycle } = await stage.month('2020-04', { refit: true, threshold: 1.5 }) // 600 parcels: 0.22 min apart, 0.15 allowed
  expect(cycle).toMatchObject({ verdict: 'promote', challenger: { version: 2 } })
  expect(await stage.cast()).toBe('v1 Archived, v2 Production, v3 Archived')
  expect(cycle?.notes.join()).toContain('was not taken')
})

test('a version named as the challenger is scored, not trained; one whose rows nobody knows can only be asked about', async () => {
  await using stage = await openStage(deliveries({ '2020-04': SLOWER }))
  await stage.month('2020-04')
  await stage.month('2020-05', { rule: 'significant' })
  const trained = stage.trainings.count
  const first = await stage.tracking.version('deliveries', 1)
  const elsewhere = await stage.tracking.registerVersion({
    name: 'deliveries',
    runId: first.runId ?? '',
    path: 'model',
  })
  const { cycle } = await stage.month('2020-06', { challenger: elsewhere.version })
  expect(cycle).toMatchObject({
    verdict: 'escalate',
    case: 'challenger-rows-unknown',
    challenger: { version: elsewhere.version },
  })
  expect(stage.trainings.count).toBe(trained)
  const serving = cycle?.champion?.version ?? 0
  await expect(stage.month('2020-06', { challenger: serving, again: true })).rejects.toMatchObject({
    code: 'BAD_INPUT',
  })
})

test('every error shown is that of the registered file on the rows of the holdout', async () => {
  await using stage = await openStage(deliveries())
  const { cycle } = await stage.month('2020-04')
  const month = await readCleaned(
    stage,
    { size: 'small', timeReading: 'utc' },
    { fromMs: Date.UTC(2020, 3), toMs: Date.UTC(2020, 4) },
  )
  const from = month.rows - (cycle?.holdoutRows ?? 0)
  expect(from).toBe(Math.floor(month.rows * 0.8))
  const columns = Object.fromEntries(Object.entries(month.columns).map(([name, values]) => [name, values.slice(from)]))
  for (const part of [cycle?.champion, cycle?.challenger]) {
    const predicted = await predictRows(
      stage.tracking,
      { model: 'deliveries', version: part?.version ?? 0 },
      columns,
      month.rows - from,
    )
    const error =
      predicted.reduce((sum, value, row) => sum + Math.abs(value - (columns.minutes?.[row] ?? 0)), 0) / predicted.length
    expect(part?.error).toBeCloseTo(error, 9)
  }
})

test("Production's error is a series with one point per month, whatever was promoted", async () => {
  await using stage = await openStage(deliveries({ '2020-04': SLOWER }))
  const april = await stage.month('2020-04')
  const may = await stage.month('2020-05')
  await stage.month('2020-05', { again: true })
  expect(await monitorSeries(stage, { experiment: 'deliveries_experiment', model: 'deliveries' })).toMatchObject([
    { month: '2020-04', origin: 'simulated', error: april.cycle?.champion?.monthError },
    { month: '2020-05', origin: 'simulated', error: may.cycle?.champion?.monthError },
  ])
})
