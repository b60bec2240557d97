import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memoryArtifacts } from '../artifacts/memory.ts'
import { openSearchBed, type SearchBed } from './search-bed.ts'
import { type LoggedModelOrder, type SearchLoggedModels, searchLoggedModels } from './search-logged-models.ts'

let bed: SearchBed

beforeAll(async () => {
  bed = await openSearchBed(memoryArtifacts())
  await bed.experiment(1, { name: 'one' })
  await bed.run('run', {}) // which measured the metrics
  await bed.loggedModel('m-a', {
    name: 'Model',
    type: 'Tree',
    status: 1,
    createdMs: 10,
    params: { lr: '0.01' },
    tags: { team: 'Red' },
    metrics: [
      { key: 'acc', value: 0.9, atMs: 1, dataset: ['train', 'd1'] },
      { key: 'acc', value: 0.2, atMs: 5, dataset: ['test', 'd2'] },
    ],
  })
  await bed.loggedModel('m-b', {
    name: 'model',
    createdMs: 30,
    params: { lr: '0.1' },
    tags: { team: 'red', 'a b': 'x' },
    metrics: [
      { key: 'acc', value: 0.5, atMs: 2, dataset: ['test', 'd3'] },
      { key: 'val/acc', value: 1, atMs: 0 },
    ],
  })
  await bed.loggedModel('m-c', { name: 'other', type: 'agent', status: 3, createdMs: 30 })
  await bed.loggedModel('m-d', { experiment: 1, name: 'far', createdMs: 20 })
  await bed.loggedModel('m-gone', { name: 'model', createdMs: 50, isDeleted: true })
})

afterAll(() => bed[Symbol.asyncDispose]())

const ALL: SearchLoggedModels = {
  experimentIds: ['0', '1'],
  filter: '',
  datasets: [],
  maxResults: 10,
  orderBy: [],
  pageToken: undefined,
}

async function found(search: Partial<SearchLoggedModels>): Promise<string> {
  const { models } = await searchLoggedModels(bed.context, { ...ALL, ...search })
  return models.map(({ info }) => info.model_id).join(' ')
}

test.each([
  ['', 'm-b m-c m-d m-a'],
  ["name = 'model'", 'm-b'],
  ['name = model', 'm-b'],
  ["attributes.name ilike 'MODEL'", 'm-b m-a'],
  ["name IN ('model', 'other')", 'm-b m-c'],
  ["name not in ('model', 'other')", 'm-d m-a'],
  ["model_id LIKE 'm-_' AND model_id != 'm-a'", 'm-b m-c m-d'],
  ["model_type != 'agent'", 'm-a'],
  ["status = 'READY'", 'm-b m-d'],
  ["status != 'LOGGED_MODEL_READY'", 'm-c m-a'],
  ["status IN ('1', 'UPLOAD_FAILED')", 'm-c m-a'],
  ["status LIKE '%E%'", 'm-b m-c m-d m-a'],
  ["experiment_id = '1'", 'm-d'],
  ['creation_timestamp > 10 AND creation_time <= 20', 'm-d'],
  ['last_updated_timestamp >= 30 AND attributes.last_updated_time < 31', 'm-b m-c'],
  ['params.lr = 0.1', 'm-b'],
  ["params.lr LIKE '0.%' AND params.lr != '0.1'", 'm-a'],
  ["params.lr IN ('0.1')", 'm-b'],
  ["tags.team ILIKE 'RED'", 'm-b m-a'],
  ["tags.`a b` = 'x'", 'm-b'],
  ['metrics.acc > 0.4', 'm-b m-a'],
  ['metrics.acc < 0.3', 'm-a'],
  ['metrics.val/acc = 1', 'm-b'],
])('%s finds "%s", never one that was deleted', async (filter, expected) => {
  expect(await found({ filter })).toBe(expected)
})

describe('data sets', () => {
  const TEST = { dataset_name: 'test', dataset_digest: null }

  test('narrow the metrics of a filter', async () => {
    expect(await found({ filter: 'metrics.acc > 0.4', datasets: [TEST] })).toBe('m-b')
    expect(
      await found({ filter: 'metrics.acc > 0.4', datasets: [TEST, { dataset_name: 'train', dataset_digest: 'd1' }] }),
    ).toBe('m-b m-a')
  })

  test('without such metrics find the models that were measured on one of them, under any digest unless one is given', async () => {
    expect(await found({ datasets: [TEST] })).toBe('m-b m-a')
    expect(await found({ datasets: [{ dataset_name: 'test', dataset_digest: 'd3' }] })).toBe('m-b')
  })

  test('have names', async () => {
    await expect(found({ datasets: [{ dataset_name: null, dataset_digest: 'd3' }] })).rejects.toThrow(
      '`dataset_name` in the `datasets` clause must be specified.',
    )
  })
})

const by = (field_name: string, ascending: boolean, dataset: Partial<LoggedModelOrder> = {}): LoggedModelOrder => ({
  ...{ field_name, ascending, dataset_name: null, dataset_digest: null },
  ...dataset,
})

test.each([
  [[by('name', true)], 'm-a m-d m-b m-c'],
  [[by('model_type', false)], 'm-c m-a m-b m-d'],
  [[by('creation_time', true)], 'm-a m-d m-b m-c'],
  [[by('creation_timestamp', false), by('model_id', false)], 'm-c m-b m-d m-a'],
  [[by('metrics.acc', true)], 'm-a m-b m-c m-d'],
  [[by('metrics.acc', false)], 'm-b m-a m-c m-d'],
  [[by('metrics.acc', false, { dataset_name: 'train' })], 'm-a m-b m-c m-d'],
  [
    [by('metrics.acc', true, { dataset_name: 'test', dataset_digest: 'd3' }), by('metrics.acc', true)],
    'm-b m-a m-c m-d',
  ],
])('ordered by %j they are "%s": a metric by its newest point, what is missing last', async (orderBy, expected) => {
  expect(await found({ orderBy })).toBe(expected)
})

test('an order by anything else is refused', async () => {
  await expect(found({ orderBy: [by('foo', true)] })).rejects.toThrow('Invalid order by field name: foo')
  await expect(found({ orderBy: [by('tags.x', true)] })).rejects.toThrow(
    'Invalid order by field name: tags.x. Only metrics are supported.',
  )
})

test('pages put together are the whole, and a token serves its own search only', async () => {
  const first = await searchLoggedModels(bed.context, { ...ALL, maxResults: 3 })
  const second = await searchLoggedModels(bed.context, { ...ALL, maxResults: 3, pageToken: first.nextPageToken })
  expect([...first.models, ...second.models].map(({ info }) => info.model_id).join(' ')).toBe('m-b m-c m-d m-a')
  expect(second.nextPageToken).toBeUndefined()
  await expect(found({ filter: "name = 'x'", pageToken: first.nextPageToken })).rejects.toThrow(
    'Filter string in the page token',
  )
})
