// Predictions over HTTP as people ask for them: the real server on a home that a cycle made, two projects, other programs moving versions.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Server, startUnderstudy } from '../conformance/servers.ts'
import { fareOf, openLoad, PARCEL, RIDE, without, writeParquet } from './predict-client.ts'
import { openProgram, type Program } from './program.ts'

const SETTINGS = { TRAINERS: 'linear', DATA_SIZE: '1k', DELIVERIES__TRAINERS: 'linear' }
const OTHER = ['--project', 'tests/deliveries/project.ts']

let program: Program
let server: Server
beforeAll(async () => {
  program = await openProgram(SETTINGS)
  for (const words of [['train'], ['cycle', ...OTHER]]) {
    const { code, err } = await program.run(words)
    expect(code, err).toBe(0)
  }
  await program.json(['train']) // v2, in Staging; v1 is archived
  server = await startUnderstudy(program.home, { settings: SETTINGS })
}, 120_000)
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await program[Symbol.asyncDispose]()
})

const promote = async (version: number) => await program.json(['promote', '--version', `${version}`, '--why', 'a test'])
const ask = (fields: Readonly<Record<string, string>>, at = server) =>
  fetch(`${at.address}/predict?${new URLSearchParams(fields)}`)
async function post(
  body: string | Uint8Array<ArrayBuffer>,
  type: string,
  query = '',
  accept = 'application/json',
): Promise<Response> {
  return await fetch(`${server.address}/predict${query}`, {
    method: 'POST',
    body,
    headers: { 'content-type': type, accept },
  })
}
const postJson = async (rows: unknown, query = '') => await post(JSON.stringify(rows), 'application/json', query)

describe('before anything is in Production', () => {
  test('the root greets, and a prediction says what is missing and what to do', async () => {
    const root = await fetch(server.address)
    expect([root.status, await root.json()]).toEqual([200, { greeting: 'Hello' }])
    const answer = await ask(RIDE)
    expect(answer.status).toBe(404)
    expect(await answer.json()).toEqual({
      detail: expect.stringMatching(
        /^taxifare has no version in Production: .*v2 \(Staging\).*; name one .*promote taxifare/,
      ),
    })
  })

  test('versions that are not in Production answer when they are named', async () => {
    for (const query of [{ stage: 'Staging' }, { stage: 'staging' }, { version: '2' }]) {
      const answer = await ask({ ...RIDE, ...query })
      await fareOf(answer)
      expect(answer.headers.get('x-model-version')).toBe('2')
      expect(answer.headers.get('x-model-stage')).toBe('Staging')
    }
  })
})

