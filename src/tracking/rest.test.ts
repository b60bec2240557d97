// How a tracking server is asked: who asks, how often, how long; and what is said of what is no answer. Against real sockets.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { greet } from './remote-context.ts'
import { openRest, type Patience, type Rest } from './rest.ts'
import type { ServerAddress } from './rest-address.ts'

const QUICK: Patience = { tries: 3, firstWaitMs: 2, longestWaitMs: 10, timeoutMs: 300 }
const Anything = z.object({})
const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

type Answering = (request: IncomingMessage, response: ServerResponse, number: number) => void

/** A server that answers as it is told; its address. */
async function serving(answer: Answering): Promise<string> {
  let number = 0
  const server = createServer((request, response) => {
    request.resume()
    answer(request, response, ++number)
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}` // it listens on a port, not on a pipe
}

const says =
  (status: number, body: string, headers: Record<string, string> = {}): Answering =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(body)
  }
const refuses = (status: number, code: string, message: string): Answering =>
  says(status, JSON.stringify({ error_code: code, message }))
const PAGE = '<!doctype html><html><body>Sign in</body></html>'

function client(uri: string, more: Partial<ServerAddress> = {}, patience: Patience = QUICK): Rest {
  return openRest({ uri, username: null, password: null, token: null, ...more }, patience)
}

async function failure(asked: Promise<unknown>): Promise<{ code: string; message: string }> {
  try {
    await asked
  } catch (error) {
    return error as { code: string; message: string } // whatever it is, its code is compared
  }
  throw new Error('nothing went wrong')
}

describe('who asks', () => {
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`
  test.each([
    ['nobody', '', {}, undefined],
    ['a name and a password', '', { username: 'zoë', password: 'p:w' }, basic('zoë:p:w')],
    ['those in the address', 'anna:h%40t@', {}, basic('anna:h@t')],
    ['those that are set, before those in the address', 'anna:x@', { username: 'b', password: 'c' }, basic('b:c')],
    ['a token', '', { token: 't0ken' }, 'Bearer t0ken'],
    ['a name and a password, before a token', '', { username: 'b', password: 'c', token: 't0ken' }, basic('b:c')],
    ['a token, where there is a name only', '', { username: 'b', token: 't0ken' }, 'Bearer t0ken'],
  ])('%s', async (_, inside, given, expected) => {
    let seen: string | undefined = 'nothing came'
    const address = await serving((request, response, number) => {
      seen = request.headers.authorization
      says(200, '{}')(request, response, number)
    })
    await client(address.replace('http://', `http://${inside}`), given).get('runs/get', { run_id: 'a b' }, Anything)
    expect(seen).toBe(expected)
  })

  test('a server may lie below a path, and what is asked is spelt as addresses are', async () => {
    let seen: string | undefined
    const address = await serving((request, response, number) => {
      seen = request.url
      says(200, '{}')(request, response, number)
    })
    await client(`${address}/team/mlflow/`).get('runs/get', { run_id: 'a&b é' }, Anything)
    expect(seen).toBe('/team/mlflow/api/2.0/mlflow/runs/get?run_id=a%26b+%C3%A9')
  })

  test('nothing secret is in what is said', async () => {
    const echo: Answering = (request, response, number) =>
      refuses(401, 'UNAUTHENTICATED', `no ${request.headers.authorization}`)(request, response, number)
    const address = await serving(echo)
    const inside = address.replace('http://', 'http://anna:hunter2@')
    for (const asked of [
      client(inside),
      client(address, { username: 'anna', password: 'hunter2' }),
      client(address, { token: 'hunter2' }),
      client('http://anna:hunter2@127.0.0.1:20009'),
    ]) {
      const error = await failure(asked.get('runs/get', {}, Anything))
      const whole = JSON.stringify(error) + error.message + String((error as { stack?: string }).stack)
      expect(whole).not.toContain('hunter2')
      expect(whole).not.toContain(Buffer.from('anna:hunter2').toString('base64'))
    }
  })
})

