// Every point that was logged of a metric: by the page, of several runs at once, and thinned out for a chart.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { sql as raw } from 'kysely'
import { keptQuery } from '../database/kept-query.ts'
import { FIRST_STEP } from '../tracking/metrics.ts'
import type { Sql } from '../tracking/schema.ts'
import type { WireInt64, WireMetric } from '../tracking/wire.ts'
import type { StoreContext } from './context.ts'
import { invalid } from './error.ts'
import { SEE_DOCS } from './limits.ts'
import { offsetOf, pageOf, tokenOf } from './page-token.ts'
import { type PointRow, wireMetric } from './read-runs.ts'

/** No step is after this one. */
const LAST_STEP = 2n ** 63n - 1n

/** Points of one answer at most. */
const MAX_POINTS = 25_000
const MAX_RUNS = 100
/** Points of one run that a chart gets at most. */
const MAX_CHART_POINTS = 2500

interface HistoryRequest {
  readonly run_id: string
  readonly metric_key: string
  readonly max_results: WireInt64 | undefined
  readonly page_token: string | undefined
}

interface BulkRequest {
  readonly run_ids: readonly string[]
  readonly metric_key: string | undefined
  readonly max_results: WireInt64 | undefined
}

interface ChartRequest {
  readonly run_ids: readonly string[]
  readonly metric_key: string
  readonly start_step: WireInt64 | undefined
  readonly end_step: WireInt64 | undefined
  readonly max_results: WireInt64 | undefined
}

export interface WireHistory {
  readonly metrics?: readonly WireMetric[]
  readonly next_page_token?: string
}

export function metricHistoryOperations({ database: { sql } }: StoreContext) {
  return {
    /** A page of a run's points by time, then step and value; all of them, up to 25 000, unless told how many. */
    metricHistory: (request: HistoryRequest): Promise<WireHistory> => historyPage(sql, request),

    /** The points of several runs, run by run in the order of their ids. */
    metricHistories: (request: BulkRequest): Promise<WireHistory> => histories(sql, request),

    /**
     * Points of several runs for a chart: of each run as many as asked for, evenly spread over its points in the order of their
     * steps, the first and the last among them. A run that is named twice comes once.
     */
    sampledHistories: (request: ChartRequest): Promise<WireHistory> => sampledHistories(sql, request),
  }
}

async function historyPage(
  sql: Sql,
  { run_id, metric_key, max_results, page_token }: HistoryRequest,
): Promise<WireHistory> {
  if (max_results !== undefined && max_results <= 0) {
    throw invalid(`Invalid value ${max_results} for parameter 'max_results' supplied. It must be a positive integer.`)
  }
  const size = max_results !== undefined && max_results < MAX_POINTS ? Number(max_results) : MAX_POINTS
  const offset = offsetOf(page_token)
  const found = await pagedPoints(sql, { runId: run_id, key: metric_key, limit: size + 1, offset })
  const { rows, nextOffset } = pageOf(found, size, offset)
  return {
    ...(rows.length === 0 ? {} : { metrics: rows.map((row) => wireMetric({ ...row, key: metric_key })) }),
    ...(nextOffset === null ? {} : { next_page_token: tokenOf(nextOffset) }),
  }
}

async function histories(
  sql: Sql,
  { run_ids: runIds, metric_key: key, max_results }: BulkRequest,
): Promise<WireHistory> {
  if (runIds.length === 0) throw invalid('GetMetricHistoryBulk request must specify at least one run_id.')
  if (runIds.length > MAX_RUNS) {
    throw invalid(
      `GetMetricHistoryBulk request cannot specify more than ${MAX_RUNS} run_ids. Received ${runIds.length} run_ids.`,
    )
  }
  if (key === undefined) throw invalid('GetMetricHistoryBulk request must specify a metric_key.')
  const metrics: WireMetric[] = []
  const most = max_results !== undefined && max_results < MAX_POINTS ? Math.max(0, Number(max_results)) : MAX_POINTS
  for (const runId of [...new Set(runIds)].sort()) {
    const limit = most - metrics.length
    if (limit <= 0) break
    const rows = await pagedPoints(sql, { runId, key, limit, offset: 0 })
    await nextTurn() // so that others are answered between one run and the next
    for (const row of rows) metrics.push({ ...wireMetric({ ...row, key }), run_id: runId })
  }
  return { metrics }
}