describe('with a version in Production', () => {
  beforeAll(async () => {
    await promote(1)
    await vi.waitFor(async () => expect((await ask(RIDE)).status).toBe(200), 5_000)
  }, 30_000)

  test('the recipe’s own request has the recipe’s own answer: one key, a float', async () => {
    const answer = await ask(RIDE)
    expect(answer.headers.get('content-type')).toBe('application/json')
    expect(await answer.clone().text()).toMatch(/^\{"fare":-?\d+\.\d+\}$/)
    await fareOf(answer)
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'x-model-name': 'taxifare',
      'x-model-version': '1',
      'x-model-stage': 'Production',
      'access-control-allow-origin': '*',
    })
    expect(answer.headers.has('x-prediction-flags')).toBe(false)
  })

  test('GET, POST in every form and `predict` answer the same, in the order asked', async () => {
    const rows = [RIDE, { ...RIDE, pickup_datetime: '2014-01-06 19:18:00', passenger_count: '5' }]
    const names = Object.keys(RIDE)
    const expected = await Promise.all(rows.map(async (row) => await fareOf(await ask(row))))
    const csv = [names, ...rows.map((row) => Object.values(row))].map((cells) => cells.join(',')).join('\n')
    const columns = Object.fromEntries(names.map((name) => [name, rows.map((row) => Reflect.get(row, name))]))
    const file = join(program.home, 'rides.parquet')
    await writeParquet(file, csv)
    const parquet = await readFile(file)
    const answers = await Promise.all([
      postJson(rows),
      postJson(columns),
      post(csv, 'text/csv'),
      post(Uint8Array.from(parquet), 'application/vnd.apache.parquet'),
    ])
    for (const answer of answers) {
      expect(await answer.json()).toEqual({
        fare: expected,
        flags: [[], []],
        model: 'taxifare',
        version: 1,
        stage: 'Production',
      })
    }
    const lines = await (await post(csv, 'text/csv', '', 'text/csv')).text()
    expect(lines).toBe(`fare,flags\n${expected.map((fare) => `${fare},\n`).join('')}`)
    expect(await readdir(join(program.home, 'tmp'))).not.toContainEqual(expect.stringContaining('parquet'))

    await writeFile(join(program.home, 'rides.csv'), csv)
    await writeFile(join(program.home, 'rides.json'), JSON.stringify(columns))
    for (const kind of ['csv', 'json', 'parquet']) {
      const told = await program.json(['predict', '--file', join(program.home, `rides.${kind}`), '--times', 'local'])
      expect(told).toEqual({
        fare: expected,
        fare_intervals: null,
        flags: [[], []],
        model: 'taxifare',
        version: 1,
        stage: 'Production',
      })
    }
    const set = Object.entries(RIDE).flatMap(([name, value]) => ['--set', `${name}=${value}`])
    expect(await program.json(['predict', ...set, '--times', 'local'])).toMatchObject({ fare: expected[0] })
    const inUtc = await program.json(['predict', ...set, '--set', 'pickup_datetime=2013-07-06 14:18:00'])
    expect(inUtc).toMatchObject({ fare: expected[0] }) // New York is four hours behind in July
    const listed = await program.run(['predict', '--file', join(program.home, 'rides.csv'), '--times', 'local'])
    expect(listed.out.split('\n')[1]).toBe(`${Object.values(RIDE).join(',')},${expected[0]},,,,,`)
  }, 60_000)

  test('a time is written with a plus or %20, and what nobody asked for is ignored', async () => {
    const { search } = new URL(`http://x/?${new URLSearchParams({ ...RIDE, key: 'x', fare_amount: 'y' })}`)
    expect(search).toContain('06+10')
    const answers = await Promise.all(
      [search, search.replace('06+10', '06%2010')].map((query) => fetch(`${server.address}/predict${query}`)),
    )
    const [one, other] = await Promise.all(answers.map(fareOf))
    expect(one).toBe(other)
  })

  test.each([
    [without('passenger_count'), [['passenger_count', 'missing', null]]],
    [{ ...RIDE, passenger_count: '1.5' }, [['passenger_count', 'int_parsing', '1.5']]],
    [{ ...RIDE, pickup_datetime: '2013-07-06' }, [['pickup_datetime', 'datetime_parsing', '2013-07-06']]],
    [
      { ...RIDE, pickup_latitude: 'nan', dropoff_latitude: 'north' },
      [
        ['pickup_latitude', 'finite_number', 'nan'],
        ['dropoff_latitude', 'float_parsing', 'north'],
      ],
    ],
    [{}, Object.keys(RIDE).map((name) => [name, 'missing', null])],
    [{ ...RIDE, version: 'two' }, [['version', 'int_parsing', 'two']]],
    [{ ...RIDE, stage: 'Live' }, [['stage', 'literal_error', 'Live']]],
    [{ ...RIDE, intervals: 'wide' }, [['intervals', 'bool_parsing', 'wide']]],
    [
      { ...RIDE, stage: 'Staging', alias: 'a' },
      [
        ['stage', 'only_one', 'Staging'],
        ['alias', 'only_one', 'a'],
      ],
    ],
  ])('a request that is wrong is a 422 that names each field: %j', async (fields, faults) => {
    const answer = await ask(fields)
    expect(answer.status).toBe(422)
    expect(await answer.json()).toEqual({
      detail: faults.map(([name, type, input]) => ({ type, loc: ['query', name], msg: expect.any(String), input })),
    })
  })

  test('what lies outside of what was learnt is answered, and flagged in a header', async () => {
    const answer = await ask({ ...RIDE, pickup_latitude: '48.85', passenger_count: '9' })
    await fareOf(answer)
    expect(answer.headers.get('x-prediction-flags')).toBe('too_many_passengers, latitude_outside_city')
  })

  test('rows of a table that are outside, or lack a value, are flagged each; one that is wrong is named', async () => {
    const rows = [RIDE, { ...RIDE, passenger_count: 9 }, { ...RIDE, pickup_latitude: null }]
    const { fare, flags } = (await (await postJson(rows)).json()) as { fare: unknown[]; flags: unknown } // looked at next
    expect(fare).toEqual([expect.any(Number), expect.any(Number), null])
    expect(flags).toEqual([[], ['too_many_passengers'], ['missing_pickup_latitude']])
    const wrong = await postJson([RIDE, { ...RIDE, passenger_count: 'two' }, without('pickup_datetime')])
    expect(wrong.status).toBe(422)
    expect(await wrong.json()).toMatchObject({
      detail: [
        { type: 'missing', loc: ['body', 2, 'pickup_datetime'] },
        { type: 'int_parsing', loc: ['body', 1, 'passenger_count'], input: 'two' },
      ],
    })
  })

  test('10,000 rows are answered, one more is too many, and so is what is no table', async () => {
    const many = Array.from({ length: 10_000 }, (_, i) => ({ ...RIDE, passenger_count: 1 + (i % 6) }))
    const { fare } = (await (await postJson(many)).json()) as { fare: number[] } // looked at next
    expect(fare).toHaveLength(10_000)
    expect(fare[1]).toBe(await fareOf(await ask({ ...RIDE, passenger_count: '2' })))
    const refused = [
      [await postJson([...many, RIDE]), 413, '10001 rows'],
      [await post('x', 'text/plain'), 415, 'text/plain'],
      [await post('{', 'application/json'), 422, 'not JSON'],
      [await post('a,b\n1', 'text/csv'), 422, 'headings'],
      [await post('PAR1', 'application/vnd.apache.parquet'), 422, 'Parquet'],
      [await postJson([RIDE], '?version=99'), 404, 'no version 99'],
    ] as const
    for (const [answer, status, words] of refused) {
      expect([answer.status, await answer.json()]).toEqual([status, { detail: expect.stringContaining(words) }])
    }
  })

  test('pages of other sites may ask for a prediction, and send nothing', async () => {
    const headers = {
      origin: 'https://example.org',
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'x-a',
    }
    const asked = await fetch(`${server.address}/predict`, { method: 'OPTIONS', headers })
    expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([204, '*'])
    const answer = await fetch(`${server.address}/predict?${new URLSearchParams(RIDE)}`, {
      headers: { origin: 'https://example.org' },
    })
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, '*'])
    const moved = await fetch(`${server.address}/api/2.0/mlflow/model-versions/transition-stage`, {
      method: 'POST',
      headers: { origin: 'https://example.org', 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'taxifare', version: '1', stage: 'Archived', archive_existing_versions: false }),
    })
    expect(moved.status).toBe(403)
  })

  test('the version that an alias stands for answers, beside Production, over HTTP and on the command line', async () => {
    const set = await fetch(`${server.address}/api/2.0/mlflow/registered-models/alias`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'taxifare', alias: 'shadow', version: '2' }),
    })
    expect(set.status).toBe(200)
    await vi.waitFor(async () => {
      const answer = await ask({ ...RIDE, alias: 'shadow' })
      expect(answer.headers.get('x-model-version')).toBe('2')
    }, 2_000)
    expect(await program.json(['predict', '--alias', 'shadow'])).toMatchObject({ version: 2 })
    expect((await program.run(['models', 'show', '2'])).out).toContain('shadow')
    expect((await ask({ ...RIDE, alias: 'nobody' })).status).toBe(404)
  })

  test('the interface’s description has the project’s own form', async () => {
    const { paths } = (await (await fetch(`${server.address}/openapi.json`)).json()) as {
      paths: { '/predict': { get: { parameters: { name: string; required: boolean }[] }; post: object } }
    } // looked at next
    const { get: one, post: many } = paths['/predict']
    expect(one.parameters.filter(({ required }) => required).map(({ name }) => name)).toEqual(Object.keys(RIDE))
    expect(JSON.stringify(many)).toContain('application/vnd.apache.parquet')
  })

  test('no request is lost or answered late while another program promotes and rolls back', async () => {
    const load = openLoad(`${server.address}/predict?${new URLSearchParams(RIDE)}`)
    const versionNow = async () => (await ask(RIDE)).headers.get('x-model-version')
    for (const version of ['2', '1', '2']) {
      const command =
        version === '1' ? ['rollback', '--why', 'a test'] : ['promote', '--version', '2', '--why', 'a test']
      await Promise.race([program.json(command), load.failed])
      await vi.waitFor(async () => expect(await versionNow()).toBe(version), { timeout: 1_000, interval: 10 })
    }
    const { seen, answered } = await load.stop()
    expect([...seen.keys()].sort()).toEqual(['1', '2'])
    expect(answered).toBeGreaterThan(200)
  }, 60_000)
})

