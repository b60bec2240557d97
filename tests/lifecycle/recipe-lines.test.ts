// The recipe's lines as the tasks log them: each is said of what was really done, and of nothing twice.
import { expect, test } from 'vitest'
import { PlannedError } from '../../src/kernel/errors.ts'
import { monthWindow } from '../../src/kernel/window.ts'
import type { LifecycleRooms } from '../../src/lifecycle/rooms.ts'
import { runCycle } from '../../src/lifecycle/run-cycle.ts'
import { trainByHand } from '../../src/lifecycle/train-by-hand.ts'
import { deliveries } from '../deliveries/project.ts'
import { openStage, type Stage, usual } from './stage.ts'

/** What a task of the newest run of a flow logged, the recipe's lines only. */
async function saidBy({ engine }: Stage, flow: string, task: string): Promise<string[]> {
  const [run] = await engine.flowRuns({ flow })
  const log = await engine.taskLog(run?.id ?? '', task)
  return log.map(({ line }) => line).filter((line) => /^[✅⭐❌]/u.test(line))
}

const count = (lines: readonly string[], part: string): number => lines.filter((line) => line.includes(part)).length

test('an attempt that finds its version made and moved does not claim to have made and moved it', async () => {
  await using stage = await openStage(deliveries())
  await stage.month('2020-04')
  let readings = 0
  const tracking: LifecycleRooms['tracking'] = {
    ...stage.tracking,
    readModelFile: (name, version, path) => {
      // The challenger is read after it was registered and moved: its first attempt ends there.
      if (version === 3 && readings++ === 0) throw new PlannedError('UNAVAILABLE', 'the store is away')
      return stage.tracking.readModelFile(name, version, path)
    },
  }
  await runCycle({ ...stage, tracking }, { ...usual(stage.project), ...monthWindow('2020-05') }, {})
  expect(readings).toBeGreaterThan(1)
  const said = await saidBy(stage, 'cycle', 're_train')
  for (const once of [
    'Use case: train',
    'Model trained on',
    'saved',
    'from None to Staging',
    'autolog done',
    'train() done',
  ])
    expect(count(said, once), `${once}: ${said.join('\n')}`).toBe(once === 'saved' ? 2 : 1)
})

test('a training that fails and is tried again says that it began twice and was done once', async () => {
  await using stage = await openStage(deliveries(), {
    learning: (training) => {
      if (training === 1) throw new PlannedError('UNAVAILABLE', 'no thread')
    },
  })
  await stage.month('2020-04')
  const said = await saidBy(stage, 'first_model', 'train_first_model')
  expect(count(said, 'Use case: train')).toBe(2)
  expect(count(said, 'Model trained on')).toBe(1)
  expect(said.at(-1)).toBe('✅ train() done')
})

test('a model that cannot be read is not said to be loaded or evaluated', async () => {
  await using stage = await openStage(deliveries())
  await stage.month('2020-04')
  const tracking: LifecycleRooms['tracking'] = {
    ...stage.tracking,
    readModelFile: (name, version, path) => {
      if (version < 3) throw new PlannedError('BAD_DATA', 'the file is damaged')
      return stage.tracking.readModelFile(name, version, path)
    },
  }
  await runCycle({ ...stage, tracking }, { ...usual(stage.project), ...monthWindow('2020-05') }, {})
  const said = await saidBy(stage, 'cycle', 'evaluate_production_model')
  expect(said).not.toContain('✅ model loaded from mlflow')
  expect(count(said, 'Model evaluated')).toBe(0)
})

test('months that were up to date, or have no rows, are not said to be processed', async () => {
  await using stage = await openStage(deliveries())
  await stage.month('2020-04')
  expect(await saidBy(stage, 'cycle', 're_train')).not.toContain('⭐️ Use case: preprocess')
  await stage.month('2020-05')
  expect(await saidBy(stage, 'cycle', 'preprocess_new_data')).toEqual([
    '⭐️ Use case: preprocess',
    '✅ Data loaded, with shape (600, 4)',
    '✅ data cleaned',
    '✅ X_processed, with shape (594, 26)',
    '✅ preprocess() done',
  ])
})

