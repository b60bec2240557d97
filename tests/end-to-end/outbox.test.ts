// A chat that is there, is not there, and comes back, as the program and a real server meet it.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type ChatServer, openChatServer } from '../../src/notify/chat-server.fixture.ts'
import type { KeptNotice } from '../../src/notify/port.ts'
import { openProgram, type Program } from './program.ts'

interface Listed {
  readonly channels: readonly string[]
  readonly waiting: readonly (KeptNotice & { readonly goesOut: string })[]
  readonly sent: readonly KeptNotice[]
  readonly dropped: readonly KeptNotice[]
}

const DELIVERIES = { UNDERSTUDY_PROJECT: 'tests/deliveries/project.ts', TRAINERS: 'linear' }
const chatAt = (url: string) => ({ NOTIFY_CHAT_URL: url, NOTIFY_CHANNEL: '1234', NOTIFY_AUTHOR: 'krokrob' })
const listed = (program: Program, settings = {}): Promise<Listed> => program.json(['outbox'], settings)

/** An address of this machine where nobody listens, and whoever opens a chat there later. */
async function closedChat(): Promise<{ url: string; open(): Promise<ChatServer> }> {
  const chat = await openChatServer()
  const { url } = chat
  await chat[Symbol.asyncDispose]()
  return { url, open: () => openChatServer(Number(new URL(url).port)) }
}

test('an outcome is told to the chat of the recipe, once, and nothing of it is in the result', {
  timeout: 120_000,
}, async () => {
  await using chat = await openChatServer()
  await using program = await openProgram({ ...DELIVERIES, ...chatAt(`${chat.url}/`) })
  const outcome = await program.run(['cycle', '--json'])
  expect(outcome, outcome.err).toMatchObject({ code: 0 })
  expect(JSON.parse(outcome.out)).toMatchObject({ month: '2020-04' })
  expect(chat.arrived).toEqual([
    expect.stringMatching(/^ℹ️ First model in production with MAE: /),
    expect.stringMatching(
      /^(🚀 New model replacing old in production|✅ Old model still good enough|🚨 No model good)/,
    ),
  ])
  for (const post of chat.posts) expect(post).toMatchObject({ path: '/1234/messages', form: { author: 'krokrob' } })
  for (const text of chat.arrived) expect(outcome.err).toContain(text) // the terminal is told too
  await program.run(['cycle'])
  const { sent, waiting } = await listed(program)
  expect([sent.length, waiting.length]).toEqual([2, 0])
  expect(chat.posts).toHaveLength(2)
})

test('a chat that is down fails nothing; when it is back, the next command brings everything, in order', {
  timeout: 120_000,
}, async () => {
  const { url, open } = await closedChat()
  await using program = await openProgram({ ...DELIVERIES, ...chatAt(url) })
  const ended = await program.run(['cycle'])
  expect(ended, ended.err).toMatchObject({ code: 0 })
  expect(ended.err).toContain('chat was not told yet: the chat at ')
  const waits = await program.run(['outbox'])
  expect(waits.out).toContain('2 notices wait')
  expect(waits.out).toContain('ECONNREFUSED')
  expect(waits.out).toContain('goes out after notice 1')
  const tried = await program.run(['outbox', 'send'])
  expect(tried.code, tried.err).toBe(6)
  expect(tried.out).toContain('chat: 0 sent, 2 wait: the chat at ')
  const unset = await listed(program, { NOTIFY_CHAT_URL: '' })
  expect(unset.waiting.map(({ goesOut }) => goesOut)).toEqual(Array(2).fill('once NOTIFY_CHAT_URL is set'))
  await using chat = await open()
  const sent = await program.run(['outbox', 'send'])
  expect(sent, sent.err).toMatchObject({ code: 0, out: 'chat: 2 sent\n' })
  expect(chat.arrived[0]).toContain('First model in production')
  expect(chat.arrived).toHaveLength(2)
})

test('a notice that is dropped is not sent, not even by the command that drops it', { timeout: 120_000 }, async () => {
  const { url, open } = await closedChat()
  await using program = await openProgram({ ...DELIVERIES, ...chatAt(url) })
  await program.json(['cycle'])
  await using chat = await open()
  await using elsewhere = await openChatServer()
  const why = ['--why', 'said by hand', '--by', 'ann']
  const dropped = await program.run(['outbox', 'drop', '1', ...why])
  expect(dropped.out, dropped.err).toContain('notice 1 will not be sent: ℹ️ First model')
  const again = await program.run(['outbox', 'drop', '1', ...why])
  expect(again.code, again.err).toBe(4)
  expect(again.err).toContain('by ann: said by hand')
  expect(chat.posts).toEqual([])
  // The chat has moved: what waits goes to where it is now, as it never failed there.
  const after = await listed(program, { NOTIFY_CHAT_URL: elsewhere.url })
  expect(after).toMatchObject({ waiting: [], sent: [{ id: 2 }], dropped: [{ id: 1, by: 'ann', why: 'said by hand' }] })
  expect([chat.arrived.length, elsewhere.arrived.length]).toEqual([0, 1])
  expect((await program.run(['outbox', 'drop', '7', ...why])).code).toBe(3)
})

test('killed while the chat does not answer, the notice goes out with whatever command comes next', {
  timeout: 120_000,
}, async () => {
  await using chat = await openChatServer()
  chat.answer('hang')
  await using program = await openProgram({ ...DELIVERIES, ...chatAt(chat.url) })
  const { child, ended } = program.start(['cycle'])
  while (chat.posts.length === 0) await sleep(10)
  child.kill('SIGKILL')
  await ended
  chat.answer({ status: 201 })
  const models = await program.run(['models'])
  expect(models, models.err).toMatchObject({ code: 0 })
  expect(chat.arrived).toEqual([expect.stringContaining('First model in production')])
  const finished = await program.run(['cycle'])
  expect(finished, finished.err).toMatchObject({ code: 0 })
  expect(chat.arrived.filter((text) => text.includes('First model'))).toHaveLength(1)
  expect(chat.arrived).toHaveLength(2)
})

test('a chat that never answers holds up no other command, and sending stops when it is told to', {
  timeout: 120_000,
}, async () => {
  await using chat = await openChatServer()
  await using program = await openProgram({ ...DELIVERIES, ...chatAt(chat.url) })
  await program.json(['cycle'])
  chat.answer('hang')
  const killed = program.start(['cycle', '--month', '2020-05'])
  while (chat.posts.length < 3) await sleep(10)
  killed.child.kill('SIGKILL')
  await killed.ended
  const models = await program.run(['models'])
  expect(models, models.err).toMatchObject({ code: 0 })
  const error = 'the command ended before there was an answer' // it did not wait for the time-out
  expect((await listed(program)).waiting).toMatchObject([{ id: 3, attempts: 2, lastError: error }])
  const sending = program.start(['outbox', 'send'])
  while (chat.posts.length < 5) await sleep(10)
  sending.child.kill('SIGINT')
  const stopped = await sending.ended
  expect(stopped.code, stopped.err).toBe(130)
  const tried = await program.run(['outbox', 'send'])
  expect(tried.code, tried.err).toBe(6)
  expect(tried.out).toContain('chat: 0 sent, 1 waits: the chat at ')
  expect(tried.out).toContain('no answer within 5 s')
})
