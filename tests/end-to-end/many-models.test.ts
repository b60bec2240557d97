// Two models side by side in one home: run at the same time and by turns, each with its own tables, champion, history and decisions.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { diskArtifacts } from '../../src/artifacts/disk.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { openEmbeddedTracking } from '../../src/tracking/embedded.ts'
import { openProgram, type Program } from './program.ts'

const OTHER = ['--project', 'tests/deliveries/project.ts']
/** So strict that a person is asked about every month of the deliveries. */
const SETTINGS = { TRAINERS: 'linear', DELIVERIES__TRAINERS: 'linear', DELIVERIES__GATE_THRESHOLD: '0.1' }

interface Status {
  readonly models: readonly {
    readonly model: string
    readonly unit: string
    readonly champion: { readonly version: number } | null
    readonly last: { readonly month: string; readonly verdict: string }
    readonly error: { readonly threshold: number; readonly isOver: boolean }
    readonly waits: readonly { readonly decision: number; readonly month: string }[]
    readonly next: string
  }[]
  readonly neverRun: readonly { readonly project: string; readonly model: string }[]
}
type Moves = readonly { readonly name: string; readonly version: number }[]

let program: Program
beforeAll(async () => {
  program = await openProgram(SETTINGS)
})
afterAll(() => program[Symbol.asyncDispose]())

const tableNames = async (): Promise<string[]> =>
  (await program.json<{ name: string }[]>(['data'])).map(({ name }) => name).sort()
/** What the registry holds of a model, read past the program. */
async function recordsOf(model: string) {
  const artifacts = diskArtifacts(join(program.home, 'artifacts'))
  const databasePath = join(program.home, 'mlflow.db')
  await using tracking = await openEmbeddedTracking({ databasePath, artifacts, clock: systemClock, user: 'tester' })
  return { versions: await tracking.versions(model), history: await tracking.history(model) }
}

test('two projects begin in one empty home at the same time, and go on by turns', { timeout: 120_000 }, async () => {
  const months = [
    [['cycle'], ['cycle', ...OTHER]],
    [['cycle', '--month', '2020-05', ...OTHER]],
    [['cycle', '--month', '2015-02']],
  ]
  for (const together of months) {
    const ended = await Promise.all(together.map((words) => program.run(words)))
    for (const { code, err } of ended) expect(code, err).toBe(0)
  }
})

test('each has tables, versions, a history and copies of its own, and nothing of one shows in the other', async () => {
  expect(await tableNames()).toEqual([
    'deliveries_processed_small',
    'deliveries_raw_small',
    'processed_200k',
    'raw_200k',
  ])
  for (const [name, project] of [['taxifare', []] as const, ['deliveries', OTHER] as const]) {
    const [models, history] = await Promise.all([
      program.json<Moves>(['models', ...project]),
      program.json<Moves>(['history', ...project]),
    ])
    expect(models).toHaveLength(3) // the first model and two challengers
    expect(new Set([...models, ...history].map((record) => record.name))).toEqual(new Set([name]))
  }
  const parcels = await program.run(['models', 'show', '2', ...OTHER])
  expect(parcels.out).toContain('deliveries_processed_small (simulated), 2020-')
  expect(parcels.out).not.toMatch(/taxifare|rides|processed_200k|USD/)
  const monitor = await program.json<{ months: { month: string }[] }>(['monitor', ...OTHER])
  expect(monitor.months.map(({ month }) => month)).toEqual(['2020-04', '2020-05'])
  const outputs = join(program.home, 'training_outputs')
  expect(await readdir(join(outputs, 'models'))).toHaveLength(3)
  expect(await readdir(join(outputs, 'deliveries', 'models'))).toHaveLength(3)
}, 30_000)

