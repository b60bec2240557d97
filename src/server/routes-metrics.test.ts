import fc from 'fast-check'
import { CompiledQuery } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memoryArtifacts } from '../artifacts/memory.ts'
import { metricHistoryOperations } from '../mlflow/metric-history.ts'
import { writePoints } from '../tracking/metrics.ts'
import type { WireMetric } from '../tracking/wire.ts'
import { DOCS, granted, newRun, refused } from './runs-bed.ts'
import { openServerBed, type ServerBed } from './server-bed.ts'

let bed: ServerBed
beforeAll(async () => {
  bed = await openServerBed({ artifactsIn: () => memoryArtifacts() })
})
afterAll(async () => {
  expect(bed.reported).toEqual([])
  await bed[Symbol.asyncDispose]()
})

const NO_ADDRESSES = undefined as never // nothing here asks for one

type Triple = readonly [value: number, timestamp: number, step: number]

/** A run with a metric "m" of these points. */
async function runWith(points: readonly Triple[]): Promise<string> {
  const runId = await newRun(bed)
  const given = points.map(([value, timestamp, step]) => ({ key: 'm', value, timestamp, step }))
  await bed.database.write((trx) => writePoints(trx, runId, given))
  return runId
}

function triples(metrics: readonly WireMetric[] = []) {
  return metrics.map(({ value, timestamp, step }) => [value, timestamp, step])
}

describe('a history', () => {
  test('comes by time, then step, then value, all of it unless told how much', async () => {
    const points: Triple[] = [
      [3, 2, 0],
      [1, 1, 9],
      [2, 1, 9],
      [Number.NaN, 1, 8],
      [Number.POSITIVE_INFINITY, 7, -3],
    ]
    const runId = await runWith(points)
    const { metrics, ...rest } = await granted(bed, 'GET', `metrics/get-history?run_id=${runId}&metric_key=m`)
    expect(rest).toEqual({})
    expect(metrics?.[0]).toEqual({ key: 'm', value: 'NaN', timestamp: 1, step: 8 })
    expect(triples(metrics)).toEqual([
      ['NaN', 1, 8],
      [1, 1, 9],
      [2, 1, 9],
      [3, 2, 0],
      [Number.MAX_VALUE, 7, -3],
    ])
  })

  test('of a metric or a run that is not there is empty', async () => {
    const runId = await runWith([[1, 1, 1]])
    expect(await granted(bed, 'GET', `metrics/get-history?run_id=${runId}&metric_key=n`)).toEqual({})
    expect(await granted(bed, 'GET', 'metrics/get-history?run_id=nope&metric_key=m')).toEqual({})
  })

  test('comes by the page, 25,000 points at most, and every point once', async () => {
    const runId = await runWith(Array.from({ length: 25_003 }, (_, i) => [i, 1000 + (i % 5000), i]))
    const pages: number[] = []
    const values = new Set<unknown>()
    for (let token: string | undefined = ''; token !== undefined; ) {
      const query = `run_id=${runId}&metric_key=m&max_results=${pages.length === 0 ? 1 : 100_000}&page_token=${encodeURIComponent(token)}`
      const page = await granted(bed, 'GET', `metrics/get-history?${query}`)
      pages.push(page.metrics?.length ?? 0)
      for (const { value } of page.metrics ?? []) values.add(value)
      token = page.next_page_token
    }
    expect(pages).toEqual([1, 25_000, 2])
    expect(values.size).toBe(25_003)
    const whole = await granted(bed, 'GET', `metrics/get-history?run_id=${runId}&metric_key=m`)
    expect([whole.metrics?.length, whole.next_page_token]).toEqual([25_000, btoa('{"offset": 25000}')])
  })

  test.each([
    ['metric_key=m', `Missing value for required parameter 'run_id'. ${DOCS}`],
    ['run_id=r', `Missing value for required parameter 'metric_key'. ${DOCS}`],
    [
      'run_id=r&metric_key=m&max_results=0',
      "Invalid value 0 for parameter 'max_results' supplied. It must be a positive integer.",
    ],
    [
      'run_id=r&metric_key=m&max_results=-1',
      "Invalid value -1 for parameter 'max_results' supplied. It must be a positive integer.",
    ],
    ['run_id=r&metric_key=m&page_token=zzzz', /^Invalid page token, decoded value=b/],
    ['run_id=r&metric_key=m&page_token=eyJhIjogMX0=', "Invalid page token, parsed value={'a': 1}"],
  ])('is refused for ?%s', async (query, message) => {
    expect(await bed.ask('GET', `metrics/get-history?${query}`)).toEqual(refused(message))
  })

  test("is read by the run's own index, not from every run that has the metric", async () => {
    const { sql } = bed.database
    const plans: string[] = []
    const executeQuery = async (query: CompiledQuery) => {
      const explained = CompiledQuery.raw(`explain query plan ${query.sql}`, [...query.parameters])
      const { rows } = await sql.executeQuery<{ detail: string }>(explained)
      plans.push(rows.map(({ detail }) => detail).join('; '))
      return sql.executeQuery(query)
    }
    const own = (target: typeof sql, name: string): unknown => {
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    }
    const get = (target: typeof sql, name: string) => (name === 'executeQuery' ? executeQuery : own(target, name))
    const watched = new Proxy(sql, { get } as ProxyHandler<typeof sql>) // Kysely's methods have names, not symbols
    const operations = metricHistoryOperations({
      ...bed,
      database: { ...bed.database, sql: watched },
      addresses: NO_ADDRESSES,
    })
    const runId = await runWith(Array.from({ length: 9 }, (_, i) => [i, i, i]))
    await operations.metricHistory({ run_id: runId, metric_key: 'm', max_results: 5, page_token: undefined })
    const range = { start_step: 1, end_step: 7, max_results: 5 }
    await operations.sampledHistories({ run_ids: [runId], metric_key: 'm', ...range })
    expect(plans).toHaveLength(3)
    for (const plan of plans) expect(plan).toContain('index_metrics_run_uuid_key_step (run_uuid=? AND key=? AND step>')
  })
})

