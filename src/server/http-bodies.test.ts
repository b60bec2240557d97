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
