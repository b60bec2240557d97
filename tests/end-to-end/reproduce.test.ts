// `./understudy reproduce`, as a person or a script gives it: exit codes, words, JSON, Ctrl-C, one processor, another program.
import { spawn, spawnSync } from 'node:child_process'
import { glob, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Reproduction } from '../../src/lifecycle/reproduce.ts'
import { openProgram, type Program } from './program.ts'

vi.setConfig({ testTimeout: 60_000 })

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** Lends a program some of the processors. */
const TASKSET = 'taskset'
const DELIVERIES = new URL('../deliveries/project.ts', import.meta.url).href

let program: Program
/** A project of one's own: its folder is part of the code's digest. */
let project: string
beforeAll(async () => {
  program = await openProgram({ TRAINERS: 'mlp' })
  project = join(program.home, 'own', 'project.ts')
  await mkdir(join(program.home, 'own'))
  await writeProject('')
  const { code, err } = await program.run(['cycle'], own())
  expect(code, err).toBe(0)
}, 60_000)
afterAll(() => program[Symbol.asyncDispose]())

const own = (): Record<string, string> => ({ UNDERSTUDY_PROJECT: project })

async function writeProject(comment: string, months = '{}'): Promise<void> {
  await writeFile(
    project,
    `${comment}import { deliveries } from '${DELIVERIES}'\nexport const project = deliveries(${months})\n`,
  )
}

/** What is changed of a training's record. */
interface Recorded {
  readonly data: Readonly<Record<string, unknown>>
  readonly result: { readonly settings: Readonly<Record<string, unknown>> }
}

/** Does something while the records of trainings say something else. */
async function withRecords<T>(
  { home }: Program,
  changed: (record: Recorded) => object,
  work: () => Promise<T>,
): Promise<T> {
  const kept = new Map<string, string>()
  for await (const path of glob(join(home, 'artifacts', '**', 'training.json'))) {
    const text = await readFile(path, 'utf8')
    kept.set(path, text)
    await writeFile(path, JSON.stringify(changed(JSON.parse(text))))
  }
  expect(kept.size).toBeGreaterThan(0)
  try {
    return await work()
  } finally {
    for (const [path, text] of kept) await writeFile(path, text)
  }
}

/** The same of records that an earlier program wrote, which kept whole months only. */
async function withoutParts<T>(own: Program, work: () => Promise<T>): Promise<T> {
  return await withRecords(own, ({ data: { parts: _, ...data }, ...record }) => ({ ...record, data }), work)
}

const reproduced = (...args: readonly string[]): Promise<Reproduction> => program.json(['reproduce', ...args], own())

test('a version just trained comes out identical, and says of what it is made', async () => {
  const { code, out } = await program.run(['reproduce', '--version', '2'], own())
  expect(code).toBe(0)
  expect(out).toMatch(/^✅ IDENTICAL: the same [\d,]+ bytes came out$/m)
  expect(out).toMatch(/^ {3}sha256 [0-9a-f]{64}$/m)
  expect(out).toMatch(/^ {3}computed by WebAssembly|^ {3}computed by TypeScript/m)
  // Whoever edits the program while its tests run is told of that alone.
  expect(out.replaceAll(/\s+/g, ' ')).toMatch(/nothing it rests on has changed|also changed, code/)
  expect(out).not.toMatch(/^ +changed,/m)
})

test('on one processor the bytes are those that several computed', async (context) => {
  if (spawnSync(TASKSET, ['-c', '0', 'true']).status !== 0)
    context.skip('taskset, which lends a program one processor, is not installed, or may not lend the first')
  const args = ['-c', '0', process.execPath, 'launcher.mjs', 'reproduce', '--version', '1', '--json']
  const { PATH, HOME } = process.env
  const child = spawn(TASKSET, args, { cwd: ROOT, env: { PATH, HOME, UNDERSTUDY_HOME: program.home, ...own() } })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0)
  expect(JSON.parse(out)).toMatchObject({ answer: 'identical', trainer: 'mlp' })
})

test('the run can be named too; a script reads the answer, and nothing of the project is changed', async () => {
  const before = await program.json<unknown>(['models'], own())
  const first = await reproduced('--version', '1')
  expect(first).toMatchObject({ answer: 'identical', distance: null })
  expect(first.changes.filter(({ of }) => of !== 'means')).toEqual([])
  expect(await reproduced(first.runId, '--check')).toMatchObject({
    answer: 'unchanged',
    runId: first.runId,
    seconds: null,
  })
  expect(await program.json<unknown>(['models'], own())).toEqual(before)
})

test('another program that computes the same is named, and is no failure', async () => {
  await writeProject('// Another line.\n')
  const { code, out } = await program.run(['reproduce', '--version', '2'], own())
  await writeProject('')
  expect(code).toBe(0)
  expect(out).toContain('✅ IDENTICAL')
  expect(out.replaceAll(/\s+/g, ' ')).toContain(
    'also changed, code: the program or the project is not the same any more',
  )
})

