import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { openSqlite } from '../database/sqlite.ts'
import { currentOwner } from '../flow/owner.ts'
import { systemClock } from '../kernel/clock.ts'
import { seededRandom } from '../kernel/random.ts'
import { openChatServer } from './chat-server.fixture.ts'
import { consoleNotifier } from './console.ts'
import { type OutboxBed, outboxLaws } from './outbox.contract.ts'
import type { OutboxSchema } from './outbox-schema.ts'
import { openSqliteOutbox, type SqliteOutboxOptions } from './outbox-sqlite.ts'
import { tellable } from './tellable.fixture.ts'

interface Bed extends OutboxBed {
  readonly path: string
  /** As `open`, with what else an outbox can be told. */
  openWith(options: Partial<SqliteOutboxOptions>): ReturnType<typeof openSqliteOutbox>
}

async function openBed(): Promise<Bed> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'understudy-outbox-'))
  onTestFinished(() => folder.remove())
  const path = join(folder.path, 'flow.db')
  let nowMs = Date.UTC(2020, 0, 1)
  const openWith: Bed['openWith'] = async (options) => {
    const database = await openSqlite<OutboxSchema>(path)
    const outbox = await openSqliteOutbox({
      ...{ database, clock: { nowMs: () => nowMs }, project: 'deliveries', random: seededRandom(3), channels: [] },
      ...{ console: consoleNotifier(() => undefined), postWaitMs: 200, closeWaitMs: 100, attemptMs: 400 },
      ...options,
    })
    onTestFinished(async () => {
      await outbox[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    })
    return outbox
  }
  return {
    path,
    openWith,
    open: (channels, shown = []) => openWith({ channels, console: consoleNotifier((line) => void shown.push(line)) }),
    nowMs: () => nowMs,
    passTime: (ms) => {
      nowMs += ms
    },
  }
}

outboxLaws(openBed)

test('somebody who could not be told is said to whoever watches', async () => {
  const bed = await openBed()
  const chat = tellable()
  chat.mode = 'refuse'
  const said: string[] = []
  const outbox = await bed.openWith({ channels: [chat], warn: (line) => said.push(line) })
  await outbox.post('k', { text: 'a' })
  await outbox.post('l', { text: 'b' })
  const kept = 'It is kept, and later commands try again; see ./understudy outbox'
  expect(said).toEqual([
    `chat was not told yet: chat is down. ${kept}`,
    `chat was not told yet: notice 1 goes first. ${kept}`,
  ])
})

test('a channel whose deliverer is gone is taken over at once; from one that only sleeps, when its lease is over', async () => {
  for (const [owner, afterMs] of [
    [{ ...currentOwner(), pid: 2 ** 22 + 1 }, 0],
    [{ machine: 'another-host', pid: 1, started: null }, 15_000],
  ] as const) {
    const bed = await openBed()
    const dying = tellable()
    dying.mode = 'hang'
    const first = await bed.openWith({ channels: [dying], owner, attemptMs: 60_000 })
    await first.post('a', { text: 'a' })
    const chat = tellable()
    const second = await bed.open([chat])
    if (afterMs > 0) {
      bed.passTime(afterMs - 1)
      expect(await second.deliver({ when: 'due' })).toMatchObject([{ sent: 0, waiting: 1 }])
      bed.passTime(1)
    }
    expect(await second.deliver({ when: 'due' })).toMatchObject([{ sent: 1, waiting: 0 }])
    expect(chat.arrived).toEqual(['a'])
    await first[Symbol.asyncDispose]() // it wakes up, and finds the channel is not its own any more
    expect((await second.notices()).map(({ state }) => state)).toEqual(['sent'])
  }
})

test('processes that post and deliver to one chat at once send each notice once, in the order in which they were kept', {
  timeout: 60_000,
}, async () => {
  const bed = await openBed()
  await using chat = await openChatServer()
  const work = (me: number): string => `
    import { openSqlite } from ${JSON.stringify(module('../database/sqlite.ts'))}
    import { openSqliteOutbox } from ${JSON.stringify(module('./outbox-sqlite.ts'))}
    import { chatFormNotifier } from ${JSON.stringify(module('./chat-form.ts'))}
    const database = await openSqlite(${JSON.stringify(bed.path)})
    const outbox = await openSqliteOutbox({ database, clock: { nowMs: () => Date.now() }, project: 'p',
      channels: [chatFormNotifier({ url: ${JSON.stringify(chat.url)}, channel: 'c', author: 'a' })],
      console: { channel: 'console', send: async () => undefined } })
    for (let i = 0; i < 15; i++) await outbox.post('${me}/' + i, { text: '${me}/' + i })
    await outbox.deliver({ when: 'now', waitMs: 5000 })
    await outbox[Symbol.asyncDispose]()
    await database[Symbol.asyncDispose]()`
  const ends = await Promise.all([0, 1, 2].map((me) => runScript(work(me))))
  expect(ends).toEqual([0, 0, 0])
  const outbox = await bed.open([])
  const kept = await outbox.notices()
  expect(kept).toHaveLength(45)
  expect(chat.arrived).toEqual(kept.map(({ text }) => text))
  expect(kept.every(({ state, attempts }) => state === 'sent' && attempts === 1)).toBe(true)
})

test('a notice whose process was killed while it was sending goes out with the next delivery', {
  timeout: 30_000,
}, async () => {
  const bed = await openBed()
  await using chat = await openChatServer()
  chat.answerNext('hang')
  const killed = runScript(`
    import { openSqlite } from ${JSON.stringify(module('../database/sqlite.ts'))}
    import { openSqliteOutbox } from ${JSON.stringify(module('./outbox-sqlite.ts'))}
    import { chatFormNotifier } from ${JSON.stringify(module('./chat-form.ts'))}
    const outbox = await openSqliteOutbox({ database: await openSqlite(${JSON.stringify(bed.path)}), project: 'p',
      clock: { nowMs: () => Date.now() }, console: { channel: 'console', send: async () => undefined },
      channels: [chatFormNotifier({ url: ${JSON.stringify(chat.url)}, channel: 'c', author: 'a' })] })
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), 300)
    await outbox.post('k', { text: 'a' })`)
  expect(await killed).toBe('SIGKILL')
  expect(chat.posts).toHaveLength(1)
  const arrives = tellable()
  const outbox = await bed.openWith({ channels: [arrives], clock: systemClock })
  expect(await outbox.deliver({ when: 'due' })).toMatchObject([{ sent: 1, waiting: 0 }])
  expect(arrives.arrived).toEqual(['a'])
})

function module(path: string): string {
  return new URL(path, import.meta.url).href
}

/** Runs lines of TypeScript in a process of its own. Resolves to its exit code, or the signal that ended it. */
async function runScript(script: string): Promise<number | string | null> {
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', script]
  const cwd = fileURLToPath(new URL('.', import.meta.url))
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'], cwd })
  const [code, signal]: unknown[] = await once(child, 'close')
  return typeof signal === 'string' ? signal : typeof code === 'number' ? code : null
}
