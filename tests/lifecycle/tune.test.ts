// A search in the lifecycle: what it looks at, what it leaves in tracking, how it goes on, and what a month makes of it.
import { expect, test } from 'vitest'
import type { FlowEvent } from '../../src/flow/port.ts'
import { monthWindow, parseDay } from '../../src/kernel/window.ts'
import { parseParameter } from '../../src/learning/search/space.ts'
import { cycleKey } from '../../src/lifecycle/cycle-key.ts'
import { CycleInput } from '../../src/lifecycle/rooms.ts'
import { type TuneRequest, tuneByHand } from '../../src/lifecycle/tune-by-hand.ts'
import { deliveries } from '../deliveries/project.ts'
import { asked, essence, HISTORY, openWatched, runsOf } from './searches.ts'
import { openStage, type Stage, usual } from './stage.ts'

test('a search looks at no row of the holdout or of the early-stop rows, and judges each fold on rows after it', async () => {
  const { stage, requests } = await openWatched()
  await using _ = stage
  const { outcome } = await tuneByHand(stage, asked({ trials: 3 }), {})
  const { columns } = await stage.warehouse.read('deliveries_processed_small', HISTORY, {
    columns: ['left_at'],
    orderBy: [],
  })
  const times = columns.left_at ?? new Float64Array()
  const earlyStopFromMs = times[Math.floor(times.length * 0.97)] ?? Number.NaN // 97 % fit, 1 % early stopping, 2 % holdout
  expect(Date.parse(outcome.to)).toBe(earlyStopFromMs)
  expect(requests.length).toBeGreaterThanOrEqual(12)
  for (const { fit, earlyStop, validate, threads } of requests) {
    expect(fit.toMs).toBe(earlyStop?.fromMs)
    expect(earlyStop?.toMs).toBe(validate?.fromMs)
    expect(validate?.toMs).toBeLessThanOrEqual(earlyStopFromMs)
    expect(threads).toBe(1)
  }
})

test('every trial is a run below the search: finished with its error, or killed with the reason it was given up', async () => {
  const { stage, requests } = await openWatched()
  await using _ = stage
  const { outcome } = await tuneByHand(stage, asked(), {})
  const [search] = await runsOf(stage, { 'understudy.kind': 'tune' })
  expect(search).toMatchObject({ status: 'FINISHED', id: outcome.runId })
  const trials = await runsOf(stage, { 'mlflow.parentRunId': outcome.runId })
  expect(trials).toHaveLength(13)
  const pruned = trials.filter(({ tags }) => tags['understudy.pruned'] !== undefined)
  expect(pruned.length).toBeGreaterThan(0)
  expect(pruned.every(({ status }) => status === 'KILLED')).toBe(true)
  expect(trials.filter(({ status }) => status === 'FINISHED')).toHaveLength(13 - pruned.length)
  // A fold that nobody learns is what giving up saves.
  const folds = outcome.trials.reduce((sum, { errors }) => sum + errors.length, 0)
  expect(requests).toHaveLength(folds)
  expect(folds).toBeLessThan(39)
  const best = await stage.tracking.run(outcome.trials[0]?.runId ?? '')
  expect(best.metrics.mae).toBe(outcome.bestError)
  expect(outcome.trials.filter(({ state }) => state === 'finished').map(({ errors }) => errors.at(-1))).toEqual(
    outcome.trials
      .flatMap(({ state, errors }) => (state === 'finished' ? (errors.at(-1) ?? []) : []))
      .sort((a, b) => a - b),
  )
})

test('a search that was stopped comes to its trials so far, and goes on to what it would have come to', async () => {
  await using undisturbed = await openStage(deliveries())
  const whole = await tuneByHand(undisturbed, asked(), {})
  const stop = new AbortController()
  const { stage, requests } = await openWatched((count) => {
    if (count === 14) stop.abort()
  })
  await using _ = stage
  const half = await tuneByHand(stage, asked(), { signal: stop.signal })
  expect(half.stopped).toMatchObject({ code: 'CANCELLED' })
  expect(half.outcome.trials.length).toBeGreaterThan(1)
  expect(half.outcome.trials.length).toBeLessThan(13)
  expect(
    (await runsOf(stage, { 'mlflow.parentRunId': half.outcome.runId })).some(({ status }) => status === 'RUNNING'),
  ).toBe(false)
  const before = requests.length
  const rest = await tuneByHand(stage, asked(), {})
  expect(essence(rest.outcome)).toEqual(essence(whole.outcome))
  const learntAgain = requests.slice(before).map(({ settings }) => settings.ridge)
  for (const { settings } of half.outcome.trials) expect(learntAgain).not.toContain(settings.ridge)
  expect((await tuneByHand(stage, asked(), {})).replayed).toBe(true)
})

