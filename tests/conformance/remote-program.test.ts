// The whole program with its runs, models and stages on a real MLflow server: cycles that are killed and gone on with, a person's decision,
// a stage that somebody moved in MLflow, a replay; and what is then in the home, and what is not.
import { existsSync } from 'node:fs'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { diskArtifacts } from '../../src/artifacts/disk.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import type { CycleOutcome } from '../../src/lifecycle/outcome.ts'
import type { Transition } from '../../src/tracking/port.ts'
import { openRemoteTracking } from '../../src/tracking/remote.ts'
import { openProgram, type Program } from '../end-to-end/program.ts'
import { pythonFor } from './python-env.ts'
import { askMlflow } from './remote-bed.ts'
import { startMlflow } from './servers.ts'

const MODEL = 'deliveries'
const PROJECT = {
  UNDERSTUDY_PROJECT: 'tests/end-to-end/eventful.fixture.ts',
  TRAINERS: 'linear',
  TRAIN_WINDOW: 'month',
}

/** How long each attempt at a cycle lives, in ms: until before, while and after the first model is made, and the month's. */
const LIVES_MS = [1200, 2400, 3600, 5000]

test('a month is killed again and again, a stage is moved elsewhere, a person decides and goes back', {
  timeout: 300_000,
}, async (context) => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'understudy-server-'))
  await using server = await startMlflow(pythonFor(context, 'mlflow-3.17.2'), folder.path)
  const REMOTE = { MODEL_TARGET: 'mlflow', MLFLOW_TRACKING_URI: server.address }
  await using program = await openProgram({ ...PROJECT, ...REMOTE })
  for (const lifeMs of LIVES_MS) await kill(program, ['cycle', '--month', '2020-04'], lifeMs)
  const april = await program.json<CycleOutcome>(['cycle', '--month', '2020-04'])
  expect(april).toMatchObject({ verdict: 'promote' })
  expect(await stagesOf(program)).toEqual(['v1 Archived', 'v2 Production'])
  expect(await movesOf(program)).toEqual([
    'v1 None → Staging',
    'v1 Staging → Production',
    'v2 None → Staging',
    'v1 Production → Archived',
    'v2 Staging → Production',
  ])

  await askMlflow(server.address, 'POST', 'model-versions/transition-stage', {
    ...{ name: MODEL, version: '1', stage: 'Staging', archive_existing_versions: false },
  })
  const may = await program.json<CycleOutcome>(['cycle', '--month', '2020-05'])
  expect(may).toMatchObject({ verdict: 'escalate', decision: 1 })
  expect((await movesOf(program)).slice(5)).toEqual([
    'v1 Archived → Staging', // moved in MLflow
    'v1 Staging → Archived',
    'v3 None → Staging',
  ])
  const outside = (await program.json<Transition[]>(['history'])).filter(({ actor }) => actor === 'unknown')
  expect(outside).toMatchObject([
    { version: 1, reason: expect.stringMatching(/^moved outside Understudy, seen at 20/) },
  ])

  expect((await program.run(['decisions'])).out).toContain('decision 1: deliveries, 2020-05, asked ')
  const decided = await program.run(['decide', '1', 'promote', '--why', 'a strike', '--by', 'ana'])
  expect(decided.code, decided.err).toBe(0)
  expect((await program.run(['decisions'])).out).toContain('nothing of deliveries waits')
  expect((await program.run(['rollback', '--why', 'complaints', '--by', 'ben'])).code).toBe(0)
  expect(await stagesOf(program)).toEqual(['v1 Archived', 'v2 Production', 'v3 Archived'])
  expect((await program.json<Transition[]>(['history'])).at(-1)).toMatchObject({
    ...{ version: 2, to: 'Production', actor: 'ben', reason: 'complaints' },
  })
  await expectOnce(server.address)
  await expectSense(program, server.address)
})

