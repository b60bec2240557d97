import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openSocketBed, type SocketBed } from './socket-bed.ts'

const API = '/api/2.0/mlflow'
const JSON_BODY = { 'Content-Type': 'application/json' }

let socket: SocketBed
beforeAll(async () => {
  socket = await openSocketBed()
})
afterAll(async () => {
  expect(socket.bed.reported).toEqual([]) // whatever is sent here is no fault of the server's
  await socket[Symbol.asyncDispose]()
})

describe('addresses and methods', () => {
  test.each([
    '/nothing',
    `${API}/nothing`,
    `${API}/experiments`,
    '/api/9.0/mlflow/experiments/get',
    '/api/2.0mlflow/experiments/search-datasets',
    `${API}//experiments/get`,
  ])('%s is not there: a page says so', async (path) => {
    for (const method of ['GET', 'POST', 'OPTIONS', 'PROPFIND']) {
      const { status, headers, body } = await socket.send(`${method} ${path}`)
      expect([method, status, headers.get('content-type')]).toEqual([method, 404, 'text/html; charset=utf-8'])
      expect(body).toContain('<title>404 Not Found</title>')
    }
  })

  test.each([
    ['DELETE', '/health', 'GET, HEAD, OPTIONS'],
    ['PUT', `${API}/experiments/search`, 'GET, POST, HEAD, OPTIONS'],
    ['GET', `${API}/runs/create`, 'POST, OPTIONS'],
    ['POST', `${API}/registered-models/update`, 'PATCH, OPTIONS'],
    ['PUT', `/ajax-api/2.0/mlflow/registered-models/alias`, 'GET, POST, DELETE, HEAD, OPTIONS'],
    ['HEAD', `${API}/runs/create`, 'POST, OPTIONS'],
    ['PROPFIND', '/docs', 'GET, HEAD, OPTIONS'],
  ])('%s %s is a method that is not there: a page says which are', async (method, path, allow) => {
    const { status, headers } = await socket.send(`${method} ${path}`)
    expect([status, headers.get('allow'), headers.get('content-type')]).toEqual([
      405,
      allow,
      'text/html; charset=utf-8',
    ])
    expect(await socket.send(`OPTIONS ${path}`)).toMatchObject({
      status: 204,
      body: '',
      headers: new Map([['allow', allow]]) && expect.anything(),
    })
    expect((await socket.send(`OPTIONS ${path}`)).headers.get('allow')).toBe(allow)
  })

  test('HEAD is GET without a body', async () => {
    for (const path of ['/health', '/docs', `${API}/experiments/get?experiment_id=0`]) {
      const { status, body, headers } = await socket.send(`HEAD ${path}`)
      expect([path, status, body]).toEqual([path, 200, ''])
      expect(headers.get('content-type')).toBe((await socket.send(`GET ${path}`)).headers.get('content-type'))
    }
    expect(await socket.send(`HEAD ${API}/experiments/get?experiment_id=77`)).toMatchObject({ status: 404, body: '' })
  })

  const elsewhere = [
    'traces',
    'traces/search',
    'traces/tr-1/assessments',
    'datasets/create',
    'scorers/list',
    'gateway/endpoints/list',
    'webhooks',
    'workspaces',
    'users/create',
    'runs/create-promptlab-run',
  ]
  test.each(elsewhere)(
    '%s is an operation of MLflow that is not served: clients are told so in their own form',
    async (path) => {
      for (const prefix of ['api/2.0', 'api/3.0', 'ajax-api/2.0', 'ajax-api/3.0']) {
        for (const method of ['GET', 'POST', 'DELETE']) {
          const { status, headers, body } = await socket.send(`${method} /${prefix}/mlflow/${path}`)
          expect([status, headers.get('content-type')]).toEqual([404, 'application/json'])
          expect(JSON.parse(body)).toMatchObject({
            error_code: 'ENDPOINT_NOT_FOUND',
            message: expect.stringContaining("It serves MLflow's experiments, runs"),
          })
        }
      }
    },
  )

  test.each(['POST /graphql', 'POST /v1/traces', 'GET /gateway/x', 'POST /ajax-api/3.0/jobs/', 'GET /api/3.0/jobs/7'])(
    '%s is told so too',
    async (line) => {
      expect(await socket.send(line)).toMatchObject({
        status: 404,
        body: expect.stringContaining('ENDPOINT_NOT_FOUND'),
      })
    },
  )

  test('the datasets of experiments are searched where pages of MLflow ask, though the registry of data sets is not served', async () => {
    expect(
      (
        await socket.send(
          'POST /ajax-api/2.0/mlflow/experiments/search-datasets',
          JSON_BODY,
          '{"experiment_ids":["0"]}',
        )
      ).status,
    ).toBe(200)
  })

  test('the server tells its health, its version and what it can', async () => {
    expect(await socket.send('GET /health')).toMatchObject({ status: 200, body: 'OK' })
    expect((await socket.send('GET /version')).body).toMatch(/^3\.\d+\.\d+$/)
    for (const prefix of ['api', 'ajax-api']) {
      const { body } = await socket.send(`GET /${prefix}/3.0/mlflow/server-info`)
      expect(JSON.parse(body)).toMatchObject({
        store_type: 'SqlStore',
        multipart_uploads_enabled: false,
        artifact_serving_enabled: true,
      })
    }
    expect(await socket.send('GET /ajax-api/3.0/mlflow/ui-telemetry')).toMatchObject({
      status: 200,
      body: expect.stringContaining('"disable_ui_telemetry":true'),
    })
    expect(await socket.send('POST /ajax-api/3.0/mlflow/ui-telemetry', JSON_BODY, '{"records":[]}')).toMatchObject({
      status: 200,
    })
  })
})
