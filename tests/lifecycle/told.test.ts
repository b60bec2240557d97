// Who is told, when, and what becomes of a notice that nobody takes.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openSqlite } from '../../src/database/sqlite.ts'
import { judge } from '../../src/evaluation/gate.ts'
import { learnt, scored, situation } from '../../src/evaluation/sample-situations.ts'
import { runCycle } from '../../src/lifecycle/run-cycle.ts'
import { chatFormNotifier } from '../../src/notify/chat-form.ts'
import { type ChatServer, openChatServer } from '../../src/notify/chat-server.fixture.ts'
import { consoleNotifier } from '../../src/notify/console.ts'
import type { OutboxSchema } from '../../src/notify/outbox-schema.ts'
import { openSqliteOutbox } from '../../src/notify/outbox-sqlite.ts'
import { outcomeNotice } from '../../src/notify/outcome-notice.ts'
import type { Notifier } from '../../src/notify/port.ts'
import { deliveries } from '../deliveries/project.ts'
import { openStage, type Stage, usual } from './stage.ts'

const SLOWER = { pace: 3.6 }
const UNFORESEEABLE = { noise: 9 }
const FIRST = /^ℹ️ First model in production with MAE: [\d.]+ \(on \d+ of 1782 parcels\)$/
const PROMOTED = /^🚀 New model replacing old in production with MAE: [\d.]+ the Old MAE was: [\d.]+$/
const KEPT = /^✅ Old model still good enough: Old MAE: [\d.]+ - New MAE: [\d.]+$/
const ESCALATED = /^🚨 No model good enough: Old MAE: [\d.]+ - New MAE: [\d.]+; \.\/understudy decide \d+ …$/

function chatOf({ url }: ChatServer, timeoutMs?: number): Notifier {
  const address = { url, channel: '1234', author: 'understudy' }
  return chatFormNotifier(address, timeoutMs === undefined ? {} : { timeoutMs })
}

test('every outcome is told on every channel, in the words of the recipe and in order', async () => {
  await using chat = await openChatServer()
  await using stage = await openStage(deliveries({ '2020-04': SLOWER, '2020-05': SLOWER, '2020-06': UNFORESEEABLE }), {
    channels: [chatOf(chat)],
  })
  await stage.month('2020-04')
  await stage.month('2020-05', { rule: 'significant' })
  await stage.month('2020-06')
  for (const told of [chat.arrived, stage.notices]) {
    expect(told).toHaveLength(4)
    for (const [index, words] of [FIRST, PROMOTED, KEPT, ESCALATED].entries()) expect(told[index]).toMatch(words)
  }
  await stage.month('2020-06') // decided before: nothing was done, and nobody is told
  expect(chat.posts).toHaveLength(4)
})

test('whatever the two errors are, the gate and the message agree with what the recipe says of them', () => {
  const errors = [1.9, 2.2, 2.499, 2.5, 2.501, 3]
  for (const oldError of errors) {
    for (const newError of errors) {
      const judged = situation({ champion: scored(oldError), challenger: learnt(newError), threshold: 2.5 })
      const { kind, case: why } = judge(judged)
      const rows = { holdoutRows: 400, windowRows: 2_000, rowsNoun: 'parcels' }
      const { text } = outcomeNotice({ ...rows, kind, case: why, isMoved: true, metricName: 'mae', oldError, newError })
      const words = `Old MAE: ${oldError} - New MAE: ${newError}`
      if (newError < oldError && newError < 2.5) {
        expect(text).toBe(`🚀 New model replacing old in production with MAE: ${newError} the Old MAE was: ${oldError}`)
      } else if (oldError < 2.5) expect(text).toBe(`✅ Old model still good enough: ${words}`)
      else expect(text).toBe(`🚨 No model good enough: ${words}`)
    }
  }
})

test('people are told only after it is on record', async () => {
  const seen: string[] = []
  const watching: Notifier = {
    channel: 'watching',
    send: async () => {
      const [newest] = await stage.engine.flowRuns({ flow: 'cycle' })
      const tasks = newest === undefined ? [] : await stage.engine.taskRuns(newest.id)
      const isKept = tasks.some(({ name, status }) => name === 'record_outcome' && status === 'completed')
      seen.push(`${await stage.cast()}${isKept ? ', kept' : ''}`)
    },
  }
  const stage: Stage = await openStage(deliveries({ '2020-04': SLOWER }), { channels: [watching] })
  await using _ = stage
  await stage.month('2020-04')
  expect(seen).toEqual(['v1 Production', 'v1 Archived, v2 Production, kept']) // the first model, then the month
})