test('how many are tried at a time decides what is tried, and how long each takes does not', async () => {
  const slow = (every: number) => async (count: number) => {
    if (count % every === 0) await new Promise((resolve) => setTimeout(resolve, 40))
  }
  const outcomes: ReturnType<typeof essence>[] = []
  for (const every of [2, 3]) {
    await using stage = await openStage(deliveries(), { learning: slow(every) })
    outcomes.push(essence((await tuneByHand(stage, asked(), {})).outcome))
  }
  expect(outcomes[0]).toEqual(outcomes[1])
})

test('a search ends when its time is up: what still runs is stopped, and the settings in force are always judged', async () => {
  await using stage = await openStage(deliveries(), {
    learning: async (count) => {
      if (count > 3) await new Promise((resolve) => setTimeout(resolve, 150))
    },
  })
  const { outcome } = await tuneByHand(stage, asked({ trials: null, timeMs: 700 }), {})
  expect(outcome.inForce).not.toBeNull()
  expect(outcome.trials.length).toBeLessThan(12)
  const stopped = outcome.trials.filter(({ state }) => state === 'stopped')
  expect(stopped.length).toBeGreaterThan(0)
  for (const { runId, why } of stopped) {
    expect(why).toBe('the time was up')
    expect((await stage.tracking.run(runId)).status).toBe('KILLED')
  }
})

test('settings in force that take longer than the time are judged to their end, and whoever waits is told', async () => {
  await using stage = await openStage(deliveries(), {
    learning: async () => await new Promise((resolve) => setTimeout(resolve, 150)),
  })
  const lines: string[] = []
  const watch = { onEvent: (event: FlowEvent) => void (event.kind === 'task-log' && lines.push(event.line)) }
  const { outcome } = await tuneByHand(stage, asked({ trials: null, timeMs: 200 }), watch)
  expect(outcome.trials.map(({ number, state }) => `${number} ${state}`)).toEqual(['0 finished', '1 stopped'])
  expect(lines).toContain('   the time is up; the settings in force are judged to their end all the same')
})

test('settings that cannot be learnt with are a failed trial, and the search goes on', async () => {
  const { stage } = await openWatched()
  await using _ = stage
  const real = stage.runTraining
  const runTraining: Stage['runTraining'] = async (request, how) => {
    const result = await real(request, how)
    return request.settings.ridge === 1 ? await real({ ...request, validate: HISTORY_END }, how) : result
  }
  const space = [parseParameter('ridge=1e-9,1,0.01')]
  const { outcome } = await tuneByHand({ ...stage, runTraining }, asked({ space, sampler: 'grid', trials: null }), {})
  expect(outcome.trials.map(({ state }) => state)).toEqual(['finished', 'finished', 'failed'])
  expect(outcome.trials[2]?.why).toBe('there are no rows to judge on')
  expect((await stage.tracking.run(outcome.trials[2]?.runId ?? '')).status).toBe('FAILED')
})
const HISTORY_END = { fromMs: HISTORY.toMs, toMs: HISTORY.toMs }

test('a month searches before it trains: the challenger and its refit learn with what was found, and say so', async () => {
  const { stage, requests } = await openWatched()
  await using _ = stage
  const before = { 'linear.ridge': 10 } // so much that anything else is better
  const month = { refit: true, threshold: 9, tuneTrials: 4, trainerSettings: before }
  const { cycle } = await stage.month('2020-04', month)
  expect(cycle?.verdict).toBe('promote')
  const [search] = await runsOf(stage, { 'understudy.kind': 'tune' })
  expect(search?.tags['mlflow.parentRunId']).toBe(cycle?.runId)
  expect(search?.status).toBe('FINISHED')
  const versions = await stage.tracking.versions('deliveries')
  const [refitted, challenger] = versions
  expect([refitted?.tags['understudy.tuned_by'], challenger?.tags['understudy.tuned_by']]).toEqual([
    search?.id,
    search?.id,
  ])
  expect(refitted?.tags['understudy.refit_of']).toBe(String(challenger?.version))
  const found = search?.params['best.ridge']
  expect(Number(found)).toBeLessThan(10)
  for (const { runId } of [refitted!, challenger!]) {
    const run = await stage.tracking.run(runId ?? '')
    expect(run.params.ridge).toBe(found)
    expect(run.tags['understudy.tuned_by']).toBe(search?.id)
  }
  const inSearch = requests.filter(({ validate }) => validate !== undefined)
  expect(inSearch.length).toBeGreaterThan(0)
  for (const { validate } of inSearch) {
    expect(validate?.toMs).toBeLessThanOrEqual(Date.parse(cycle?.holdoutFrom ?? '') - 1)
    expect(validate?.fromMs).toBeGreaterThan(monthWindow('2020-04').fromMs)
  }
})

