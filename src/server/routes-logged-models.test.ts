import { afterEach, beforeEach, expect, test } from 'vitest'
import { memoryArtifacts } from '../artifacts/memory.ts'
import { granted, newRun, notFound, refused } from './registry-bed.ts'
import { openServerBed, type ServerBed } from './server-bed.ts'

let bed: ServerBed
beforeEach(async () => {
  bed = await openServerBed({ artifactsIn: () => memoryArtifacts() })
})
afterEach(async () => {
  expect(bed.reported).toEqual([])
  await bed[Symbol.asyncDispose]()
})

const create = async (fields: object = {}) =>
  (await granted(bed, 'POST', 'logged-models', { experiment_id: '0', ...fields })).model

test('a logged model is made pending, gets its parameters and tags, becomes ready, and is found', async () => {
  const params = [{ key: 'rate', value: '0.1' }]
  const tags = [{ key: 'a', value: 'b' }]
  const made = await create({ name: 'm', model_type: 'agent', source_run_id: '123', params, tags })
  const { model_id } = made.info
  expect(model_id).toMatch(/^m-[0-9a-f]{32}$/)
  const now = bed.clock.nowMs()
  const info = {
    model_id,
    experiment_id: '0',
    name: 'm',
    creation_timestamp_ms: now,
    last_updated_timestamp_ms: now,
    artifact_uri: `mlflow-artifacts:/0/models/${model_id}/artifacts`,
    status: 'LOGGED_MODEL_PENDING',
    model_type: 'agent',
    source_run_id: '123',
    tags,
  }
  expect(made).toEqual({ info, data: { params } })
  bed.clock.advance(3)
  const ready = await granted(bed, 'PATCH', `logged-models/${model_id}`, { model_id, status: 'LOGGED_MODEL_READY' })
  expect(ready.model.info).toEqual({ ...info, status: 'LOGGED_MODEL_READY', last_updated_timestamp_ms: now + 3 })
  await granted(bed, 'POST', `logged-models/${model_id}/params`, { model_id, params: [{ key: 'depth', value: '3' }] })
  await granted(bed, 'PATCH', `logged-models/${model_id}/tags`, {
    tags: [
      { key: 'a', value: 'c' },
      { key: 'é/x', value: '' },
    ],
  })
  const { model } = await granted(bed, 'GET', `logged-models/${model_id}`)
  expect(model.data.params).toEqual([{ key: 'depth', value: '3' }, ...params])
  expect(model.info.tags).toEqual([
    { key: 'a', value: 'c' },
    { key: 'é/x', value: '' },
  ])
})

test('its status is a name or a number, and nothing else', async () => {
  const { model_id } = (await create()).info
  const finalize = (status: unknown) => bed.ask('PATCH', `logged-models/${model_id}`, { status })
  for (const [status, name] of [
    [2, 'LOGGED_MODEL_READY'],
    ['3', 'LOGGED_MODEL_UPLOAD_FAILED'],
    ['LOGGED_MODEL_PENDING', 'LOGGED_MODEL_PENDING'],
  ] as const) {
    expect(await finalize(status)).toMatchObject({ status: 200, body: { model: { info: { status: name } } } })
  }
  const row = bed.database.sql.selectFrom('logged_models').select('status').where('model_id', '=', model_id)
  expect(await row.executeTakeFirst()).toEqual({ status: 1 })
  for (const status of [9, 'READY', '', null, undefined, [2]])
    expect(await finalize(status), String(status)).toMatchObject({ status: 400 })
})

test('without a name it gets one; some signs no name may hold', async () => {
  expect((await create()).info.name).toMatch(/^\w+-\w+-\d+$/)
  expect((await create({ name: '' })).info.name).toMatch(/^\w+-\w+-\d+$/)
  for (const name of ['a/b', 'a:b', 'a.b', 'a%b', 'a"b']) {
    const answer = await bed.ask('POST', 'logged-models', { experiment_id: '0', name })
    const signs = `('/', ':', '.', '%', '"', "'")`
    expect(answer).toEqual(
      refused(
        400,
        `Invalid model name ('${name}') provided. Model name must be a non-empty string and cannot contain the following characters: ${signs}`,
      ),
    )
  }
  const tooLong = await bed.ask('POST', 'logged-models', { experiment_id: '0', name: 'x'.repeat(501) })
  expect(tooLong).toEqual(refused(400, "'name' exceeds the maximum length of 500 characters"))
})

