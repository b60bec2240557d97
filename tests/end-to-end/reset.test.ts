// What resetting takes and leaves, and when it takes nothing.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { enterHome } from '../../src/home/presence.ts'
import { openProgram, type Program } from './program.ts'

const DELIVERIES = { UNDERSTUDY_PROJECT: 'tests/deliveries/project.ts', TRAINERS: 'linear' }

test('make reset_local_files takes what can be made again, and the next command makes it', {
  timeout: 60_000,
}, async () => {
  await using program = await openProgram(DELIVERIES)
  await program.json(['cycle'])
  const before = await kept(program)
  const reset = await program.make('reset_local_files')
  expect(reset.out).toMatch(/^removed deliveries_processed_small, 8 files of training_outputs /)
  const tables = await program.json<{ name: string }[]>(['data'])
  expect(tables.map(({ name }) => name)).toEqual(['deliveries_raw_small'])
  const outputs = join(program.home, 'training_outputs', 'deliveries')
  expect((await readdir(outputs)).sort()).toEqual(['metrics', 'models', 'params'])
  expect((await readdir(outputs, { recursive: true })).sort()).toEqual(['metrics', 'models', 'params'])
  expect(await kept(program)).toEqual(before)
  expect(await program.json(['cycle'])).toMatchObject({ decidedBefore: true })
  expect(await program.json(['cycle', '--month', '2020-05'])).toMatchObject({ decidedBefore: false, firstModel: null })
  await program.make('reset_local_files')
  const nothing = await program.make('reset_local_files')
  expect(nothing.out).toMatch(/^there was nothing to remove\n/)
})

/** What a reset must leave. */
async function kept(program: Program): Promise<unknown> {
  return { versions: await program.json(['models']), history: await program.json(['history']) }
}

test('a cloud that is not used has nothing to reset, and says which settings would bring it', {
  timeout: 60_000,
}, async () => {
  await using program = await openProgram({ ...DELIVERIES, GCP_PROJECT: 'their-project-1' })
  const bq = await program.run(['reset', 'bq'])
  expect(bq).toMatchObject({ code: 2, out: '' })
  expect(bq.err).toContain('WAREHOUSE is duckdb')
  expect(bq.err).toContain('WAREHOUSE=bigquery, GOOGLE_APPLICATION_CREDENTIALS=') // GCP_PROJECT is set already
  const gcs = await program.make('reset_gcs_files')
  expect(gcs.code).toBe(2)
  expect(gcs.err).toContain('BUCKET_NAME=')
  const all = await program.make('reset_all_files')
  expect(all, all.err).toMatchObject({ code: 0 })
  expect(all.out).toContain('no bucket in Google Cloud Storage is used')
  expect(await program.run(['reset'])).toMatchObject({ code: 2 })
  expect(await program.run(['reset', 'local', '--everything'])).toMatchObject({ code: 2 })
})

test('reset --everything asks, touches nothing without an answer, and leaves nothing with one', {
  timeout: 60_000,
}, async () => {
  await using program = await openProgram(DELIVERIES)
  await program.json(['cycle'])
  const asked = await program.run(['reset', '--everything'])
  expect(asked, asked.err).toMatchObject({ code: 2, out: '' })
  expect(asked.err).toMatch(/deliveries: 2 versions, v\d of them in Production/)
  expect(asked.err).toContain('add --yes')
  expect(await program.json<unknown[]>(['models'])).toHaveLength(2)
  const gone = await program.run(['reset', '--everything', '--yes'])
  expect(gone, gone.err).toMatchObject({ code: 0 })
  expect(existsSync(program.home)).toBe(false)
  expect(await program.run(['reset', '--everything', '--yes'])).toMatchObject({ code: 0 })
  expect(await program.json<unknown[]>(['models'])).toEqual([])
})

