// The searches for registered models and for their versions. Prompts lie in the same tables, marked by a tag, and are found only by
// a filter that asks for them.
import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely'
import { type TrackingSchema, WORKSPACE } from '../tracking/schema.ts'
import { DELETED_STAGE } from '../tracking/stages.ts'
import type { WireModelVersion, WireRegisteredModel } from '../tracking/wire.ts'
import type { StoreContext } from './context.ts'
import { invalid } from './error.ts'
import { MODEL_VERSIONS, REGISTERED_MODELS } from './filter-entities.ts'
import { inOneTurn, passes } from './filter-sql.ts'
import { type Order, readOrder } from './order-by.ts'
import { offsetOf, pageOf, tokenOf } from './page-token.ts'
import { type Clause, readFilter } from './read-filter.ts'
import { fillWireModels, fillWireVersions } from './read-registry.ts'

export interface SearchRegistry {
  readonly filter: string
  readonly maxResults: number
  readonly orderBy: readonly string[]
  readonly pageToken: string | undefined
}

export interface FoundModels {
  readonly models: readonly WireRegisteredModel[]
  readonly nextPageToken: string | undefined
}

export interface FoundVersions {
  readonly versions: readonly WireModelVersion[]
  readonly nextPageToken: string | undefined
}

const PROMPT_TAG = 'mlflow.prompt.is_prompt'
const NEWEST_FIRST = ['last_updated_timestamp DESC', 'name ASC', 'version_number DESC']

/** A page of registered models, by name unless ordered otherwise. Throws `INVALID_PARAMETER_VALUE` for what cannot be searched for. */
export async function searchRegisteredModels(
  { database, addresses }: StoreContext,
  { filter, maxResults, orderBy, pageToken }: SearchRegistry,
): Promise<FoundModels> {
  checkMaxResults(maxResults)
  const { clauses, areOfPrompts } = splitPrompts(readFilter(REGISTERED_MODELS, filter))
  const order = readOrder(REGISTERED_MODELS, orderBy)
  const offset = offsetOf(pageToken)
  return inOneTurn(database.sql, async (held) => {
    let query = held
      .selectFrom('registered_models')
      .selectAll()
      .where('workspace', '=', WORKSPACE)
      .where((eb) => eb.and(clauses.map((clause) => modelCondition(eb, clause))))
    if (!areOfPrompts)
      query = query.where((eb) => eb.not(modelTagged(eb, PROMPT_TAG, (value) => eb(value, '=', 'true'))))
    for (const { column, direction } of columnsOf(order, [['name', 'asc']])) {
      query = query.orderBy(sql.ref(`registered_models.${column}`), direction)
    }
    const found = await query
      .offset(offset)
      .limit(maxResults + 1)
      .execute()
    const { rows, nextOffset } = pageOf(found, maxResults, offset)
    return {
      models: await fillWireModels(held, addresses, rows),
      nextPageToken: nextOffset === null ? undefined : tokenOf(nextOffset),
    }
  })
}

/** A page of model versions, what changed last first unless ordered otherwise. Throws `INVALID_PARAMETER_VALUE` as above. */
export async function searchModelVersions(
  { database, addresses }: StoreContext,
  { filter, maxResults, orderBy, pageToken }: SearchRegistry,
): Promise<FoundVersions> {
  checkMaxResults(maxResults)
  const { clauses, areOfPrompts } = splitPrompts(readFilter(MODEL_VERSIONS, filter))
  const order = readOrder(MODEL_VERSIONS, orderBy.length === 0 ? NEWEST_FIRST : orderBy)
  const offset = offsetOf(pageToken)
  return inOneTurn(database.sql, async (held) => {
    let query = held
      .selectFrom('model_versions')
      .selectAll()
      .where('workspace', '=', WORKSPACE)
      .where('current_stage', '!=', DELETED_STAGE)
      .where((eb) => eb.and(clauses.map((clause) => versionCondition(eb, clause))))
    // A model any of whose versions is a prompt's is a prompt.
    if (!areOfPrompts) query = query.where('name', 'not in', (eb) => promptNames(eb))
    const ties: readonly Tie[] = [
      ['name', 'asc'],
      ['version', 'desc'],
    ]
    for (const { column, direction } of columnsOf(order, ties)) {
      query = query.orderBy(sql.ref(`model_versions.${column}`), direction)
    }
    const found = await query
      .offset(offset)
      .limit(maxResults + 1)
      .execute()
    const { rows, nextOffset } = pageOf(found, maxResults, offset)
    return {
      versions: await fillWireVersions(held, addresses, rows),
      nextPageToken: nextOffset === null ? undefined : tokenOf(nextOffset),
    }
  })
}

