import { expect, test } from 'vitest'
import { PlannedError } from '../../src/kernel/errors.ts'
import { monthWindow } from '../../src/kernel/window.ts'
import { promoteByHand } from '../../src/lifecycle/promote-by-hand.ts'
import { runCycle } from '../../src/lifecycle/run-cycle.ts'
import { trainByHand } from '../../src/lifecycle/train-by-hand.ts'
import { deliveries } from '../deliveries/project.ts'
import { openStage, type Stage, usual } from './stage.ts'

const SLOWER = { pace: 3.6 }
const MODEL = 'deliveries'

test('a refit that fails leaves the promotion as it is, and everybody is told of it', async () => {
  await using stage = await openStage(deliveries({ '2020-04': SLOWER }), {
    learning: (count) => {
      if (count === 3) throw new PlannedError('BAD_DATA', 'no finite numbers')
    },
  })
  const { cycle } = await stage.month('2020-04', { refit: true })
  expect(cycle).toMatchObject({ verdict: 'promote', applied: true })
  expect(cycle?.notes.join()).toContain('v2 serves as it was judged')
  expect(stage.notices.at(-1)).toMatch(/^🚀/)
})

test('a month that was stopped does not stand in the way after a later one was run', async () => {
  const stop = new AbortController()
  await using stage = await openStage(deliveries({ '2020-05': SLOWER }), {
    learning: (count) => {
      if (count === 2) stop.abort()
    },
  })
  await expect(stage.month('2020-04', { rule: 'significant' }, stop.signal)).rejects.toMatchObject({
    code: 'CANCELLED',
  })
  await stage.month('2020-05')
  const { cycle } = await stage.month('2020-04', { rule: 'significant' })
  expect(cycle?.applied).toBe(false)
  expect(await stage.cast()).toContain('v2 Production')
})

test('promoted and then stopped: the month is finished with its own settings, and not looked at twice', async () => {
  const stop = new AbortController()
  await using stage = await openStage(deliveries({ '2020-04': SLOWER }), {
    learning: (count) => {
      if (count === 3) stop.abort() // the refit, after the promotion
    },
  })
  await expect(stage.month('2020-04', { refit: true }, stop.signal)).rejects.toMatchObject({ code: 'CANCELLED' })
  expect(await stage.cast()).toMatch(/^v1 Archived, v2 Production/)
  const again = await stage.month('2020-04', { threshold: 1.9 })
  expect(again.cycle).toMatchObject({ threshold: 2, looks: 1, verdict: 'promote' })
  expect(again.decidedBefore).toContain('threshold was 2 and is now 1.9')
  expect(stage.notices.at(-1)).toMatch(/^🚀/)
})

test('a challenger that a person promoted while the cycle was stopped stays in Production', async () => {
  const stop = new AbortController()
  await using stage = await openStage(deliveries({ '2020-05': SLOWER }), {
    learning: (count) => {
      if (count === 3) stop.abort()
    },
  })
  await stage.month('2020-04', { rule: 'significant' }) // v2 is archived
  await expect(stage.month('2020-05', {}, stop.signal)).rejects.toMatchObject({ code: 'CANCELLED' })
  await promoteByHand(stage, { model: MODEL, version: 2, actor: 'ann', reason: 'I know better' })
  const { cycle } = await stage.month('2020-05')
  expect(cycle?.champion?.version).toBe(2)
  const { stage: where } = await stage.tracking.version(MODEL, 2)
  expect(where === 'Production' || cycle?.verdict === 'promote').toBe(true)
  expect((await stage.tracking.versions(MODEL)).filter((one) => one.stage === 'Production')).toHaveLength(1)
})

