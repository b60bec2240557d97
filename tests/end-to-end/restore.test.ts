// A backup is put in place of what is there, whatever has become of that, and the work goes on.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { currentOwner } from '../../src/flow/owner.ts'
import { openState, readSaid } from '../fixtures/state.ts'
import type { Ended, Program } from './program.ts'
import { run, SECONDS, shelf } from './shelf.ts'
import { rowsOf } from './whole-home.ts'

/** What the program says to questions, as JSON. */
async function answers(
  program: Program,
  settings: Readonly<Record<string, string>> = {},
  questions: readonly string[] = ['history', 'predict'],
): Promise<unknown[]> {
  return await Promise.all(
    questions.map(async (question) => {
      const { code, out, err } = await run(program, [question, '--json'], settings)
      expect(code, err).toBe(0)
      return JSON.parse(out)
    }),
  )
}

function stagesIn(models: unknown): unknown[] {
  return (models as { version: number; stage: string }[]).map(({ version, stage }) => [version, stage]) // the command's own answer
}

/** The line that an error says is to be typed. */
function advised({ err }: Ended): string[] {
  return /\.\/understudy (restore \S+ --replace)/.exec(err)?.[1]?.split(' ') ?? []
}

test('copies made while a month runs are whole, and the restored month goes on to the same end', {
  timeout: 120 * SECONDS,
}, async () => {
  await using program = await openState()
  const folder = await shelf()
  const month = program.start(['cycle', '--month', '2020-06', '--json'])
  let isOver = false
  const ended = month.ended.finally(() => {
    isOver = true
  })
  const copies: string[] = []
  while (!isOver) {
    const copy = join(folder, String(copies.length))
    const { code, err } = await run(program, ['backup', copy])
    expect(code, err).toBe(0)
    copies.push(copy)
  }
  const { code, out, err } = await ended
  expect(code, err).toBe(0)
  expect(copies.length).toBeGreaterThan(0)
  const first = JSON.parse(out)
  for (const copy of [copies[0], copies.at(-1)]) {
    if (copy === undefined) continue
    const UNDERSTUDY_HOME = join(folder, `home-${basename(copy)}`)
    expect((await run(program, ['restore', copy], { UNDERSTUDY_HOME })).code).toBe(0)
    const again = await run(program, ['cycle', '--month', '2020-06', '--json'], { UNDERSTUDY_HOME })
    expect(again.code, again.err).toBe(0)
    const { verdict, champion, challenger } = JSON.parse(again.out)
    expect({ verdict, champion: champion.version, challenger: challenger.version }).toEqual({
      verdict: first.verdict,
      champion: first.champion.version,
      challenger: first.challenger.version,
    })
    const versions = rowsOf(UNDERSTUDY_HOME, 'mlflow.db', 'select version from model_versions')
    expect(versions).toHaveLength(4)
  }
})

test('a damaged home is restored by the line that the error names, and answers as before', {
  timeout: 60 * SECONDS,
}, async () => {
  await using program = await openState()
  const everything = ['models', 'history', 'predict', 'decisions']
  const before = await answers(program, {}, everything)
  const copy = join(await shelf(), 'monday')
  const made = await run(program, ['backup', copy])
  expect(made.code, made.err).toBe(0)
  expect(made.err).toBe('') // nobody watches: no progress
  expect(made.out).toContain(`to restore: ./understudy restore ${copy}`)
  expect(made.out).toMatch(/versions +3 \(deliveries 3\)/)
  for (const file of ['flow.db', 'mlflow.db']) await writeFile(join(program.home, file), 'no database. '.repeat(1000))
  const failed = await run(program, ['models'])
  expect(failed.code, failed.err).toBe(5)
  expect(advised(failed)).toEqual(['restore', copy, '--replace'])
  const refused = await run(program, ['restore', copy])
  expect(refused.code, refused.err).toBe(4)
  expect(refused.err).toContain('add --replace')
  const restored = await run(program, [...advised(failed), '--json'])
  expect(restored.code, restored.err).toBe(0)
  const { kept } = JSON.parse(restored.out) as { kept: { at: string }[] } // the command's own answer
  onTestFinished(() => rm(kept[0]?.at ?? '', { recursive: true }))
  expect(kept).toHaveLength(1)
  expect(readFileSync(join(kept[0]?.at ?? '', 'flow.db'), 'utf8')).toContain('no database')
  const [models, ...others] = await answers(program, {}, everything)
  expect(others).toEqual(before.slice(1))
  expect(stagesIn(models)).toEqual(stagesIn(before[0])) // their addresses lead to this home now, and not to where the state was made
  const remembered = JSON.parse(readFileSync(join(program.home, 'understudy-backups.json'), 'utf8'))
  expect(remembered).toMatchObject([{ path: copy }])
})

