import { afterAll, beforeAll, expect, test } from 'vitest'
import { memoryArtifacts } from '../artifacts/memory.ts'
import { openSearchBed, type SearchBed } from '../mlflow/search-bed.ts'
import { openMlflowStore } from '../mlflow/store.ts'
import { openApp } from './app.ts'

let bed: SearchBed
let app: ReturnType<typeof openApp>

beforeAll(async () => {
  bed = await openSearchBed(memoryArtifacts())
  for (const [place, id] of ['a', 'b', 'c'].entries()) {
    await bed.run(id, { startMs: 100 - place, metrics: { loss: place }, isDeleted: id === 'c' })
  }
  await bed.model('eggs', { tags: { tier: 'gold' } })
  await bed.version('eggs', 1, {})
  await bed.loggedModel('m-1', {})
  await bed.loggedModel('m-2', {})
  app = openApp({
    store: openMlflowStore(bed.context),
    report: (error) => {
      throw error
    },
  })
})

afterAll(() => bed[Symbol.asyncDispose]())

async function post(path: string, body: object): Promise<{ status: number; body: Record<string, unknown> }> {
  const headers = { 'content-type': 'application/json' }
  const answer = await app.request(`/api/2.0/mlflow/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> } // every answer is an object
}

async function get(path: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await app.request(`/ajax-api/2.0/mlflow/${path}`)
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> } // every answer is an object
}

function refusal(message: string): object {
  const error_code = 'INVALID_PARAMETER_VALUE'
  return { status: 400, body: { error_code, message, sqlstate: 'KAM00', error_class: error_code } }
}

const HINT = 'See the API docs for more information about request parameters.'

test('runs are found page by page', async () => {
  const search = {
    experiment_ids: ['0'],
    filter: 'metrics.loss >= 0',
    order_by: ['metrics.loss DESC'],
    max_results: 2,
    run_view_type: 'ALL',
  }
  const first = await post('runs/search', search)
  expect(first).toMatchObject({ status: 200, body: { runs: [{ info: { run_id: 'c' } }, { info: { run_id: 'b' } }] } })
  expect(first.body.next_page_token).toBe('eyJvZmZzZXQiOiAyfQ==')
  const second = await post('runs/search', { ...search, page_token: first.body.next_page_token })
  expect(second.body).toMatchObject({ runs: [{ info: { run_id: 'a' } }] })
  expect(second.body).not.toHaveProperty('next_page_token')
})

test('a search that finds nothing answers with nothing', async () => {
  expect(await post('runs/search', { experiment_ids: ['0'], filter: 'metrics.loss > 9' })).toEqual({
    status: 200,
    body: {},
  })
  expect(await post('runs/search', {})).toEqual({ status: 200, body: {} })
})

test('a view is named, or given by its number', async () => {
  for (const view of ['DELETED_ONLY', 2, '2']) {
    const { body } = await post('runs/search', { experiment_ids: ['0'], run_view_type: view })
    expect(body).toMatchObject({ runs: [{ info: { run_id: 'c' } }] })
  }
})

test('experiments are asked for by either method', async () => {
  const expected = { status: 200, body: { experiments: [{ experiment_id: '0', name: 'Default' }] } }
  expect(await post('experiments/search', { max_results: 5, order_by: ['name'] })).toMatchObject(expected)
  expect(
    await get('experiments/search?max_results=5&order_by=name&order_by=creation_time&view_type=ACTIVE_ONLY'),
  ).toMatchObject(expected)
  expect(await get('experiments/search')).toEqual(
    refusal("Invalid value 0 for parameter 'max_results' supplied. It must be a positive integer"),
  )
})

test('an empty term of an order is told of as one that means nothing', async () => {
  const told = refusal("Invalid order_by clause ''. Could not be parsed.")
  expect(await post('runs/search', { experiment_ids: ['0'], order_by: [''] })).toEqual(told)
  expect(await post('experiments/search', { max_results: 5, order_by: ['name', ''] })).toEqual(told)
  expect(await get('registered-models/search?order_by=')).toEqual(told)
  expect(await get('model-versions/search?order_by=')).toEqual(told)
})

test('models and versions are asked for by a query', async () => {
  const filter = encodeURIComponent("name = 'eggs' AND tags.`mlflow.prompt.is_prompt` != 'true'")
  expect(await get(`registered-models/search?filter=${filter}&order_by=timestamp`)).toMatchObject({
    status: 200,
    body: {
      registered_models: [
        { name: 'eggs', latest_versions: [{ version: '1' }], tags: [{ key: 'tier', value: 'gold' }] },
      ],
    },
  })
  expect(await get(`model-versions/search?filter=${filter}&order_by=name%20ASC&order_by=version_number`)).toMatchObject(
    {
      status: 200,
      body: { model_versions: [{ name: 'eggs', version: '1', current_stage: 'None' }] },
    },
  )
})

test('logged models are asked for by their experiments', async () => {
  const order_by = [{ field_name: 'metrics.acc' }, { field_name: 'name', ascending: false }]
  expect(await post('logged-models/search', { experiment_ids: ['0'], order_by, datasets: null })).toMatchObject({
    status: 200,
    body: { models: [{ info: { model_id: 'm-2' } }, { info: { model_id: 'm-1' } }] },
  })
  expect(await post('logged-models/search', {})).toEqual(
    refusal(`Missing value for required parameter 'experiment_ids'. ${HINT}`),
  )
})

test.each([
  [
    'runs/search',
    { max_results: 50_001 },
    `Invalid value 50001 for parameter 'max_results' supplied:  Hint: Value was of type 'int'. ${HINT}`,
  ],
  [
    'runs/search',
    { max_results: -1 },
    "Invalid value -1 for parameter 'max_results' supplied. It must be a positive integer",
  ],
  ['runs/search', { page_token: '!' }, "Invalid page token, decoded value=b''"],
  [
    'runs/search',
    { filter: 5 },
    `Invalid value 5 for parameter 'filter' supplied:  Hint: Value was of type 'int'. ${HINT}`,
  ],
  [
    'runs/search',
    { run_view_type: 'SOME' },
    `Invalid value "SOME" for parameter 'run_view_type' supplied:  Hint: Value was of type 'str'. ${HINT}`,
  ],
  [
    'experiments/search',
    { max_results: 60_000 },
    "Invalid value 60000 for parameter 'max_results' supplied. It must be at most 50000",
  ],
])('of %s, %j is refused', async (path, body, message) => {
  expect(await post(path, body)).toEqual(refusal(message))
})

test.each([
  [
    'registered-models/search?max_results=1001',
    `Invalid value "1001" for parameter 'max_results' supplied:  Hint: Value was of type 'str'. ${HINT}`,
  ],
  [
    'model-versions/search?max_results=200001',
    `Invalid value "200001" for parameter 'max_results' supplied:  Hint: Value was of type 'str'. ${HINT}`,
  ],
])('%s is refused', async (path, message) => {
  expect(await get(path)).toEqual(refusal(message))
})