test('a named challenger that a person promoted meanwhile is not taken back to Staging', async () => {
  const stop = new AbortController()
  await using stage = await openStage(deliveries())
  await stage.month('2020-04', { rule: 'significant' })
  const readModelFile = async (): Promise<never> => {
    stop.abort()
    throw new PlannedError('UNAVAILABLE', 'stopped here')
  }
  const dying = { ...stage, tracking: { ...stage.tracking, readModelFile } }
  const asked = { ...usual(stage.project), ...monthWindow('2020-05'), challenger: 2 }
  await expect(runCycle(dying, asked, { signal: stop.signal })).rejects.toMatchObject({ code: 'CANCELLED' })
  await promoteByHand(stage, { model: MODEL, version: 2, actor: 'ann', reason: 'I know better' })
  // It stands aside first; then, as things are, v2 would be its own challenger.
  await expect(stage.month('2020-05', { challenger: 2 })).rejects.toMatchObject({ code: 'BAD_INPUT' })
  expect(await stage.cast()).toContain('v2 Production')
})

test('a refit that breaks in a way nobody foresaw blocks no later month', async () => {
  await using stage = await openStage(deliveries({ '2020-04': SLOWER }), {
    learning: (count) => {
      if (count === 3) throw new Error('the thread died')
    },
  })
  const { cycle } = await stage.month('2020-04', { refit: true })
  expect(cycle?.notes.join()).toContain('the thread died')
  expect((await stage.month('2020-05')).cycle?.champion?.version).toBe(2)
})

test('killed between a promotion and its journal: the month is finished, not decided again under other settings', async () => {
  await using stage = await openStage(deliveries({ '2020-04': SLOWER }))
  const killed = new AbortController()
  const move: typeof stage.tracking.move = async (name, moves, effect) => {
    const done = await stage.tracking.move(name, moves, effect)
    if (moves.some(({ to }) => to === 'Production') && name === MODEL && effect?.includes('transition_model')) {
      killed.abort()
      throw new PlannedError('UNAVAILABLE', 'killed here')
    }
    return done
  }
  const asked = { ...usual(stage.project), ...monthWindow('2020-04') }
  const dying = runCycle({ ...stage, tracking: { ...stage.tracking, move } }, asked, { signal: killed.signal })
  await expect(dying).rejects.toMatchObject({ code: 'CANCELLED' })
  expect(await stage.cast()).toBe('v1 Archived, v2 Production')
  const again = await stage.month('2020-04', { seed: 1, threshold: 3 })
  expect(again.cycle).toMatchObject({ verdict: 'promote', threshold: 2, challenger: { version: 2 }, looks: 1 })
  expect(await stage.cast()).toBe('v1 Archived, v2 Production')
})

test('stopped after the promotion, the same command says what was done and does not call it old news', async () => {
  const stop = new AbortController()
  await using stage = await openStage(deliveries({ '2020-04': SLOWER }), {
    learning: (count) => {
      if (count === 3) stop.abort()
    },
  })
  await expect(stage.month('2020-04', { refit: true }, stop.signal)).rejects.toMatchObject({ code: 'CANCELLED' })
  expect(await stage.month('2020-04', { refit: true })).toMatchObject({
    decidedBefore: null,
    cycle: { verdict: 'promote' },
  })
  expect((await stage.month('2020-04', { refit: true })).decidedBefore).toBe('')
})

test('a first model that waited, was stopped, and was promoted by a person is the champion', async () => {
  await using stage = await openStage(deliveries())
  const killed = new AbortController()
  const setVersionTags: typeof stage.tracking.setVersionTags = async (name, version, tags) => {
    if ('understudy.verdict' in tags) {
      killed.abort()
      throw new PlannedError('UNAVAILABLE', 'killed here')
    }
    return await stage.tracking.setVersionTags(name, version, tags)
  }
  const asked = { ...usual(stage.project), ...monthWindow('2020-04'), acceptFirst: false }
  const dying = runCycle({ ...stage, tracking: { ...stage.tracking, setVersionTags } }, asked, {
    signal: killed.signal,
  })
  await expect(dying).rejects.toMatchObject({ code: 'CANCELLED' })
  await promoteByHand(stage, { model: MODEL, version: 1, actor: 'ann', reason: 'it will do' })
  const { cycle } = await stage.month('2020-04', { acceptFirst: false })
  expect(cycle?.champion?.version).toBe(1)
})