test('an experiment that is not there, or deleted, takes none', async () => {
  const create = (experiment_id: string) => bed.ask('POST', 'logged-models', { experiment_id })
  expect(await create('77')).toEqual(notFound('No Experiment with id=77 exists'))
  expect(await create('abc')).toMatchObject({ status: 400 })
  await granted(bed, 'POST', 'experiments/create', { name: 'gone' })
  await granted(bed, 'POST', 'experiments/delete', { experiment_id: '1' })
  expect(await create('1')).toMatchObject({ status: 400, body: { message: expect.stringContaining("'active' state") } })
})

test('a parameter is written once: the same value may come again, another is refused and changes nothing', async () => {
  const { model_id } = (await create({ params: [{ key: 'p', value: '1' }] })).info
  const log = (...params: object[]) => bed.ask('POST', `logged-models/${model_id}/params`, { params })
  expect(await log({ key: 'p', value: '1' })).toMatchObject({ status: 200 })
  expect(await log({ key: 'q', value: '5' }, { key: 'p', value: '2' })).toEqual(
    refused(
      400,
      `Changing param values is not allowed. Param with key='p' was already logged with value='1' for model ID='${model_id}'. Attempted logging new value '2'.`,
    ),
  )
  const { model } = await granted(bed, 'GET', `logged-models/${model_id}`)
  expect(model.data.params).toEqual([{ key: 'p', value: '1' }])
})

test('a tag is deleted once', async () => {
  const { model_id } = (await create({ tags: [{ key: 'a b', value: '1' }] })).info
  await granted(bed, 'DELETE', `logged-models/${model_id}/tags/a%20b`)
  expect(await bed.ask('DELETE', `logged-models/${model_id}/tags/a%20b`)).toEqual(
    notFound(`No tag with key 'a b' found for model with ID '${model_id}'.`),
  )
})

test('deleted, it is found only by whoever asks for deleted ones too', async () => {
  const { model_id } = (await create()).info
  await granted(bed, 'DELETE', `logged-models/${model_id}`)
  const missing = notFound(`Logged model with ID '${model_id}' not found.`)
  expect(await bed.ask('GET', `logged-models/${model_id}`)).toEqual(missing)
  expect(await bed.ask('GET', `logged-models/${model_id}?allow_deleted=true`)).toMatchObject({ status: 200 })
})

test('one that was never there is told so, whatever is asked of it', async () => {
  const missing = notFound("Logged model with ID 'm-none' not found.")
  expect(await bed.ask('GET', 'logged-models/m-none')).toEqual(missing)
  expect(await bed.ask('PATCH', 'logged-models/m-none', { status: 2 })).toEqual(missing)
  expect(await bed.ask('DELETE', 'logged-models/m-none')).toEqual(missing)
  expect(await bed.ask('POST', 'logged-models/m-none/params', { params: [] })).toEqual(missing)
  expect(await bed.ask('PATCH', 'logged-models/m-none/tags', { tags: [] })).toEqual(missing)
  expect(await bed.ask('DELETE', 'logged-models/m-none/tags/a')).toEqual(missing)
})

test('its metrics are shown with run and data set, NaN as a word', async () => {
  const { run_id } = await newRun(bed)
  const { model_id } = (await create()).info
  const point = { metric_timestamp_ms: 5, metric_step: 1, experiment_id: 0, run_id, dataset_uuid: null }
  await bed.database.sql
    .insertInto('logged_model_metrics')
    .values([
      { ...point, model_id, metric_name: 'mae', metric_value: 0.5, dataset_name: 'd', dataset_digest: '1' },
      { ...point, model_id, metric_name: 'nan', metric_value: null, dataset_name: null, dataset_digest: null },
    ])
    .execute()
  const { model } = await granted(bed, 'GET', `logged-models/${model_id}`)
  const shown = { timestamp: 5, step: 1, model_id, run_id }
  expect(model.data.metrics).toEqual([
    { key: 'mae', value: 0.5, ...shown, dataset_name: 'd', dataset_digest: '1' },
    { key: 'nan', value: 'NaN', ...shown },
  ])
})