test('a chat that never answers fails no cycle and holds it up only for its time; then all of it arrives, once', {
  timeout: 60_000,
}, async () => {
  await using chat = await openChatServer()
  chat.answer('hang')
  await using stage = await openStage(deliveries({ '2020-04': SLOWER }), { channels: [chatOf(chat, 1_000)] })
  const before = performance.now()
  const { cycle } = await stage.month('2020-04')
  expect(cycle).toMatchObject({ verdict: 'promote', applied: true })
  await stage.month('2020-05')
  expect(performance.now() - before).toBeLessThan(8_000)
  expect(chat.posts).toHaveLength(1) // what failed a moment ago is not waited for again
  chat.answer({ status: 201 })
  expect(await stage.outbox.deliver({ when: 'now' })).toMatchObject([{ sent: 3, waiting: 0 }])
  expect(chat.arrived).toEqual(stage.notices)
})

test('a notice that cannot be kept is not lost: the task fails, and the same command tells it', async () => {
  await using chat = await openChatServer()
  await using stage = await openStage(deliveries({ '2020-04': SLOWER }), { channels: [chatOf(chat)] })
  const database = await openSqlite<OutboxSchema>(join(stage.folder, 'flow.db'))
  await stage.month('2020-03', { acceptFirst: true })
  await database.script(
    `create trigger full before insert on outbox_notices begin select raise(abort, 'disk full'); end`,
  )
  await expect(stage.month('2020-04')).rejects.toThrow('disk full')
  expect(await stage.cast()).toContain('v3 Production')
  const before = chat.arrived.length
  await database.script('drop trigger full')
  await database[Symbol.asyncDispose]()
  expect((await stage.month('2020-04')).cycle).toMatchObject({ verdict: 'promote' })
  expect(chat.arrived).toHaveLength(before + 1)
  expect(chat.arrived.at(-1)).toMatch(PROMOTED)
})

test('the notice of a process that was killed arrives with whatever opens the outbox next', async () => {
  await using chat = await openChatServer()
  chat.answer('hang')
  await using stage = await openStage(deliveries())
  const database = await openSqlite<OutboxSchema>(join(stage.folder, 'flow.db'))
  const open = (channels: readonly Notifier[]) =>
    openSqliteOutbox({
      ...{ database, clock: { nowMs: () => Date.now() }, project: 'deliveries', channels },
      console: consoleNotifier(() => undefined),
    })
  const killed = spawn(process.execPath, [...NODE, '--eval', postAndDie(stage.folder, chat.url)], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  expect(await once(killed, 'close')).toEqual([null, 'SIGKILL'])
  expect(chat.arrived).toEqual([])
  chat.answer({ status: 201 })
  const [one, two] = [await open([chatOf(chat)]), await open([chatOf(chat)])]
  await Promise.all([one.deliver({ when: 'due', waitMs: 2_000 }), two.deliver({ when: 'due', waitMs: 2_000 })])
  expect(chat.arrived).toEqual(['said before it died'])
  for (const outbox of [one, two]) await outbox[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
})

test('stopped while the chat is slow, a cycle ends at once; its notice is kept and sent', async () => {
  await using chat = await openChatServer()
  chat.answer({ status: 201, delayMs: 1_500 })
  await using stage = await openStage(deliveries(), { channels: [chatOf(chat)] })
  const stop = new AbortController()
  const running = runCycle(stage, usual(stage.project), { signal: stop.signal }).catch((error: unknown) => error)
  while (chat.posts.length === 0) await sleep(5)
  const before = performance.now()
  stop.abort()
  expect(await running).toMatchObject({ code: 'CANCELLED' })
  expect(performance.now() - before).toBeLessThan(1_000)
  await sleep(1_500)
  expect(chat.arrived).toEqual([expect.stringMatching(FIRST)])
})

test('a replay, and a month in hindsight, tell nobody', async () => {
  await using chat = await openChatServer()
  await using stage = await openStage(deliveries({ '2020-04': SLOWER }), { channels: [chatOf(chat)] })
  await stage.month('2020-04')
  await stage.month('2020-04', { again: true })
  await stage.month('2020-05', { onEscalate: 'keep' })
  expect(chat.arrived).toHaveLength(2)
})

const NODE = ['--disable-warning=ExperimentalWarning', '--input-type=module'] as const

function postAndDie(folder: string, url: string): string {
  const room = (path: string): string => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href)
  return `
    import { openSqlite } from ${room('database/sqlite.ts')}
    import { chatFormNotifier } from ${room('notify/chat-form.ts')}
    import { openSqliteOutbox } from ${room('notify/outbox-sqlite.ts')}
    const outbox = await openSqliteOutbox({
      database: await openSqlite(${JSON.stringify(join(folder, 'flow.db'))}), clock: { nowMs: () => Date.now() },
      project: 'p', console: { channel: 'console', send: async () => undefined },
      channels: [chatFormNotifier({ url: ${JSON.stringify(url)}, channel: 'c', author: 'a' })] })
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), 300)
    await outbox.post('k', { text: 'said before it died' })`
}