/** The stage, stopped for good right after one of its moves; and what stops it, to be handed to the engine. */
function dyingAfterMove(stage: Stage, isLast: (effect: string) => boolean): { rooms: Stage; signal: AbortSignal } {
  const killed = new AbortController()
  const move: Stage['tracking']['move'] = async (name, moves, effect) => {
    const done = await stage.tracking.move(name, moves, effect)
    if (effect === undefined || !isLast(effect)) return done
    killed.abort()
    throw new PlannedError('UNAVAILABLE', 'killed here')
  }
  return { rooms: { ...stage, tracking: { ...stage.tracking, move } }, signal: killed.signal }
}

test('killed when the first model waits and that is not yet written down: its own run goes on, as one that trained', async () => {
  await using stage = await openStage(deliveries())
  const { rooms, signal } = dyingAfterMove(stage, (effect) => effect.endsWith('/train_first_model/staging'))
  const asked = { ...usual(stage.project), ...monthWindow('2020-04') }
  await expect(runCycle(rooms, asked, { signal })).rejects.toMatchObject({ code: 'CANCELLED' })
  expect(await stage.cast()).toBe('v1 Staging')
  expect((await stage.month('2020-04')).first).toMatchObject({ version: 1, trained: true })
  expect(await stage.engine.flowRuns({ flow: 'first_model' })).toMatchObject([{ status: 'completed' }])
})

test('killed when a model that waited had just become the first one: people are told, and its verdict is kept', async () => {
  await using stage = await openStage(deliveries())
  const { model, experiment, size, seed, trainers, timeReading, threshold } = usual(stage.project)
  const history = { fromMs: stage.project.historyFromMs, toMs: monthWindow('2020-04').fromMs }
  const training = {
    model,
    experiment,
    size,
    seed,
    trainers,
    timeReading,
    threshold,
    window: history,
    splitRatio: 0.02,
  }
  await trainByHand(stage, training, {})
  const { rooms, signal } = dyingAfterMove(stage, (effect) => effect.endsWith('/accept_first_model/move'))
  const asked = { ...usual(stage.project), ...monthWindow('2020-04') }
  await expect(runCycle(rooms, asked, { signal })).rejects.toMatchObject({ code: 'CANCELLED' })
  expect(await stage.cast()).toBe('v1 Production')
  expect(stage.notices).toEqual([])
  expect((await stage.month('2020-04')).first).toMatchObject({ version: 1, trained: false })
  expect(stage.notices[0]).toMatch(/^ℹ️/)
  expect((await stage.tracking.version(MODEL, 1)).tags['understudy.verdict']).toBe('first model: promote')
  expect(await stage.engine.flowRuns({ flow: 'first_model' })).toMatchObject([{ status: 'completed' }])
})

test('a processed table that was dropped while a cycle was stopped is made again', async () => {
  const stop = new AbortController()
  await using stage = await openStage(deliveries(), {
    learning: (count) => {
      if (count === 2) stop.abort()
    },
  })
  await expect(stage.month('2020-04', {}, stop.signal)).rejects.toMatchObject({ code: 'CANCELLED' })
  await stage.warehouse.drop('deliveries_processed_small')
  expect((await stage.month('2020-04')).cycle?.applied).toBe(true)
})

test('every run of a cycle is ended once the cycle is', async () => {
  await using stage = await openStage(deliveries({ '2020-04': SLOWER }))
  await stage.month('2020-04', { refit: true })
  await stage.month('2020-05')
  const experiment = await stage.tracking.experiment('deliveries_experiment')
  const open = (await stage.tracking.findRuns(experiment.id, {})).filter((run) => run.status === 'RUNNING')
  expect(open.map((run) => run.tags['understudy.kind'])).toEqual(['monitor'])
})
