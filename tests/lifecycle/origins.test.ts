// Rows of two origins in one table after the other: what is said and drawn of one is not mixed with the other.
import { expect, test } from 'vitest'
import { monthWindow } from '../../src/kernel/window.ts'
import { monitorSeries, seriesAtHand } from '../../src/lifecycle/monitor.ts'
import { modelStatuses } from '../../src/lifecycle/status.ts'
import { deliveries } from '../deliveries/project.ts'
import { openStage, type Stage } from './stage.ts'

const SUBJECT = { experiment: 'deliveries_experiment', model: 'deliveries' }
const RAW = 'deliveries_raw_small'

/** The same rows, said to be of another origin. */
async function relabel({ warehouse, project }: Stage, origin: 'imported' | 'simulated'): Promise<void> {
  const columns = project.specification('utc').columns.map(({ name }) => name)
  const rows = await warehouse.read(RAW, { fromMs: 0, toMs: Date.UTC(2021, 0) }, { columns, orderBy: [] })
  await warehouse.write(RAW, [rows], { schema: project.rawSchema, origin, others: 'drop' })
}

/** April as simulated, then as imported: v1 made way for v3, which learnt imported rows. */
async function withImported(stage: Stage): Promise<void> {
  await stage.month('2020-04', { rule: 'significant' })
  await relabel(stage, 'imported')
  await stage.month('2020-04', { rule: 'significant' })
}

test("each origin has a curve of its own, and what is shown is Production's", async () => {
  await using stage = await openStage(deliveries())
  await withImported(stage)
  const series = await monitorSeries(stage, SUBJECT)
  expect(series.map(({ month, origin }) => `${month} ${origin}`)).toEqual(['2020-04 imported', '2020-04 simulated'])
  const { id } = await stage.tracking.experiment(SUBJECT.experiment)
  const runs = await stage.tracking.findRuns(id, { 'understudy.kind': 'monitor' })
  expect(runs.map(({ tags }) => tags['understudy.origin']).sort()).toEqual(['imported', 'simulated'])

  const versions = await stage.tracking.versions(SUBJECT.model)
  expect(seriesAtHand(series, versions)).toMatchObject({ origin: 'imported', points: [{ origin: 'imported' }] })
  const simulatedServes = versions.map((version) => ({
    ...version,
    stage: version.version === 1 ? ('Production' as const) : ('Archived' as const),
  }))
  expect(seriesAtHand(series, simulatedServes)).toMatchObject({ origin: 'simulated', points: [{ month: '2020-04' }] })
  expect(seriesAtHand(series, [])).toMatchObject({ origin: 'imported' }) // measured last

  await relabel(stage, 'simulated')
  await stage.month('2020-05', { rule: 'significant' }) // v5 takes the stage, and has no month behind it
  await stage.month('2020-06', { rule: 'significant' })
  const now = seriesAtHand(await monitorSeries(stage, SUBJECT), await stage.tracking.versions(SUBJECT.model))
  expect(now.points.map(({ month, origin }) => `${month} ${origin}`)).toEqual([
    '2020-04 simulated',
    '2020-06 simulated',
  ])
  const [status] = await modelStatuses(stage)
  expect(status?.error).toMatchObject({ month: '2020-06', version: 5 })
})

test('a version that learnt other rows and gives way is named, and was not missing', async () => {
  await using stage = await openStage(deliveries())
  await withImported(stage)
  await relabel(stage, 'simulated')
  const { cycle } = await stage.month('2020-05')
  expect(cycle).toMatchObject({ case: 'no-champion', verdict: 'promote', champion: null })
  expect(cycle?.reason).toMatch(/^There is no champion for these parcels any more, and the challenger was under/)
  expect(cycle?.notes).toContain('v3, in Production, learnt imported parcels, and these are simulated; it was archived')
})

test('where nothing can be told, a version that learnt other rows stays, and that is said', async () => {
  await using stage = await openStage(deliveries({ '2020-05': { rows: 5 } }))
  await withImported(stage)
  await relabel(stage, 'simulated')
  const { cycle } = await stage.month('2020-05')
  expect(cycle).toMatchObject({ case: 'too-little-data', verdict: 'escalate', champion: null })
  expect(cycle?.reason).not.toContain('in production any more')
  expect(cycle?.notes).toContain('v3, in Production, learnt imported parcels, and these are simulated; it stays')
  expect((await stage.tracking.version(SUBJECT.model, 3)).stage).toBe('Production')
})

test('learnt are the rows of fit and early stopping, whoever says it', async () => {
  await using stage = await openStage(deliveries())
  await stage.month('2020-04')
  for (const version of await stage.tracking.versions(SUBJECT.model)) {
    const last = new Date(Date.parse(version.tags['understudy.trained_to'] ?? '') - 1).toISOString().slice(0, 10)
    expect(version.description).toContain(`to ${last} of small (simulated)`)
    const run = await stage.tracking.run(version.runId ?? '')
    expect(run.name).toContain(`to ${last}`)
    const [data] = await stage.tracking.inputs(run.id)
    expect(data?.source).toMatchObject({ to: version.tags['understudy.trained_to'] })
  }
  const [first] = await stage.tracking.history(SUBJECT.model)
  expect(first?.reason).toMatch(/^first model, learnt 2020-01-01 to 2020-03-\d\d$/)
  expect(first?.reason).not.toContain(new Date(monthWindow('2020-04').fromMs - 1).toISOString().slice(0, 10)) // held out
})