test('a month that was stopped while it searched goes on with the search', async () => {
  const stop = new AbortController()
  const { stage, requests } = await openWatched((count) => {
    if (count === 8) stop.abort() // the first model is the first training
  })
  await using _ = stage
  const month = { tuneTrials: 4 }
  await expect(stage.month('2020-04', month, stop.signal)).rejects.toMatchObject({ code: 'CANCELLED' })
  const before = requests.length
  const { cycle } = await stage.month('2020-04', month)
  expect(cycle?.applied).toBe(true)
  const searches = await runsOf(stage, { 'understudy.kind': 'tune' })
  expect(searches.map(({ status }) => status)).toEqual(['FINISHED'])
  const again = requests.slice(before).filter(({ validate }) => validate !== undefined)
  expect(again.length).toBeLessThan(15 - 3) // the settings in force had been judged
  const open = (await runsOf(stage, {})).filter((run) => run.status === 'RUNNING')
  expect(open.map((run) => run.tags['understudy.kind'])).toEqual(['monitor'])
})

test('a month too small to be judged is not searched either', async () => {
  await using stage = await openStage(deliveries({ '2020-04': { rows: 260 } }))
  const { cycle } = await stage.month('2020-04', { tuneTrials: 2 })
  expect(cycle?.challenger).toBeNull()
  expect(await runsOf(stage, { 'understudy.kind': 'tune' })).toEqual([])
})

test('cycles that search for nothing are asked for as those of earlier versions were', () => {
  const { acceptFirst: _, ...request } = usual(deliveries())
  const earlier = { ...request, store: 's', origin: 'simulated', trainerSettings: {}, retrainOf: null }
  expect(CycleInput.parse(earlier)).toEqual(earlier)
  expect(cycleKey(CycleInput.parse(earlier), 'raw')).not.toBe(cycleKey({ ...earlier, tuneTrials: 2 }, 'raw'))
})

test('no search reaches into a month that is still to be judged on; one that was decided is no secret, and is named', async () => {
  await using stage = await openStage(deliveries())
  const search = async (changes: Partial<TuneRequest>) => await tuneByHand(stage, asked({ trials: 1, ...changes }), {})
  const april = { ...HISTORY, toMs: parseDay('2020-05-01') }
  const refused = (month: string) => ({ code: 'BAD_INPUT', what: expect.stringContaining(`${month}, whose holdout`) })
  await expect(search({ window: april })).rejects.toMatchObject(refused('2020-04'))
  await expect(search({ window: monthWindow('2020-05') })).rejects.toMatchObject(refused('2020-05')) // April is not in it
  const may = { learns: 'month', window: monthWindow('2020-05') } as const
  await expect(search({ ...may, trainWindow: 'history' })).rejects.toMatchObject(refused('2020-04'))
  expect(stage.trainings.count).toBe(0)
  expect((await search({ ...may, trainWindow: 'month' })).holdouts).toEqual({ next: '2020-04', seen: [] })
  await stage.month('2020-04', { threshold: 9 })
  expect((await search({ window: april })).holdouts.next).toBe('2020-05')
  expect((await search({ window: { ...april, fromMs: parseDay('2020-04-01') } })).holdouts.seen).toEqual(['2020-04'])
  expect((await search({ ...may, trainWindow: 'history' })).holdouts).toEqual({ next: '2020-05', seen: ['2020-04'] })
})

test('a month that waits for a person is still to be judged on: another model may be', async () => {
  await using stage = await openStage(deliveries())
  const { cycle } = await stage.month('2020-04', { threshold: 1e-6 })
  expect(cycle?.decision).not.toBeNull()
  const april = { ...HISTORY, toMs: parseDay('2020-05-01') }
  await expect(tuneByHand(stage, asked({ window: april }), {})).rejects.toMatchObject({ code: 'BAD_INPUT' })
})

test("until there is a first model, no search sees that model's holdout", async () => {
  await using stage = await openStage(deliveries())
  const march = asked({ trials: 1, window: { ...HISTORY, fromMs: parseDay('2020-03-01') } })
  const month = asked({ trials: 1, learns: 'month', window: monthWindow('2020-04'), trainWindow: 'history' })
  for (const request of [march, month]) {
    await expect(tuneByHand(stage, request, {})).rejects.toMatchObject({
      code: 'BAD_INPUT',
      what: expect.stringContaining("the first model's holdout"),
    })
  }
  await stage.month('2020-04', { threshold: 9 })
  for (const request of [march, month]) expect((await tuneByHand(stage, request, {})).outcome.inForce).not.toBeNull()
})

test('batches larger than what a fold learns are refused before anything is learnt', async () => {
  await using stage = await openStage(deliveries())
  const space = [parseParameter('batchSize=1..9999999999')]
  await expect(tuneByHand(stage, asked({ trainer: 'mlp', space }), {})).rejects.toMatchObject({
    code: 'BAD_INPUT',
    what: expect.stringMatching(/batch_size goes up to 9999999999, and a fold learns \d+ rows/),
  })
  expect(stage.trainings.count).toBe(0)
})
