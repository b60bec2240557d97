import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memoryArtifacts } from '../artifacts/memory.ts'
import { openSearchBed, type SearchBed } from './search-bed.ts'
import { type SearchRegistry, searchModelVersions, searchRegisteredModels } from './search-registry.ts'

let bed: SearchBed
const PROMPT = { 'mlflow.prompt.is_prompt': 'true' }

beforeAll(async () => {
  bed = await openSearchBed(memoryArtifacts())
  await bed.model('Alpha', { tags: { tier: 'Gold' }, updatedMs: 10 })
  await bed.version('Alpha', 1, { source: 's3://b/1', runId: 'r1', tags: { tier: 'gold' }, updatedMs: 90 })
  await bed.version('Alpha', 2, { source: 's3://b/2', runId: 'r2', stage: 'Production', tags: { tier: 'tin' } })
  await bed.version('Alpha', 3, { stage: 'Deleted_Internal', updatedMs: 99 })
  await bed.model('alpha_2', { tags: { tier: 'tin' }, updatedMs: 30 })
  await bed.version('alpha_2', 1, { source: 'S3://b/1' })
  await bed.model('zeta', { updatedMs: 30 })
  await bed.model('ask', { tags: PROMPT, updatedMs: 50 })
  await bed.version('ask', 1, { tags: PROMPT })
  await bed.version('ask', 2, { tags: { ...PROMPT, tier: 'gold' } })
})

afterAll(() => bed[Symbol.asyncDispose]())

const ALL: SearchRegistry = { filter: '', maxResults: 10, orderBy: [], pageToken: undefined }

async function models(search: Partial<SearchRegistry>): Promise<string> {
  const found = await searchRegisteredModels(bed.context, { ...ALL, ...search })
  return found.models.map(({ name }) => name).join(' ')
}

async function versions(search: Partial<SearchRegistry>): Promise<string> {
  const found = await searchModelVersions(bed.context, { ...ALL, ...search })
  return found.versions.map(({ name, version }) => `${name}/${version}`).join(' ')
}

describe('registered models', () => {
  test.each([
    ['', 'Alpha alpha_2 zeta'],
    ["name = 'zeta'", 'zeta'],
    ["attribute.name != 'zeta'", 'Alpha alpha_2'],
    ["name LIKE 'a%'", 'alpha_2'],
    ["name ilike 'A%'", 'Alpha alpha_2'],
    ["name IN ('zeta', 'ask')", 'zeta'],
    ["name NOT IN ('zeta')", 'Alpha alpha_2'],
    ["tags.tier = 'tin'", 'alpha_2'],
    ["tags.tier != 'tin'", 'Alpha'],
    ["tag.tier ILIKE 'g%' AND name LIKE 'A%'", 'Alpha'],
    ["tags.tier = 'tin' AND tags.tier = 'Gold'", ''],
  ])('%s finds "%s"', async (filter, expected) => {
    expect(await models({ filter })).toBe(expected)
  })

  test.each([
    ["tags.`mlflow.prompt.is_prompt` = 'true'", 'ask'],
    ["tags.mlflow.prompt.is_prompt = 'TRUE'", ''], // it asks for prompts, and none is marked so
    ["tags.`mlflow.prompt.is_prompt` != 'false'", 'ask'],
    ["tags.`mlflow.prompt.is_prompt` != 'true'", 'Alpha alpha_2 zeta'],
    ["tags.`mlflow.prompt.is_prompt` = 'false'", 'Alpha alpha_2 zeta'],
    ["tags.`mlflow.prompt.is_prompt` = 'true' AND name ILIKE 'A%'", 'ask'],
    ["name = 'ask'", ''],
  ])('are no prompts, unless %s: "%s"', async (filter, expected) => {
    expect(await models({ filter })).toBe(expected)
  })

  test.each([
    [['name DESC'], 'zeta alpha_2 Alpha'],
    [['timestamp'], 'Alpha alpha_2 zeta'],
    [['last_updated_timestamp DESC'], 'alpha_2 zeta Alpha'],
    [['timestamp desc', 'name DESC'], 'zeta alpha_2 Alpha'],
  ])('ordered by %s are "%s"', async (orderBy, expected) => {
    expect(await models({ orderBy })).toBe(expected)
  })
})

describe('model versions', () => {
  test.each([
    ['', 'Alpha/1 Alpha/2 alpha_2/1'],
    ["name = 'Alpha'", 'Alpha/1 Alpha/2'],
    ["name IN ('alpha_2', 'ask')", 'alpha_2/1'],
    ["name NOT IN ('Alpha')", 'alpha_2/1'],
    ['version_number = 1', 'Alpha/1 alpha_2/1'],
    ["version_number >= '2'", 'Alpha/2'],
    ["run_id = 'r1'", 'Alpha/1'],
    ["run_id NOT IN ('r1', '')", 'Alpha/2'],
    ["source_path LIKE 's3://b/%'", 'Alpha/1 Alpha/2'],
    ["source_path ILIKE 's3://b/1'", 'Alpha/1 alpha_2/1'],
    ["tags.tier != 'tin'", 'Alpha/1'],
    ["tags.tier = 'gold'", 'Alpha/1'],
    ["tags.`mlflow.prompt.is_prompt` = 'true'", 'ask/2 ask/1'],
    ["tags.`mlflow.prompt.is_prompt` = 'true' AND tags.tier = 'gold'", 'ask/2'],
    ["tags.`mlflow.prompt.is_prompt` != 'true'", 'Alpha/1 Alpha/2 alpha_2/1'],
  ])('%s finds "%s", never one that was deleted', async (filter, expected) => {
    expect(await versions({ filter })).toBe(expected)
  })

  test.each([
    [['version_number'], 'Alpha/1 alpha_2/1 Alpha/2'],
    [['name DESC'], 'alpha_2/1 Alpha/2 Alpha/1'],
    [['creation_timestamp DESC', 'name'], 'Alpha/2 Alpha/1 alpha_2/1'],
    [['last_updated_timestamp'], 'alpha_2/1 Alpha/2 Alpha/1'],
  ])('ordered by %s are "%s"', async (orderBy, expected) => {
    expect(await versions({ orderBy })).toBe(expected)
  })
})

test('pages put together are the whole', async () => {
  const first = await searchModelVersions(bed.context, { ...ALL, maxResults: 2 })
  const second = await searchModelVersions(bed.context, { ...ALL, maxResults: 2, pageToken: first.nextPageToken })
  expect([...first.versions, ...second.versions].map(({ name, version }) => `${name}/${version}`).join(' ')).toBe(
    'Alpha/1 Alpha/2 alpha_2/1',
  )
  expect(second.nextPageToken).toBeUndefined()
  const model = await searchRegisteredModels(bed.context, { ...ALL, maxResults: 1 })
  expect(model).toMatchObject({
    models: [{ name: 'Alpha', latest_versions: { length: 2 } }],
    nextPageToken: expect.any(String),
  })
})

test('no results are not to be had', async () => {
  await expect(models({ maxResults: 0 })).rejects.toThrow('It must be a positive integer, but got 0')
  await expect(versions({ maxResults: -1 })).rejects.toThrow('It must be a positive integer, but got -1')
})
