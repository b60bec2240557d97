import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MAX_JSON_BYTES } from './request-body.ts'
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

/** Sends a JSON text to an operation. */
const post = async (path: string, text: string, method = 'POST') => {
  const { status, body } = await socket.send(`${method} ${API}/${path}`, JSON_BODY, text)
  return { status, body: body === '' ? {} : (JSON.parse(body) as Record<string, unknown>) } // every operation answers with an object
}

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

describe('bodies', () => {
  const missing = { status: 400, body: expect.stringContaining("Missing value for required parameter 'name'") }

  test('only JSON is read, by its content type', async () => {
    const create = (headers: Record<string, string>) =>
      socket.send(`POST ${API}/registered-models/create`, headers, '{"name":"typed"}')
    expect(await create({})).toMatchObject({
      status: 400,
      body: expect.stringContaining('Bad Request. Content-Type header is missing.'),
    })
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/jsonx',
      '',
      'text/plain; application/json',
    ]) {
      expect(await create({ 'Content-Type': type })).toMatchObject({
        status: 400,
        body: expect.stringContaining("must be one of ['application/json']"),
      })
    }
    expect((await create({ 'Content-Type': 'Application/JSON ; charset=utf-8' })).status).toBe(200)
  })

  test('a body may be missing where a method can do without, and carry what a DELETE speaks of', async () => {
    expect(await socket.send(`POST ${API}/registered-models/create`)).toMatchObject({ status: 400 })
    expect(await socket.send(`DELETE ${API}/registered-models/delete`)).toMatchObject(missing)
    expect(await socket.send(`PATCH ${API}/registered-models/update`)).toMatchObject(missing)
    expect(await socket.send(`DELETE ${API}/registered-models/delete`, {}, '{"name":"typed"}')).toMatchObject({
      status: 400,
      body: expect.stringContaining('Content-Type'),
    })
    expect(await post('registered-models/delete', '{"name":"typed"}', 'DELETE')).toEqual({ status: 200, body: {} })
  })

  test.each([
    '',
    '{',
    '{"name":',
    'null',
    '7',
    '[]',
    '["name"]',
    'name=x',
    '{"name":"x"}}',
    '\u0000',
    '{"name":undefined}',
    "{'name':'x'}",
  ])('a body of %j counts as empty', async (text) => {
    expect(
      await socket.send(
        `POST ${API}/registered-models/create`,
        { ...JSON_BODY, 'Content-Length': String(text.length) },
        text,
      ),
    ).toMatchObject(missing)
  })

  test('JSON inside a JSON text is read, as old clients send it', async () => {
    expect((await post('registered-models/create', JSON.stringify('{"name":"twice"}'))).status).toBe(200)
  })

  test('of a key that is there twice the last counts, and those of every object are only keys', async () => {
    expect(await post('registered-models/get', '', 'GET')).toMatchObject({ status: 400 })
    const odd = '{"name":"first","name":"last","__proto__":{"description":"from afar"},"constructor":1,"toString":2}'
    expect((await post('registered-models/create', odd)).body).toEqual({
      registered_model: expect.objectContaining({ name: 'last' }),
    })
    expect(
      (await socket.send(`GET ${API}/registered-models/get?name=last&__proto__=x&constructor=y`)).body,
    ).not.toContain('from afar')
    expect((await post('registered-models/create', '{"__proto__":{"name":"inherited"}}')).body).toMatchObject({
      message: expect.stringContaining('Missing value'),
    })
  })

  test.each([
    ['brackets that never close', '['.repeat(10_000_000)],
    ['brackets that close', `{"name":${'['.repeat(2_000_000)}${']'.repeat(2_000_000)}}`],
    ['objects in objects', `{"name":${'{"a":'.repeat(1_000_000)}1${'}'.repeat(1_000_000)}}`],
    ['brackets and numbers that JSON has not', `{"x":NaN,"name":${'['.repeat(2_000_000)}${']'.repeat(2_000_000)}}`],
    ['quotes that never close', `{"x":NaN,"name":"${'\\"'.repeat(5_000_000)}`],
    ['numbers of many digits', `{"x":${'9'.repeat(10_000_000)},"name":7}`],
    ['a text of 20 million letters', `{"name":"${'a'.repeat(20_000_000)}"}`],
    ['20 million letters of a wrong value', `{"name":{"a":"${'a'.repeat(20_000_000)}"}}`],
  ])('%s are refused, and soon', async (_, text) => {
    const startMs = performance.now()
    const { status, body } = await post('registered-models/create', text)
    expect(status).toBe(400)
    expect(String(body.message).length).toBeLessThan(3000)
    expect(performance.now() - startMs).toBeLessThan(4000) // well below a second on a machine with nothing else to do
    expect((await socket.send('GET /health')).status).toBe(200)
  })

  test('more than the largest body is refused before it is sent, and while it comes', async () => {
    const tooMuch = { status: 413, headers: expect.anything(), body: expect.stringContaining('larger than 32 MiB') }
    expect(
      await socket.send(
        `POST ${API}/runs/log-batch`,
        { ...JSON_BODY, 'Content-Length': String(MAX_JSON_BYTES + 1) },
        '{',
      ),
    ).toMatchObject(tooMuch)
    const wire = await socket.open()
    wire.write(
      `POST ${API}/runs/log-batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    )
    const piece = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(0x100000, 'a'), Buffer.from('\r\n')])
    let answer = ''
    wire.setEncoding('utf8').on('data', (text: string) => {
      answer += text
    })
    let sentPieces = 0
    for (; sentPieces < 200 && answer === '' && wire.writable; sentPieces++) {
      if (!wire.write(piece)) await new Promise((resolve) => wire.once('drain', resolve).once('close', resolve))
    }
    wire.destroy()
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
    expect(sentPieces).toBeLessThan(150)
    expect(JSON.parse(answer.slice(answer.indexOf('{')))).toMatchObject({ error_code: 'INVALID_PARAMETER_VALUE' })
  })

  test('a body that is packed is refused in words', async () => {
    for (const encoding of ['gzip', 'br', 'deflate']) {
      const headers = { ...JSON_BODY, 'Content-Encoding': encoding }
      expect(await socket.send(`POST ${API}/runs/create`, headers, '{}')).toMatchObject({
        status: 415,
        body: expect.stringContaining(`Content-Encoding '${encoding}' is not supported`),
      })
    }
    expect(
      (
        await socket.send(
          `POST ${API}/experiments/search`,
          { ...JSON_BODY, 'Content-Encoding': 'identity' },
          '{"max_results":1}',
        )
      ).status,
    ).toBe(200)
  })

  test('a body in pieces is read as a whole', async () => {
    const headers = { ...JSON_BODY, 'Transfer-Encoding': 'chunked' }
    expect(
      (
        await socket.send(
          `POST ${API}/registered-models/create`,
          headers,
          '8\r\n{"name":\r\n8\r\n"pieces"\r\n1\r\n}\r\n0\r\n\r\n',
        )
      ).status,
    ).toBe(200)
  })
})

describe('numbers and letters', () => {
  const run = async (): Promise<string> => {
    const { body } = await post('runs/create', '{"experiment_id":"0","start_time":1}')
    return (body as { run: { info: { run_id: string } } }).run.info.run_id // what creating a run answers
  }
  const historyOf = async (id: string, key: string): Promise<string> =>
    (await socket.send(`GET ${API}/metrics/get-history?run_id=${id}&metric_key=${key}`)).body

  test('integers of 64 bits keep every digit, as numbers and as texts, and none beyond is taken', async () => {
    const id = await run()
    const log = (step: string) =>
      post('runs/log-metric', `{"run_id":"${id}","key":"long","value":1,"timestamp":5,"step":${step}}`)
    for (const step of ['9007199254740993', '"9223372036854775807"', '-9223372036854775808'])
      expect(await log(step)).toEqual({ status: 200, body: {} })
    const history = await historyOf(id, 'long')
    for (const step of ['9007199254740993', '9223372036854775807', '-9223372036854775808'])
      expect(history).toContain(`"step":${step}`)
    for (const step of [
      '9223372036854775808',
      '-9223372036854775809',
      '1e30',
      '1.5',
      '"x"',
      '[1]',
      '{}',
      '"0x10"',
      '"1_000"',
      '""',
    ]) {
      expect([step, (await log(step)).status]).toEqual([step, 400])
    }
  })

  test('NaN and infinities are taken as bare words and as texts, outside of texts only', async () => {
    const id = await run()
    const log = (key: string, value: string) =>
      post('runs/log-metric', `{"run_id":"${id}","key":"${key}","value":${value},"timestamp":5}`)
    for (const value of ['NaN', '"NaN"']) expect((await log('nan', value)).status).toBe(200)
    for (const value of ['Infinity', '-Infinity', '"-inf"', '"Infinity"'])
      expect((await log('infinite', value)).status).toBe(200)
    expect(await historyOf(id, 'nan')).toContain('"value":"NaN"')
    const tag = await post('runs/set-tag', `{"run_id":"${id}","key":"said","value":"NaN \\" Infinity","other":NaN}`)
    expect(tag.status).toBe(200)
    expect((await socket.send(`GET ${API}/runs/get?run_id=${id}`)).body).toContain('"value":"NaN \\" Infinity"')
  })

  test('characters of every plane are kept, written out or escaped; halves of one, and NUL, are refused', async () => {
    const id = await run()
    const tag = (value: string) => post('runs/set-tag', `{"run_id":"${id}","key":"letters","value":"${value}"}`)
    for (const value of ['né 😀 語', '\\ud83d\\ude00', '\\\\ud83d'])
      expect([value, (await tag(value)).status]).toEqual([value, 200])
    for (const value of ['\\ud83d', '\\ude00\\ud83d', 'a\\ud800b', '\\u0000'])
      expect([value, (await tag(value)).status]).toEqual([value, 400])
    expect((await post('experiments/create', '{"name":"\\udc00"}')).status).toBe(400)
    expect(
      (await socket.send(`GET ${API}/experiments/get-by-name?experiment_name=%ED%A0%80%FF%00`)).status,
    ).toBeLessThan(500)
  })
})
