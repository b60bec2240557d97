// The search for logged models: those that MLflow 3 knows by an id of their own.
import {
  type Expression,
  type ExpressionBuilder,
  expressionBuilder,
  type SelectQueryBuilder,
  type SqlBool,
  sql,
} from 'kysely'
import type { Sql, TrackingSchema } from '../tracking/schema.ts'
import type { WireLoggedModel } from '../tracking/wire.ts'
import type { StoreContext } from './context.ts'
import { invalid } from './error.ts'
import { LOGGED_MODELS } from './filter-entities.ts'
import { inOneTurn, missingLast, passes, type Tested } from './filter-sql.ts'
import { checkLength } from './order-by.ts'
import { loggedModelsOffset, loggedModelsTokenOf, pageOf } from './page-token.ts'
import { type Clause, readFilter, type Test } from './read-filter.ts'
import { fillWireLoggedModels, type LoggedModelRow } from './read-logged-models.ts'
import { experimentNumbers } from './search-runs.ts'

/** A data set that metrics were measured on: any of that name, or the one with that digest. */
interface DatasetFilter {
  /** Null is refused. */
  readonly dataset_name: string | null
  readonly dataset_digest: string | null
}

/** One term of an order: an attribute, or a metric by its newest point, on a data set if one is named. */
export interface LoggedModelOrder {
  readonly field_name: string
  readonly ascending: boolean
  readonly dataset_name: string | null
  readonly dataset_digest: string | null
}

export interface SearchLoggedModels {
  readonly experimentIds: readonly string[]
  readonly filter: string
  /** Metrics of the filter are looked for on one of these; without any, on all. A model without a metric on one is not found. */
  readonly datasets: readonly DatasetFilter[]
  readonly maxResults: number
  readonly orderBy: readonly LoggedModelOrder[]
  readonly pageToken: string | undefined
}

export interface FoundLoggedModels {
  readonly models: readonly WireLoggedModel[]
  readonly nextPageToken: string | undefined
}

/** Data sets asked for at most. */
const MAX_DATASETS = 100

type Column = keyof TrackingSchema['logged_models']
type Builder = ExpressionBuilder<TrackingSchema, 'logged_models'>
type Query = SelectQueryBuilder<TrackingSchema, 'logged_models', LoggedModelRow>

/** A page of logged models. Throws `INVALID_PARAMETER_VALUE` for what cannot be searched for, and for a token of another search. */
export async function searchLoggedModels(
  { database, addresses }: StoreContext,
  search: SearchLoggedModels,
): Promise<FoundLoggedModels> {
  const { maxResults } = search
  if (maxResults < 1)
    throw invalid(`Invalid value ${maxResults} for parameter 'max_results' supplied. It must be a positive integer`)
  checkDatasets(search.datasets)
  const token = {
    experiment_ids: search.experimentIds,
    filter_string: search.filter === '' ? null : search.filter,
    order_by: search.orderBy.length === 0 ? null : search.orderBy,
  }
  const offset = loggedModelsOffset(search.pageToken, token)
  const experiments = experimentNumbers(search.experimentIds)
  const clauses = readFilter(LOGGED_MODELS, search.filter)
  const order = readTerms(search.orderBy)
  if (experiments.length === 0) return { models: [], nextPageToken: undefined }
  return inOneTurn(database.sql, async (held) => {
    const query = ordered(chosen(held, experiments, clauses, search.datasets), order)
    const found = await query
      .offset(offset)
      .limit(maxResults + 1)
      .execute()
    const { rows, nextOffset } = pageOf(found, maxResults, offset)
    return {
      models: await fillWireLoggedModels(held, addresses, rows),
      nextPageToken: nextOffset === null ? undefined : loggedModelsTokenOf({ ...token, offset: nextOffset }),
    }
  })
}

function checkDatasets(datasets: readonly DatasetFilter[]): void {
  if (datasets.some(({ dataset_name }) => dataset_name === null))
    throw invalid('`dataset_name` in the `datasets` clause must be specified.')
  if (datasets.length > MAX_DATASETS)
    throw invalid(`${datasets.length} datasets are asked for; at most ${MAX_DATASETS} are read.`)
}

function chosen(
  held: Sql,
  experiments: readonly number[],
  clauses: readonly Clause<Column>[],
  datasets: readonly DatasetFilter[],
): Query {
  const query = held
    .selectFrom('logged_models')
    .selectAll('logged_models')
    .where('logged_models.experiment_id', 'in', experiments)
    .where('logged_models.lifecycle_stage', '!=', 'deleted')
    .where((eb) => eb.and(clauses.map((clause) => conditionOf(eb, clause, datasets))))
  const asksForMetrics = clauses.some((clause) => clause.entity === 'metric')
  return datasets.length === 0 || asksForMetrics ? query : query.where((eb) => eb.exists(metricsOf(eb, datasets)))
}

function conditionOf(eb: Builder, clause: Clause<Column>, datasets: readonly DatasetFilter[]): Expression<SqlBool> {
  const { test } = clause
  switch (clause.entity) {
    case 'attribute':
      return clause.column === 'status'
        ? passes(statusName(eb), withStatusNames(test))
        : passes(eb.ref(`logged_models.${clause.column}`), test)
    case 'metric':
      return eb.exists(
        metricsOf(eb, datasets)
          .where('m.metric_name', '=', clause.key)
          .where((of) => passes(of.ref('m.metric_value'), test)),
      )
    case 'parameter':
      return eb.exists(
        eb
          .selectFrom('logged_model_params as p')
          .select('p.model_id')
          .whereRef('p.model_id', '=', 'logged_models.model_id')
          .where('p.param_key', '=', clause.key)
          .where((of) => passes(of.ref('p.param_value'), test)),
      )
    default:
      return eb.exists(
        eb
          .selectFrom('logged_model_tags as t')
          .select('t.model_id')
          .whereRef('t.model_id', '=', 'logged_models.model_id')
          .where('t.tag_key', '=', clause.key)
          .where((of) => passes(of.ref('t.tag_value'), test)),
      )
  }
}

