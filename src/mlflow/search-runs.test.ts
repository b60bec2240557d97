import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memoryArtifacts } from '../artifacts/memory.ts'
import { openSearchBed, type SearchBed } from './search-bed.ts'
import { type SearchRuns, searchRuns } from './search-runs.ts'

let bed: SearchBed

beforeAll(async () => {
  bed = await openSearchBed(memoryArtifacts())
  await bed.experiment(1, { name: 'one' })
  await bed.experiment(2, { name: 'two' })
  await bed.run('a', {
    experiment: 1,
    name: 'First',
    status: 'FINISHED',
    user: 'anna',
    startMs: 100,
    endMs: 900,
    metrics: { loss: 0.5, 'a b': 1 },
    params: { opt: 'adam', 'x.y': 'deep' },
    tags: { team: 'Red', 'a b': "it's" },
    datasets: [
      { name: 'orders', digest: 'd1', context: 'train' },
      { name: 'more', digest: 'd2' },
    ],
  })
  await bed.run('b', {
    experiment: 1,
    status: 'FAILED',
    startMs: 300,
    metrics: { loss: -2 },
    params: { opt: 'ADAM' },
    tags: { team: 'red' },
  })
  await bed.run('c', {
    experiment: 1,
    status: 'RUNNING',
    startMs: 300,
    metrics: { loss: Number.NaN },
    params: { opt: 'sgd' },
    tags: { team: '' },
  })
  await bed.run('d', {
    experiment: 2,
    startMs: 200,
    endMs: 950,
    metrics: { loss: Number.MAX_VALUE },
    datasets: [{ name: 'orders', digest: 'd1', context: 'Eval' }],
  })
  await bed.run('e', { experiment: 2, startMs: 200, metrics: { loss: -Number.MAX_VALUE, 'a b': 2 } })
  await bed.run('gone', { experiment: 1, startMs: 500, isDeleted: true })
  const other = { input_uuid: 'a-1', name: 'other', value: 'Eval' } // no context, though it reads like one
  await bed.context.database.sql.insertInto('input_tags').values(other).execute()
})

afterAll(() => bed[Symbol.asyncDispose]())

const ALL: SearchRuns = {
  experimentIds: ['1', '2'],
  filter: '',
  viewType: 'ACTIVE_ONLY',
  maxResults: 100,
  orderBy: [],
  pageToken: undefined,
}

/** The ids that are found, in their order: 'b c a'. */
async function found(search: Partial<SearchRuns>): Promise<string> {
  const { runs } = await searchRuns(bed.context, { ...ALL, ...search })
  return runs.map((run) => run.info.run_id).join(' ')
}

describe('a filter', () => {
  test.each([
    ['', 'b c d e a'],
    ['metrics.loss > 0', 'd a'],
    ['metric.loss<=-2', 'b e'],
    ['metrics.loss = 5e-1', 'a'],
    ['metrics.loss >= .5', 'd a'],
    ['metrics.`a b` != 1', 'e'],
    ['metrics."a b" < 3.', 'e a'],
    ["params.opt = 'adam'", 'a'],
    ["params.opt != 'adam'", 'b c'],
    ["params.opt LIKE 'a%'", 'a'],
    ["parameters.opt ilike 'A_AM'", 'b a'],
    ['param.`x.y` = \'deep\' AND param.x.y = "deep"', 'a'],
    ['params.opt IS NULL', 'd e'],
    ['params.opt is not null and tags.team IS NOT NULL', 'b c a'],
    ["tags.team = 'red'", 'b'],
    ["tags.team != 'red'", 'c a'],
    ["tags.team = ''", 'c'],
    ["tags.team LIKE '_ed' AND tags.team ILIKE 'R%' AND metrics.loss > 0", 'a'],
    ['tags.`a b` = "it\'s"', 'a'],
    ["status = 'FINISHED'", 'd e a'],
    ["attributes.status != 'FINISHED' AND attr.status LIKE '%N%'", 'c'],
    ['end_time > 0', 'd a'],
    ['end_time = 950.0', 'd'],
    ['run.start_time >= 200 AND created < 300', 'd e'],
    ["user_id != ''", 'a'],
    ["user_id ILIKE 'ANNA'", 'a'],
    ["run_id IN ('a', 'c', 'nobody')", 'c a'],
    ["attributes.run_id NOT IN ('a', 'c')", 'b d e'],
    ["run_name = 'First'", 'a'],
    ["`Run name` LIKE 'f%' AND attributes.run_name != 'x'", ''],
    ["attributes.`run name` ILIKE 'f%'", 'a'],
    ["artifact_uri LIKE '%/d/artifacts'", 'd'],
    ["dataset.name = 'orders'", 'd a'],
    ["datasets.digest LIKE 'd2'", 'a'],
    ["dataset.name != 'orders'", 'a'],
    ["dataset.name NOT IN ('orders', 'more')", ''],
    ["dataset.context ILIKE 'e%'", 'd'],
    ["dataset.context IN ('train', 'Eval') AND dataset.name = 'more'", 'a'],
  ])('%s finds "%s"', async (filter, expected) => {
    expect(await found({ filter })).toBe(expected)
  })

  test('NaN is unequal to every number and neither more nor less, though it is stored as 0', async () => {
    expect(await found({ filter: 'metrics.loss = 0' })).toBe('')
    expect(await found({ filter: 'metrics.loss <= 0' })).toBe('b e')
    expect(await found({ filter: 'metrics.loss != 0' })).toBe('b c d e a')
    expect(await found({ filter: 'metrics.loss != 0.5' })).toBe('b c d e')
  })

  test('a value is bound: what looks like SQL finds nothing and harms nothing', async () => {
    expect(await found({ filter: 'tags.team = "x\' or 1=1; drop table runs; --"' })).toBe('')
    expect(await found({ filter: "tags.`x' or '1'='1` = 'y'" })).toBe('')
    expect(await found({ filter: '' })).toBe('b c d e a')
  })

  test("a run's name is the one in its tag, which those of older MLflows have alone", async () => {
    await bed.experiment(8, { name: 'older' })
    await bed.run('old', { experiment: 8, name: '', tags: { 'mlflow.runName': 'Old' } })
    expect(await found({ experimentIds: ['8'], filter: "run_name = 'Old'" })).toBe('old')
  })

  test('a pattern with many wildcards is looked for no longer than others', async () => {
    await bed.experiment(9, { name: 'long' })
    await bed.run('long', { experiment: 9, params: { text: 'a'.repeat(6_000) } })
    const from = performance.now()
    expect(await found({ experimentIds: ['9'], filter: `params.text LIKE '${'%a'.repeat(200)}%b'` })).toBe('')
    expect(performance.now() - from).toBeLessThan(2_000)
  })
})

