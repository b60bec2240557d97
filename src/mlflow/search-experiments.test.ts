import { afterAll, beforeAll, expect, test } from 'vitest'
import { memoryArtifacts } from '../artifacts/memory.ts'
import { openSearchBed, type SearchBed } from './search-bed.ts'
import { type SearchExperiments, searchExperiments } from './search-experiments.ts'

let bed: SearchBed

beforeAll(async () => {
  bed = await openSearchBed(memoryArtifacts())
  await bed.experiment(1, { name: 'Eggs', tags: { owner: 'Anna' }, createdMs: 10 })
  await bed.experiment(2, { name: 'eggs 2', tags: { owner: 'bo', team: '' }, createdMs: 30 })
  await bed.experiment(3, { name: 'old', createdMs: null })
  await bed.experiment(4, { name: 'gone', tags: { owner: 'anna' }, createdMs: 40, isDeleted: true })
})

afterAll(() => bed[Symbol.asyncDispose]())

const ALL: SearchExperiments = {
  filter: '',
  viewType: 'ACTIVE_ONLY',
  maxResults: 10,
  orderBy: [],
  pageToken: undefined,
}

async function found(search: Partial<SearchExperiments>): Promise<string> {
  const { experiments } = await searchExperiments(bed.context, { ...ALL, ...search })
  return experiments.map((experiment) => experiment.experiment_id).join(' ')
}

test.each([
  ['', '2 1 0 3'],
  ["name = 'Eggs'", '1'],
  ["attribute.name != 'Eggs'", '2 0 3'],
  ["name LIKE 'e%'", '2'],
  ["name ILIKE 'E%'", '2 1'],
  ["tags.owner = 'bo'", '2'],
  ["tag.owner ilike 'an%'", '1'],
  ["tags.owner != 'bo'", '1'],
  ['tags.owner IS NULL', '0 3'],
  ["tags.owner IS NOT NULL AND tags.team = ''", '2'],
  ['creation_time > 5 AND last_update_time <= 30', '2 1'],
  ["experiment_id = '2'", '2'],
  ["experiment_id NOT IN ('1', '2')", '0 3'],
])('%s finds "%s"', async (filter, expected) => {
  expect(await found({ filter })).toBe(expected)
})

test.each([
  [['name'], '0 1 2 3'],
  [['name DESC'], '3 2 1 0'],
  [['creation_time'], '0 1 2 3'],
  [['creation_time DESC'], '2 1 0 3'],
  [['experiment_id desc'], '3 2 1 0'],
  [['name', 'name DESC'], '0 1 2 3'],
])('ordered by %s they are "%s", what is missing last', async (orderBy, expected) => {
  expect(await found({ orderBy })).toBe(expected)
})

test('what was deleted is found where it is asked for', async () => {
  expect(await found({ viewType: 'DELETED_ONLY' })).toBe('4')
  expect(await found({ viewType: 'ALL' })).toBe('4 2 1 0 3')
})

test('pages put together are the whole', async () => {
  const first = await searchExperiments(bed.context, { ...ALL, maxResults: 3 })
  expect(first.experiments.map(({ name, tags }) => [name, tags])).toEqual([
    [
      'eggs 2',
      [
        { key: 'owner', value: 'bo' },
        { key: 'team', value: '' },
      ],
    ],
    ['Eggs', [{ key: 'owner', value: 'Anna' }]],
    ['Default', undefined],
  ])
  const second = await searchExperiments(bed.context, { ...ALL, maxResults: 3, pageToken: first.nextPageToken })
  expect(second.experiments.map(({ name }) => name)).toEqual(['old'])
  expect(second.nextPageToken).toBeUndefined()
})

test.each([
  [0, 'It must be a positive integer'],
  [50_001, 'It must be at most 50000'],
])('%i results are not to be had', async (maxResults, why) => {
  await expect(found({ maxResults })).rejects.toThrow(
    `Invalid value ${maxResults} for parameter 'max_results' supplied. ${why}`,
  )
})

test('of those that are alike in what they are ordered by the newest comes first', async () => {
  await bed.experiment(7, { name: 'tie 7', createdMs: 77 })
  await bed.experiment(8, { name: 'tie 8', createdMs: 77 })
  expect(await found({ filter: "name LIKE 'tie%'", orderBy: ['creation_time'] })).toBe('8 7')
  expect(await found({ filter: "name LIKE 'tie%'" })).toBe('7 8')
})