function checkMaxResults(maxResults: number): void {
  if (maxResults >= 1) return
  throw invalid(`Invalid value for max_results. It must be a positive integer, but got ${maxResults}`)
}

/**
 * Whether a filter asks for prompts, by their tag being 'true' or not 'false'. One that does not finds none, and whatever else it says
 * of that tag counts for nothing: models that are no prompts do not have it.
 */
function splitPrompts<Column extends string>(
  clauses: readonly Clause<Column>[],
): {
  clauses: readonly Clause<Column>[]
  areOfPrompts: boolean
} {
  const isOfPrompts = (clause: Clause<Column>): boolean => clause.entity === 'tag' && clause.key === PROMPT_TAG
  const test = clauses.find(isOfPrompts)?.test
  const value = test !== undefined && 'value' in test ? String(test.value).toLowerCase() : ''
  const areOfPrompts =
    (test?.comparator === '=' && value === 'true') || (test?.comparator === '!=' && value === 'false')
  return { clauses: areOfPrompts ? clauses : clauses.filter((clause) => !isOfPrompts(clause)), areOfPrompts }
}

type ModelsBuilder = ExpressionBuilder<TrackingSchema, 'registered_models'>
type Value = Expression<string | null>

function modelCondition(
  eb: ModelsBuilder,
  clause: Clause<keyof TrackingSchema['registered_models']>,
): Expression<SqlBool> {
  if (clause.entity === 'attribute') return passes(eb.ref(`registered_models.${clause.column}`), clause.test)
  return modelTagged(eb, clause.key, (value) => passes(value, clause.test))
}

function modelTagged(
  eb: ModelsBuilder,
  key: string,
  passed: (value: Value) => Expression<SqlBool>,
): Expression<SqlBool> {
  return eb.exists(
    eb
      .selectFrom('registered_model_tags as t')
      .select('t.key')
      .where('t.workspace', '=', WORKSPACE)
      .where('t.key', '=', key)
      .whereRef('t.name', '=', 'registered_models.name')
      .where((of) => passed(of.ref('t.value'))),
  )
}

type VersionsBuilder = ExpressionBuilder<TrackingSchema, 'model_versions'>

function versionCondition(
  eb: VersionsBuilder,
  clause: Clause<keyof TrackingSchema['model_versions']>,
): Expression<SqlBool> {
  const { test } = clause
  if (clause.entity === 'attribute') return passes(eb.ref(`model_versions.${clause.column}`), test)
  return eb.exists(
    eb
      .selectFrom('model_version_tags as t')
      .select('t.key')
      .where('t.workspace', '=', WORKSPACE)
      .where('t.key', '=', clause.key)
      .whereRef('t.name', '=', 'model_versions.name')
      .whereRef('t.version', '=', 'model_versions.version')
      .where((of) => passes(of.ref('t.value'), test)),
  )
}

function promptNames(eb: VersionsBuilder) {
  return eb
    .selectFrom('model_version_tags as t')
    .select('t.name')
    .where('t.workspace', '=', WORKSPACE)
    .where('t.key', '=', PROMPT_TAG)
    .where('t.value', '=', 'true')
}

type Tie = readonly [column: string, direction: 'asc' | 'desc']

/** The columns of an order, then those of `ties` that it does not name, so that pages never overlap. */
function columnsOf(
  order: readonly Order<string>[],
  ties: readonly Tie[],
): { column: string; direction: 'asc' | 'desc' }[] {
  const terms = order.flatMap((term) =>
    term.entity === 'attribute' ? [[term.column, term.isAscending ? 'asc' : 'desc'] as const] : [],
  )
  const open = ties.filter(([tie]) => !terms.some(([column]) => column === tie))
  return [...terms, ...open].map(([column, direction]) => ({ column, direction }))
}
