import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { type Listening, listen, type Patience } from './listen.ts'
import { openSocketBed } from './socket-bed.ts'

/** A server of three routes, and what is under way at it. */
async function openSlow(patience: Partial<Patience> = {}) {
  const gate = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  const app = new Hono()
  app.onError(() => new Response(null, { status: 500 }))
  app.get('/quick', () => new Response('quick', { status: 200 }))
  app.get('/slow', async () => {
    begun.resolve()
    await gate.promise
    return new Response('slow', { status: 200 })
  })
  app.get('/endless', () => {
    begun.resolve()
    return new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1 << 16)) }))
  })
  app.post(
    '/body',
    async (context) => new Response(String((await context.req.arrayBuffer()).byteLength), { status: 200 }),
  )
  const listening = await listen(app, { host: '127.0.0.1', port: 0, patience })
  return {
    listening,
    gate,
    begun,
    port: Number(new URL(listening.address).port),
    [Symbol.asyncDispose]: () => listening[Symbol.asyncDispose](),
  }
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined) // some are cut on purpose
  await once(socket, 'connect')
  return socket
}

const ask = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`
const rest = async (socket: Socket): Promise<string> => (await socket.setEncoding('utf8').toArray()).join('')
const timeOf = async (work: Promise<unknown>): Promise<number> => {
  const startMs = performance.now()
  await work
  return performance.now() - startMs
}
const close = (listening: Listening): Promise<void> => listening[Symbol.asyncDispose]()

test('one connection serves one request after the other, and two that are sent at once', async () => {
  await using slow = await openSlow()
  const socket = await open(slow.port)
  socket.write(ask('/quick'))
  await once(socket, 'data')
  socket.write(ask('/quick') + ask('/quick').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
  expect((await rest(socket)).match(/quick/g)).toHaveLength(2)
})

test('what is under way is answered when the server stops, and nothing new is taken', async () => {
  await using slow = await openSlow()
  const idle = await open(slow.port)
  idle.write(ask('/quick'))
  await once(idle, 'data')
  const socket = await open(slow.port)
  socket.write(ask('/slow'))
  await slow.begun.promise
  const closing = close(slow.listening)
  expect(await rest(idle)).toBe('')
  await expect(open(slow.port)).rejects.toThrow('ECONNREFUSED')
  slow.gate.resolve()
  expect(await rest(socket)).toContain('slow')
  await closing
})

test('a server with nothing under way stops at once, whoever is connected', async () => {
  await using slow = await openSlow()
  const sockets = await Promise.all([1, 2, 3].map(() => open(slow.port)))
  sockets[0]?.write(ask('/quick'))
  await sleep(50)
  expect(await timeOf(close(slow.listening))).toBeLessThan(1500)
})

test('a client that does not end its request, or does not read its answer, keeps no server from stopping', async () => {
  await using slow = await openSlow({ stopMs: 200 })
  const half = await open(slow.port)
  half.write('POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12')
  const begun = await open(slow.port)
  begun.write('GET /quick HT')
  const deaf = await open(slow.port)
  deaf.pause().write(ask('/endless'))
  await slow.begun.promise
  await sleep(100)
  expect(await timeOf(close(slow.listening))).toBeLessThan(3000)
})

test('an upload that goes on while the server stops is taken to its end', async () => {
  await using slow = await openSlow({ stopMs: 300 })
  const socket = await open(slow.port)
  socket.write('POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\n\r\n')
  await sleep(50)
  const closing = close(slow.listening)
  for (let i = 0; i < 8; i++) {
    await sleep(100)
    socket.write('x')
  }
  expect(await rest(socket)).toMatch(/^HTTP\/1\.1 200 [\s\S]*\r\n\r\n8$/)
  await closing
})

test('headers that do not come are not waited for', async () => {
  await using slow = await openSlow({ headersMs: 300 })
  const socket = await open(slow.port)
  const drip = setInterval(() => socket.writable && socket.write('X-Slow: 1\r\n'), 50)
  socket.write('GET /quick HTTP/1.1\r\nHost: localhost\r\n')
  const startMs = performance.now()
  expect(await rest(socket)).toMatch(/^HTTP\/1\.1 408 [\s\S]*X-Content-Type-Options: nosniff/)
  expect(performance.now() - startMs).toBeLessThan(5000)
  clearInterval(drip)
})

test('a request that falls silent is cut, and one that goes on is not', async () => {
  await using slow = await openSlow({ silenceMs: 300 })
  const silent = await open(slow.port)
  silent.write('POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12')
  expect(await rest(silent)).toBe('')
  const steady = await open(slow.port)
  steady.write('POST /body HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 6\r\n\r\n')
  for (let i = 0; i < 6; i++) {
    await sleep(100)
    steady.write('x')
  }
  expect(await rest(steady)).toContain('\r\n\r\n6')
})

test('an idle connection is closed after a while', async () => {
  await using slow = await openSlow({ idleMs: 100 })
  const socket = await open(slow.port)
  socket.write(ask('/quick'))
  expect(await rest(socket)).toContain('quick')
})

test('who goes away, at whatever moment, is no fault of the server', async () => {
  await using socket = await openSocketBed()
  const body = JSON.stringify({ name: 'x'.repeat(100_000) })
  const post = `POST /api/2.0/mlflow/registered-models/create HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
  const search =
    'POST /api/2.0/mlflow/experiments/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n{"max_results":1}'
  const upload =
    'PUT /api/2.0/mlflow-artifacts/artifacts/0/gone.bin HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nabc'
  for (const text of [
    '',
    'GET',
    post,
    post + body.slice(0, 50_000),
    post + body,
    search,
    `${search}${search}${search}`,
    upload,
    '\u0016\u0003\u0001\u0002',
    'GET /docs HTTP/1.1\r\nHost: localhost\r\n\r\n',
  ]) {
    for (const way of ['destroy', 'resetAndDestroy', 'end'] as const) {
      const wire = await socket.open()
      wire.write(text)
      wire[way]()
    }
  }
  await sleep(200)
  expect(await socket.send('GET /health')).toMatchObject({ status: 200 })
  expect(socket.bed.reported).toEqual([])
  expect(await socket.bed.ask('GET', 'registered-models/search')).toMatchObject({ status: 200 })
})

test.each([
  ['nonsense\r\n\r\n', 400],
  ['GET /\u0000 HTTP/1.1\r\nHost: localhost\r\n\r\n', 400],
  ['GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
  ['GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n', 400],
  [`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`, 431],
  [`GET /${'x'.repeat(70_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`, 431],
  ['GET / HTTP/1.1\r\n\r\n', 400],
])('what is no request that can be read is answered as such: %j', async (text, status) => {
  await using slow = await openSlow()
  const socket = await open(slow.port)
  socket.write(text)
  expect(await rest(socket)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
})

test('a long filter in an address is read', async () => {
  await using socket = await openSocketBed()
  const filter = encodeURIComponent(
    `name IN (${Array.from({ length: 2000 }, (_, i) => `'model-number-${i}'`).join(',')})`,
  )
  expect(filter.length).toBeGreaterThan(32_000)
  expect((await socket.send(`GET /api/2.0/mlflow/registered-models/search?filter=${filter}`)).status).toBe(200)
})

test('a port that is taken, and a host that is none, are told in words', async () => {
  await using slow = await openSlow()
  await expect(listen(new Hono(), { host: '127.0.0.1', port: slow.port })).rejects.toMatchObject({
    code: 'CONFLICT',
    why: 'another program listens there',
  })
  await expect(listen(new Hono(), { host: '192.0.2.7', port: 0 })).rejects.toMatchObject({ code: 'BAD_INPUT' })
})