test('a no to reset --everything is an answer: nothing goes, and nothing is wrong (skipped where `script` is not installed)', {
  timeout: 60_000,
}, async (context) => {
  if (spawnSync('/bin/sh', ['-c', 'script --version']).status !== 0) context.skip()
  await using program = await openProgram(DELIVERIES)
  await program.json(['train'])
  const { status, stdout } = spawnSync('/bin/sh', ['-c', "script -qec './understudy reset --everything' /dev/null"], {
    input: 'deliveries\n', // its name alone is no yes: other models may go with it
    encoding: 'utf8',
    env: {
      PATH: process.env.PATH,
      TERM: 'dumb',
      UNDERSTUDY_HOME: program.home,
      UNDERSTUDY_DOTENV: '/dev/null',
      ...DELIVERIES,
    },
  })
  expect(status, stdout).toBe(0)
  expect(stdout).toMatch(/deliveries: 1 version\r?\n/)
  expect(stdout).toContain('Type yes to remove it, with deliveries: ')
  expect(stdout).toContain('nothing was removed')
  expect(await program.json<unknown[]>(['models'])).toHaveLength(1)
})

test('reset --everything takes no folder that is not a home, and nothing outside one', {
  timeout: 60_000,
}, async () => {
  await using program = await openProgram(DELIVERIES)
  const reset = ['reset', '--everything', '--yes']
  const other = join(program.home, 'other')
  await mkdir(other)
  await writeFile(join(other, 'letter.txt'), 'dear')
  const noHome = await program.run(reset, { UNDERSTUDY_HOME: other })
  expect(noHome).toMatchObject({ code: 2 })
  expect(noHome.err).toContain('no home of Understudy')
  await program.json(['models']) // now the outer folder is a home, and holds another thing
  const shared = await program.run(reset)
  expect(shared).toMatchObject({ code: 2 })
  expect(shared.err).toContain("holds things that are not Understudy's")
  expect(shared.err).toContain('other')
  expect(await readFile(join(other, 'letter.txt'), 'utf8')).toBe('dear')

  const home = join(program.home, 'inner')
  const elsewhere = join(program.home, 'runs.db')
  const settings = { UNDERSTUDY_HOME: home, MODEL_TARGET: 'mlflow', MLFLOW_TRACKING_URI: `sqlite:///${elsewhere}` }
  await program.json(['train'], settings)
  const away = await program.run(reset, settings)
  expect(away, away.err).toMatchObject({ code: 0 })
  expect(away.out).toContain(`${elsewhere} lies elsewhere`)
  expect(existsSync(home)).toBe(false)
  expect(existsSync(elsewhere)).toBe(true)
})

test('nothing is reset while a flow is at work', { timeout: 60_000 }, async () => {
  // A training that takes long enough: the network learns a little more in every epoch.
  await using program = await openProgram({ TRAINERS: 'mlp', TRAINER_SETTINGS: 'mlp.learning_rate=0.000001' })
  await program.json(['preprocess'])
  const { child, ended } = program.start(['train'])
  await new Promise<void>((resolve) => {
    child.stderr?.on('data', (text: string) => text.includes('… train') && resolve())
  })
  for (const args of [
    ['reset', 'local'],
    ['reset', '--everything', '--yes'],
  ]) {
    const refused = await program.run(args)
    expect(refused, refused.err).toMatchObject({ code: 4 })
    expect(refused.err).toContain('the flow train of taxifare has been at work since')
  }
  child.kill('SIGTERM')
  expect(await ended).toMatchObject({ code: 130 })
  expect(await program.json<{ name: string }[]>(['data'])).toMatchObject([
    { name: 'processed_200k' },
    { name: 'raw_200k' },
  ])
})

test('everything stays while another process works in the home, with or without a flow', {
  timeout: 60_000,
}, async () => {
  await using program = await openProgram(DELIVERIES)
  await program.json(['models'])
  {
    using _ = enterHome(program.home)
    const refused = await program.run(['reset', '--everything', '--yes'])
    expect(refused, refused.err).toMatchObject({ code: 4 })
    expect(refused.err).toContain(`process ${process.pid} works in ${program.home}`)
  }
  expect(await program.run(['reset', '--everything', '--yes'])).toMatchObject({ code: 0 })
})