describe('how often', () => {
  test.each([408, 429, 500, 502, 503, 504])('%i is asked again until it is well', async (status) => {
    const address = await serving((request, response, number) =>
      (number < 3 ? says(status, '') : says(200, '{}'))(request, response, number),
    )
    await expect(client(address).post('runs/search', {}, Anything)).resolves.toEqual({})
  })

  test.each([400, 404, 409])('%i is an answer, and is not asked again', async (status) => {
    let count = 0
    const address = await serving((request, response, number) => {
      count = number
      refuses(status, 'INVALID_PARAMETER_VALUE', 'no')(request, response, number)
    })
    await failure(client(address).post('runs/search', {}, Anything))
    expect(count).toBe(1)
  })

  test('a server that says when to come back is heeded', async () => {
    const startedAt = performance.now()
    const address = await serving((request, response, number) =>
      (number === 1 ? says(429, '', { 'retry-after': '1' }) : says(200, '{}'))(request, response, number),
    )
    await client(address).get('runs/get', {}, Anything)
    expect(performance.now() - startedAt).toBeGreaterThan(950)
  })

  test('patience ends, and what is said tells how it ended', async () => {
    const address = await serving(says(503, 'busy'))
    expect(await failure(client(address).get('runs/get', {}, Anything))).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/it answered 503 to GET runs\/get: busy; look into its log/),
    })
  })

  test.each([
    ['an answer that does not come', (): void => undefined],
    ['the next try', says(503, '', { 'retry-after': '50' })],
  ])('who is closed waits no longer for %s', { timeout: 20_000 }, async (_, answer) => {
    const rest = client(await serving(answer), {}, { ...QUICK, timeoutMs: 60_000 })
    setTimeout(() => rest.close(), 200)
    expect(await failure(rest.get('runs/get', {}, Anything))).toMatchObject({ code: 'CANCELLED' })
  })

  test('a creation is looked for before it is asked for again, and what was found is the answer', async () => {
    const asked: string[] = []
    const address = await serving((request, response, number) => {
      asked.push(request.url ?? '')
      if (number === 1) request.socket.destroy()
      else says(200, '{}')(request, response, number)
    })
    const rest = client(address)
    const find = async (): Promise<object | null> => rest.get('runs/search', {}, Anything)
    await rest.create('runs/create', {}, Anything, find)
    expect(asked).toEqual(['/api/2.0/mlflow/runs/create', '/api/2.0/mlflow/runs/search?'])
  })
})

