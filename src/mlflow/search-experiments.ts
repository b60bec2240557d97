// The search for experiments.
import { type Expression, type ExpressionBuilder, type SelectQueryBuilder, type SqlBool, sql } from 'kysely'
import { type Sql, type TrackingSchema, WORKSPACE } from '../tracking/schema.ts'
import type { WireExperiment, WireKeyValue } from '../tracking/wire.ts'
import type { StoreContext } from './context.ts'
import { invalid } from './error.ts'
import { type ExperimentRow, keyValueOf, wireExperiment } from './experiments.ts'
import { EXPERIMENTS } from './filter-entities.ts'
import { inOneTurn, missingLast, passes } from './filter-sql.ts'
import { readInPieces } from './in-lists.ts'
import { type Order, readOrder } from './order-by.ts'
import { offsetOf, pageOf, tokenOf } from './page-token.ts'
import { type Clause, readFilter } from './read-filter.ts'
import { stagesOf, type ViewType } from './view-type.ts'

export interface SearchExperiments {
  readonly filter: string
  readonly viewType: ViewType
  readonly maxResults: number
  readonly orderBy: readonly string[]
  readonly pageToken: string | undefined
}

export interface FoundExperiments {
  readonly experiments: readonly WireExperiment[]
  readonly nextPageToken: string | undefined
}

const MAX_RESULTS = 50_000
const NEWEST_FIRST = ['creation_time DESC', 'experiment_id ASC']

type Column = keyof TrackingSchema['experiments']

/** A page of experiments. Throws `INVALID_PARAMETER_VALUE` for what cannot be searched for. */
export async function searchExperiments(
  { database, addresses }: StoreContext,
  { filter, viewType, maxResults, orderBy, pageToken }: SearchExperiments,
): Promise<FoundExperiments> {
  checkMaxResults(maxResults)
  const clauses = readFilter(EXPERIMENTS, filter)
  const order = readOrder(EXPERIMENTS, orderBy.length === 0 ? NEWEST_FIRST : orderBy)
  const offset = offsetOf(pageToken)
  return inOneTurn(database.sql, async (held) => {
    const found = await ordered(
      held
        .selectFrom('experiments')
        .selectAll()
        .where('workspace', '=', WORKSPACE)
        .where('lifecycle_stage', 'in', stagesOf(viewType))
        .where((eb) => eb.and(clauses.map((clause) => conditionOf(eb, clause)))),
      order,
    )
      .offset(offset)
      .limit(maxResults + 1)
      .execute()
    const { rows, nextOffset } = pageOf(found, maxResults, offset)
    const tags = await tagsOf(
      held,
      rows.map((row) => row.experiment_id),
    )
    return {
      experiments: rows.map((row) => wireExperiment(row, tags.get(row.experiment_id) ?? [], addresses)),
      nextPageToken: nextOffset === null ? undefined : tokenOf(nextOffset),
    }
  })
}

function checkMaxResults(maxResults: number): void {
  const wrong = `Invalid value ${maxResults} for parameter 'max_results' supplied.`
  if (maxResults < 1) throw invalid(`${wrong} It must be a positive integer`)
  if (maxResults > MAX_RESULTS) throw invalid(`${wrong} It must be at most ${MAX_RESULTS}`)
}

type Builder = ExpressionBuilder<TrackingSchema, 'experiments'>

function conditionOf(eb: Builder, clause: Clause<Column>): Expression<SqlBool> {
  const { test } = clause
  if (clause.entity === 'attribute') return passes(eb.ref(`experiments.${clause.column}`), test)
  const found = eb
    .selectFrom('experiment_tags as t')
    .select('t.key')
    .where('t.key', '=', clause.key)
    .whereRef('t.experiment_id', '=', 'experiments.experiment_id')
  if (test.comparator === 'IS NULL') return eb.not(eb.exists(found))
  if (test.comparator === 'IS NOT NULL') return eb.exists(found)
  return eb.exists(found.where((of) => passes(of.ref('t.value'), test)))
}

type Query = SelectQueryBuilder<TrackingSchema, 'experiments', ExperimentRow>

/** By each term in turn, what is missing last; then the newest id first, so that pages never overlap. */
function ordered(query: Query, order: readonly Order<Column>[]): Query {
  let sorted = query
  let isById = false
  for (const term of order) {
    if (term.entity !== 'attribute') continue // experiments are ordered by nothing else: `readOrder` refuses it
    const column = sql.ref(`experiments.${term.column}`)
    sorted = sorted.orderBy(missingLast(column)).orderBy(column, term.isAscending ? 'asc' : 'desc')
    isById ||= term.column === 'experiment_id'
  }
  return isById ? sorted : sorted.orderBy('experiments.experiment_id', 'desc')
}

async function tagsOf(held: Sql, experiments: readonly number[]): Promise<ReadonlyMap<number, WireKeyValue[]>> {
  const rows = await readInPieces(experiments, (piece) =>
    held
      .selectFrom('experiment_tags')
      .select(['experiment_id', 'key', 'value'])
      .where('experiment_id', 'in', piece)
      .orderBy('key')
      .execute(),
  )
  const tags = new Map<number, WireKeyValue[]>()
  for (const row of rows) {
    const known = tags.get(row.experiment_id)
    if (known === undefined) tags.set(row.experiment_id, [keyValueOf(row)])
    else known.push(keyValueOf(row))
  }
  return tags
}
