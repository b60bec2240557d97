// People, and the real MLflow, move stages too. A cycle never undoes what they did, and never takes a wrong version for the champion.
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { DAY_MS } from '../../src/kernel/window.ts'
import { monitorSeries } from '../../src/lifecycle/monitor.ts'
import { promoteByHand } from '../../src/lifecycle/promote-by-hand.ts'
import { trainByHand } from '../../src/lifecycle/train-by-hand.ts'
import { deliveries } from '../deliveries/project.ts'
import { openStage, type Stage, usual } from './stage.ts'

const SLOWER = { pace: 3.6 }
const MODEL = 'deliveries'
const cause = { actor: 'ann', reason: 'it is wrong about bridges', evidence: null }

/** As the real MLflow does it, with no lock of ours. */
async function moveOutside(stage: Stage, version: number, to: 'Production' | 'Archived'): Promise<void> {
  await stage.tracking.move(MODEL, [{ version, to, cause }])
}

test('a person who promotes another version while the refit trains is not overridden', async () => {
  await using stage = await openStage(deliveries({ '2020-04': { ...SLOWER, rows: 3000 } }), {
    learning: async (count, stage) => {
      if (count === 3) await moveOutside(stage, 1, 'Production')
    },
  })
  const { cycle } = await stage.month('2020-04', { refit: true })
  expect(await stage.cast()).toBe('v1 Production, v2 Archived, v3 Archived')
  expect(cycle?.notes.join()).toContain('stages were moved meanwhile')
})

test('a version promoted by a person while the first model trains is not archived for it', async () => {
  await using stage = await openStage(deliveries(), {
    learning: async (count, stage) => {
      if (count !== 1) return
      const experiment = await stage.tracking.experiment('by_hand')
      const run = await stage.tracking.startRun({ experimentId: experiment.id, name: 'by hand' })
      await stage.tracking.logArtifact(run.id, 'model/model.onnx', Buffer.from('a model'))
      const { version } = await stage.tracking.registerVersion({ name: MODEL, runId: run.id, path: 'model' })
      await moveOutside(stage, version, 'Production')
    },
  })
  await expect(stage.month('2020-04')).rejects.toMatchObject({ code: 'CONFLICT' })
  expect(await stage.cast()).toBe('v1 Production, v2 Staging')
})

test('stages moved while a challenger was judged: it stands aside, and the month is judged again as things are now', async () => {
  await using stage = await openStage(deliveries({ '2020-05': SLOWER }), {
    learning: async (count, stage) => {
      if (count === 3) await moveOutside(stage, 1, 'Archived')
    },
  })
  await stage.month('2020-04', { rule: 'significant' })
  const { cycle } = await stage.month('2020-05')
  expect(cycle).toMatchObject({ verdict: 'promote', case: 'no-champion', challenger: { version: 4 }, looks: 1 })
  expect(await stage.cast()).toBe('v1 Archived, v2 Archived, v3 Archived, v4 Production')
})

test('a window shifted by a day shares its holdout, so it is a further look and moves nothing', async () => {
  await using stage = await openStage(deliveries({ '2020-04': SLOWER }))
  await stage.month('2020-04')
  const before = await stage.cast()
  const fromMs = Date.UTC(2020, 3, 1) - DAY_MS
  const { cycle } = await stage.month('2020-04', { fromMs, toMs: fromMs + 30 * DAY_MS })
  expect(cycle).toMatchObject({ applied: false, looks: 2 })
  expect(await stage.cast()).toBe(`${before}, v3 Archived`)
})

test('a champion whose file is gone cannot score: a person is asked', async () => {
  await using stage = await openStage(deliveries())
  await stage.month('2020-04', { rule: 'significant' })
  const { source } = await stage.tracking.version(MODEL, 1)
  await rm(fileURLToPath(source), { recursive: true })
  const { cycle } = await stage.month('2020-05')
  expect(cycle).toMatchObject({ verdict: 'escalate', case: 'champion-cannot-score' })
})