describe('what is searched', () => {
  test('runs of the experiments named, each once; of none, none', async () => {
    expect(await found({ experimentIds: ['2', '2'] })).toBe('d e')
    expect(await found({ experimentIds: [] })).toBe('')
    expect(await found({ experimentIds: ['77'] })).toBe('')
    expect(await found({ experimentIds: Array(20_001).fill('2') })).toBe('d e')
    await expect(found({ experimentIds: ['x'] })).rejects.toThrow("Invalid experiment ID 'x'")
    await expect(found({ experimentIds: Array.from({ length: 20_001 }, (_, id) => String(id)) })).rejects.toThrow(
      '20001 experiments are asked for; at most 20000 are searched at a time.',
    )
    expect(await found({ experimentIds: Array.from({ length: 20_000 }, (_, id) => String(id)) })).toContain('a')
  })

  test('what was deleted is found where it is asked for', async () => {
    expect(await found({ viewType: 'DELETED_ONLY' })).toBe('gone')
    expect(await found({ viewType: 'ALL' })).toBe('gone b c d e a')
  })
})

describe('an order', () => {
  test.each([
    [['start_time ASC'], 'a d e b c'],
    [['metrics.loss'], 'e b a d c'],
    [['metrics.loss DESC'], 'd a b e c'],
    [['metrics.`a b` desc', 'start_time'], 'e a d b c'],
    [['params.opt'], 'b a c d e'],
    [['params.opt DESC'], 'c a b d e'],
    [['end_time DESC', 'run_id'], 'd a b c e'],
    [['end_time', 'attributes.run_id DESC'], 'a d e c b'],
    [['status', 'metrics.loss DESC'], 'b d a e c'],
    [['tags.team', 'params.opt'], 'c a b d e'],
    [['run_name'], 'a b c d e'],
    [['metrics.none', 'tags.none DESC'], 'b c d e a'],
  ])(
    'by %s gives "%s": what is missing last, NaN before it, ties by the newest start, then by id',
    async (orderBy, expected) => {
      expect(await found({ orderBy })).toBe(expected)
    },
  )

  test('puts NaN after the numbers and before what is missing, whichever way', async () => {
    await bed.experiment(7, { name: 'ranks' })
    await bed.run('k-missing', { experiment: 7 })
    await bed.run('l-nan', { experiment: 7, metrics: { x: Number.NaN } })
    await bed.run('m-minus', { experiment: 7, metrics: { x: -1 } })
    await bed.run('n-plus', { experiment: 7, metrics: { x: 1 } })
    expect(await found({ experimentIds: ['7'], orderBy: ['metrics.x'] })).toBe('m-minus n-plus l-nan k-missing')
    expect(await found({ experimentIds: ['7'], orderBy: ['metrics.x DESC'] })).toBe('n-plus m-minus l-nan k-missing')
  })

  test('of forty fields at once is carried out', async () => {
    expect(await found({ orderBy: Array.from({ length: 40 }, (_, place) => `metrics.m${place}`) })).toBe('b c d e a')
  })
})

describe('pages', () => {
  test('put together are the whole, whatever their size', async () => {
    for (const maxResults of [1, 2, 3, 4, 5, 6]) {
      const ids: string[] = []
      let pageToken: string | undefined
      do {
        const page = await searchRuns(bed.context, { ...ALL, orderBy: ['params.opt'], maxResults, pageToken })
        ids.push(...page.runs.map((run) => run.info.run_id))
        pageToken = page.nextPageToken
      } while (pageToken !== undefined)
      expect(ids.join(' ')).toBe('b a c d e')
    }
  })

  test('of nothing are refused', async () => {
    await expect(found({ maxResults: 0 })).rejects.toThrow(
      "Invalid value 0 for parameter 'max_results' supplied. It must be a positive integer",
    )
  })
})

test('a run is found with all that belongs to it', async () => {
  const { runs } = await searchRuns(bed.context, { ...ALL, filter: "run_id = 'a'" })
  expect(runs).toMatchObject([
    {
      info: { run_id: 'a', experiment_id: '1', status: 'FINISHED' },
      data: { metrics: expect.arrayContaining([expect.objectContaining({ key: 'loss', value: 0.5 })]) },
      inputs: { dataset_inputs: { length: 2 } },
    },
  ])
})
