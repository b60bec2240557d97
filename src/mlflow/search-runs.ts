// The search for runs: one statement chooses a page of them, a few more fill it.
import {
  type Expression,
  type ExpressionBuilder,
  expressionBuilder,
  type SelectQueryBuilder,
  type SqlBool,
  sql,
} from 'kysely'
import type { Sql, TrackingSchema } from '../tracking/schema.ts'
import type { WireRun } from '../tracking/wire.ts'
import type { StoreContext } from './context.ts'
import { invalid } from './error.ts'
import { experimentNumber } from './experiments.ts'
import { RUNS } from './filter-entities.ts'
import { inOneTurn, missingLast, nanThenMissingLast, numberPasses, passes } from './filter-sql.ts'
import { type Order, readOrder } from './order-by.ts'
import { offsetOf, pageOf, tokenOf } from './page-token.ts'
import { type Clause, readFilter, type Test } from './read-filter.ts'
import { fillWireRuns, type RunRow } from './read-runs.ts'
import { stagesOf, type ViewType } from './view-type.ts'

export interface SearchRuns {
  /** Runs of these are searched; none of none. */
  readonly experimentIds: readonly string[]
  readonly filter: string
  readonly viewType: ViewType
  readonly maxResults: number
  readonly orderBy: readonly string[]
  readonly pageToken: string | undefined
}

export interface FoundRuns {
  readonly runs: readonly WireRun[]
  readonly nextPageToken: string | undefined
}

/** Experiments asked for at most: databases bound how many values a statement binds. */
const MAX_EXPERIMENTS = 20_000
/** Runs of MLflow before 1.30 have no name but in this tag. */
const NAME_TAG = 'mlflow.runName'
const CONTEXT_TAG = 'mlflow.data.context'

type Columns = Clause<keyof TrackingSchema['runs']>
type RunsBuilder = ExpressionBuilder<TrackingSchema, 'runs'>
type RunsQuery = SelectQueryBuilder<TrackingSchema, 'runs', RunRow>

/** A page of runs. Throws `INVALID_PARAMETER_VALUE` for what cannot be searched for. */
export async function searchRuns({ database, addresses }: StoreContext, search: SearchRuns): Promise<FoundRuns> {
  const { maxResults } = search
  if (maxResults < 1) {
    throw invalid(`Invalid value ${maxResults} for parameter 'max_results' supplied. It must be a positive integer`)
  }
  const clauses = readFilter(RUNS, search.filter)
  const order = readOrder(RUNS, search.orderBy)
  const offset = offsetOf(search.pageToken)
  const experiments = experimentNumbers(search.experimentIds)
  if (experiments.length === 0) return { runs: [], nextPageToken: undefined }
  return inOneTurn(database.sql, async (held) => {
    const query = ordered(chosen(held, experiments, search.viewType, clauses), order)
    const found = await query
      .offset(offset)
      .limit(maxResults + 1)
      .execute()
    const { rows, nextOffset } = pageOf(found, maxResults, offset)
    return {
      runs: await fillWireRuns(held, addresses, rows),
      nextPageToken: nextOffset === null ? undefined : tokenOf(nextOffset),
    }
  })
}

/** The numbers of experiments, each once. Throws `INVALID_PARAMETER_VALUE` for what is none, and for too many. */
export function experimentNumbers(ids: readonly string[]): number[] {
  const numbers = [...new Set(ids.map(experimentNumber))]
  if (numbers.length > MAX_EXPERIMENTS)
    throw invalid(`${numbers.length} experiments are asked for; at most ${MAX_EXPERIMENTS} are searched at a time.`)
  return numbers
}

function chosen(held: Sql, experiments: readonly number[], viewType: ViewType, clauses: readonly Columns[]): RunsQuery {
  return held
    .selectFrom('runs')
    .selectAll('runs')
    .where('runs.experiment_id', 'in', experiments)
    .where('runs.lifecycle_stage', 'in', stagesOf(viewType))
    .where((eb) => eb.and(clauses.map((clause) => conditionOf(eb, clause))))
}

