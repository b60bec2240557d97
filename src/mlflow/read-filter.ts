// Reads a filter of one kind of search: what its names and values mean, or why they mean nothing.
import { invalid } from './error.ts'
import { experimentNumber } from './experiments.ts'
import {
  type Attribute,
  DATASET_KEYS,
  type DatasetKey,
  type Entity,
  ID_COMPARATORS,
  type Language,
  LIST_COMPARATORS,
  NUMBER_COMPARATORS,
  TEXT_COMPARATORS,
  type ValueKind,
} from './filter-entities.ts'
import { type Comparison, type Operand, parseFilter } from './filter-grammar.ts'
import { MAX_TOKENS, type Token } from './filter-tokens.ts'
import {
  leftoverWords,
  needsNumber,
  needsText,
  neverNull,
  type Subject,
  severalStatements,
  takesNoList,
  unknownAttribute,
  unknownDatasetKey,
  unknownEntity,
  wrongComparator,
} from './filter-words.ts'
import { pythonText } from './python-text.ts'

/** What is asked of a value; the comparators are the words of SQL. */
export type Test =
  | { readonly comparator: '=' | '!=' | '<' | '<=' | '>' | '>='; readonly value: string | number | bigint }
  | { readonly comparator: 'LIKE' | 'ILIKE'; readonly value: string }
  | { readonly comparator: 'IN' | 'NOT IN'; readonly values: readonly (string | number)[] }
  | { readonly comparator: 'IS NULL' | 'IS NOT NULL' }

/** One comparison of a filter, as it is meant. */
export type Clause<Column extends string> =
  | { readonly entity: 'attribute'; readonly column: Column; readonly test: Test }
  | { readonly entity: 'metric' | 'parameter' | 'tag'; readonly key: string; readonly test: Test }
  | { readonly entity: 'dataset'; readonly key: DatasetKey; readonly test: Test }

/** Letters of a filter at most: room for a list of some thousand ids, and read within milliseconds. */
const MAX_FILTER_LENGTH = 200_000
/** Comparisons at most: each is a look-up per row, and databases bound how deep a condition may be. */
const MAX_CLAUSES = 100
/** Texts of one list at most: databases bound how many values a statement binds. */
const MAX_LISTED = 5_000
/** Letters of a pattern at most: SQLite takes 50,000 bytes. */
const MAX_PATTERN_LENGTH = 10_000

/** The clauses of a filter, all of which must hold. Throws `INVALID_PARAMETER_VALUE` for one that means nothing or is too long. */
export function readFilter<Column extends string>(language: Language<Column>, filter: string): Clause<Column>[] {
  if (filter === '') return []
  if (filter.length > MAX_FILTER_LENGTH)
    throw invalid(`The filter has ${filter.length} characters; at most ${MAX_FILTER_LENGTH} are read.`)
  if (filter.trim() === '') throw invalid(`Invalid filter '${filter}'. Could not be parsed.`)
  const parsed = parseFilter(filter, { keysHaveSigns: language.isLenient === true })
  const { comparisons, leftovers, isSeveral } = parsed
  if (parsed.isTooLong) throw invalid(`The filter has more than the ${MAX_TOKENS} words and signs that are read.`)
  if (isSeveral) throw invalid(severalStatements(language, filter))
  if (leftovers.length > 0) throw invalid(leftoverWords(language, filter, leftovers))
  if (comparisons.length > MAX_CLAUSES)
    throw invalid(`The filter has ${comparisons.length} comparisons; at most ${MAX_CLAUSES} are read.`)
  return comparisons.map((comparison) => readClause(language, comparison))
}

/** A name of a filter or an order: the entity before its first dot and the key after it, without the quotes around them. */
export function readName(language: Language, name: string): { entity: Entity; key: string } {
  const dot = name.startsWith('`') && !name.startsWith('.', name.indexOf('`', 1) + 1) ? -1 : name.indexOf('.')
  if (dot === -1) return { entity: 'attribute', key: bare(name) }
  const said = unwrapped(name.slice(0, dot), '`')
  const entity = Object.hasOwn(language.entities, said) ? language.entities[said] : undefined
  if (entity === undefined) throw invalid(unknownEntity(language, said))
  return { entity, key: bare(name.slice(dot + 1)) }
}