/** The metrics of a model, of every step and run, on one of some data sets; on any if there are none. */
function metricsOf(eb: Builder, datasets: readonly DatasetFilter[]) {
  const metrics = eb
    .selectFrom('logged_model_metrics as m')
    .select('m.model_id')
    .whereRef('m.model_id', '=', 'logged_models.model_id')
  if (datasets.length === 0) return metrics
  return metrics.where((of) =>
    of.or(
      datasets.map(({ dataset_name, dataset_digest }) =>
        dataset_digest === null
          ? of('m.dataset_name', '=', dataset_name)
          : of.and([of('m.dataset_name', '=', dataset_name), of('m.dataset_digest', '=', dataset_digest)]),
      ),
    ),
  )
}

/** The names of the numbers that stand for a status, as Python's client has them. */
const STATUS_NAMES = ['UNSPECIFIED', 'PENDING', 'READY', 'UPLOAD_FAILED'] as const

function statusName(eb: Builder): Tested {
  const status = eb.ref('logged_models.status')
  return eb
    .case()
    .when(status, '=', 1)
    .then(eb.val<string>(STATUS_NAMES[1]))
    .when(status, '=', 2)
    .then(eb.val<string>(STATUS_NAMES[2]))
    .when(status, '=', 3)
    .then(eb.val<string>(STATUS_NAMES[3]))
    .else(eb.val<string>(STATUS_NAMES[0]))
    .end()
}

/** A status is also known by its number, and by the longer name that answers have. */
function withStatusNames(test: Test): Test {
  const nameOf = (value: string | number | bigint): string => {
    const text = String(value)
    return /^[0-3]$/.test(text)
      ? STATUS_NAMES[Number(text) as 0 | 1 | 2 | 3]
      : text.replace(/^LOGGED_MODEL_(STATUS_)?/, '') // one of those digits
  }
  if (test.comparator === '=' || test.comparator === '!=')
    return { comparator: test.comparator, value: nameOf(test.value) }
  if (test.comparator === 'IN' || test.comparator === 'NOT IN')
    return { comparator: test.comparator, values: test.values.map(nameOf) }
  return test
}

type Term = { readonly direction: 'asc' | 'desc' } & (
  | { readonly column: Column }
  | { readonly metric: string; readonly dataset: Pick<LoggedModelOrder, 'dataset_name' | 'dataset_digest'> }
)

function readTerms(orderBy: readonly LoggedModelOrder[]): Term[] {
  checkLength(orderBy)
  return orderBy.map(({ field_name, ascending, ...dataset }) => {
    const direction = ascending ? 'asc' : 'desc'
    const dot = field_name.indexOf('.')
    if (dot === -1) {
      const { orders } = LOGGED_MODELS
      const column = Object.hasOwn(orders, field_name.trim()) ? orders[field_name.trim()] : undefined
      if (column === undefined) throw invalid(`Invalid order by field name: ${field_name}`)
      return { column, direction }
    }
    if (field_name.slice(0, dot) !== 'metrics')
      throw invalid(`Invalid order by field name: ${field_name}. Only metrics are supported.`)
    return { metric: field_name.slice(dot + 1), dataset, direction }
  })
}

/** By each term in turn, what is missing last; then the newest first, and by id, so that pages never overlap. */
function ordered(query: Query, terms: readonly Term[]): Query {
  let sorted = query
  for (const [place, term] of terms.entries()) {
    const isColumn = 'column' in term
    const value = sql.ref(isColumn ? `logged_models.${term.column}` : `order_${place}.metric_value`)
    if (!isColumn) sorted = withNewest(sorted, term.metric, term.dataset, `order_${place}`)
    sorted = sorted.orderBy(missingLast(value)).orderBy(value, term.direction)
  }
  const names = (column: Column): boolean => terms.some((term) => 'column' in term && term.column === column)
  if (!names('creation_timestamp_ms')) sorted = sorted.orderBy('logged_models.creation_timestamp_ms', 'desc')
  return names('model_id') ? sorted : sorted.orderBy('logged_models.model_id')
}

/** Joins each model's newest point of a metric as `name`, null for a model that has none. */
function withNewest(
  query: Query,
  metric: string,
  { dataset_name, dataset_digest }: Pick<LoggedModelOrder, 'dataset_name' | 'dataset_digest'>,
  name: string,
): Query {
  const build = expressionBuilder<TrackingSchema>()
  let points = build
    .selectFrom('logged_model_metrics')
    .select(['model_id', 'metric_value'])
    .select((eb) =>
      eb.fn
        .agg<number>('row_number')
        .over((over) =>
          over
            .partitionBy('model_id')
            .orderBy('metric_timestamp_ms', 'desc')
            .orderBy('metric_step', 'desc')
            .orderBy('run_id', 'asc'),
        )
        .as('place'),
    )
    .where('metric_name', '=', metric)
  if (dataset_name !== null) points = points.where('dataset_name', '=', dataset_name)
  if (dataset_digest !== null) points = points.where('dataset_digest', '=', dataset_digest)
  const newest = build.selectFrom(points.as('points')).select(['model_id', 'metric_value']).where('place', '=', 1)
  const joined = query.leftJoin(newest.as(name), (join) =>
    join.on(sql.ref(`${name}.model_id`), '=', sql.ref('logged_models.model_id')),
  )
  return joined as unknown as Query // what it selects is the same; the joined points are only ordered by
}