describe('histories of several runs', () => {
  test('come run by run, in the order of their ids, up to the number asked for', async () => {
    const runs = [
      await runWith([
        [1, 1, 1],
        [2, 2, 2],
      ]),
      await runWith([
        [3, 1, 1],
        [Number.NaN, 2, 2],
      ]),
    ].sort()
    const path = `/ajax-api/2.0/mlflow/metrics/get-history-bulk?run_id=${runs[1]}&run_id=${runs[0]}&run_id=none&metric_key=m`
    const whole = (await (await bed.app.request(path)).json()) as { metrics: WireMetric[] } // as the route answers
    expect(whole.metrics.map(({ run_id }) => run_id)).toEqual([runs[0], runs[0], runs[1], runs[1]])
    expect(Object.keys(whole.metrics[0]!).sort()).toEqual(['key', 'run_id', 'step', 'timestamp', 'value'])
    const some = (await (await bed.app.request(`${path}&max_results=3`)).json()) as typeof whole // as above
    expect(some.metrics).toEqual(whole.metrics.slice(0, 3))
  })

  test.each([
    ['metric_key=m', 'GetMetricHistoryBulk request must specify at least one run_id.'],
    ['run_id=r', 'GetMetricHistoryBulk request must specify a metric_key.'],
    [
      `${Array.from({ length: 101 }, (_, i) => `run_id=${i}`).join('&')}&metric_key=m`,
      'GetMetricHistoryBulk request cannot specify more than 100 run_ids. Received 101 run_ids.',
    ],
  ])('are refused beyond what one request may ask (%#)', async (query, message) => {
    const answer = await bed.app.request(`/ajax-api/2.0/mlflow/metrics/get-history-bulk?${query}`)
    expect({ status: answer.status, body: await answer.json() }).toEqual(refused(message))
  })
})