function readClause<Column extends string>(language: Language<Column>, comparison: Comparison): Clause<Column> {
  const { entity, key } = readName(language, nameOf(comparison.left))
  if (entity === 'attribute') {
    const attribute = attributeOf(language, key)
    const subject = { entity, key, isNumeric: isNumeric(attribute.values) }
    return { entity, column: attribute.column, test: attributeTest(language, subject, attribute, comparison) }
  }
  if (entity === 'dataset' && !isDatasetKey(key)) throw invalid(unknownDatasetKey(key))
  const allowed = language.comparators[entity] ?? []
  const subject = { entity, key, isNumeric: entity === 'metric' }
  const { comparator, right } = comparison
  if (right === null) {
    if (!allowed.includes(comparator)) throw invalid(neverNull(language, subject, comparison))
    return { entity, key, test: testOf(comparator, null) } as Clause<Column> // checked above: a data set's key is one of its own
  }
  if (entity === 'metric') {
    const value = numberOf(language, subject, right)
    check(language, subject, comparator, allowed)
    return { entity, key, test: testOf(comparator, Number(value)) }
  }
  const isList = right.kind === 'list' && allowed.includes('IN')
  const value = isList ? textsOf(right.items) : textOf(language, subject, right)
  check(language, subject, comparator, allowed)
  return { entity, key, test: testOf(comparator, value) } as Clause<Column> // as above
}

function attributeOf<Column extends string>(language: Language<Column>, key: string): Attribute<Column> {
  const attribute = Object.hasOwn(language.attributes, key) ? language.attributes[key] : undefined
  if (attribute === undefined) throw invalid(unknownAttribute(key, Object.keys(language.attributes)))
  return attribute
}

function attributeTest(language: Language, subject: Subject, attribute: Attribute, comparison: Comparison): Test {
  const { comparator, right } = comparison
  const { values } = attribute
  if (right === null) throw invalid(neverNull(language, subject, comparison))
  if (values === 'quotable integer' && right.kind === 'list') throw invalid(takesNoList(language))
  if (subject.isNumeric) {
    const value = attributeNumber(language, subject, values, right)
    check(language, subject, comparator, NUMBER_COMPARATORS)
    return testOf(comparator, value)
  }
  const isList = right.kind === 'list'
  if (isList && !attribute.isListed) throw invalid(takesNoList(language))
  const found = isList ? textsOf(right.items) : textOf(language, subject, right)
  const known =
    values === 'id' ? ID_COMPARATORS : [...TEXT_COMPARATORS, ...(attribute.isListed ? LIST_COMPARATORS : [])]
  check(language, subject, comparator, known)
  if (values !== 'id') return testOf(comparator, found)
  return testOf(comparator, typeof found === 'string' ? experimentNumber(found) : found.map(experimentNumber))
}

function check(language: Language, subject: Subject, comparator: string, allowed: readonly string[]): void {
  if (!allowed.includes(comparator)) throw invalid(wrongComparator(language, subject, comparator, allowed))
}

/** The test that a comparator and the value after it make. */
function testOf(comparator: string, value: string | number | bigint | readonly (string | number)[] | null): Test {
  const isList = comparator === 'IN' || comparator === 'NOT IN'
  // A list after `=`, or a single value after IN: the grammar admits the first, and neither means anything.
  if (Array.isArray(value) !== isList)
    throw invalid(`A list of values is compared with IN or NOT IN, not with ${comparator}.`)
  if (isList) return { comparator, values: value as readonly (string | number)[] } // an array, as just seen
  if (comparator === 'IS NULL' || comparator === 'IS NOT NULL') return { comparator }
  if (comparator === 'LIKE' || comparator === 'ILIKE') return { comparator, value: patternOf(String(value)) }
  return { comparator, value } as Test // one of the signs: `check` let no other pass; and IS NULL alone has no value
}

function patternOf(value: string): string {
  if (value.length <= MAX_PATTERN_LENGTH) return value
  throw invalid(`A pattern has ${value.length} characters; at most ${MAX_PATTERN_LENGTH} are read.`)
}