test('status shows both, each with its own month, threshold, unit and questions', async () => {
  const { models, neverRun } = await program.json<Status>(['status', ...OTHER])
  expect(models).toMatchObject([
    {
      model: 'deliveries',
      unit: 'min',
      champion: { version: 1 },
      last: { month: '2020-05', verdict: 'escalate' },
      error: { threshold: 0.1, isOver: true },
      waits: [{ month: '2020-05' }],
      next: '2020-06',
    },
    {
      model: 'taxifare',
      unit: 'USD',
      last: { month: '2015-02' },
      error: { threshold: 2.5 },
      waits: [],
      next: '2015-03',
    },
  ])
  expect(neverRun.map(({ model }) => model)).not.toContain('taxifare')
  const { out } = await program.run(['status', ...OTHER])
  expect(out).toContain('./understudy decisions --project tests/deliveries/project.ts')
  expect(out).toMatch(/taxifare +next month, 2015-03 +\.\/understudy cycle --month 2015-03$/m)
  expect(await program.json<object[]>(['decisions'])).toEqual([])
})

test('a model whose project is not at hand is shown from its records', async () => {
  const { out } = await program.run(['status'])
  expect(out).toMatch(/^deliveries +v1, \S+ min .*2020-05 escalate.* \S+ ≥ 0\.1 \(2020-05\) !$/m)
  expect(out).toContain('deliveries: its project is not here any more')
})

test('an answer, a month or a training for the other model is refused before anything is done', async () => {
  const before = await recordsOf('deliveries')
  const [waiting] = await program.json<{ id: number }[]>(['decisions', ...OTHER])
  const answer = await program.run(['decide', String(waiting?.id), 'retrain', '--why', 'in the wrong project'])
  expect(answer).toMatchObject({ code: 4, out: '' })
  expect(answer.err).toContain('kept by the project deliveries, and this is taxifare')
  const month = await program.run(['cycle', '--month', '2015-03'], { MLFLOW_MODEL_NAME: 'deliveries' })
  expect(month).toMatchObject({ code: 4, out: '' })
  expect(await recordsOf('deliveries')).toEqual(before)
  expect(await program.json<object[]>(['decisions', ...OTHER])).toHaveLength(1)
}, 30_000)

test('history answers what was in Production on a date, and which month of data that is not', async () => {
  const [before, today] = await Promise.all([
    program.run(['history', '--on', '2020-05-14', ...OTHER]),
    program.run(['history', '--on', new Date().toISOString().slice(0, 10), ...OTHER]),
  ])
  expect(before.out).toContain('Nothing of deliveries was in Production yet on 2020-05-14. The first was v1, from 2')
  expect(before.out).toMatch(/The data of 2020-05 was judged on .*: the champion was v1, the verdict escalate/)
  expect(today.out).toMatch(/^ {2}nothing {2}from .* 00:00:00 until .*\n {2}v1 {2}from .* until now$/m)
  expect(today.out).toContain('The first model was taken as the baseline')
  const versions = (await program.json<Moves>(['history', '--version', '2', ...OTHER])).map(({ version }) => version)
  expect(new Set(versions)).toEqual(new Set([2]))
}, 30_000)

test('what is reset or dropped of one leaves the other as it was', async () => {
  const before = [await recordsOf('taxifare'), await recordsOf('deliveries')]
  for (const words of [
    ['reset', 'local', ...OTHER],
    ['data', 'drop', 'deliveries_raw_small', ...OTHER],
  ]) {
    const { code, err } = await program.run(words)
    expect(code, err).toBe(0)
  }
  expect(await tableNames()).toEqual(['processed_200k', 'raw_200k'])
  expect(await readdir(join(program.home, 'training_outputs', 'models'))).toHaveLength(3)
  expect(await readdir(join(program.home, 'training_outputs', 'deliveries', 'models'))).toEqual([])
  expect([await recordsOf('taxifare'), await recordsOf('deliveries')]).toEqual(before)
}, 30_000)

test('a history that somebody edited is shown with a warning', async () => {
  const database = new DatabaseSync(join(program.home, 'mlflow.db'))
  database.exec('drop trigger understudy_transitions_are_not_edited')
  database.exec("update understudy_transitions set evidence = 'no JSON', reason = 'because I say so' where id = 2")
  database.close()
  const { code, out, err } = await program.run(['history'])
  expect(code).toBe(0)
  expect(out).toContain('Staging')
  expect(err).toMatch(/This history was tampered with: row 2 was edited/)
})