test('a second project is served by its own form, on its own clocks, from the same home', async () => {
  await using other = await startUnderstudy(program.home, { args: OTHER, settings: SETTINGS })
  const answer = await ask(PARCEL, other)
  expect([answer.status, Object.keys((await answer.json()) as object)]).toEqual([200, ['minutes']])
  expect(answer.headers.get('x-model-name')).toBe('deliveries')
  const set = ['distance_km=4.2', 'parcels=12', 'left_at=2020-03-02 08:30:00'].flatMap((text) => ['--set', text])
  const { minutes } = await program.json<{ minutes: number }>(['predict', ...set, ...OTHER]) // Kolkata is 5:30 ahead
  expect(await (await ask(PARCEL, other)).json()).toEqual({ minutes })
  expect((await (await ask(RIDE, other)).json()) as object).toMatchObject({
    detail: [{ loc: ['query', 'left_at'] }, {}, {}],
  })
  expect((await ask({ ...PARCEL, distance_km: '-1' }, other)).headers.get('x-prediction-flags')).toBe('no_distance')
}, 60_000)

test('a server on another store serves the models that are there; without any it starts and says so', async () => {
  const store = `sqlite:///${join(program.home, 'elsewhere.db')}`
  await using empty = await startUnderstudy(program.home, { args: ['--backend-store-uri', store], settings: SETTINGS })
  expect((await ask(RIDE, empty)).status).toBe(404)
  const own = `sqlite:///${join(program.home, 'mlflow.db')}`
  await using full = await startUnderstudy(program.home, { args: ['--backend-store-uri', own], settings: SETTINGS })
  await fareOf(await ask({ ...RIDE, version: '1' }, full))
}, 60_000)
