// Several commands at work in one home: those that would disturb each other say who is at work, the others do not notice.
import { expect, test } from 'vitest'
import { openProgram, type Started } from './program.ts'
import { expectWhole, rowsOf } from './whole-home.ts'

const SETTINGS = {
  UNDERSTUDY_PROJECT: 'tests/end-to-end/eventful.fixture.ts',
  TRAINERS: 'linear',
  TRAIN_WINDOW: 'month',
}
const APRIL = ['cycle', '--month', '2020-04']

/** Waits until a task has begun. */
async function begun({ child, ended }: Started, task: string): Promise<void> {
  let said = ''
  const isSaid = new Promise<void>((resolve) => {
    child.stderr?.on('data', (text: string) => {
      said += text
      if (said.includes(`(${task})`)) resolve()
    })
  })
  await Promise.race([isSaid, ended])
}

test('while a cycle is at work, another of its model, and whoever moves a stage, is told who it is', {
  timeout: 60_000,
}, async () => {
  const forEver = 'mlp.epochs=1000000 mlp.patience=1000000'
  await using program = await openProgram({ ...SETTINGS, TRAINERS: 'mlp', TRAINER_SETTINGS: forEver })
  const cycle = program.start(APRIL)
  await begun(cycle, 'train_first_model')
  for (const args of [
    APRIL,
    ['cycle', '--month', '2020-05'],
    ['train'],
    ['promote', '--version', '1', '--why', 'I know better'],
  ]) {
    const { code, err } = await program.run(args)
    expect(code, err).toBe(4)
    expect(err).toContain(`process ${cycle.child.pid}`)
    expect(err).toMatch(/since \d{4}-\d\d-\d\dT/)
    expect(err).toContain('wait until it ends, or stop that process')
  }
  cycle.child.kill('SIGINT') // it was at work all the while
  const { code, err } = await cycle.ended
  expect(code, err).toBe(130)
  await expectWhole(program.home, 'deliveries', 'four were refused')
})

test('two models of one project begin at once in an empty home, and a replay beside them: all three come to their end', {
  timeout: 60_000,
}, async () => {
  await using program = await openProgram(SETTINGS)
  const all = await Promise.all([
    program.start(APRIL, { MLFLOW_MODEL_NAME: 'one' }).ended,
    program.start(APRIL, { MLFLOW_MODEL_NAME: 'two' }).ended,
    program.start(['replay', '--from', '2020-04', '--to', '2020-05']).ended,
  ])
  for (const { code, err } of all) expect(code, err).toBe(0)
  for (const model of ['one', 'two']) {
    const { versions } = await expectWhole(program.home, model, model)
    expect(versions).toEqual(['v1 Archived', 'v2 Production'])
  }
  const models = rowsOf(program.home, 'mlflow.db', 'select name from registered_models order by name')
  expect(models.map(({ name }) => String(name).replace(/_[0-9a-f]{12}$/, ''))).toEqual([
    'deliveries_replay',
    'one',
    'two',
  ])
})
