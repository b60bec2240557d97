// Databases that real MLflows of several versions made (tests/golden/mlflow_database.py), opened by Understudy's server and commands.
import { mkdir, mkdtempDisposable, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { openProgram } from '../end-to-end/program.ts'
import { rowsOf } from '../end-to-end/whole-home.ts'
import { pythonFor } from './python-env.ts'
import { ask } from './rest.ts'
import { startMlflow, startUnderstudy } from './servers.ts'

const LIMIT_MS = 120_000
const ONE_WORKER = ['--workers', '1']
const FIXTURE = fileURLToPath(new URL('../end-to-end/eventful.fixture.ts', import.meta.url))
const Experiments = z.object({ experiments: z.array(z.object({ name: z.string() })) })
const Runs = z.object({ runs: z.array(z.object({ info: z.object({ run_id: z.string(), run_name: z.string() }) })) })
const Versions = z.object({
  model_versions: z.array(z.object({ version: z.string(), current_stage: z.string() })),
})

async function unpacked(version: string, target: string): Promise<void> {
  const packed = await readFile(new URL(`../fixtures/mlflow-databases/${version}.db.gz`, import.meta.url))
  await mkdir(dirname(target), { recursive: true })
  await writeFile(target, gunzipSync(packed))
}

test.each([
  ['3.11.1', 'c3d6457b6d8a'],
  ['3.16.0', 'b7e2c1a4d9f3'],
  ['3.18.0', 'f4a9b2c7d1e6'],
])(
  'a database of MLflow %s, at its revision %s, is opened, read, written and left at that revision',
  {
    timeout: LIMIT_MS,
  },
  async (version, revision) => {
    await using program = await openProgram()
    await unpacked(version, join(program.home, 'mlflow.db'))
    await using server = await startUnderstudy(program.home)
    const filter = "metrics.loss < 0.3 AND params.alpha = '0.5' AND attributes.status = 'FINISHED'"
    const found = await ask(server.address, 'POST', 'runs/search', { experiment_ids: ['1'], filter })
    expect(found).toMatchObject({
      runs: [
        {
          info: { run_name: 'old', start_time: 1_700_000_000_000, artifact_uri: expect.stringMatching(/artifacts$/) },
          data: { metrics: expect.arrayContaining([expect.objectContaining({ key: 'nothing', value: 'NaN' })]) },
        },
      ],
    })
    const run = Runs.parse(found).runs[0]?.info.run_id
    const query = `run_id=${run}&metric_key=loss&max_results=100`
    const history = await ask(server.address, 'GET', `metrics/get-history?${query}`)
    expect(history).toMatchObject({ metrics: [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5].map((value, step) => ({ step, value })) })
    await ask(server.address, 'POST', 'experiments/set-experiment-tag', {
      ...{ experiment_id: '1', key: 'long', value: 'x'.repeat(6_000) }, // wider than the column of 3.11 is declared
    })
    await ask(server.address, 'POST', 'runs/set-tag', { run_id: run, key: 'seen', value: 'yes' })
    expect(await program.json(['status'])).toMatchObject({ models: [{ model: 'line', champion: { version: 1 } }] })
    expect(rowsOf(program.home, 'mlflow.db', 'select version_num from alembic_version')).toEqual([
      { version_num: revision },
    ])
    expect(rowsOf(program.home, 'mlflow.db', 'pragma integrity_check')).toEqual([{ integrity_check: 'ok' }])
  },
)

test('the real MLflow shows a home, and what is moved there enters the history: at the start of the server and before a cycle', {
  timeout: LIMIT_MS,
}, async (context) => {
  const python = pythonFor(context, 'mlflow-3.17.2')
  const settings = { UNDERSTUDY_PROJECT: FIXTURE, TRAINERS: 'linear', TRAIN_WINDOW: 'month' }
  await using program = await openProgram(settings)
  await program.json(['cycle', '--month', '2020-04']) // v2 takes the place of v1
  await using folder = await mkdtempDisposable(join(tmpdir(), 'understudy-mlflow-'))
  await using theirs = await startMlflow(python, folder.path, { args: [...ONE_WORKER, ...storesOf(program.home)] })
  expect(await shownBy(theirs.address)).toEqual({
    experiments: ['Default', 'deliveries_experiment'],
    runs: expect.arrayContaining(['monitor deliveries', 'evaluate v1 2020-04', 'cycle 2020-04']),
    stages: ['1 Archived', '2 Production'],
    page: true,
  })
  const move = (version: string, stage: string) =>
    ask(theirs.address, 'POST', 'model-versions/transition-stage', {
      ...{ name: 'deliveries', version, stage, archive_existing_versions: true },
    })
  const outside = (version: number) =>
    rowsOf(program.home, 'mlflow.db', 'select version, to_stage, reason from understudy_transitions order by id')
      .filter(({ reason }) => String(reason).startsWith('moved outside Understudy, seen at'))
      .filter((row) => row.version === version)
      .map(({ to_stage }) => to_stage)
  await move('1', 'Production')
  expect(outside(1)).toEqual([])
  await (await startUnderstudy(program.home, { settings }))[Symbol.asyncDispose]()
  expect([outside(1), outside(2)]).toEqual([['Production'], ['Archived']])
  await move('2', 'Production')
  await program.json(['cycle', '--month', '2020-06'])
  expect([outside(1), outside(2)]).toEqual([
    ['Production', 'Archived'],
    ['Archived', 'Production'],
  ])
})

/** What the pages of MLflow's interface ask for when they are opened. */
async function shownBy(address: string) {
  const experiments = await ask(address, 'GET', 'experiments/search?max_results=25')
  const runs = await ask(address, 'POST', 'runs/search', { experiment_ids: ['1'] })
  const versions = await ask(address, 'GET', "model-versions/search?filter=name='deliveries'")
  const page = await (await fetch(`${address}/`)).text()
  return {
    experiments: Experiments.parse(experiments)
      .experiments.map(({ name }) => name)
      .sort(),
    runs: Runs.parse(runs).runs.map(({ info }) => info.run_name),
    stages: Versions.parse(versions)
      .model_versions.map(({ version, current_stage }) => `${version} ${current_stage}`)
      .sort(),
    page: page.includes('<title>MLflow</title>'),
  }
}

/** The files of a home, as `mlflow server` is told of them. */
function storesOf(home: string): string[] {
  return [
    '--backend-store-uri',
    `sqlite:///${join(home, 'mlflow.db')}`,
    '--artifacts-destination',
    join(home, 'artifacts'),
  ]
}