test('rows that were made anew otherwise end with 4, say which month, and how far apart the answers are', async () => {
  await using other = await openProgram({ TRAINERS: 'mlp', ...own() })
  const { code: made } = await other.run(['train', '--from', '2020-01-01', '--to', '2020-03-01'])
  expect(made).toBe(0)
  expect((await other.run(['data', 'drop', 'deliveries_raw_small'])).code).toBe(0)
  await writeProject('', "{ '2020-02': { pace: 4 } }")
  expect((await other.run(['preprocess', '--from', '2020-01-01', '--to', '2020-03-01'])).code).toBe(0)
  const looked = await other.run(['reproduce', '--version', '1', '--check'])
  const lookedLongAgo = await withoutParts(other, () => other.run(['reproduce', '--version', '1', '--check']))
  const { code, out, err } = await other.run(['reproduce', '--version', '1'])
  await writeProject('')
  expect([looked.code, code]).toEqual([4, 4])
  expect(looked.out).toContain('❌ CHANGED')
  expect(lookedLongAgo.code).toBe(4)
  expect(lookedLongAgo.out).toContain('❔ MAY HAVE CHANGED')
  expect(lookedLongAgo.out.replaceAll(/\s+/g, ' ')).toContain('perhaps changed, data: the rows of 2020-02 are others')
  expect(out).toContain('❌ DIFFERENT: another model came out')
  expect(out.replaceAll(/\s+/g, ' ')).toMatch(/answers are [\d.]+ min apart on average and [\d.]+ at most/)
  expect(out.replaceAll(/\s+/g, ' ')).toContain('changed, data: the rows of 2020-02 are others than they were')
  expect(err).toContain('what has changed: data')
})

test('where other instructions computed it, what is advised is to compute as it did', async () => {
  const computedBy = (means: string) => (record: Recorded) => {
    const settings = { ...record.result.settings, learningRate: 0.1 } // which stands for other rounding, and much of it
    return { ...record, result: { ...record.result, settings, computedBy: means } }
  }
  const ended = async (means: string) => {
    const run = () => program.run(['reproduce', '--version', '1'], own())
    const { code, out, err } = await withRecords(program, computedBy(means), run)
    expect(code, err).toBe(4)
    expect(out).toContain('❌ DIFFERENT')
    // Whoever edits the program while its tests run is advised to bring that back as well.
    expect(err.includes('bring back what it rested on')).toBe(out.includes('also changed, code'))
    return err.replaceAll(/\s+/g, ' ')
  }
  const kernels = await ended('WebAssembly with other SIMD')
  expect(kernels).toMatch(/what has changed: (code, )?computed by/)
  expect(kernels).toContain('npm run build makes the kernels, of which its own were WebAssembly with other SIMD')
  expect(kernels).toContain('a machine that has those instructions')
  expect(await ended('TypeScript')).toContain('without kernels')
})

test('a run may be named beside the version that it made; with another version it is a contradiction', async () => {
  const { runId } = await reproduced('--version', '1', '--check')
  expect(await reproduced(runId, '--version', '1', '--check')).toMatchObject({ answer: 'unchanged', runId })
  const { code, err } = await program.run(['reproduce', runId, '--version', '2'], own())
  expect(code).toBe(2)
  expect(err).toContain(`${runId} and --version 2 name two trainings`)
  expect(err.replaceAll(/\s+/g, ' ')).toContain('v2 was made by run')
})

test.each([
  [[], 2, 'no training is named'],
  [['--version', 'two'], 2, '--version is a number'],
  [['--version', '9'], 3, 'deliveries has no version 9'],
  [['nothing-of-this-name'], 3, 'there is no run nothing-of-this-name'],
])('reproduce %j ends with %i: %s', async (args, code, words) => {
  const ended = await program.run(['reproduce', ...args], own())
  expect(ended.code).toBe(code)
  expect(ended.err).toContain(words)
})

test('Ctrl-C stops it with 130, says that nothing was changed, and nothing was', async () => {
  const stopped = async () => {
    const { child, ended } = program.start(['reproduce', '--version', '1'], own())
    // From here the thread that trains has yet to begin.
    child.stderr?.on('data', (text: string) => {
      if (text.includes('train again')) child.kill('SIGINT')
    })
    return await ended
  }
  let { code, err } = await stopped()
  // A training of a moment may be over before the signal comes, where much else goes on.
  for (let more = 4; code === 0 && more > 0; more--) ({ code, err } = await stopped())
  expect(code, err).toBe(130)
  expect(err).toContain('nothing was changed')
  expect(await reproduced('--version', '1', '--check')).toMatchObject({ answer: 'unchanged' })
})
