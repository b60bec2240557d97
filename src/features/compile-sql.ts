// A specification as SQL for DuckDB: cleaning and features in one SELECT, and a count of what cleaning leaves out.
import type { ColumnType } from '../warehouse/port.ts'
import { checkSpecification } from './check.ts'
import { programOf } from './program.ts'
import { expressionOf, type Feature, type FeatureSpecification } from './specification.ts'
import { literal, quoted, type SqlProgram, sqlProgram } from './sql-program.ts'

/**
 * The SELECT over the relation `source` that makes a processed table: the raw columns as they are, then one column per
 * feature (numbers DOUBLE, codes INTEGER). In no particular order.
 */
export function compileToSql(specification: FeatureSpecification): string {
  const { columns, features } = checkSpecification(specification)
  const program = sqlProgram(programOf(features.map(expressionOf)), typesOf(specification), features.map(usesOf))
  const raw = columns.map(({ name }) => `  ${quoted(name)}`)
  const values = features.map(
    (feature, i) => `  ${featureText(feature, program.numbers[i]!)} as ${quoted(feature.name)}`,
  )
  const relations: Relation[] = [
    ...cleaningRelations(specification),
    ['clean', `select * from judged where ${REASON} is null`],
    ...layerRelations('clean', 'featured', program),
  ]
  return query(relations, `select\n${[...raw, ...values].join(',\n')}\nfrom ${lastLayer('clean', 'featured', program)}`)
}

/** One row: `source`, then how many rows each reason left out, then `kept`; all DOUBLE. */
export function cleaningReportSql(specification: FeatureSpecification): string {
  const reasons = cleaningReasons(checkSpecification(specification))
  const cells = [
    '  count(*)::double as source',
    ...reasons.map((reason, i) => `  count(*) filter (where ${REASON} = ${i})::double as ${quoted(reason)}`),
    `  count(*) filter (where ${REASON} is null)::double as kept`,
  ]
  return query(cleaningRelations(specification), `select\n${cells.join(',\n')}\nfrom judged`)
}

/** Why rows are left out, in the order the reasons are tried: `duplicates`, `nulls`, then the rules by name. */
export function cleaningReasons({ cleaning }: FeatureSpecification): readonly string[] {
  return ['duplicates', 'nulls', ...cleaning.rules.map(({ name }) => name)]
}

/**
 * The recipe's layout over a processed table: `_0` the time, then every input column of the model with categories
 * one-hot, then the target; rows in their total order.
 */
export function recipeLayoutSql(specification: FeatureSpecification): string {
  const { columns, timeColumn, target, features } = checkSpecification(specification)
  const order = [timeColumn, ...columns.map(({ name }) => name).filter((name) => name !== timeColumn)]
  const inputs = features.flatMap((feature) =>
    feature.kind === 'number'
      ? [quoted(feature.name)]
      : Array.from({ length: feature.size }, (_, code) => `(${quoted(feature.name)} = ${code})::double`),
  )
  const cells = [quoted(timeColumn), ...inputs, quoted(target)]
  return `select\n${cells.map((cell, i) => `  ${cell} as _${i}`).join(',\n')}\nfrom source\norder by ${order.map(quoted).join(', ')}`
}

// Names with a space, so that they cannot be a column's.
const REASON = '"reason dropped"'
const COPY = '"copy number"'

type Relation = readonly [name: string, select: string]

/** Relations that end in `judged`: every source row with the position of the first reason to drop it. */
function cleaningRelations(specification: FeatureSpecification): Relation[] {
  const { columns, cleaning } = specification
  const rules = cleaning.rules
  const uses = rules.map(() => 1)
  const program = sqlProgram(programOf(rules.map(({ keep }) => keep)), typesOf(specification), uses)
  const cases: string[] = []
  if (cleaning.duplicates !== null) cases.push(`when ${COPY} > 1 then 0`)
  if (cleaning.nulls === 'drop')
    cases.push(`when ${columns.map(({ name }) => `${quoted(name)} is null`).join(' or ')} then 1`)
  for (const [i] of rules.entries()) cases.push(`when ${program.truths[i]!} is not true then ${i + 2}`)
  const reason = cases.length === 0 ? 'null::integer' : `case\n    ${cases.join('\n    ')}\n  end`
  return [
    ...countedRelations(specification),
    ...layerRelations('counted', 'ruled', program),
    ['judged', `select *,\n  ${reason} as ${REASON}\nfrom ${lastLayer('counted', 'ruled', program)}`],
  ]
}

/**
 * Relations that end in `counted`: every row, NaN turned null, numbered among those it equals in the order of the
 * table.
 */
function countedRelations({ columns, timeColumn, cleaning }: FeatureSpecification): Relation[] {
  const cells = columns.map(({ name, type }) => {
    return type === 'double' ? `nullif(${quoted(name)}, 'nan'::double) as ${quoted(name)}` : quoted(name)
  })
  const plain = `select ${cells.join(', ')} from source`
  if (cleaning.duplicates === null) return [['counted', plain]]
  const rounded = new Set(cleaning.duplicates.asFloat32)
  const keys = columns.map(({ name }) => (rounded.has(name) ? float32(quoted(name)) : quoted(name)))
  const order = [timeColumn, ...columns.map(({ name }) => name).filter((name) => name !== timeColumn)]
  const window = [`partition by ${keys.join(', ')}`, `order by ${order.map(quoted).join(', ')}`]
  return [
    ['plain', plain],
    ['counted', `select *,\n  row_number() over (${window.join('\n    ')}) as ${COPY}\nfrom plain`],
  ]
}

/** Rounded to float32; a plain cast fails on numbers beyond its range, which round to infinity. */
function float32(cell: string): string {
  const beyond = 2 ** 128 - 2 ** 103 // halfway between the largest float32 and the next power of two
  return `(case when abs(${cell}) < ${literal(beyond)} then ${cell} else sign(${cell}) * 'inf'::double end)::float`
}

function featureText(feature: Feature, value: string): string {
  if (feature.kind === 'number') return value
  return `case when ${value} >= 0 and ${value} < ${feature.size} and ${value} = floor(${value}) then ${value}::integer else -1 end`
}

function usesOf(feature: Feature): number {
  return feature.kind === 'number' ? 1 : 2
}

function layerRelations(from: string, name: string, { layers }: SqlProgram): Relation[] {
  return layers.map((layer, i) => [
    `${name}_${i}`,
    `select *,\n  ${layer.join(',\n  ')}\nfrom ${i === 0 ? from : `${name}_${i - 1}`}`,
  ])
}

function lastLayer(from: string, name: string, { layers }: SqlProgram): string {
  return layers.length === 0 ? from : `${name}_${layers.length - 1}`
}

/** A query over relations that build on one another: inlined, so that DuckDB computes only the columns in use. */
function query(relations: readonly Relation[], final: string): string {
  const named = relations.map(([name, select]) => `${name} as not materialized (\n${select}\n)`)
  return `with\n${named.join(',\n')}\n${final}`
}

function typesOf({ columns }: FeatureSpecification): ReadonlyMap<string, ColumnType> {
  return new Map(columns.map(({ name, type }) => [name, type]))
}