test('a version that has learnt the month is no first model for it', async () => {
  await using stage = await openStage(deliveries())
  const { toMs: _to, fromMs: _from, acceptFirst: _a, again: _b, challenger: _c, ...settings } = usual(stage.project)
  const window = { fromMs: Date.UTC(2020, 0), toMs: Date.UTC(2020, 6) }
  await trainByHand(stage, { ...settings, window, splitRatio: 0.02 }, {})
  const { first } = await stage.month('2020-04')
  expect(first).toMatchObject({ version: 2, trained: true })
})

test('a version trained by hand waits in Staging and becomes the first model of the month after', async () => {
  await using stage = await openStage(deliveries())
  const { toMs: _to, fromMs: _from, acceptFirst: _a, again: _b, challenger: _c, ...settings } = usual(stage.project)
  const window = { fromMs: Date.UTC(2020, 0), toMs: Date.UTC(2020, 3) }
  const trained = await trainByHand(stage, { ...settings, window, splitRatio: 0.02 }, {})
  expect(trained).toMatchObject({ version: 1, stage: 'Staging', rows: 3 * 594 })
  await promoteByHand(stage, { model: MODEL, version: 1, actor: 'ann', reason: 'it is good' })
  const { first } = await stage.month('2020-04')
  expect(first).toBeNull()
  expect((await stage.tracking.history(MODEL)).find((move) => move.to === 'Production')).toMatchObject({ actor: 'ann' })
})

test('a version that learnt from rows of another origin cannot be named as the challenger', async () => {
  await using stage = await openStage(deliveries())
  await stage.month('2020-04', { rule: 'significant' })
  await stage.tracking.setVersionTags(MODEL, 2, { 'understudy.origin': 'imported' })
  await expect(stage.month('2020-05', { challenger: 2 })).rejects.toMatchObject({ code: 'BAD_INPUT' })
})

test('a monitor run that somebody ended is followed by another, and the series goes on', async () => {
  await using stage = await openStage(deliveries())
  await stage.month('2020-04', { rule: 'significant' })
  const experiment = await stage.tracking.experiment('deliveries_experiment')
  const [monitor] = await stage.tracking.findRuns(experiment.id, { 'understudy.kind': 'monitor' })
  await stage.tracking.endRun(monitor?.id ?? '', 'FINISHED')
  await stage.month('2020-05', { rule: 'significant' })
  const series = await monitorSeries(stage, { experiment: 'deliveries_experiment', model: MODEL })
  expect(series.map(({ month }) => month)).toEqual(['2020-04', '2020-05'])
})

test('a month with nothing to compare is judged once the champion says what it learnt', async () => {
  await using stage = await openStage(deliveries())
  await stage.month('2020-04', { rule: 'significant' })
  const { runId } = await stage.tracking.version(MODEL, 1)
  const elsewhere = await stage.tracking.registerVersion({ name: MODEL, runId: runId ?? '', path: 'model' })
  const promoted = await promoteByHand(stage, {
    model: MODEL,
    version: elsewhere.version,
    actor: 'ann',
    reason: 'made in Python',
  })
  expect(promoted.warning).toContain('does not say which rows it learnt')
  await stage.tracking.setVersionTags(MODEL, 1, { 'understudy.trained_to': '2030-01-01T00:00:00.000Z' })
  const blocked = await stage.month('2020-05')
  expect(blocked.cycle).toMatchObject({ case: 'nothing-to-compare', applied: false })
  expect(blocked.cycle?.reason).toContain('understudy.trained_to')
  await stage.tracking.setVersionTags(MODEL, elsewhere.version, { 'understudy.trained_to': '2020-04-01T00:00:00.000Z' })
  const judged = await stage.month('2020-05')
  expect(judged).toMatchObject({
    decidedBefore: null,
    cycle: { champion: { version: elsewhere.version }, applied: true },
  })
})