test('a home that was moved, or restored elsewhere, predicts; and the registry leads to where the files are', {
  timeout: 60 * SECONDS,
}, async () => {
  await using program = await openState()
  const folder = await shelf()
  const moved = join(folder, 'moved')
  await rename(program.home, moved)
  await mkdir(program.home)
  const { version } = readSaid().predict
  expect(await answers(program, { UNDERSTUDY_HOME: moved }, ['predict'])).toMatchObject([{ version }])
  const copy = join(folder, 'copy')
  expect((await run(program, ['backup', copy], { UNDERSTUDY_HOME: moved })).code).toBe(0)
  const elsewhere = join(folder, 'deep', 'down', 'home')
  expect((await run(program, ['restore', copy], { UNDERSTUDY_HOME: elsewhere })).code).toBe(0)
  expect(await answers(program, { UNDERSTUDY_HOME: elsewhere }, ['predict'])).toMatchObject([{ version }])
  const addresses = `select artifact_uri as address from runs union select source from model_versions union select artifact_location
    from experiments where experiment_id > 0`
  const rows = rowsOf(elsewhere, 'mlflow.db', addresses) // the state's own first folder was a third one
  expect(rows.length).toBeGreaterThan(5)
  for (const { address } of rows) expect(address).toContain(pathToFileURL(elsewhere).href)
})

test('a tracking database outside the home is kept and restored with it', { timeout: 60 * SECONDS }, async () => {
  await using program = await openState()
  const folder = await shelf()
  const database = join(folder, 'tracking', 'runs.db')
  await mkdir(dirname(database))
  await rename(join(program.home, 'mlflow.db'), database)
  const outside = { MODEL_TARGET: 'mlflow', MLFLOW_TRACKING_URI: `sqlite:///${database}` }
  const before = await answers(program, outside)
  const copy = join(folder, 'copy')
  expect((await run(program, ['backup', copy], outside)).code).toBe(0)
  await truncate(database, 5000)
  const failed = await run(program, ['models'], outside)
  expect(failed.code, failed.err).toBe(5)
  expect(advised(failed)).toEqual(['restore', copy, '--replace'])
  const elsewhere = await run(program, ['restore', copy, '--replace'])
  expect(elsewhere.code, elsewhere.err).toBe(2)
  expect(elsewhere.err).toContain(`MLFLOW_TRACKING_URI=sqlite:///${database}`)
  const restored = await run(program, [...advised(failed), '--json'], outside)
  expect(restored.code, restored.err).toBe(0)
  const { kept } = JSON.parse(restored.out) as { kept: { at: string }[] } // the command's own answer
  onTestFinished(async () => {
    for (const { at } of kept) await rm(at, { recursive: true, force: true })
  })
  expect(kept).toHaveLength(2)
  expect(await answers(program, outside)).toEqual(before)
})

test('nothing is restored under the hands of a process that works there, and nothing begins while it is restored', {
  timeout: 60 * SECONDS,
}, async () => {
  await using program = await openState()
  const copy = join(await shelf(), 'copy')
  expect((await run(program, ['backup', copy])).code).toBe(0)
  const month = program.start(['cycle', '--month', '2020-06'])
  while (!existsSync(join(program.home, 'tmp')) || !readdirSync(join(program.home, 'tmp')).some(isMark)) await sleep(5)
  const refused = await run(program, ['restore', copy, '--replace'])
  expect(refused.code, refused.err).toBe(4)
  expect(refused.err).toContain(`process ${month.child.pid} works in it`)
  expect((await month.ended).code).toBe(0)
  // A process that was killed is no reason to wait for ever.
  const killed = program.start(['cycle', '--month', '2020-06', '--again'])
  while (!readdirSync(join(program.home, 'tmp')).some(isMark)) await sleep(5)
  killed.child.kill('SIGKILL')
  const { pid } = killed.child
  await killed.ended
  const mark = `${program.home}.restoring.json`
  onTestFinished(() => rm(mark, { force: true }))
  const gone = { machine: 'x', pid: 1, started: null }
  await writeFile(mark, JSON.stringify({ owner: gone, backup: copy, phase: 'swapping' }))
  const waits = await run(program, ['models'])
  expect(waits.code, waits.err).toBe(4) // who restores it, on another machine, cannot be seen from here
  expect(waits.err).toContain('is being restored by process 1')
  const dead = { ...currentOwner(), pid, started: '1' }
  await writeFile(mark, JSON.stringify({ owner: dead, backup: copy, phase: 'swapping' }))
  const half = await run(program, ['models'])
  expect(half.code, half.err).toBe(4)
  expect(half.err).toMatch(/was left half restored/)
  expect(advised(half)).toEqual(['restore', copy, '--replace'])
  const restored = await run(program, ['restore', copy, '--replace', '--json'])
  expect(restored.code, restored.err).toBe(0)
  const { kept } = JSON.parse(restored.out) as { kept: { at: string }[] } // the command's own answer
  await rm(kept[0]?.at ?? '', { recursive: true })
  expect(existsSync(mark)).toBe(false)
})

function isMark(name: string): boolean {
  return name.startsWith('at-work.')
}
