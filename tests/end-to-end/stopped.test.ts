// The program is asked to stop, by Ctrl-C, by a signal, by a terminal that is closed: it does so in words and in a moment, and the same
// command goes on.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { type Ended, openProgram, type Started } from './program.ts'
import { expectWhole, rowsOf } from './whole-home.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const SCRIPT = '/usr/bin/script'
const DELIVERIES = { UNDERSTUDY_PROJECT: 'tests/deliveries/project.ts' }
/** A tenth of it on a quiet machine. */
const LONGEST_STOP_MS = 8_000

/** Waits until the words were said, or the program has ended without. */
async function heard({ child, ended }: Started, words: string): Promise<void> {
  let said = ''
  const isSaid = new Promise<void>((resolve) => {
    child.stderr?.on('data', (text: string) => {
      said += text
      if (said.includes(words)) resolve()
    })
  })
  await Promise.race([isSaid, ended])
}

/** Sends the signal, to the process or to all of its group, and waits for the end. */
async function stop(
  { child, ended }: Started,
  signal: NodeJS.Signals,
  whom: 'process' | 'group' = 'process',
): Promise<Ended & { tookMs: number }> {
  const sentAt = performance.now()
  if (whom === 'process') child.kill(signal)
  else if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, signal)
  return { ...(await ended), tookMs: performance.now() - sentAt }
}

/** A network that learns until it is stopped. */
const SLOW = { TRAINERS: 'mlp', TRAINER_SETTINGS: 'mlp.epochs=1000000 mlp.patience=1000000' }

test('wherever a cycle is, it stops when it is told to, and goes on from there', { timeout: 120_000 }, async () => {
  await using program = await openProgram(SLOW)
  const stopCycle = async (words: string, waitMs: number, signal: NodeJS.Signals): Promise<string> => {
    const started = program.start(['cycle'])
    await heard(started, words)
    await sleep(waitMs)
    const { code, err, tookMs } = await stop(started, signal)
    expect({ signal, code }, err).toEqual({ signal, code: 130 })
    expect(tookMs, err).toBeLessThan(LONGEST_STOP_MS)
    expect(err).toContain('stopping; nothing is lost, the same command goes on from here')
    expect(err).toContain('understudy: stopped on request')
    expect(err).not.toContain('bug')
    return err
  }
  await stopCycle('… make the raw table', 200, 'SIGTERM')
  await stopCycle('… preprocess the history', 100, 'SIGHUP')
  await stopCycle('… train the first model', 0, 'SIGINT') // it reads its rows
  const last = await stopCycle('… train the first model', 2_000, 'SIGTERM') // it learns
  expect(last).toContain('going on where an earlier run stopped')
  expect(last).toMatch(/preprocess the history .* done before/)
  await expectWhole(program.home, 'taxifare', 'stopped four times')
  const runs = rowsOf(program.home, 'mlflow.db', 'select distinct status from runs')
  expect(runs).toEqual([{ status: 'KILLED' }])
  expect(rowsOf(program.home, 'flow.db', 'select distinct status from flow_runs order by status')).toEqual([
    { status: 'cancelled' },
    { status: 'completed' },
  ])
})

test('Ctrl-C in a terminal reaches through make, and the same target goes on', { timeout: 60_000 }, async () => {
  await using program = await openProgram({ ...DELIVERIES, TRAINERS: 'mlp' })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const started = program.startMake('run_workflow')
    await heard(started, '… train the first model')
    const { code, err } = await stop(started, signal, 'group')
    expect(code, err).not.toBe(0)
    expect(err).toContain('understudy: stopped on request')
    expect(err).toContain('Error 130')
  }
  const ended = await program.make('run_workflow')
  expect(ended.code, ended.err).toBe(0)
  expect(ended.err).toContain('going on where an earlier run stopped')
  const { versions } = await expectWhole(program.home, 'deliveries', 'stopped twice')
  expect(versions).toHaveLength(2)
})

// `script` gives it a terminal of its own, which is gone with it.
test.skipIf(!existsSync(SCRIPT))('a terminal that is closed stops what runs in it', { timeout: 60_000 }, async () => {
  await using program = await openProgram({ ...DELIVERIES, TRAINERS: 'mlp' })
  const terminal = spawn(SCRIPT, ['-qefc', './understudy cycle', '/dev/null'], {
    cwd: ROOT,
    env: { ...process.env, ...DELIVERIES, TRAINERS: 'mlp', UNDERSTUDY_HOME: program.home },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let shown = ''
  terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text
    if (shown.includes('(train_first_model)')) terminal.kill('SIGKILL')
  })
  const startedAt = performance.now()
  const statusOf = (): unknown =>
    shown.includes('(train_first_model)') && // before that the tables may still be made
    rowsOf(program.home, 'flow.db', `select status from flow_runs where flow = 'first_model'`)[0]?.status
  while (statusOf() !== 'cancelled' && performance.now() - startedAt < 30_000) await sleep(50)
  expect(statusOf(), shown).toBe('cancelled')
  expect(rowsOf(program.home, 'mlflow.db', 'select status from runs'), shown).toEqual([{ status: 'KILLED' }])
  await program.json(['cycle'])
  await expectWhole(program.home, 'deliveries', 'its terminal was closed')
})

test('an import that is stopped leaves the table as it was, and can be given again', { timeout: 60_000 }, async () => {
  await using program = await openProgram(DELIVERIES)
  await program.json(['preprocess'])
  const before = await program.json(['data'])
  const file = join(program.home, 'parcels.csv')
  const rows = 400_000
  const lines = Array.from(
    { length: rows },
    (_, i) => `${5 + (i % 37)},2020-0${1 + (i % 6)}-01 10:00:00 UTC,2.5,${i % 20}`,
  )
  await writeFile(file, `minutes,left_at,distance_km,parcels\n${lines.join('\n')}\n`)
  const args = ['data', 'import', file, '--table', 'deliveries_raw_small', '--replace']
  const folder = join(program.home, 'warehouse/deliveries_raw_small')
  const started = program.start(args)
  while (!readdirSync(folder).some((name) => name.startsWith('.writing-'))) await sleep(2)
  await sleep(20)
  const { code, err } = await stop(started, 'SIGINT')
  expect(code, err).toBe(130)
  expect(err).toContain('understudy: stopped on request')
  expect(await program.json(['data'])).toEqual(before)
  await expectWhole(program.home, 'deliveries', 'import stopped')
  expect(await program.json(args)).toMatchObject({ rowsTaken: rows })
  await expectWhole(program.home, 'deliveries', 'import given again')
})

test('a second Ctrl-C ends a program at once that does not listen to the first', { timeout: 60_000 }, async () => {
  const project = fileURLToPath(new URL('./deaf.fixture.ts', import.meta.url))
  await using program = await openProgram({ UNDERSTUDY_PROJECT: project, TRAINERS: 'linear' })
  const started = program.start(['cycle'])
  await heard(started, '… make the raw table')
  await sleep(500)
  started.child.kill('SIGINT')
  await heard(started, 'once more to end at once')
  await sleep(700)
  const { signal, tookMs, err } = await stop(started, 'SIGINT')
  expect(signal, err).toBe('SIGINT') // which a shell shows as 130
  expect(tookMs).toBeLessThan(1_000)
  const after = await program.json<{ verdict: string }>(['cycle'], DELIVERIES)
  expect(after.verdict).toMatch(/keep|promote/)
  await expectWhole(program.home, 'deliveries', 'ended at once')
})
