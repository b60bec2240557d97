// What a person meets when something is wrong: words, an exit code, and nothing lost.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openProgram } from './program.ts'

const DELIVERIES = { UNDERSTUDY_PROJECT: 'tests/deliveries/project.ts', TRAINERS: 'linear' }

test('every setting that is wrong is named at once, with its value and what is allowed', async () => {
  await using program = await openProgram({
    DATA_SIZE: '2m',
    MODEL_TARGET: 'disk',
    EVALUATION_START_DATE: '2015-02-30',
  })
  const ended = await program.run(['cycle'])
  expect(ended.code, ended.err).toBe(2)
  expect(ended.err).toContain('DATA_SIZE is "2m"; allowed: 1k, 200k, all')
  expect(ended.err).toContain('MODEL_TARGET is "disk"; allowed: local, gcs, mlflow')
  expect(ended.err).toContain('EVALUATION_START_DATE is "2015-02-30"; allowed: a date, YYYY-MM-DD')
  const doctor = await program.run(['doctor'])
  expect(doctor.code, doctor.err).toBe(2)
  expect(doctor.out).toContain('❌  DATA_SIZE')
})

test('a command that is none suggests one, and help is no failure', async () => {
  await using program = await openProgram()
  const wrong = await program.run(['cylce'])
  expect(wrong.code, wrong.err).toBe(2)
  expect(wrong.err).toContain('cycle')
  expect((await program.run(['--help'])).code).toBe(0)
})

test('imported rows never mix with simulated ones', { timeout: 60_000 }, async () => {
  await using program = await openProgram(DELIVERIES)
  await program.json(['preprocess'])
  const file = join(program.home, 'parcels.csv')
  await writeFile(
    file,
    'key,minutes,left_at,distance_km,parcels\na,12.5,2020-02-01 10:00:00 UTC,2.5,3\nb,oops,2020-02-01 11:00:00 UTC,2.5,3\n',
  )
  const refused = await program.run(['data', 'import', file, '--table', 'deliveries_raw_small'])
  expect(refused.code, refused.err).toBe(4)
  expect(refused.err).toContain('--replace')
  const mixed = await program.run(['data', 'import', file, '--table', 'deliveries_raw_small', '--append'])
  expect(mixed.code, mixed.err).toBe(4)
  expect(mixed.err).toContain('simulated')
  const taken = await program.run(['data', 'import', file, '--table', 'deliveries_raw_small', '--replace'])
  expect(taken.code, taken.err).toBe(0)
  expect(taken.out).toContain('1 of 2 parcels taken into deliveries_raw_small')
  expect(taken.out).toContain('oops')
  expect(taken.out).toContain('columns not used: key')
  const tables = await program.json<{ name: string; origin: string }[]>(['data'])
  expect(tables.find((table) => table.name === 'deliveries_raw_small')?.origin).toBe('imported')
})

test('with too little history the first model says what to do, and Ctrl-C leaves nothing half done', {
  timeout: 60_000,
}, async () => {
  await using program = await openProgram(DELIVERIES)
  const tooEarly = await program.run(['cycle', '--month', '2020-01'])
  expect(tooEarly.code, tooEarly.err).toBe(5)
  expect(tooEarly.err).toContain('too few to learn a first model from')
  const { child, ended } = program.start(['cycle'])
  child.stderr?.once('data', () => child.kill('SIGINT')) // the first task has begun
  const { code, err } = await ended
  expect(code, err).toBe(130)
  expect(err).toContain('the same command goes on from here')
  const after = await program.json<{ verdict: string; champion: { version: number } }>(['cycle'])
  expect(after.champion.version).toBe(1)
})

test('killed at any moment, the same command goes on: one champion, one challenger, one verdict', {
  timeout: 120_000,
}, async () => {
  await using program = await openProgram(DELIVERIES)
  for (const delayMs of [400, 600, 800, 1000, 1200, 1400]) {
    const { child, ended } = program.start(['cycle', '--month', '2020-05'])
    await sleep(delayMs)
    child.kill('SIGKILL')
    await ended
  }
  const outcome = await program.json<{ champion: { version: number }; challenger: { version: number } }>([
    'cycle',
    '--month',
    '2020-05',
  ])
  expect(outcome).toMatchObject({ champion: { version: 1 }, challenger: { version: 2 } })
  const versions = await program.json<{ stage: string }[]>(['models'])
  expect(versions).toHaveLength(2)
  expect(versions.filter(({ stage }) => stage === 'Production')).toHaveLength(1)
})

test('a project that is none, a home that is a file, a version that is no number: each says what and where', async () => {
  await using program = await openProgram(DELIVERIES)
  const junk = join(program.home, 'junk.ts')
  await writeFile(junk, 'export const project = 5\n')
  const noProject = await program.run(['models'], { UNDERSTUDY_PROJECT: junk })
  expect(noProject.code, noProject.err).toBe(2)
  expect(noProject.err).toContain(`${junk} exports no "project" made by defineProject`)
  expect((await program.run(['--help'], { UNDERSTUDY_PROJECT: junk })).code).toBe(0)
  const noFolder = await program.run(['models'], { UNDERSTUDY_HOME: junk })
  expect(noFolder.code, noFolder.err).toBe(2)
  expect(noFolder.err).toContain('UNDERSTUDY_HOME')
  const noNumber = await program.run(['cycle', '--challenger', 'abc'])
  expect(noNumber.code, noNumber.err).toBe(2)
  expect(noNumber.err).toContain('challenger')
})

test('--json may stand anywhere, and what it prints is JSON whatever else is said', async () => {
  await using program = await openProgram(DELIVERIES)
  for (const args of [
    ['--json', 'models'],
    ['models', '--json'],
  ]) {
    const ended = await program.run(args)
    expect(JSON.parse(ended.out), ended.err).toEqual([])
  }
})

test('a date that is none is refused by predict too', { timeout: 60_000 }, async () => {
  await using program = await openProgram(DELIVERIES)
  await program.json(['cycle'])
  const ended = await program.run(['predict', '--set', 'left_at=2020-02-30 08:00:00'])
  expect(ended.code, ended.err).toBe(2)
  expect(ended.err).toContain('left_at is "2020-02-30 08:00:00"')
})
