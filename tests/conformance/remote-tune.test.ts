// Searches and repeated trainings with their runs on an MLflow server that several homes share: killed and gone on with, beside one
// another, after somebody removed a run there, and from a home that has seen none of it.
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { CycleOutcome } from '../../src/lifecycle/outcome.ts'
import type { Reproduction } from '../../src/lifecycle/reproduce.ts'
import type { TuneOutcome } from '../../src/lifecycle/tune-input.ts'
import { openProgram, type Program } from '../end-to-end/program.ts'
import { startOwn } from './own-server.ts'
import { pythonFor } from './python-env.ts'
import { askMlflow } from './remote-bed.ts'
import { startMlflow } from './servers.ts'

const SETTINGS = { UNDERSTUDY_PROJECT: 'tests/deliveries/project.ts', TRAINERS: 'linear', TRAIN_WINDOW: 'month' }
const SEARCH = ['tune', '--sampler', 'random', '--space', 'ridge=1e-6..10:log', '--trials', '4'] as const

const keyValues = z.array(z.object({ key: z.string(), value: z.string() })).default([])
const Found = z.object({
  runs: z
    .array(
      z.object({
        info: z.object({ run_id: z.string(), run_name: z.string(), status: z.string() }),
        data: z.object({ params: keyValues, tags: keyValues }),
      }),
    )
    .default([]),
})
const Experiments = z.object({ experiments: z.array(z.object({ experiment_id: z.string() })) })

/** The model's runs as the server shows them to anybody, of the tags that are given, oldest first. */
async function runsOn(address: string, tags: Readonly<Record<string, string>>) {
  const named = { max_results: 1, filter: "name = 'deliveries_experiment'" }
  const { experiments } = Experiments.parse(await askMlflow(address, 'POST', 'experiments/search', named))
  const filter = Object.entries(tags).map(([key, value]) => `tags."${key}" = '${value}'`)
  const { runs } = Found.parse(
    await askMlflow(address, 'POST', 'runs/search', {
      experiment_ids: experiments.map(({ experiment_id }) => experiment_id),
      filter: filter.join(' and '),
      order_by: ['attributes.start_time ASC'],
    }),
  )
  return runs.map(({ info, data }) => ({
    id: info.run_id,
    name: info.run_name,
    status: info.status,
    params: Object.fromEntries(data.params.map(({ key, value }) => [key, value])),
    tags: Object.fromEntries(data.tags.map(({ key, value }) => [key, value])),
  }))
}

const searchesOn = (address: string) => runsOn(address, { 'understudy.kind': 'tune' })
const below = (address: string, id: string) => runsOn(address, { 'mlflow.parentRunId': id })

/** Starts a search and kills it when so many trials have ended. */
async function killSearch(program: Program, trials: number): Promise<void> {
  const { child, ended } = program.start(SEARCH)
  let said = ''
  child.stderr?.on('data', (text: string) => {
    said += text
    if ([...said.matchAll(/✓ try .*\(trial_/g)].length >= trials) child.kill('SIGKILL')
  })
  expect((await ended).signal).toBe('SIGKILL')
}

const essence = ({ trials, better, best }: TuneOutcome) => ({
  ...{ better, best },
  trials: trials.map(({ number, settings, state, errors, why }) => ({ number, settings, state, errors, why })),
})

test('a search that was killed goes on while others search on the same server, and anybody can train again what came of it', {
  timeout: 180_000,
}, async (context) => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'understudy-server-'))
  await using server = await startMlflow(pythonFor(context, 'mlflow-3.17.2'), folder.path)
  const { address } = server
  const there = { ...SETTINGS, MODEL_TARGET: 'mlflow', MLFLOW_TRACKING_URI: address }
  await using program = await openProgram(there)
  await using colleague = await openProgram(there)
  await using embedded = await openProgram({ ...SETTINGS, MLFLOW_TRACKING_URI: '' })
  await killSearch(program, 2)
  const [theirs, here] = await Promise.all([colleague.json<TuneOutcome>(SEARCH), embedded.json<TuneOutcome>(SEARCH)])
  const [left, whole] = await searchesOn(address)
  expect([left?.status, whole?.status]).toEqual(['RUNNING', 'FINISHED']) // what another home left open is not the colleague's to end
  const ours = await program.json<TuneOutcome>(SEARCH)
  expect(ours.runId).toBe(left?.id)
  expect(essence(ours)).toEqual(essence(theirs))
  expect(essence(ours)).toEqual(essence(here))
  await expectNested(address, ours)

  const april = await program.json<CycleOutcome>(['cycle', '--month', '2020-04'], { TUNE_TRIALS: '2' })
  expect(april).toMatchObject({ champion: { version: 1 }, challenger: { version: 2 } })
  const ofCycle = (await searchesOn(address)).at(-1)
  const [cycle] = await runsOn(address, { 'understudy.kind': 'cycle' })
  expect(ofCycle).toMatchObject({ status: 'FINISHED', tags: { 'mlflow.parentRunId': cycle?.id } })
  expect(await below(address, ofCycle?.id ?? '')).toHaveLength(3)

  await using newcomer = await openProgram(there) // without any rows yet
  const again = await newcomer.json<Reproduction>(['reproduce', '--version', '2'])
  expect(again).toMatchObject({ answer: 'identical', changes: [] })
})

/** Each trial has one run below the search's that came to what is told of it; those that the kill cut short are KILLED. */
async function expectNested(address: string, { runId, trials, best }: TuneOutcome): Promise<void> {
  const runs = await below(address, runId)
  expect(runs.filter(({ status }) => status === 'RUNNING')).toEqual([])
  for (const trial of trials) {
    const run = runs.find(({ id }) => id === trial.runId)
    const status = trial.state === 'finished' ? 'FINISHED' : 'KILLED'
    expect(run).toMatchObject({ status, params: { trial: String(trial.number), ridge: String(trial.settings.ridge) } })
  }
  const others = runs.filter(({ id }) => !trials.some((trial) => trial.runId === id))
  expect(others.every(({ status }) => status === 'KILLED')).toBe(true)
  const search = (await searchesOn(address)).find(({ id }) => id === runId)
  const [winner] = trials.filter(({ number }) => number === best)
  expect(search).toMatchObject({
    status: 'FINISHED',
    params: { 'best.ridge': String(winner?.settings.ridge) },
    tags: { 'understudy.best_run': winner?.runId },
  })
}

test('what a search came to is told even if somebody removed its run from the server meanwhile', {
  timeout: 120_000,
}, async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'understudy-server-'))
  await using server = await startOwn(folder.path)
  await using program = await openProgram({ ...SETTINGS, MODEL_TARGET: 'mlflow', MLFLOW_TRACKING_URI: server.address })
  await killSearch(program, 1)
  const [search] = await searchesOn(server.address)
  await askMlflow(server.address, 'POST', 'runs/delete', { run_id: search?.id })
  const { code, out, err } = await program.run(SEARCH)
  expect(code, err).toBe(0)
  expect(out).toContain(`what was found is kept in no run: run ${search?.id} was deleted`)
  expect(out).toContain('linear: 4 settings tried (random) beside those in force')
  expect(await searchesOn(server.address)).toEqual([])
})
