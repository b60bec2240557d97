// The room's door for tables: what a warehouse is asked to run, and the shape of what it makes.
import type { Column, Select, TableSchema } from '../warehouse/port.ts'
import { checkSpecification } from './check.ts'
import { compileToJavaScript } from './compile-javascript.ts'
import { cleaningReportSql, compileToSql, recipeLayoutSql } from './compile-sql.ts'
import type { FeatureSpecification } from './specification.ts'

/** The processed table's columns: the raw ones, then one per feature (numbers as doubles, categories as codes). */
export function processedSchema(specification: FeatureSpecification): TableSchema {
  const { columns, timeColumn, features } = checkSpecification(specification)
  const made = features.map(({ name, kind }): Column => ({ name, type: kind === 'number' ? 'double' : 'integer' }))
  return { timeColumn, columns: [...columns, ...made] }
}

/** The query that makes processed rows out of raw ones. */
export function selectProcessed(specification: FeatureSpecification, dialect: Select['dialect']): Select {
  if (dialect === 'duckdb') return { dialect, sql: compileToSql(specification) }
  return { dialect, run: compileToJavaScript(specification).processed }
}

/**
 * The query that counts what cleaning leaves out of raw rows. One row: `source` (how many there were), one column per
 * reason of `cleaningReasons` (each row counts once, under the first that applies), `kept`.
 */
export function selectCleaningReport(specification: FeatureSpecification, dialect: Select['dialect']): Select {
  if (dialect === 'duckdb') return { dialect, sql: cleaningReportSql(specification) }
  return { dialect, run: compileToJavaScript(specification).report }
}

/**
 * The recipe's layout over a processed table: `_0` the time, then every input column of the model with categories
 * one-hot, then the target. For a warehouse that speaks SQL.
 */
export function recipeLayoutSelect(specification: FeatureSpecification): Select {
  return { dialect: 'duckdb', sql: recipeLayoutSql(specification) }
}