describe('what is no answer', () => {
  test('a server that is not there: what to start', async () => {
    expect(await failure(client('http://127.0.0.1:20009').get('runs/get', {}, Anything))).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(
        /no MLflow server answers at http:\/\/127\.0\.0\.1:20009: .*ECONNREFUSED.*; start it \(mlflow server --port 20009/,
      ),
    })
  })

  test('a server that says nothing', async () => {
    const address = await serving(() => undefined)
    const error = await failure(
      client(address, {}, { ...QUICK, tries: 1, timeoutMs: 1000 }).get('runs/get', {}, Anything),
    )
    expect(error).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('nothing came within 1 s') })
  })

  test('a file that comes slowly, but comes, is read to its end', async () => {
    const address = await serving((_, response) => {
      let sent = 0
      const timer = setInterval(() => {
        response.write(Buffer.alloc(1000))
        if (++sent === 10) {
          clearInterval(timer)
          response.end()
        }
      }, 60)
    })
    expect(await client(address).download('/file')).toHaveLength(10_000) // in all twice as long as nothing may come
  })

  test.each([
    [
      says(401, 'who are you'),
      {},
      /set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN/,
    ],
    [refuses(403, 'PERMISSION_DENIED', 'no'), { token: 'x' }, /look at MLFLOW_TRACKING_TOKEN/],
    [says(401, ''), { username: 'a', password: 'b' }, /look at MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD/],
    [
      says(403, 'Invalid Host header - possible DNS rebinding attack detected'),
      {},
      /start it with --allowed-hosts 127/,
    ],
    [says(200, PAGE, { 'content-type': 'text/html' }), {}, /answers with a page for people: .*a login stands before/],
    [
      says(302, '', { location: 'https://login.example.org/?next=secret' }),
      {},
      /elsewhere|https:\/\/login\.example\.org\/;/,
    ],
    [says(404, PAGE, { 'content-type': 'text/html' }), {}, /is no MLflow server: it answered 404/],
    [says(200, 'hello'), {}, /is no MLflow server: what came back for GET runs\/get is no JSON/],
    [says(413, PAGE), {}, /takes no file of that size/],
  ] satisfies readonly (readonly [Answering, Partial<ServerAddress>, RegExp])[])(
    'case %#: what it means, and what to do',
    async (answer, given, words) => {
      const address = await serving(answer)
      const error = await failure(client(address, given).get('runs/get', {}, Anything))
      expect(error).toMatchObject({ code: 'BAD_INPUT', message: expect.stringMatching(words) })
    },
  )

  test('a server that wants to be asked over https', async () => {
    const address = await serving(says(301, '', { location: 'https://127.0.0.1/api' }))
    const error = await failure(client(address).get('runs/get', {}, Anything))
    expect(error.message).toMatch(/wants to be asked over https: .*write https:\/\/ in MLFLOW_TRACKING_URI/)
  })

  test('a server that speaks plain HTTP and is asked over https, at once', async () => {
    let connections = 0
    const address = await serving(says(200, '{}'))
    servers[0]?.on('connection', () => {
      connections += 1
    })
    const error = await failure(client(address.replace('http:', 'https:')).get('runs/get', {}, Anything))
    expect(error).toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringMatching(/write http:\/\/ in MLFLOW_TRACKING_URI/),
    })
    expect(connections).toBe(1)
  })

  test.each([
    ['RESOURCE_DOES_NOT_EXIST', 404, 'NOT_FOUND'],
    ['RESOURCE_ALREADY_EXISTS', 400, 'CONFLICT'],
    ['INVALID_PARAMETER_VALUE', 400, 'BAD_INPUT'],
    ['INVALID_STATE', 500, 'CONFLICT'],
  ])('MLflow’s own %s keeps its code and its words', async (errorCode, status, code) => {
    const address = await serving(refuses(status, errorCode, 'Run with id=x not found'))
    expect(await failure(client(address).get('runs/get', {}, Anything))).toMatchObject({
      ...{ code, facts: { errorCode, status } },
      message: expect.stringContaining('Run with id=x not found'),
    })
  })

  test('an answer of another shape is told by what is wrong in it', async () => {
    const address = await serving(says(200, '{"run": 7}'))
    const error = await failure(client(address).get('runs/get', {}, z.object({ run: z.string() })))
    expect(error).toMatchObject({ code: 'BAD_DATA', message: expect.stringContaining('GET runs/get: run ') })
  })
})

describe('the first word', () => {
  test.each(['3.17.2', '2.9.0', '4.0.0rc1', '2.22.5.dev0'])('MLflow %s is new enough', async (version) => {
    expect(await greet(client(await serving(says(200, version))))).toBe(version)
  })

  test.each(['2.8.1', '1.30.0'])('MLflow %s is too old, and which is needed is told', async (version) => {
    const address = await serving(says(200, version))
    expect(await failure(greet(client(address)))).toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringMatching(/too old: it is .*, and 2\.9 is the oldest/),
    })
  })

  test('one that hides its version is asked something else', async () => {
    const hides: Answering = (request, response, number) =>
      (request.url === '/version' ? says(404, '') : says(200, '{}'))(request, response, number)
    expect(await greet(client(await serving(hides)))).toBe('unknown')
  })

  test('another program is not taken for MLflow', async () => {
    const other: Answering = (request, response, number) =>
      (request.url === '/version' ? says(200, '{"app": 1}') : says(404, 'no'))(request, response, number)
    expect(await failure(greet(client(await serving(other))))).toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringContaining('is no MLflow server'),
    })
  })
})
