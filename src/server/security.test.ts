import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hostRule } from './hosts.ts'
import { openGuard, originRule } from './security.ts'
import { openSocketBed, type SocketBed } from './socket-bed.ts'

const INVALID_HOST = 'Invalid Host header - possible DNS rebinding attack detected'
const CROSS_ORIGIN = 'Cross-origin request blocked'
const SEARCH = 'POST /api/2.0/mlflow/experiments/search'
const CREATE = 'POST /ajax-api/2.0/mlflow/experiments/create'
const ARTIFACT = '/api/2.0/mlflow-artifacts/artifacts/x.txt'
const JSON_BODY = { 'Content-Type': 'application/json' }

let socket: SocketBed
beforeAll(async () => {
  socket = await openSocketBed()
})
afterAll(() => socket[Symbol.asyncDispose]())

describe('by which name the server is called', () => {
  test.each([
    'evil.example',
    'evil.example:5000',
    '10.evil.example',
    'localhost.evil.example',
    'localhost:evil',
    '2130706433',
    '0x7f.1',
    'user@localhost',
    '[::1]evil',
    '',
  ])('Host: %s is refused everywhere but where it is asked whether the server is up', async (host) => {
    for (const line of [
      'GET /',
      'GET /docs',
      'GET /nothing',
      SEARCH,
      `PUT ${ARTIFACT}`,
      'POST /predict',
      'OPTIONS /docs',
      'GET /api/3.0/mlflow/traces',
    ]) {
      const { status, body, headers } = await socket.send(line, { Host: host, ...JSON_BODY }, '{}')
      expect([line, status, body]).toEqual([line, 403, INVALID_HOST])
      expect(headers.get('content-type')).toBe('text/plain; charset=utf-8')
    }
  })

  test.each(['localhost', 'LOCALHOST.:5000', '127.0.0.1', '[::1]:5000', '192.168.7.7', '10.1.2.3:5000'])(
    'Host: %s is answered',
    async (host) => {
      expect((await socket.send('GET /version', { Host: host })).status).toBe(200)
      expect((await socket.send('GET /api/2.0/mlflow/experiments/get?experiment_id=0', { Host: host })).status).toBe(
        200,
      )
    },
  )

  test('whether the server is up may be asked by any name', async () => {
    expect(await socket.send('GET /health', { Host: 'balancer.example' })).toMatchObject({ status: 200, body: 'OK' })
    expect(await socket.send('GET /health?from=balancer', { Host: 'balancer.example' })).toMatchObject({ status: 200 })
    expect(await socket.send('GET /healthy', { Host: 'balancer.example' })).toMatchObject({ status: 403 })
    expect(await socket.send('GET /health/', { Host: 'balancer.example' })).toMatchObject({ status: 403 })
  })

  test('a request for a whole address counts by the host in it', async () => {
    expect(await socket.send('GET http://localhost/health')).toMatchObject({ status: 200, body: 'OK' })
    expect(await socket.send('GET http://evil.example/health')).toMatchObject({ status: 403, body: INVALID_HOST })
    expect(await socket.send('GET http://localhost@evil.example/docs')).toMatchObject({ status: 403 })
    expect(await socket.send('GET ftp://localhost/health')).toMatchObject({ status: 403 })
  })

  test('a request without a name, and one with two, is refused', async () => {
    const wire = await socket.open()
    wire.end('GET /docs HTTP/1.0\r\n\r\n')
    expect((await wire.setEncoding('utf8').toArray()).join('')).toMatch(/^HTTP\/1\.1 403 /)
    const two = await socket.open()
    two.write('GET /docs HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n')
    expect((await two.setEncoding('utf8').toArray()).join('')).toMatch(/^HTTP\/1\.1 403 /)
  })

  test('a name that is refused is told to whoever runs the server, once each, and not without end', async () => {
    const told: string[] = []
    const guard = openGuard({
      isAllowedHost: hostRule({ own: [], allowed: ['mlflow.example.com'] }),
      isAllowedOrigin: () => false,
      onRefusedHost: (host) => told.push(host),
    })
    await using own = await openSocketBed({ guard })
    expect((await own.send('GET /version', { Host: 'mlflow.example.com' })).status).toBe(200)
    for (let i = 0; i < 30; i++) await own.send('GET /docs', { Host: `h${i % 25}.example` })
    expect(told).toEqual(Array.from({ length: 20 }, (_, i) => `h${i}.example`))
  })
})

