import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { chatFormNotifier } from './chat-form.ts'
import { type ChatServer, openChatServer } from './chat-server.fixture.ts'
import { notifierContract } from './notifier.contract.ts'

let chat: ChatServer
beforeEach(async () => {
  chat = await openChatServer()
})
afterEach(() => chat[Symbol.asyncDispose]())

const notifier = (changes: Partial<Parameters<typeof chatFormNotifier>[0]> = {}, timeoutMs = 5_000) =>
  chatFormNotifier({ url: chat.url, channel: 'batch-1', author: 'krokrob', ...changes }, { timeoutMs })

/** What the next request came to: null, or the failure's words. */
async function said(sent: Promise<void>): Promise<string | null> {
  return await sent.then(
    () => null,
    (error: unknown) => String(error),
  )
}

describe('a chat on this machine', () => {
  notifierContract(() => ({
    notifier: notifier(),
    arrived: () => chat.arrived,
    refuseNext: () => chat.answerNext({ status: 500, body: 'no' }),
    hangNext: () => chat.answerNext('hang'),
  }))
})

test('it is the form of the recipe: author and content, posted to the messages of the channel', async () => {
  await notifier().send({ text: '✅ Old model still good enough' })
  expect(chat.posts).toHaveLength(1)
  expect(chat.posts[0]).toMatchObject({
    method: 'POST',
    path: '/batch-1/messages',
    headers: { 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' },
    form: { author: 'krokrob', content: '✅ Old model still good enough' },
  })
})

test.each([
  ['', '/batch-1/messages'],
  ['/', '/batch-1/messages'],
  ['/api/v2//', '/api/v2/batch-1/messages'],
  ['/api?key=k', '/api/batch-1/messages?key=k'],
])('an address that ends in "%s" posts to %s', async (end, path) => {
  await notifier({ url: `${chat.url}${end}` }).send({ text: 'x' })
  expect(chat.posts[0]?.path).toBe(path)
})

test('a channel of any name is one part of the path', async () => {
  await notifier({ channel: 'le wagon/#data é' }).send({ text: 'x' })
  expect(chat.posts[0]?.path).toBe('/le%20wagon%2F%23data%20%C3%A9/messages')
})

test('a name and a password in the address are shown to the chat, and to nobody else', async () => {
  const url = chat.url.replace('http://', 'http://zoe:p%40ss@')
  await notifier({ url }).send({ text: 'x' })
  expect(chat.posts[0]?.headers.authorization).toBe(`Basic ${Buffer.from('zoe:p@ss').toString('base64')}`)
  chat.answerNext({ status: 403 })
  const failure = await said(notifier({ url: `${url}?token=secret` }).send({ text: 'x' }))
  expect(failure).toContain(`the chat at ${chat.url}/batch-1/messages took no notice: it answered 403;`)
  expect(failure).not.toMatch(/zoe|ss@|secret/)
})

test('a refusal says its status and how the answer begins, however long that is', async () => {
  chat.answerNext({ status: 422, body: `<p>no\nsuch channel</p>${'x'.repeat(1_000_000)}` })
  const failure = await said(notifier().send({ text: 'x' }))
  expect(failure).toContain('it answered 422: <p>no such channel</p>xxx')
  expect(failure?.length).toBeLessThan(500)
})

test('one after the other, however slow the first', async () => {
  chat.answerNext({ status: 201, delayMs: 50 })
  const chatter = notifier()
  await Promise.all(['first', 'second'].map((text) => chatter.send({ text })))
  expect(chat.arrived).toEqual(['first', 'second'])
})

test('a chat that does not answer is given up after its time', async () => {
  chat.answerNext('hang', { status: 201 })
  const before = performance.now()
  expect(await said(notifier({}, 100).send({ text: 'x' }))).toContain('no answer within 0.1 s')
  expect(performance.now() - before).toBeLessThan(1_000)
})

test('nobody at the port, and a host that is none, are said in the words of the system', async () => {
  await chat[Symbol.asyncDispose]()
  expect(await said(notifier().send({ text: 'x' }))).toContain('cannot be reached (connect ECONNREFUSED')
  const nowhere = await said(notifier({ url: 'http://nowhere.invalid' }).send({ text: 'x' }))
  expect(nowhere).toMatch(/cannot be reached \(getaddrinfo \w+ nowhere\.invalid\)|no answer within/)
})

test('a redirect that keeps the form is followed; what may be secret is not shown at another door', async () => {
  await using other = await openChatServer()
  chat.answerNext({ status: 308, headers: { location: '/moved/here' } })
  await notifier().send({ text: 'same door' })
  expect(chat.posts.map(({ path }) => path)).toEqual(['/batch-1/messages', '/moved/here'])
  chat.answerNext({ status: 307, headers: { location: `${other.url}/there` } })
  await notifier({ url: chat.url.replace('http://', 'http://zoe:secret@') }).send({ text: 'another door' })
  expect(other.arrived).toEqual(['another door'])
  expect(other.posts[0]).toMatchObject({ method: 'POST', path: '/there', form: { author: 'krokrob' } })
  expect(other.posts[0]?.headers.authorization).toBeUndefined()
})

test('a redirect that would drop the form is no delivery, and says where the chat has moved', async () => {
  chat.answerNext({ status: 301, headers: { location: `${chat.url}/new?token=t` } })
  expect(await said(notifier().send({ text: 'x' }))).toContain(`has moved to ${chat.url}/new;`)
  expect(chat.posts).toHaveLength(1)
})

test('a redirect that goes in circles ends', async () => {
  chat.answer({ status: 307, headers: { location: chat.url } })
  expect(await said(notifier().send({ text: 'x' }))).toContain('it answered 307')
  expect(chat.posts).toHaveLength(4)
})
