// The program is killed where it stands, with SIGKILL; then the same command is given again.
import { mkdtempDisposable, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test, vi } from 'vitest'
import { cycleCommand } from '../../src/cli/commands/cycle.ts'
import { openTerminal } from '../../src/cli/terminal.ts'
import { type Random, seededRandom } from '../../src/kernel/random.ts'
import type { LifecycleRooms } from '../../src/lifecycle/rooms.ts'
import { trainModel } from '../../src/lifecycle/training.ts'
import { openContext } from '../../src/main/open-context.ts'
import type { OpenRooms } from '../../src/main/open-rooms.ts'
import { openProgram, type Program } from './program.ts'
import { expectWhole, type Kept, rowsOf } from './whole-home.ts'

const FIXTURE = fileURLToPath(new URL('./eventful.fixture.ts', import.meta.url))
const DYING = fileURLToPath(new URL('./dying.fixture.ts', import.meta.url))
const SETTINGS = { UNDERSTUDY_PROJECT: FIXTURE, TRAINERS: 'linear', TRAIN_WINDOW: 'month' }
const WATCHED = { NODE_OPTIONS: `--disable-warning=ExperimentalWarning --import=${DYING}` }
const MODEL = 'deliveries'
const APRIL = ['cycle', '--month', '2020-04'] as const // promotes
const MAY = ['cycle', '--month', '2020-05'] as const // asks a person

/** What the months come to, killed or not. */
const AFTER_APRIL: Kept = {
  versions: ['v1 Archived', 'v2 Production'],
  moves: [
    'v1 None → Staging',
    'v1 Staging → Production',
    'v2 None → Staging',
    'v1 Production → Archived',
    'v2 Staging → Production',
  ],
}
const AFTER_MAY: Kept = {
  versions: [...AFTER_APRIL.versions, 'v3 Staging'],
  moves: [...AFTER_APRIL.moves, 'v3 None → Staging'],
}

test('at every boundary of every task: the same command goes on, and each month comes to what it comes to undisturbed', {
  timeout: 240_000,
}, async () => {
  await using april = await openProgram(SETTINGS)
  await using may = await openProgram(SETTINGS)
  await may.json(APRIL)
  const [inApril, inMay] = await Promise.all([dieEverywhere(april, APRIL), dieEverywhere(may, MAY)])
  expect(await expectWhole(april.home, MODEL, 'April')).toEqual(AFTER_APRIL)
  expect(await expectWhole(may.home, MODEL, 'May')).toEqual(AFTER_MAY)
  for (const told of ['ℹ️ First model in production', '🚀 New model replacing old']) expect(inApril.said).toContain(told)
  expect(inMay.said).toContain('🚨 No model good enough')
  const [first, month] = [
    ['preprocess_history', 'train_first_model', 'accept_first_model', 'notify'],
    [
      'preprocess_new_data',
      'find_champion',
      'evaluate_production_model',
      're_train',
      'transition_model',
      'record_outcome',
      'notify',
    ],
  ]
  expect(boundariesOf(inApril.deaths)).toEqual(boundaries(['make_raw_table', ...first, ...month]))
  expect(boundariesOf(inMay.deaths)).toEqual(boundaries([...month, 'ask_a_person']))
})

/** Three for each task: just before its body, after its effects, after its journal entry. */
function boundaries(tasks: readonly string[]): string[] {
  return tasks.flatMap((task) => [`${task} begun`, `${task} done`, `${task} journalled`]).sort()
}

/** Which of them are in a list of deaths. */
function boundariesOf(deaths: readonly string[]): string[] {
  return deaths
    .flatMap((death) => {
      const [, when, verb, words = ''] =
        /^(before|after) commit, .*?(insert into|update) task_runs ([^;]*)/.exec(death) ?? []
      const task = words.split(' ').find((word) => word.includes('_') || word === 'notify')
      if (task === undefined) return []
      return [`${task} ${verb === 'insert into' ? 'begun' : when === 'before' ? 'done' : 'journalled'}`]
    })
    .sort()
}

/**
 * Gives a command again and again; each process dies at the first moment of the journal at which none has died. Returns these moments, and
 * what all of them said.
 */
async function dieEverywhere(program: Program, args: readonly string[]): Promise<{ deaths: string[]; said: string }> {
  let said = ''
  const list = join(program.home, 'deaths')
  for (let deaths = 0; ; deaths++) {
    const { ended } = program.start(args, { ...WATCHED, DIE_LIST: list })
    const { code, signal, err } = await ended
    expect(isFalse(program.home, err), `death ${deaths}: ${err}`).toBe(false)
    said += err
    if (signal === null) {
      expect(code, err).toBe(0)
      return { deaths: (await readFile(list, 'utf8')).trim().split('\n'), said }
    }
    expect(signal, err).toBe('SIGKILL')
  }
}

