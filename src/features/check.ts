// Refuses a specification that could not mean what it says, before anything is read or learnt with it.
import { PlannedError } from '../kernel/errors.ts'
import { type Expression, expressionOf, type FeatureSpecification } from './specification.ts'
import { checkZone } from './time-zone.ts'

/** Codes are kept as 16-bit integers, and a one-hot of more columns than this is a mistake. */
const MOST_CODES = 32_767

const checked = new WeakSet<FeatureSpecification>()

/**
 * Returns the specification if every name in it resolves, none is used twice, and no feature looks at the target.
 * Throws `BAD_INPUT` naming the part at fault.
 */
export function checkSpecification(specification: FeatureSpecification): FeatureSpecification {
  if (checked.has(specification)) return specification
  const { columns, timeColumn, target, cleaning, features } = specification
  const types = new Map(columns.map((column) => [column.name, column.type]))
  const known = new Set(types.keys())

  checkNames([...columns, ...features].map(({ name }) => name))
  checkNames(['source', 'kept', 'duplicates', 'nulls', ...cleaning.rules.map(({ name }) => name)])
  if (types.get(timeColumn) !== 'timestamp')
    throw wrong(`timeColumn is "${timeColumn}", which is not a timestamp column`)
  if (!known.has(target) || target === timeColumn)
    throw wrong(`target is "${target}", which is not a column of numbers`)
  for (const name of cleaning.duplicates?.asFloat32 ?? []) {
    if (types.get(name) !== 'double') throw wrong(`asFloat32 names "${name}", which is not a column of doubles`)
  }
  for (const rule of cleaning.rules) checkExpression(rule.keep, known, `the rule ${rule.name}`)
  const seen = new Set([...known].filter((name) => name !== target))
  for (const feature of features) {
    const where = `the feature ${feature.name}`
    if (
      feature.kind === 'category' &&
      !(Number.isInteger(feature.size) && feature.size >= 1 && feature.size <= MOST_CODES)
    ) {
      throw wrong(`${where} has ${feature.size} codes; a category has 1 to ${MOST_CODES}`)
    }
    checkExpression(expressionOf(feature), seen, where)
  }
  if (features.length === 0) throw wrong('there are no features')
  checked.add(specification)
  return specification
}

/** Names must be plain (they become column names) and unlike one another, case aside, as in SQL. */
function checkNames(names: readonly string[]): void {
  const seen = new Set<string>()
  for (const name of names) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      throw wrong(`"${name}" cannot be a name; use letters, digits and underscores, beginning with a letter`)
    }
    if (seen.has(name.toLowerCase())) throw wrong(`"${name}" is used twice; rename one`)
    seen.add(name.toLowerCase())
  }
}

/** Throws `BAD_INPUT` if an expression reads a column that is not among those, or could not mean what it says; `where` names it. */
export function checkExpression(expression: Expression, columns: ReadonlySet<string>, where: string): void {
  if ('left' in expression) {
    checkExpression(expression.left, columns, where)
    checkExpression(expression.right, columns, where)
    return
  }
  if (expression.op === 'column') {
    if (!columns.has(expression.name)) {
      throw wrong(`${where} reads "${expression.name}", which is not a column it may see (${[...columns].join(', ')})`)
    }
    return
  }
  if (expression.op === 'constant') {
    if (!Number.isFinite(expression.value))
      throw wrong(`${where} holds the constant ${expression.value}, which JSON cannot`)
    return
  }
  if (expression.op === 'position') {
    const { values } = expression
    if (values.length === 0 || !values.every(Number.isSafeInteger) || new Set(values).size !== values.length) {
      throw wrong(`${where} looks for a position among values that are not different integers: [${values.join(', ')}]`)
    }
  }
  if (expression.op === 'clock') checkZone(expression.zone)
  checkExpression(expression.of, columns, where)
}

function wrong(what: string): PlannedError {
  return new PlannedError('BAD_INPUT', 'this feature specification is wrong', {
    why: what,
    next: "correct the project's specification of features",
  })
}