function conditionOf(eb: RunsBuilder, clause: Columns): Expression<SqlBool> {
  const { test } = clause
  switch (clause.entity) {
    case 'attribute':
      if (clause.column === 'name') return keyed(eb, 'tags', NAME_TAG, test)
      return passes(eb.ref(`runs.${clause.column}`), test)
    case 'metric':
      return eb.exists(
        eb
          .selectFrom('latest_metrics as m')
          .select('m.run_uuid')
          .where('m.key', '=', clause.key)
          .whereRef('m.run_uuid', '=', 'runs.run_uuid')
          .where((of) => numberPasses(of.ref('m.value'), of.ref('m.is_nan'), test)),
      )
    case 'parameter':
      return keyed(eb, 'params', clause.key, test)
    case 'tag':
      return keyed(eb, 'tags', clause.key, test)
    case 'dataset':
      return clause.key === 'context' ? contextPasses(eb, test) : datasetPasses(eb, clause.key, test)
  }
}

/** The condition on the value that a run has under a key. */
function keyed(eb: RunsBuilder, table: 'params' | 'tags', key: string, test: Test): Expression<SqlBool> {
  const found = eb
    .selectFrom(`${table} as k` as 'tags as k') // both tables have the columns that are used here
    .select('k.run_uuid')
    .where('k.key', '=', key)
    .whereRef('k.run_uuid', '=', 'runs.run_uuid')
  if (test.comparator === 'IS NULL') return eb.not(eb.exists(found))
  if (test.comparator === 'IS NOT NULL') return eb.exists(found)
  return eb.exists(found.where((of) => passes(of.ref('k.value'), test)))
}

/** The condition that some data set of a run's inputs passes. */
function datasetPasses(eb: RunsBuilder, key: 'name' | 'digest', test: Test): Expression<SqlBool> {
  return eb.exists(
    inputsOf(eb)
      .innerJoin('datasets as d', 'd.dataset_uuid', 'i.source_id')
      .where((of) => passes(of.ref(`d.${key}`), test)),
  )
}

function contextPasses(eb: RunsBuilder, test: Test): Expression<SqlBool> {
  return eb.exists(
    inputsOf(eb)
      .innerJoin('input_tags as t', 't.input_uuid', 'i.input_uuid')
      .where('t.name', '=', CONTEXT_TAG)
      .where((of) => passes(of.ref('t.value'), test)),
  )
}

function inputsOf(eb: RunsBuilder) {
  return eb
    .selectFrom('inputs as i')
    .select('i.input_uuid')
    .where('i.destination_type', '=', 'RUN')
    .whereRef('i.destination_id', '=', 'runs.run_uuid')
    .where('i.source_type', '=', 'DATASET')
}

/** By each term in turn, what is missing last; then the newest first, and by id, so that pages never overlap. */
function ordered(query: RunsQuery, order: readonly Order<keyof TrackingSchema['runs']>[]): RunsQuery {
  let sorted = query
  for (const [place, term] of order.entries()) {
    const direction = term.isAscending ? 'asc' : 'desc'
    if (term.entity === 'attribute') {
      const column = sql.ref(`runs.${term.column}`)
      sorted = sorted.orderBy(missingLast(column)).orderBy(column, direction)
      continue
    }
    const joined = `order_${place}`
    const value = sql.ref(`${joined}.value`)
    const rank =
      term.entity === 'metric'
        ? nanThenMissingLast(value, sql.ref<number | null>(`${joined}.is_nan`))
        : missingLast(value)
    sorted = withValues(sorted, term.entity, term.key, joined).orderBy(rank).orderBy(value, direction)
  }
  const isByStart = order.some((term) => term.entity === 'attribute' && term.column === 'start_time')
  if (!isByStart) sorted = sorted.orderBy('runs.start_time', 'desc')
  return sorted.orderBy('runs.run_uuid')
}

/** Joins the values that runs have under a key as `name`, all null for a run that has none. */
function withValues(query: RunsQuery, entity: 'metric' | 'parameter' | 'tag', key: string, name: string): RunsQuery {
  const values = valuesUnder(entity, key).as(name)
  const joined = query.leftJoin(values, (join) => join.on(sql.ref(`${name}.run_uuid`), '=', sql.ref('runs.run_uuid')))
  return joined as unknown as RunsQuery // what it selects is the same; the joined values are only ordered by
}

function valuesUnder(entity: 'metric' | 'parameter' | 'tag', key: string) {
  const build = expressionBuilder<TrackingSchema>()
  switch (entity) {
    case 'metric':
      return build.selectFrom('latest_metrics').select(['run_uuid', 'value', 'is_nan']).where('key', '=', key)
    case 'parameter':
      return build.selectFrom('params').select(['run_uuid', 'value']).where('key', '=', key)
    case 'tag':
      return build.selectFrom('tags').select(['run_uuid', 'value']).where('key', '=', key)
  }
}