describe('from which page a request comes', () => {
  const foreign = [
    'http://evil.example',
    'https://localhost.evil.example',
    'null',
    'http://127.0.0.1.evil.example:80',
    'http://user@localhost',
    'file://',
    'localhost',
  ]

  test.each(foreign)('a page of %s changes nothing, by whatever route', async (origin) => {
    const lines = [
      CREATE,
      SEARCH,
      `PUT ${ARTIFACT}`,
      `DELETE ${ARTIFACT}`,
      'POST /predict',
      'PATCH /api/2.0/mlflow/registered-models/update',
      'POST /nothing',
      'POST /ajax-api/2.0/mlflow/upload-artifact?run_uuid=x&path=y',
    ]
    for (const line of lines) {
      const { status, body, headers } = await socket.send(line, { Origin: origin, ...JSON_BODY }, '{"name":"stolen"}')
      expect([line, status, body]).toEqual([line, 403, CROSS_ORIGIN])
      expect(headers.get('access-control-allow-origin')).toBeUndefined()
    }
    expect(await socket.bed.ask('GET', 'experiments/get-by-name?experiment_name=stolen')).toMatchObject({ status: 404 })
  })

  test.each(foreign)('a page of %s reads nothing', async (origin) => {
    const { status, headers } = await socket.send('GET /api/2.0/mlflow/experiments/get?experiment_id=0', {
      Origin: origin,
    })
    expect(status).toBe(200) // without leave a browser keeps it from the page
    expect(headers.get('access-control-allow-origin')).toBeUndefined()
    expect(headers.get('vary')).toBe('Origin')
    const before = { Origin: origin, 'Access-Control-Request-Method': 'POST' }
    expect(await socket.send('OPTIONS /api/2.0/mlflow/runs/create', before)).toMatchObject({
      status: 403,
      body: CROSS_ORIGIN,
    })
  })

  test.each(['http://localhost:3000', 'http://127.0.0.1:8888', 'http://[::1]:1', 'https://localhost'])(
    'a page of %s, on this machine, reads and writes',
    async (origin) => {
      const { status, headers } = await socket.send(SEARCH, { Origin: origin, ...JSON_BODY }, '{"max_results":1}')
      expect(status).toBe(200)
      expect(headers.get('access-control-allow-origin')).toBe(origin)
      expect(headers.get('access-control-allow-credentials')).toBe('true')
      const asked = {
        Origin: origin,
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'content-type',
      }
      const preflight = await socket.send('OPTIONS /api/2.0/mlflow/experiments/search', asked)
      expect(preflight).toMatchObject({ status: 204, body: '' })
      expect(preflight.headers.get('access-control-allow-origin')).toBe(origin)
      expect(preflight.headers.get('access-control-allow-methods')).toContain('POST')
      expect(preflight.headers.get('access-control-allow-headers')).toBe('content-type')
    },
  )

  test("the server's own pages write, whatever it is called", async () => {
    const headers = { Host: '192.168.0.7:5000', Origin: 'http://192.168.0.7:5000', ...JSON_BODY }
    expect((await socket.send(SEARCH, headers, '{"max_results":1}')).status).toBe(200)
    expect((await socket.send(SEARCH, { ...headers, Origin: 'http://192.168.0.7:5001' }, '{}')).status).toBe(403)
  })

  test('a browser that names no page but says that it is another site is refused; what is no browser is not', async () => {
    const send = (site: string) => socket.send(SEARCH, { 'Sec-Fetch-Site': site, ...JSON_BODY }, '{"max_results":1}')
    expect([(await send('cross-site')).status, (await send('same-site')).status]).toEqual([403, 403])
    expect([(await send('same-origin')).status, (await send('none')).status]).toEqual([200, 200])
  })

  test('pages that were named read and write', async () => {
    const guard = openGuard({
      isAllowedHost: () => true,
      isAllowedOrigin: originRule(['https://app.example.com', 'http://*.trusted.example:8080']),
      onRefusedHost: () => undefined,
    })
    await using own = await openSocketBed({ guard })
    const statusOf = async (Origin: string) =>
      (await own.send(SEARCH, { Origin, ...JSON_BODY }, '{"max_results":1}')).status
    for (const good of ['https://app.example.com', 'http://a.b.trusted.example:8080'])
      expect([good, await statusOf(good)]).toEqual([good, 200])
    const bad = [
      'http://app.example.com',
      'https://app.example.com:1',
      'https://appxexample.com',
      'http://trusted.example:8080',
      'http://evil/.trusted.example:8080',
      'http://a.trusted.example:8080.evil',
    ]
    for (const one of bad) expect([one, await statusOf(one)]).toEqual([one, 403])
    expect(() => originRule(['app.example.com'])).toThrow('"app.example.com" is no origin of pages')
  })
})

test('every answer says that it is what it says, and in which frames it may be shown', async () => {
  const answers = [
    await socket.send('GET /health'),
    await socket.send('GET /nothing'),
    await socket.send('DELETE /health'),
    await socket.send('GET /docs', { Host: 'evil.example' }),
    await socket.send(CREATE, { Origin: 'http://evil.example' }),
    await socket.send('POST /api/2.0/mlflow/runs/create', JSON_BODY, '{"experiment_id":"99"}'),
    await socket.send('GET /api/2.0/../docs'),
    await socket.send('GET /api/3.0/mlflow/traces'),
    await socket.send('GET / HTTP/9.9 nonsense'),
  ]
  expect(answers.map(({ status }) => status)).toEqual([200, 404, 405, 403, 403, 404, 400, 404, 400])
  for (const { headers } of answers) {
    expect([headers.get('x-content-type-options'), headers.get('x-frame-options')]).toEqual(['nosniff', 'SAMEORIGIN'])
  }
})

test.each([
  '/api/2.0/mlflow/../../docs',
  '/./docs',
  '/%2e%2e/docs',
  '/docs/%2E.',
  '/a\\..\\docs',
  '/docs#fragment',
  '/api/2.0/mlflow-artifacts/artifacts/../../../docs',
])('%s is refused before anything tidies it into another path', async (path) => {
  expect(await socket.send(`GET ${path}`)).toMatchObject({
    status: 400,
    body: expect.stringContaining('"message":"Invalid path"'),
  })
})

test('dots in a query, and names that begin with one, lead nowhere and are let through', async () => {
  expect((await socket.send('GET /health?path=../..#')).status).toBe(200)
  expect((await socket.send('GET /.well-known/x')).status).toBe(404)
  expect((await socket.send('GET /...')).status).toBe(404)
})