test('a replay plays its months on the server, beside the real model', { timeout: 240_000 }, async (context) => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'understudy-server-'))
  await using server = await startMlflow(pythonFor(context, 'mlflow-3.17.2'), folder.path)
  const settings = { ...PROJECT, MODEL_TARGET: 'mlflow' }
  await using remote = await openProgram({ ...settings, MLFLOW_TRACKING_URI: server.address })
  await using embedded = await openProgram({ ...settings, MLFLOW_TRACKING_URI: '' })
  const months = ['replay', '--from', '2020-04', '--to', '2020-06']
  const figures = async (program: Program) =>
    (await program.json<CycleOutcome[]>(months)).map(({ month, verdict, champion, challenger }) => {
      return { month, verdict, champion: champion?.error, challenger: challenger?.error }
    })
  const [there, here] = [await figures(remote), await figures(embedded)]
  expect(there).toHaveLength(3)
  expect(there).toEqual(here)
  expect(await remote.json(['models'])).toEqual([]) // nothing of the real model
})

/** Starts a command and kills it where it stands. */
async function kill(program: Program, words: readonly string[], lifeMs: number): Promise<void> {
  const { child, ended } = program.start(words)
  await Promise.race([ended, sleep(lifeMs)])
  child.kill('SIGKILL')
  await ended
}

async function stagesOf(program: Program): Promise<string[]> {
  const models = await program.json<readonly { version: number; stage: string }[]>(['models'])
  return models.map(({ version, stage }) => `v${version} ${stage}`).sort()
}

async function movesOf(program: Program): Promise<string[]> {
  const history = await program.json<Transition[]>(['history'])
  return history.map(({ version, from, to }) => `v${version} ${from} → ${to}`)
}

/** However often the cycle was killed, each version was trained by one run that ended well, and no run is left open but the monitor's. */
async function expectOnce(address: string): Promise<void> {
  const tracking = openRemoteTracking({
    address: { uri: address, username: null, password: null, token: null },
    ...{ clock: systemClock, user: 'tester', folder: diskArtifacts },
  })
  const experiment = await tracking.findExperiment('deliveries_experiment')
  const runs = await tracking.findRuns(experiment?.id ?? '', {})
  const open = runs.filter(({ status }) => status === 'RUNNING').map(({ name }) => name)
  expect(open).toEqual(['monitor deliveries'])
  const trained = runs.filter(({ tags, status }) => tags['understudy.kind'] === 'train' && status === 'FINISHED')
  const versions = await tracking.versions(MODEL)
  expect(trained.map(({ id }) => id).sort()).toEqual(versions.map(({ runId }) => runId).sort())
}

/** What the other commands make of a store on a server. */
async function expectSense(program: Program, address: string): Promise<void> {
  const doctor = await program.run(['doctor', 'mlflow'])
  expect(doctor).toMatchObject({ code: 0 })
  expect(doctor.out).toContain(`${address} is MLflow 3.17.2; files go through it`)
  await askMlflow(address, 'POST', 'registered-models/create', { name: 'somebody-elses' })
  const { models } = await program.json<{ models: { model: string; champion: { version: number } }[] }>(['status'])
  expect(models).toMatchObject([{ model: MODEL, champion: { version: 2 } }])
  expect((await program.run(['models', 'show', '2'])).out).toContain('v2')
  const evaluated = await program.run(['evaluate', '--version', '2', '--from', '2020-06-01', '--to', '2020-07-01'])
  expect(evaluated.code, evaluated.err).toBe(0)
  await askMlflow(address, 'POST', 'registered-models/alias', { name: MODEL, alias: 'best', version: '3' })
  const predicted = async (...choice: readonly string[]) =>
    await program.json<{ minutes: number; version: number }>(['predict', ...choice])
  expect(await predicted()).toEqual(await predicted('--version', '2'))
  expect(await predicted('--alias', 'best')).toEqual(await predicted('--version', '3'))
  expect(existsSync(join(program.home, 'mlflow.db'))).toBe(false)
  expect(existsSync(join(program.home, 'artifacts'))).toBe(false)

  await using folder = await mkdtempDisposable(join(tmpdir(), 'understudy-backup-'))
  const backup = await program.run(['backup', join(folder.path, 'copy')])
  expect(backup.code, backup.err).toBe(0)
  expect(backup.err).toContain(`kept by the MLflow server ${address}, and are in no backup`)
  const reset = await program.run(['reset', '--everything', '--yes'])
  expect(reset.out).toContain(`what the MLflow server ${address} keeps lies elsewhere and is as it was`)
  expect(await stagesOf(program)).toEqual(['v1 Archived', 'v2 Production', 'v3 Archived'])
}
