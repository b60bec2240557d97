// Months played again beside the real model.
import { expect, test } from 'vitest'
import type { Month } from '../../src/kernel/window.ts'
import { type ReplayRequest, replay } from '../../src/lifecycle/replay.ts'
import { deliveries } from '../deliveries/project.ts'
import { openStage, type Stage, usual } from './stage.ts'

const MONTHS: readonly Month[] = ['2020-04', '2020-05', '2020-06']
const ROUGH = { '2020-04': { pace: 3.6 }, '2020-06': { pace: 4.2, noise: 9 } } as const

function request(stage: Stage, changes: Partial<ReplayRequest> = {}): ReplayRequest {
  const {
    acceptFirst: _a,
    again: _b,
    challenger: _c,
    fromMs: _d,
    toMs: _e,
    onEscalate: _g,
    ...settings
  } = usual(stage.project)
  return { ...settings, months: MONTHS, onEscalate: 'keep', ...changes }
}

test('a replay plays every month in a place of its own and never touches the real model', async () => {
  await using stage = await openStage(deliveries(ROUGH))
  await stage.month('2020-04', { rule: 'significant' })
  const before = await stage.cast()
  const played = await replay(stage, request(stage), {})
  expect(played.model).toMatch(/^deliveries_replay_[0-9a-f]{12}$/)
  expect(played.experiment).toBe(played.model)
  expect(played.months.map(({ month, verdict }) => `${month} ${verdict}`)).toEqual([
    '2020-04 promote',
    expect.stringMatching(/2020-05 (keep|promote)/),
    '2020-06 escalate',
  ])
  expect(await stage.cast()).toBe(before)
  expect(stage.notices).toHaveLength(2) // the real first model's and cycle's; a replay tells nobody
})

test('the same replay is printed again without training; another setting is another replay', async () => {
  await using stage = await openStage(deliveries(ROUGH))
  const played = await replay(stage, request(stage), {})
  const trained = stage.trainings.count
  expect((await replay(stage, request(stage), {})).months).toEqual(played.months)
  expect(stage.trainings.count).toBe(trained)
  const other = await replay(stage, request(stage, { seed: 1 }), {})
  expect(other.model).not.toBe(played.model)
  expect(stage.trainings.count).toBeGreaterThan(trained)
})

test('a replay that was stopped goes on at the month it had reached', async () => {
  const stop = new AbortController()
  await using stage = await openStage(deliveries(ROUGH), {
    learning: (count) => {
      if (count === 3) stop.abort()
    },
  })
  await expect(replay(stage, request(stage), { signal: stop.signal })).rejects.toMatchObject({ code: 'CANCELLED' })
  const played = await replay(stage, request(stage), {})
  expect(played.months).toHaveLength(3)
  expect(stage.trainings.count).toBe(5) // first model, three challengers, and the one that was stopped
})

test('nobody is asked: the champion stays, or the better one goes on', async () => {
  await using stage = await openStage(deliveries(ROUGH))
  const kept = await replay(stage, request(stage), {})
  expect(kept.months.at(-1)).toMatchObject({ verdict: 'escalate', insteadOfAsking: 'kept' })
  const promoted = await replay(stage, request(stage, { onEscalate: 'promote-better' }), {})
  expect(promoted.months.at(-1)).toMatchObject({ verdict: 'escalate', insteadOfAsking: 'promoted' })
  for (const { model } of [kept, promoted]) {
    const versions = await stage.tracking.versions(model)
    expect(versions.filter((version) => version.stage === 'Staging')).toEqual([])
  }
})