async function sampledHistories(sql: Sql, request: ChartRequest): Promise<WireHistory> {
  const { run_ids: runIds, metric_key: key, max_results = MAX_CHART_POINTS } = request
  if (runIds.length > MAX_RUNS) {
    throw invalid(
      `GetMetricHistoryBulkInterval request must specify at most ${MAX_RUNS} run_ids. Received ${runIds.length} run_ids. ${SEE_DOCS}`,
    )
  }
  if (max_results < 1 || max_results > MAX_CHART_POINTS) {
    throw invalid(`max_results must be between 1 and ${MAX_CHART_POINTS}. ${SEE_DOCS}`)
  }
  const steps = stepsOf(request)
  const metrics: WireMetric[] = []
  for (const runId of new Set(runIds)) {
    const rows = await sampledPoints(sql, { runId, key, steps, most: Number(max_results) })
    await nextTurn() // so that others are answered between one run and the next
    for (const row of rows) metrics.push({ ...wireMetric({ ...row, key }), run_id: runId })
  }
  return metrics.length === 0 ? {} : { metrics }
}

type Point = Omit<PointRow, 'key'>

interface Steps {
  readonly from: WireInt64
  readonly to: WireInt64
}

/** The steps asked for, both ends included. */
function stepsOf({ start_step: from, end_step: to }: ChartRequest): Steps {
  if (from === undefined && to === undefined) return { from: FIRST_STEP, to: LAST_STEP }
  if (from === undefined || to === undefined) {
    throw invalid('If either start step or end step are specified, both must be specified.')
  }
  if (from <= to) return { from, to }
  throw invalid(`end_step must be greater than start_step. Found start_step=${from} and end_step=${to}.`)
}

interface Sampling {
  readonly runId: string
  readonly key: string
  readonly steps: Steps
  readonly most: number
}

/**
 * The first of each of `most` buckets of rows, of equal size but for one row, the first ones being the larger; in place of the last
 * bucket's first row the last row of all.
 */
async function sampledPoints(sql: Sql, { runId, key, steps, most }: Sampling): Promise<Point[]> {
  const given = { runId, key, from: steps.from, to: steps.to }
  const [{ total } = { total: 0 }] = await countPoints(sql, given)
  const count = Number(total)
  if (count <= most) return pointsBetween(sql, given)
  const size = Math.floor(count / most)
  const larger = count % most
  return everySoMany(sql, {
    ...given,
    inLarger: larger * (size + 1),
    largerSize: size + 1,
    size,
    lastFirst: count - size, // where the last bucket begins, which gives its place to the last row
    last: count - 1,
  })
}

const pagedPoints = keptQuery(
  (
    sql: Sql,
    given: { readonly runId: string; readonly key: string; readonly limit: number; readonly offset: number },
  ) =>
    sql
      .selectFrom('metrics')
      .select(['value', 'is_nan', 'timestamp', 'step'])
      .where('run_uuid', '=', given.runId)
      .where('key', '=', given.key)
      .where('step', '>=', FIRST_STEP)
      .orderBy('timestamp')
      .orderBy('step')
      .orderBy('value')
      .orderBy('is_nan')
      .limit(given.limit)
      .offset(given.offset),
)

type Between = { readonly runId: string; readonly key: string; readonly from: WireInt64; readonly to: WireInt64 }

/** The points of a metric whose steps lie between two, both included. */
function between(sql: Sql, given: Between) {
  return sql
    .selectFrom('metrics')
    .where('run_uuid', '=', given.runId)
    .where('key', '=', given.key)
    .where('step', '>=', given.from)
    .where('step', '<=', given.to)
}

const countPoints = keptQuery((sql: Sql, given: Between) =>
  between(sql, given).select((count) => count.fn.countAll<number | bigint>().as('total')),
)

const pointsBetween = keptQuery((sql: Sql, given: Between) =>
  between(sql, given)
    .select(['value', 'is_nan', 'timestamp', 'step'])
    .orderBy('step')
    .orderBy('timestamp')
    .orderBy('value')
    .orderBy('is_nan'),
)

type Buckets = Between & {
  readonly inLarger: number
  readonly largerSize: number
  readonly size: number
  readonly lastFirst: number
  readonly last: number
}

const everySoMany = keptQuery((sql: Sql, given: Buckets) =>
  sql
    .selectFrom(
      between(sql, given)
        .select(['value', 'is_nan', 'timestamp', 'step'])
        .select(raw<number>`row_number() over (order by step, timestamp, value, is_nan) - 1`.as('place'))
        .as('placed'),
    )
    .select(['value', 'is_nan', 'timestamp', 'step'])
    .where((row) => {
      const isFirst = raw<boolean>`case when place < ${given.inLarger} then place % ${given.largerSize} = 0
        else (place - ${given.inLarger}) % ${given.size} = 0 end`
      return row.or([row.and([row('place', '!=', given.lastFirst), isFirst]), row('place', '=', given.last)])
    })
    .orderBy('place'),
)
