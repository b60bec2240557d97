// How a filter is refused: MLflow's own words, which differ from search to search and which clients and tests match on.
import { DATASET_KEYS, type Entity, type Language } from './filter-entities.ts'
import type { Comparison } from './filter-grammar.ts'
import { pythonSet, pythonText, pythonTuple } from './python-text.ts'

/** The thing that is asked about, as messages name it. */
export interface Subject {
  readonly entity: Entity
  readonly key: string
  /** Whether its values are numbers. */
  readonly isNumeric: boolean
}

/** Several statements, where one is expected. */
export function severalStatements({ words }: Language, filter: string): string {
  return words === 'logged models'
    ? `Invalid filter string: ${pythonText(filter)}. Expected a single SQL expression.`
    : `Search filter contained multiple expression ${pythonText(filter)}. Provide AND-ed expression list.`
}

/** Words of a filter that belong to no comparison. */
export function leftoverWords({ words }: Language, filter: string, leftovers: readonly string[]): string {
  switch (words) {
    case 'logged models':
      return (
        `Invalid filter string: ${pythonText(filter)}. Expected a list of comparisons separated by 'AND' ` +
        "(e.g. 'metrics.loss > 0.1 AND params.lr = 0.01')."
      )
    case 'runs':
      return `Invalid clause(s) in filter string: ${leftovers.map((some) => `'${some}'`).join(', ')}`
    default:
      return `Invalid clause(s) in filter string: ${leftovers.join(', ')}`
  }
}

export function unknownEntity({ words, entities }: Language, found: string): string {
  switch (words) {
    case 'runs':
      return `Invalid entity type '${found}'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']`
    case 'logged models':
      return `Invalid entity type: ${pythonText(found)}. Expected one of ${pythonText(Object.keys(entities))}.`
    default:
      return `Invalid entity type '${found}'. Valid entity types are ${pythonTuple(Object.keys(entities))}`
  }
}

export function unknownAttribute(key: string, known: readonly string[]): string {
  return `Invalid attribute key '${key}' specified. Valid keys are '${pythonSet(known)}'`
}

export function unknownDatasetKey(key: string): string {
  return `Invalid dataset key '${key}' specified. Valid keys are '${pythonSet(DATASET_KEYS)}'`
}

/** A comparator that the subject does not know; `allowed` are those it knows. */
export function wrongComparator(
  { words }: Language,
  { entity, key, isNumeric }: Subject,
  comparator: string,
  allowed: readonly string[],
): string {
  switch (words) {
    case 'runs': {
      const isClosed = entity === 'parameter' || (entity === 'attribute' && !isNumeric)
      return `Invalid comparator '${comparator}' not one of '${pythonSet(allowed)}${isClosed ? "'" : ''}`
    }
    case 'experiments':
      if (entity === 'tag') return `Invalid comparator for tag: ${comparator}`
      if (key === 'experiment_id') return `Invalid comparator for experiment_id: ${comparator}`
      return `Invalid comparator '${comparator}' not one of '${pythonSet(allowed)}${isNumeric ? '' : "'"}`
    case 'logged models':
      return `Invalid comparison operator for ${pluralOf(entity)}.${key}: ${pythonText(comparator)}. Expected one of ${pythonTuple(allowed)}.`
    default:
      return `Invalid comparator for ${entity}${isNumeric ? ` ${key}` : ''}: ${comparator}`
  }
}

/** IS NULL where nothing can be missing. */
export function neverNull({ words }: Language, { entity, key }: Subject, { text }: Comparison): string {
  switch (words) {
    case 'runs':
      return `IS NULL / IS NOT NULL is only supported for tags and params, not for '${entity}' '${key}'`
    case 'experiments':
      return `IS NULL / IS NOT NULL is only supported for tags, not for attribute '${key}'`
    default:
      return `Invalid comparison: ${text}. Expected a comparison with 3 tokens.`
  }
}

export function needsNumber({ words }: Language, { entity, key }: Subject, found: string): string {
  if (words === 'versions') return `Invalid value for numeric attribute '${key}': ${found}`
  if (entity === 'metric') return `Expected numeric value type for metric. Found ${found}`
  return `Expected numeric value type for numeric attribute: ${key}. Found ${found}`
}

export function needsText(language: Language, { entity }: Subject, found: string, isNumber: boolean): string {
  const { words } = language
  if (entity === 'attribute') {
    if (words === 'versions' && isNumber)
      return `Only the '${pythonSet(['version_number'])}' attributes support comparison with numeric values.`
    if (words === 'models' || words === 'versions')
      return `Expected a quoted string value or a list of quoted string values for attributes. Got value ${found}`
    return `Expected a quoted string value for attributes. Got value ${found}`
  }
  if (entity === 'dataset') return `Expected a quoted string value for dataset attributes. Got value ${found}`
  return `Expected a quoted string value for ${entity} (e.g. 'my-value'). Got value ${found}`
}

/** A list for an attribute that takes none. */
export function takesNoList({ attributes }: Language): string {
  const listed = Object.keys(attributes).filter((key) => attributes[key]?.isListed)
  return `Only ${pythonText(listed.sort())} attributes support comparison with a list of quoted string values.`
}

function pluralOf(entity: Entity): string {
  return entity === 'parameter' ? 'params' : `${entity}s`
}