test('after whatever was written last: the same command goes on, and each month comes to what it comes to undisturbed', {
  timeout: 240_000,
}, async () => {
  await using program = await openProgram(SETTINGS)
  for (const [args, expected] of [
    [APRIL, AFTER_APRIL],
    [MAY, AFTER_MAY],
  ] as const) {
    await using copies = await mkdtempDisposable(join(tmpdir(), 'understudy-copies-'))
    const { code, err } = await program.start(args, { ...WATCHED, COPY_TO: copies.path }).ended
    expect(code, err).toBe(0)
    const names = (await readdir(copies.path)).sort()
    expect(names.length).toBeGreaterThan(40)
    // All of them take over a minute: `make test_full` tries each, and every run a third.
    const tried = process.env.UNDERSTUDY_TEST_FULL === '1' ? names : names.filter((_, index) => index % 3 === 0)
    for (const name of tried) {
      const copy = join(copies.path, name)
      const point = await readFile(join(copy, 'point'), 'utf8')
      const home = join(copy, 'home')
      await giveAgain(home, args[2], point)
      expect(await expectWhole(home, MODEL, point), point).toEqual(expected)
      await rm(copy, { recursive: true })
    }
  }
})

test('at a hundred random moments: the same command goes on, and the month comes to what it comes to undisturbed', {
  timeout: 240_000,
}, async () => {
  const seed = Date.now() % 2 ** 31
  const usualMs = await timeUndisturbed()
  let kills = 0
  const lane = async (random: Random): Promise<void> => {
    while (kills < 100) {
      await using program = await openProgram(SETTINGS)
      const context = `seed ${seed}, ${usualMs} ms`
      let said = ''
      for (let isDone = false; !isDone; ) {
        const { child, ended } = program.start(APRIL)
        const timer = setTimeout(() => child.kill('SIGKILL'), random.uniform() * usualMs)
        const { signal, code, err } = await ended
        clearTimeout(timer)
        said += err
        expect(isFalse(program.home, err), `${context}: ${err}`).toBe(false)
        isDone = signal === null
        if (isDone) expect(code, `${context}: ${err}`).toBe(0)
        else kills++
      }
      expect(said, context).toContain('🚀')
      expect(await expectWhole(program.home, MODEL, context)).toEqual(AFTER_APRIL)
    }
  }
  await Promise.all([lane(seededRandom(seed, 1)), lane(seededRandom(seed, 2))])
  expect(kills).toBeGreaterThanOrEqual(100)
})

/** How long the command takes, in ms. */
async function timeUndisturbed(): Promise<number> {
  await using program = await openProgram(SETTINGS)
  const startedAt = performance.now()
  await program.json(APRIL)
  return Math.round(performance.now() - startedAt)
}

/** The command in a home, in this process, which saves the start of another; it trains in this thread. */
async function giveAgain(home: string, month: string, context: string): Promise<void> {
  for (const [name, value] of Object.entries({
    ...SETTINGS,
    UNDERSTUDY_HOME: home,
    UNDERSTUDY_DOTENV: join(home, '.env'),
  }))
    vi.stubEnv(name, value)
  const ignored = { write: () => true }
  const told: string[] = [] // noted where it is said: whoever tells catches what a channel throws
  const said = { write: (text: string) => void (isFalse(home, text) && told.push(text)) }
  const terminal = openTerminal({ json: true, out: ignored, err: said })
  const opened: { rooms: OpenRooms | null } = { rooms: null }
  try {
    const program = await openContext(terminal, new AbortController().signal, opened, null)
    const rooms = async (): Promise<LifecycleRooms> => {
      const real = await program.rooms()
      return { ...real, runTraining: (request, how) => trainModel(real, request, how) }
    }
    await cycleCommand.run({ month }, { ...program, rooms })
  } finally {
    await opened.rooms?.[Symbol.asyncDispose]()
    vi.unstubAllEnvs()
  }
  expect(told, `told falsely, ${context}`).toEqual([])
}

/** Whether a promotion was told that is not on record. */
function isFalse(home: string, said: string): boolean {
  const sql = `select version from understudy_transitions where to_stage = 'Production' and version = 2`
  return said.includes('🚀') && rowsOf(home, 'mlflow.db', sql).length === 0
}