describe('a history for a chart', () => {
  const chart = async (query: string): Promise<readonly WireMetric[]> =>
    (await granted(bed, 'GET', `metrics/get-history-bulk-interval?metric_key=m&${query}`)).metrics ?? []

  test("is the first of each of as many buckets, and the last point in place of the last bucket's", async () => {
    const point = fc.tuple(fc.constantFrom(1, 2, -5.5, Number.NaN), fc.nat(40), fc.integer({ min: -9, max: 9 }))
    const points = fc.uniqueArray(point, { selector: String, minLength: 1, maxLength: 120 })
    const window = fc.option(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.nat(9)), { nil: null })
    await fc.assert(
      fc.asyncProperty(points, fc.integer({ min: 1, max: 130 }), window, async (given, most, steps) => {
        const runId = await runWith(given)
        const [from, to] = steps === null ? [-9, 9] : [steps[0], steps[0] + steps[1]]
        const between = steps === null ? '' : `&start_step=${from}&end_step=${to}`
        const found = await chart(`run_ids=${runId}&max_results=${most}${between}`)
        expect(triples(found)).toEqual(
          sampled(
            given.filter(([, , step]) => step >= from && step <= to),
            most,
          ),
        )
      }),
      { seed: 20_150_131, numRuns: 60 },
    )
  })

  test("has each run's own points, in the order the runs were asked for", async () => {
    const runs = [
      await runWith([[1, 1, 1]]),
      await runWith([
        [2, 1, 1],
        [3, 2, 2],
      ]),
    ]
    const found = await chart(`run_ids=${runs[1]}&run_ids=${runs[0]}&run_ids=none`)
    expect(found.map(({ run_id, value }) => [run_id, value])).toEqual([
      [runs[1], 2],
      [runs[1], 3],
      [runs[0], 1],
    ])
  })

  test('has a run once that is named several times, and lets others be answered between one run and the next', async () => {
    const [one, two] = [await runWith([[1, 1, 1]]), await runWith([[2, 1, 1]])]
    const found = await chart(`run_ids=${two}&run_ids=${one}&run_ids=${two}`)
    expect(found.map(({ value }) => value)).toEqual([2, 1])
    const run_ids = Array.from({ length: 100 }, (_, i) => `${i}`)
    for (const ask of ['sampledHistories', 'metricHistories'] as const) {
      let turns = 0
      const next = (): void => {
        turns++
        counting = setImmediate(next)
      }
      let counting = setImmediate(next)
      await bed.store[ask]({ run_ids, metric_key: 'm', max_results: 1, start_step: undefined, end_step: undefined })
      clearImmediate(counting)
      expect(turns, ask).toBeGreaterThan(50)
    }
  })

  test.each([
    ['metric_key=m', `Missing value for required parameter 'run_ids'. ${DOCS}`],
    ['run_ids=r&metric_key=', `Missing value for required parameter 'metric_key'. ${DOCS}`],
    ['run_ids=r&metric_key=m&max_results=0', `max_results must be between 1 and 2500. ${DOCS}`],
    ['run_ids=r&metric_key=m&max_results=2501', `max_results must be between 1 and 2500. ${DOCS}`],
    ['run_ids=r&metric_key=m&start_step=1', 'If either start step or end step are specified, both must be specified.'],
    [
      'run_ids=r&metric_key=m&start_step=1&end_step=0',
      'end_step must be greater than start_step. Found start_step=1 and end_step=0.',
    ],
    [
      `metric_key=m&${Array.from({ length: 101 }, (_, i) => `run_ids=${i}`).join('&')}`,
      `GetMetricHistoryBulkInterval request must specify at most 100 run_ids. Received 101 run_ids. ${DOCS}`,
    ],
  ])('is refused for what nobody can answer (%#)', async (query, message) => {
    expect(await bed.ask('GET', `metrics/get-history-bulk-interval?${query}`)).toEqual(refused(message))
  })
})

/** The same by counting: rows in order, dealt into buckets of which the first ones get one more. */
function sampled(points: readonly Triple[], most: number): unknown[] {
  const rows = points
    .map(([value, timestamp, step]) => ({
      step,
      timestamp,
      kept: Number.isNaN(value) ? 0 : value,
      isNan: Number.isNaN(value),
    }))
    .sort(
      (a, b) => a.step - b.step || a.timestamp - b.timestamp || a.kept - b.kept || Number(a.isNan) - Number(b.isNan),
    )
  const firsts: typeof rows = []
  const buckets = Math.min(most, rows.length)
  for (let bucket = 0, at = 0; bucket < buckets; bucket++) {
    firsts.push(rows[at]!)
    at += Math.floor(rows.length / buckets) + (bucket < rows.length % buckets ? 1 : 0)
  }
  if (rows.length > 0) firsts[buckets - 1] = rows.at(-1)!
  return firsts.map(({ kept, isNan, timestamp, step }) => [isNan ? 'NaN' : kept, timestamp, step])
}
