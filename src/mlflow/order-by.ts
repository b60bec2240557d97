// What rows are ordered by: one name per item, with ASC or DESC after it.
import { invalid } from './error.ts'
import type { Language } from './filter-entities.ts'
import { tokensOf } from './filter-tokens.ts'
import { unknownAttribute } from './filter-words.ts'
import { pythonSet, pythonText } from './python-text.ts'
import { readName } from './read-filter.ts'

/** One term of an order. */
export type Order<Column extends string> = { readonly isAscending: boolean } & (
  | { readonly entity: 'attribute'; readonly column: Column }
  | { readonly entity: 'metric' | 'parameter' | 'tag'; readonly key: string }
)

/** Terms at most: databases bound how many tables a statement joins. */
const MAX_TERMS = 40
/** Letters of one term at most: a key has 250 or 500. */
const MAX_TERM_LENGTH = 2_000

/** The terms of an order. Throws `INVALID_PARAMETER_VALUE` for one that means nothing, and if two order by the same. */
export function readOrder<Column extends string>(
  language: Language<Column>,
  orderBy: readonly string[],
): Order<Column>[] {
  checkLength(orderBy)
  const terms = orderBy.map((item) => readTerm(language, item))
  if (language.words !== 'experiments') checkDistinct(orderBy, terms.map(fieldOf))
  return terms
}

/** Throws `INVALID_PARAMETER_VALUE` if there are more terms than are read. */
export function checkLength(orderBy: readonly unknown[]): void {
  if (orderBy.length > MAX_TERMS)
    throw invalid(`The order_by list has ${orderBy.length} fields; at most ${MAX_TERMS} are read.`)
}

function checkDistinct(orderBy: readonly string[], fields: readonly string[]): void {
  if (new Set(fields).size < fields.length)
    throw invalid(`\`order_by\` contains duplicate fields: ${pythonText(orderBy)}`)
}

function fieldOf(term: Order<string>): string {
  return term.entity === 'attribute' ? term.column : `${term.entity}.${term.key}`
}

function readTerm<Column extends string>(language: Language<Column>, item: string): Order<Column> {
  const { name, isAscending } = parseTerm(item)
  if (language.words === 'models') return { entity: 'attribute', column: modelColumn(language, name), isAscending }
  const { entity, key } = readName(language, name)
  if (entity === 'dataset') throw invalid("Invalid identifier type 'dataset'")
  if (entity !== 'attribute') {
    if (language.words === 'experiments') throw invalid(`Invalid order_by entity: ${entity}`)
    if (language.words === 'versions') throw unknownVersionKey(language, key)
    return { entity, key, isAscending }
  }
  const column = columnOf(language, key)
  if (column === undefined) throw invalid(unknownAttribute(key, Object.keys(language.orders)))
  return { entity, column, isAscending }
}

/** Splits `metrics.m DESC`. Throws `INVALID_PARAMETER_VALUE` for what is more than a name and a direction. */
function parseTerm(item: string): { name: string; isAscending: boolean } {
  const tokens = item.length > MAX_TERM_LENGTH ? [] : tokensOf(item)
  const [name, direction] = tokens
  const isName = name?.kind === 'name' || (name?.kind === 'quoted' && name.text.startsWith('"'))
  const isWord = direction === undefined || direction.kind === 'name' || direction.kind === 'quoted'
  if (name === undefined || !isName || !isWord || tokens.length > 2)
    throw invalid(`Invalid order_by clause '${item}'. Could not be parsed.`)
  const said = direction?.text.toLowerCase() ?? 'asc'
  if (said !== 'asc' && said !== 'desc') throw invalid(`Invalid ordering key in order_by clause '${item}'.`)
  return { name: name.text, isAscending: said === 'asc' }
}

function modelColumn<Column extends string>(language: Language<Column>, name: string): Column {
  const column = columnOf(language, name)
  if (column !== undefined) return column
  throw invalid(`Invalid order by key '${name}' specified. Valid keys are '${pythonSet(['name', 'timestamp'])}'`)
}

function unknownVersionKey(language: Language, key: string): Error {
  return invalid(`Invalid order by key '${key}' specified. Valid keys are ${pythonSet(Object.keys(language.orders))}`)
}

function columnOf<Column extends string>({ orders }: Language<Column>, key: string): Column | undefined {
  return Object.hasOwn(orders, key) ? orders[key] : undefined
}
