// The recipe's lines as the tasks log them: each is said of what was really done, and of nothing twice.
import { expect, test } from 'vitest'
import { PlannedError } from '../../src/kernel/errors.ts'
import { monthWindow } from '../../src/kernel/window.ts'
import type { LifecycleRooms } from '../../src/lifecycle/rooms.ts'
import { runCycle } from '../../src/lifecycle/run-cycle.ts'
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