const NOTHING_LEARNT = ['⭐️ Use case: train', '❌ Not enough processed data retrieved to train on']

test('a month without rows was not loaded, cleaned, evaluated or saved, and nothing learns from it', async () => {
  await using stage = await openStage(deliveries())
  await stage.month('2020-04')
  await stage.month('2020-12')
  expect(await saidBy(stage, 'cycle', 'preprocess_new_data')).toEqual([
    '⭐️ Use case: preprocess',
    '✅ preprocess() done',
  ])
  const [run] = await stage.engine.flowRuns({ flow: 'cycle' })
  const log = await stage.engine.taskLog(run?.id ?? '', 'preprocess_new_data')
  expect(log.map(({ line }) => line)).toContain('   no parcels in this window: there is nothing to process')
  expect(await saidBy(stage, 'cycle', 'evaluate_production_model')).toEqual([
    '⭐️ Use case: evaluate',
    '❌ No data to evaluate on',
    '✅ mlflow_run autolog done',
  ])
  expect(await saidBy(stage, 'cycle', 'find_champion')).toEqual(NOTHING_LEARNT)
})

test.each([
  [12, 'fewer than ten to learn from', NOTHING_LEARNT], // of 12 rows, 3 are held out
  [14, 'ten and more, which cannot be judged', []],
])('%i rows are %s', async (rows, _, said) => {
  await using stage = await openStage(deliveries({ '2020-04': { rows } }))
  await stage.month('2020-04')
  expect(await saidBy(stage, 'cycle', 'find_champion')).toEqual(said)
  expect(count(await saidBy(stage, 'cycle', 'evaluate_production_model'), 'Model evaluated')).toBe(1)
  expect(stage.trainings.count).toBe(1) // the first model
})

test('a first model without enough rows says so as the training it was to be', async () => {
  const none = { rows: 2 }
  await using stage = await openStage(deliveries({ '2020-01': none, '2020-02': none, '2020-03': none }))
  await expect(stage.month('2020-04')).rejects.toMatchObject({ code: 'BAD_DATA' })
  const said = await saidBy(stage, 'first_model', 'preprocess_history')
  expect(said.slice(-3)).toEqual(['✅ preprocess() done', ...NOTHING_LEARNT])
})

const byHand = (stage: Stage) => {
  const { model, experiment, size, seed, timeReading, threshold } = usual(stage.project)
  const window = { fromMs: stage.project.historyFromMs, toMs: monthWindow('2020-04').fromMs }
  const request = { model, experiment, size, seed, timeReading, threshold, window, splitRatio: 0.02 }
  return trainByHand(stage, { ...request, trainers: ['mlp'] }, {})
}

test('where weights would be taken up and are not, it is said why; and what was trained by hand is no first model', {
  timeout: 30_000,
}, async () => {
  await using stage = await openStage(deliveries())
  const missing = '❌ No model found with name deliveries in stage Production'
  await byHand(stage)
  const first = await saidBy(stage, 'train', 'train')
  expect(first.indexOf(missing)).toBe(first.indexOf('⭐️ Use case: train') + 1)
  expect(first.indexOf('✅ Model initialized')).toBeGreaterThan(first.indexOf(missing))
  const [move] = await stage.tracking.history('deliveries')
  expect(move?.reason).toMatch(/^trained by hand, learnt 2020-01-01 to 2020-03-\d\d$/)

  await stage.tracking.move('deliveries', [
    { version: 1, to: 'Production', cause: { actor: 'ann', reason: 'the first', evidence: null } },
  ])
  await byHand(stage)
  expect(await saidBy(stage, 'train', 'train')).not.toContain(missing)
  const [run] = await stage.engine.flowRuns({ flow: 'train' })
  const log = (await stage.engine.taskLog(run?.id ?? '', 'train')).map(({ line }) => line)
  expect(log).toContain('   starts cold: v1, in Production, has learnt rows of this window')
})
