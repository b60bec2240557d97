// Several trainers in one cycle: each learns from what it learns best from, and the best on the early-stop rows is the challenger.
import { expect, test } from 'vitest'
import { figureWriter } from '../../src/evaluation/figures.ts'
import { PlannedError } from '../../src/kernel/errors.ts'
import type { Run } from '../../src/tracking/port.ts'
import { deliveries } from '../deliveries/project.ts'
import { openStage, type Stage } from './stage.ts'

const BOTH = { trainers: ['linear', 'trees'], trainWindow: null } as const

async function trainRuns({ tracking }: Stage): Promise<Run[]> {
  const { id } = await tracking.experiment('deliveries_experiment')
  const runs = await tracking.findRuns(id, { 'understudy.kind': 'train' })
  return runs.toSorted((a, b) => a.startedAtMs - b.startedAtMs)
}

const logOf = async ({ engine }: Stage, flow: string, task: string): Promise<string[]> => {
  const [run] = await engine.flowRuns({ flow })
  return (await engine.taskLog(run?.id ?? '', task)).map(({ line }) => line)
}

test('the trainer with the lowest error on the early-stop rows becomes the challenger; the other stays a run that says so', async () => {
  await using stage = await openStage(deliveries())
  const { cycle } = await stage.month('2020-04', { ...BOTH, trainers: [...BOTH.trainers] })
  const runs = (await trainRuns(stage)).slice(2) // after those of the first model
  expect(runs.map(({ params }) => params.trainer)).toEqual(['linear', 'trees'])
  const [linear, trees] = runs.map(({ metrics }) => metrics.mae ?? Number.NaN)
  const [best, other] = (linear ?? 0) <= (trees ?? 0) ? ['linear', 'trees'] : ['trees', 'linear']
  const text = figureWriter([linear ?? 0, trees ?? 0])
  const figures = `by mae on the early-stop rows (selection figures, not measurements): linear ${text(linear ?? 0)}, trees ${text(trees ?? 0)}`
  const version = await stage.tracking.version('deliveries', cycle?.challenger?.version ?? 0)
  expect(version.tags).toMatchObject({ 'understudy.trainer': best, 'understudy.selection': `chosen ${figures}` })
  const chosen = runs.find(({ params }) => params.trainer === best)
  const loser = runs.find(({ params }) => params.trainer === other)
  expect(version.runId).toBe(chosen?.id)
  expect(chosen?.tags['understudy.selection']).toBe(`chosen ${figures}`)
  expect(loser).toMatchObject({
    status: 'FINISHED',
    tags: { 'understudy.selection': `not chosen, ${best} was, ${figures}` },
  })
  // What is reported is the error on the holdout, which chose nothing.
  expect(version.tags['understudy.holdout_mae']).toBe(String(cycle?.challenger?.error))
  expect(version.tags['understudy.early_stop_mae']).not.toBe(version.tags['understudy.holdout_mae'])
  expect((await stage.tracking.versions('deliveries')).map(({ version }) => version)).toEqual([2, 1])
  expect((await logOf(stage, 'cycle', 're_train')).filter((line) => line.includes('chosen:'))).toEqual([
    expect.stringMatching(`chosen: ${best}, by MAE on the early-stop rows .*; selection figures, not measurements`),
  ])
})

/** Of each training: trainer, first day learnt, version begun with. */
async function starts(stage: Stage): Promise<(string | undefined)[][]> {
  const runs = await trainRuns(stage)
  return runs.map(({ params }) => [params.trainer, params.train_from?.slice(0, 10), params.warm_start_of])
}

test('left to themselves, trees learn all history from nothing and the network the month from what served', async () => {
  await using stage = await openStage(deliveries())
  await stage.month('2020-04', { trainers: ['mlp'], trainWindow: null })
  await stage.month('2020-05', { trainers: ['mlp', 'trees'], trainWindow: null })
  expect(await starts(stage)).toEqual([
    ['mlp', '2020-01-01', 'none'],
    ['mlp', '2020-04-01', '1'],
    ['mlp', '2020-05-01', expect.stringMatching(/^[12]$/)],
    ['trees', '2020-01-01', 'none'],
  ])
})

test('where no network ever served, the network learns all history too: a month alone would teach it next to nothing', async () => {
  await using stage = await openStage(deliveries())
  await stage.month('2020-04', { trainers: ['trees'], trainWindow: null })
  await stage.month('2020-05', { trainers: ['mlp', 'trees'], trainWindow: null })
  await stage.month('2020-06', { trainers: ['mlp'], trainWindow: 'month' })
  expect((await starts(stage)).slice(2)).toEqual([
    ['mlp', '2020-01-01', 'none'],
    ['trees', '2020-01-01', 'none'],
    ['mlp', '2020-06-01', expect.any(String)],
  ])
})

test('trees are fitted again with the number of trees that was judged, on all they learnt from and the rest of the month', async () => {
  await using stage = await openStage(deliveries({ '2020-04': { pace: 3.6, rows: 3_000 } }))
  const { cycle } = await stage.month('2020-04', { trainers: ['trees'], trainWindow: null, refit: true, threshold: 20 })
  expect(cycle?.verdict).toBe('promote')
  const judged = await stage.tracking.version('deliveries', 2)
  const refitted = await stage.tracking.version('deliveries', 3)
  expect(refitted.tags).toMatchObject({
    'understudy.refit_of': '2',
    'understudy.kept_steps': judged.tags['understudy.kept_steps'],
    'understudy.trained_from': '2020-01-01T00:00:00.000Z',
    'understudy.trained_to': '2020-05-01T00:00:00.000Z',
  })
  expect(refitted.tags['understudy.early_stop_mae']).toBeUndefined()
  expect(await stage.cast()).toBe('v1 Archived, v2 Archived, v3 Production')
})

test('a trainer that cannot learn the rows does not stand in the way of the other', async () => {
  await using stage = await openStage(deliveries(), {
    learning: (count) => {
      if (count === 3) throw new PlannedError('BAD_DATA', 'no finite numbers', { next: 'look for nulls' })
    },
  })
  const { cycle } = await stage.month('2020-04', { ...BOTH, trainers: [...BOTH.trainers] })
  expect((await trainRuns(stage)).map(({ status }) => status)).toEqual(['FINISHED', 'FINISHED', 'FAILED', 'FINISHED'])
  const version = await stage.tracking.version('deliveries', cycle?.challenger?.version ?? 0)
  expect(version.tags['understudy.trainer']).toBe('trees')
  const log = await logOf(stage, 'cycle', 're_train')
  expect(log.join('\n')).toContain('linear could not learn these rows: no finite numbers')
})