function nameOf(left: Operand): string {
  if (left.kind === 'name' || (left.kind === 'quoted' && left.text.startsWith('"'))) return left.text
  throw invalid(`Invalid comparison clause. Expected 'Identifier' found '${left.text}'`)
}

function textOf(language: Language, subject: Subject, operand: Operand): string {
  if (operand.kind === 'quoted') return operand.text.slice(1, -1)
  if (language.isLenient && operand.kind !== 'list') return operand.text
  if (operand.kind === 'name') {
    throw invalid(
      'Parameter value is either not quoted or unidentified quote types used for string value ' +
        `${operand.text}. Use either single or double quotes.`,
    )
  }
  throw invalid(needsText(language, subject, operand.text, operand.kind === 'number'))
}

/** The texts of a list, as Python reads a tuple of them. */
function textsOf(items: readonly Token[]): string[] {
  const start = 'While parsing a list in the query, expected'
  if (items.length === 0) throw invalid(`${start} a non-empty list of string values, but got empty list`)
  const texts: string[] = []
  for (const [at, { kind, text }] of items.entries()) {
    const isText = at % 2 === 0
    if (isText && kind === 'number')
      throw invalid(
        `${start} string value, punctuation, or whitespace, but got different type in list: ${tupleOf(items)}`,
      )
    if (kind !== (isText ? 'quoted' : 'comma'))
      throw invalid(`${start} a non-empty list of string values, but got ill-formed list.`)
    if (isText) texts.push(pythonLiteral(text))
  }
  if (texts.length > MAX_LISTED)
    throw invalid(`A list of the filter has ${texts.length} values; at most ${MAX_LISTED} are read.`)
  return texts
}

/** A list in a message, as Python shows a tuple. */
function tupleOf(items: readonly Token[]): string {
  const shown = items.filter(({ kind }) => kind !== 'comma').map(({ text }) => text)
  return shown.length === 1 ? `(${shown[0]},)` : `(${shown.join(', ')})`
}

/** A quoted text as Python reads it: a backslash takes the next sign as it is, and a doubled quote ends one text and begins the next. */
function pythonLiteral(text: string): string {
  const quote = text[0]!
  return text
    .slice(1, -1)
    .replaceAll(quote + quote, '')
    .replace(/\\(['"\\])/g, '$1')
}

function attributeNumber(language: Language, subject: Subject, values: ValueKind, operand: Operand): number | bigint {
  const wrong = (shown: string) => invalid(`Invalid value for numeric attribute '${subject.key}': ${shown}`)
  if (values === 'quotable integer' && operand.kind === 'quoted') {
    const text = operand.text.slice(1, -1)
    if (!/^\s*[+-]?\d{1,25}\s*$/.test(text)) throw wrong(pythonText(text))
    return integerOf(text.trim())
  }
  const value = numberOf(language, subject, operand)
  if (values === 'number' || /^-?\d+$/.test(operand.text)) return value
  throw wrong(values === 'integer' ? pythonText(operand.text) : operand.text)
}

function numberOf(language: Language, subject: Subject, operand: Operand): number | bigint {
  if (operand.kind !== 'number') throw invalid(needsNumber(language, subject, operand.text))
  return /^-?\d+$/.test(operand.text) ? integerOf(operand.text) : Number(operand.text)
}

const [LEAST, GREATEST] = [-(2n ** 63n), 2n ** 63n - 1n]

/** An integer, exactly where 64 bits hold it. */
function integerOf(text: string): number | bigint {
  const number = Number(text)
  if (Number.isSafeInteger(number) || text.length > 25) return number
  const exact = BigInt(text)
  return exact >= LEAST && exact <= GREATEST ? exact : number
}

function isNumeric(values: ValueKind): boolean {
  return values === 'number' || values === 'integer' || values === 'quotable integer'
}

function isDatasetKey(key: string): key is DatasetKey {
  return (DATASET_KEYS as readonly string[]).includes(key)
}

/** A key without the quotes and backticks around it. */
function bare(key: string): string {
  return unwrapped(unwrapped(unwrapped(key, "'"), '"'), '`')
}

function unwrapped(text: string, quote: string): string {
  return text.length >= 2 && text.startsWith(quote) && text.endsWith(quote) ? text.slice(1, -1) : text
}
