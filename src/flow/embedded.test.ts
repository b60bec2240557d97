import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { migrate } from '../database/migrations.ts'
import { openSqlite } from '../database/sqlite.ts'
import { integrityFaults } from '../database/sqlite-files.ts'
import { systemClock } from '../kernel/clock.ts'
import { seededRandom } from '../kernel/random.ts'
import { openEmbeddedEngine } from './embedded.ts'
import { engineLaws } from './engine.contract.ts'
import { flowOf } from './engine-store.contract.ts'
import { flow } from './flow.ts'
import { JOURNAL_MIGRATIONS, type JournalSchema } from './journal-schema.ts'
import { currentOwner, type Owner } from './owner.ts'

/** No process has this number: Linux' largest is 2^22, macOS' is below 10^5. */
const NO_PROCESS = 2 ** 31 - 2
/** On the laws' own clock; renewals go by the real one, every 15 s, so none comes in between. */
const LAWS_LEASE_MS = 60_000

async function freshFile(): Promise<string> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'understudy-flow-'))
  onTestFinished(() => folder.remove())
  return join(folder.path, 'flow.db')
}

engineLaws(async () => {
  const databasePath = await freshFile()
  let nowMs = Date.UTC(2015, 0, 1)
  const owners: Record<'this' | 'gone' | 'elsewhere', Owner> = {
    this: currentOwner(),
    gone: { ...currentOwner(), pid: NO_PROCESS },
    elsewhere: { machine: 'another-host', pid: 1, started: null },
  }
  return {
    leaseMs: LAWS_LEASE_MS,
    advance: (ms) => {
      nowMs += ms
    },
    open: ({ process = undefined, graceMs = 50 } = {}) =>
      openEmbeddedEngine({
        databasePath,
        clock: { nowMs: () => nowMs },
        random: seededRandom(1),
        owner: owners[process ?? 'this'],
        leaseMs: LAWS_LEASE_MS,
        graceMs,
      }),
  }
})

test('a lease is renewed while a task runs, and a holder that lost it is told by its signal', async () => {
  const databasePath = await freshFile()
  const leaseMs = 1_000
  const open = (owner: Owner) => openEmbeddedEngine({ databasePath, clock: systemClock, owner, leaseMs })
  const reasons: unknown[] = []
  const example = flowOf(({ task }) =>
    task('long', null, async (_, { signal, attempt }) => {
      if (attempt > 1) return 'taken'
      for (let i = 0; i < 500 && !signal.aborted; i++) await new Promise((resolve) => setTimeout(resolve, 10))
      reasons.push(signal.reason)
      return 'too late'
    }),
  )
  const elsewhere: Owner = { machine: 'another-host', pid: 1, started: null }
  await using holder = await open(elsewhere)
  await using other = await open(currentOwner())
  const held = holder.run(example, null, {}, { key: 'k' })
  held.catch(() => undefined)
  await new Promise((resolve) => setTimeout(resolve, leaseMs * 1.3)) // more than a lease
  await expect(other.run(example, null, {}, { key: 'k' })).rejects.toMatchObject({ code: 'CONFLICT' })

  // The other one's clock is ahead by a lease, as if the holder had slept.
  await using ahead = await openEmbeddedEngine({
    databasePath,
    clock: { nowMs: () => Date.now() + leaseMs },
    leaseMs,
  })
  expect((await ahead.run(example, null, {}, { key: 'k' })).output).toBe('taken')
  await expect(held).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('taken over') })
  expect(reasons).toEqual([expect.objectContaining({ code: 'CONFLICT' })])
})

test('an engine that was closed refuses to run', async () => {
  const engine = await openEmbeddedEngine({ databasePath: await freshFile(), clock: systemClock })
  await engine[Symbol.asyncDispose]()
  await expect(
    engine.run(
      flowOf(async () => null),
      null,
      {},
      { key: 'k' },
    ),
  ).rejects.toThrow('the engine was closed')
})

test.each([
  ['Cycle', 1, 'cannot be a flow'],
  ['cycle', 0, 'version 0'],
  ['cycle', 1.5, 'version 1.5'],
])('a flow named %s of version %s is refused when made', (name, version, words) => {
  expect(() => flow<null>()({ ...flowOf(async () => null), name, version })).toThrow(words)
})

test('questions and answers cannot be edited or removed, even by hand', async () => {
  const databasePath = await freshFile()
  await using engine = await openEmbeddedEngine({ databasePath, clock: systemClock })
  const { run } = await engine.run(
    flowOf(async () => null),
    null,
    {},
    { key: 'asks' },
  )
  const { id } = await engine.decisions.ask({ flowRunId: run.id, subject: 'a model', question: null })
  await engine.decisions.answer(id, { choice: 'keep', by: 'ana', why: 'x', details: null, flowRunId: run.id })
  await using database = await openSqlite(databasePath)
  for (const [statement, why] of [
    ["update decisions set subject = 'other'", 'a question is never edited'],
    ['delete from decisions', 'a question is never deleted'],
    ["update decision_answers set choice = 'promote'", 'an answer is never edited'],
    ['delete from decision_answers', 'an answer is never deleted'],
  ] as const) {
    await expect(database.script(statement)).rejects.toThrow(why)
  }
})

test('a journal of the build before is brought forward, with all that it holds', async () => {
  const databasePath = await freshFile()
  {
    await using earlier = await openSqlite<JournalSchema>(databasePath)
    await migrate(earlier, 'flow_ledger', JOURNAL_MIGRATIONS.slice(0, 1))
    await earlier.script(`
      insert into flow_runs values ('r1', 'example', 1, 'k', 1, 'failed', '{}', null, 'lost', null, 1, 'm', 1, null, 1, 2, 3, 4);
      insert into flow_runs values ('r2', 'example', 1, 'l', 1, 'completed', '{}', '7', null, null, 1, 'm', 1, null, 1, 2, 5, 6);
      insert into task_runs values ('r2', 'b', 'completed', 1, 1, '{}', 'd', '1', null, 5, 6);
      insert into task_runs values ('r2', 'a', 'completed', 1, 1, '{}', 'd', '2', null, 5, 6);
      insert into task_log values (1, 'r2', 'a', 5, 'a line');`)
  }
  await using engine = await openEmbeddedEngine({ databasePath, clock: systemClock })
  expect((await engine.flowRuns()).map(({ id, status, output }) => [id, status, output])).toEqual([
    ['r2', 'completed', 7],
    ['r1', 'failed', null],
  ])
  expect((await engine.taskRuns('r2')).map(({ name }) => name)).toEqual(['b', 'a']) // as they began
  expect(await engine.taskLog('r2', 'a')).toEqual([{ atMs: 5, line: 'a line' }])
  expect(await integrityFaults(databasePath)).toEqual([])
})
