// Real processes that die with SIGKILL, sleep with SIGSTOP, and race each other.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../kernel/clock.ts'
import { seededRandom } from '../kernel/random.ts'
import { openEmbeddedEngine } from './embedded.ts'

const FIXTURE = fileURLToPath(new URL('./killed-flow.fixture.ts', import.meta.url))
/** Halves the time a process needs to start. */
const CODE_CACHE = join(tmpdir(), 'understudy-code-cache')
const TASKS = ['first', 'left', 'right', 'join', 'last']
/** Some fifty processes are started, each in a fifth of a second on a quiet machine. */
const TIMEOUT_MS = 120_000
const RESULT = { value: 1_123 } // the fixture tells how

interface Options {
  folder: string
  key: string
  killAt?: string
  stopAt?: string
  leaseMs?: number
  holdFile?: string
  taskMs?: number
}
interface Finished {
  signal: string | null
  result: { output?: unknown; replayed?: boolean; code?: string; message?: string } | null
}

async function freshFolder(): Promise<string> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'understudy-kill-'))
  onTestFinished(() => folder.remove())
  return folder.path
}

function start(options: Options): { child: ChildProcess; finished: Promise<Finished> } {
  const argv = ['--disable-warning=ExperimentalWarning', FIXTURE, JSON.stringify(options)]
  const child = spawn(process.execPath, argv, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: CODE_CACHE },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  const finished = once(child, 'close').then(() => ({
    signal: child.signalCode,
    result: text === '' ? null : JSON.parse(text),
  }))
  return { child, finished }
}

function order(folder: string, key: string): string[] {
  const file = join(folder, `${key}.order`)
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
}

async function until(condition: () => boolean): Promise<void> {
  for (let waitedMs = 0; !condition(); waitedMs += 5) {
    if (waitedMs > 15_000) throw new Error('it never came to be')
    await sleep(5)
  }
}

/** Holds the journal and the world against what must be true however often the run was killed. */
async function expectDoneOnce(folder: string, key: string): Promise<void> {
  await using engine = await openEmbeddedEngine({ databasePath: join(folder, 'flow.db'), clock: systemClock })
  const runs = await engine.flowRuns({ key })
  expect(runs).toMatchObject([{ status: 'completed', output: RESULT }])
  const taskRuns = await engine.taskRuns(runs[0]?.id ?? '')
  expect(taskRuns.map(({ name, status }) => `${name} ${status}`).sort()).toEqual(
    TASKS.map((name) => `${name} completed`).sort(),
  )

  using world = new DatabaseSync(join(folder, 'world.db'), { readOnly: true })
  const effects = world.prepare('select effect_key, value from effects where effect_key like ?').all(`${runs[0]?.id}/%`)
  expect(effects.map((row) => `${row.effect_key}`.split('/')[1]).sort()).toEqual([...TASKS].sort())
  expect(effects.map((row) => row.value).sort()).toEqual([11, 111, 1_011, 1_122, 1_123].sort())

  const passed = order(folder, key)
  for (const name of TASKS) {
    const completed = passed.findIndex((point) => point.startsWith(`task-completed ${name}`))
    expect(passed.slice(Math.max(completed, 0)), `${name} never ran again once completed`).not.toContain(
      `task-started ${name}`,
    )
  }
}

describe('killed with SIGKILL', () => {
  const boundaries = (name: string) => [`task-started ${name}`, `effect ${name}`, `task-completed ${name}`]
  // One run dies at each point of its list in turn. `left` and `right` run at the same time, so each has its own list.
  const deaths = {
    through: ['flow-started', ...['first', 'left', 'join', 'last'].flatMap(boundaries), 'flow-ended'],
    aside: boundaries('right'),
  }

  test(
    'at every boundary of every task: the same command goes on, and each effect is there once',
    async () => {
      const folder = await freshFolder()
      for (const [key, points] of Object.entries(deaths)) {
        for (const killAt of points) {
          const died = await start({ folder, key, killAt }).finished
          expect({ killAt, ...died }).toEqual({ killAt, signal: 'SIGKILL', result: null })
        }
        const { result } = await start({ folder, key }).finished
        // The end is journalled before it is announced, so dying at the announcement loses nothing.
        expect(result).toEqual({ output: RESULT, replayed: key === 'through' })
        await expectDoneOnce(folder, key)
      }
    },
    TIMEOUT_MS,
  )

  test(
    'at twenty random moments: every run comes to its end with each effect once',
    async () => {
      const folder = await freshFolder()
      const random = seededRandom(20_150_601)
      let kills = 0
      for (let run = 0; kills < 20; run++) {
        const key = `random-${run}`
        for (;;) {
          const { child, finished } = start({ folder, key, taskMs: 10 })
          const before = order(folder, key).length
          const isOver = finished.then(() => true)
          await Promise.race([until(() => order(folder, key).length > before), isOver])
          const killed = await Promise.race([
            sleep(random.uniform() * 60).then(() => child.kill('SIGKILL')),
            isOver.then(() => false),
          ])
          const { signal, result } = await finished
          if (signal === null) {
            expect(result).toMatchObject({ output: RESULT })
            break
          }
          expect(killed).toBe(true)
          kills++
        }
        await expectDoneOnce(folder, key)
      }
    },
    TIMEOUT_MS,
  )
})

test(
  'of two processes that start one run at once, one runs it and the other is told who does',
  async () => {
    const folder = await freshFolder()
    const options = { folder, key: 'race', holdFile: join(folder, 'go-on') }
    const both = [start(options), start(options)] as const
    const loser = await Promise.race(both.map(async ({ finished }, index) => ({ index, ...(await finished) })))
    const winner = both[1 - loser.index]
    expect(loser.result).toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining(`in process ${winner?.child.pid} on`),
    })
    writeFileSync(options.holdFile, '')
    expect((await winner?.finished)?.result).toEqual({ output: RESULT, replayed: false })
    await expectDoneOnce(folder, 'race')
  },
  TIMEOUT_MS,
)

// Windows has no SIGSTOP.
test.skipIf(process.platform === 'win32')(
  'a process that slept while its run was taken over wakes up and writes nothing',
  async () => {
    const folder = await freshFolder()
    const leaseMs = 500
    const options = { folder, key: 'sleeper', leaseMs }
    const sleeper = start({ ...options, stopAt: 'task-started first' })
    await until(() => order(folder, 'sleeper').includes('task-started first'))
    await sleep(leaseMs)
    expect((await start(options).finished).result).toEqual({ output: RESULT, replayed: false })

    await using engine = await openEmbeddedEngine({ databasePath: join(folder, 'flow.db'), clock: systemClock })
    const [run] = await engine.flowRuns({ key: 'sleeper' })
    const before = await engine.taskRuns(run?.id ?? '')
    expect(before[0]).toMatchObject({ name: 'first', attempt: 2 })
    sleeper.child.kill('SIGCONT')
    expect((await sleeper.finished).result).toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('taken over'),
    })
    expect(await engine.flowRuns({ key: 'sleeper' })).toEqual([run])
    expect(await engine.taskRuns(run?.id ?? '')).toEqual(before)
  },
  TIMEOUT_MS,
)
