// The law of this room: one specification, three dialects, the same numbers. Runs rows through real DuckDB and
// onnxruntime.
import { DuckDBInstance } from '@duckdb/node-api'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { expect } from 'vitest'
import type { Batch, Select } from '../warehouse/port.ts'
import { compileToJavaScript } from './compile-javascript.ts'
import { compileColumnsToOnnx, compileToOnnx } from './compile-onnx.ts'
import { compileToSql } from './compile-sql.ts'
import { encodedLayout } from './encode.ts'
import { type OnnxGraph, openGraph } from './onnx-graph.ts'
import { encodedWidth, type FeatureSpecification, widthOf } from './specification.ts'

export interface Dialects {
  /** Rows of a SELECT of the SQL dialect, NaN for null, in no particular order. */
  runSql(specification: FeatureSpecification, source: Batch, sql: string): Promise<Batch>
  /**
   * Holds all three dialects to the same features, row by row, ONNX in both of its layouts. `key` names a raw column in which no two rows are alike.
   */
  expectEqual(specification: FeatureSpecification, rows: Batch, key: string): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Opens DuckDB in memory as the warehouse does: two threads, UTC, nothing installed on its own. */
export async function openDialects(): Promise<Dialects> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2', autoinstall_known_extensions: 'false' })
  const connection = await instance.connect()
  await connection.run("set TimeZone = 'UTC'")

  const load = async ({ columns }: FeatureSpecification, { rows, columns: values }: Batch): Promise<void> => {
    await connection.run(`create or replace table staged (${columns.map(({ name }) => `"${name}" double`).join(', ')})`)
    const appender = await connection.createAppender('staged')
    for (let row = 0; row < rows; row++) {
      for (const { name } of columns) appender.appendDouble(values[name]![row]!)
      appender.endRow()
    }
    appender.closeSync()
    const cells = columns.map(({ name, type }) => {
      if (type === 'timestamp') return `make_timestamp((nullif("${name}", 'nan') * 1000)::bigint) as "${name}"`
      if (type === 'integer') return `nullif("${name}", 'nan')::bigint as "${name}"`
      return `if(isnan("${name}") and rowid % 2 = 0, null, "${name}") as "${name}"` // a stored NaN is a null as well
    })
    await connection.run(`create or replace view source as select ${cells.join(', ')} from staged`)
  }
  const runSql: Dialects['runSql'] = async (specification, source, sql) => {
    await load(specification, source)
    const result = await connection.runAndReadAll(sql)
    const columns = result.getColumnsJS()
    const numbers = columns.map((column) => Float64Array.from(column, numberOf))
    return {
      rows: result.currentRowCount,
      columns: Object.fromEntries(result.columnNames().map((name, i) => [name, numbers[i]!])),
    }
  }
  return {
    runSql,
    async expectEqual(specification, rows, key) {
      const reference = compileToJavaScript(specification).features(rows)
      const encoded = encodeReference(specification, reference, rows.rows)
      const uncleaned = { ...specification, cleaning: { duplicates: null, nulls: 'keep', rules: [] } as const }
      const found = await runSql(uncleaned, rows, compileToSql(uncleaned))
      const [foundOrder, order] = [found, rows].map(({ columns }) => orderBy(columns[key]!))
      for (const { name } of specification.features) {
        const inSql = foundOrder!.map((row) => found.columns[name]![row]!)
        const inJavaScript = order!.map((row) => reference[name]![row]!)
        expectClose(inSql, inJavaScript, `SQL, ${name}`)
      }
      expectClose(await runOnnx(specification, rows), encoded, 'ONNX')
      expectClose(
        await runOnnxColumns(specification, rows),
        columnsReference(specification, reference, rows),
        'ONNX columns',
      )
    },
    async [Symbol.asyncDispose]() {
      connection.closeSync()
      instance.closeSync()
    },
  }
}

/** The encoded features, (rows, encodedWidth) row-major, from a model file that holds nothing else. */
export async function runOnnx(specification: FeatureSpecification, rows: Batch): Promise<Float32Array> {
  const graph = openGraph('features')
  const encoded = compileToOnnx(specification, graph)
  graph.output('encoded', encoded, 'float', ['rows', encodedWidth(specification)])
  return (await run(graph, specification, rows)) as Float32Array // the graph declares it float
}

/** The features as columns, (rows, features) row-major, each code being its own rank. */
async function runOnnxColumns(specification: FeatureSpecification, rows: Batch): Promise<Float64Array> {
  const graph = openGraph('columns')
  const categories = specification.features.filter(({ kind }) => kind === 'category')
  const ranks = categories.map((feature) => Float32Array.from({ length: widthOf(feature) }, (_, code) => code))
  const encoded = compileColumnsToOnnx(specification, graph, ranks)
  graph.output('encoded', encoded, 'double', ['rows', specification.features.length])
  return (await run(graph, specification, rows)) as Float64Array // the graph declares it double
}

async function run(graph: OnnxGraph, specification: FeatureSpecification, rows: Batch): Promise<unknown> {
  const session = await InferenceSession.create(graph.toBytes({ metadata: {} }))
  const feeds = specification.columns
    .filter(({ name }) => name !== specification.target)
    .map(({ name, type }) => {
      const values = rows.columns[name]!
      if (type === 'double') return [name, new Tensor('float64', values, [rows.rows])] as const
      return [
        name,
        new Tensor(
          'int64',
          BigInt64Array.from(values, (value) => BigInt(value)),
          [rows.rows],
        ),
      ] as const
    })
  const { encoded } = await session.run(Object.fromEntries(feeds))
  await session.release()
  return encoded!.data // each graph's output is called so
}

/** What a Select of either dialect makes of rows. */
export async function runSelect(
  dialects: Dialects,
  specification: FeatureSpecification,
  source: Batch,
  select: Select,
): Promise<Batch> {
  return select.dialect === 'duckdb' ? dialects.runSql(specification, source, select.sql) : select.run(source)
}

/** Feature columns laid out as a model reads them, in float32. */
function encodeReference(
  specification: FeatureSpecification,
  columns: Readonly<Record<string, Float64Array>>,
  rows: number,
): Float32Array {
  const width = encodedWidth(specification)
  const encoded = new Float32Array(rows * width)
  for (const feature of encodedLayout(specification)) {
    const values = columns[feature.name]!
    for (let row = 0; row < rows; row++) {
      const value = values[row]!
      if (feature.kind === 'number') encoded[row * width + feature.from] = value
      else if (value >= 0) encoded[row * width + feature.from + value] = 1
    }
  }
  return encoded
}

/** The same with a column for each feature, numbers first: codes as they are, NaN for none. */
function columnsReference(
  { features }: FeatureSpecification,
  columns: Readonly<Record<string, Float64Array>>,
  { rows }: Batch,
): Float32Array {
  const ordered = [...features].sort((a, b) => Number(a.kind === 'category') - Number(b.kind === 'category'))
  return Float32Array.from({ length: rows * ordered.length }, (_, at) => {
    const feature = ordered[at % ordered.length]! // within it
    const value = columns[feature.name]![Math.floor(at / ordered.length)]!
    return feature.kind === 'category' && value === -1 ? Number.NaN : value
  })
}

function orderBy(key: Float64Array): number[] {
  return Array.from(key.keys()).sort((a, b) => key[a]! - key[b]!)
}

/** To 1e-6, relative where beyond 1; NaN and infinities in the same places. */
function expectClose(found: ArrayLike<number>, wanted: ArrayLike<number>, what: string): void {
  expect(found.length, what).toBe(wanted.length)
  for (let i = 0; i < wanted.length; i++) {
    const [a, b] = [found[i]!, wanted[i]!]
    const isClose = Object.is(a, b) || a === b || Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(b))
    if (!isClose) expect.fail(`${what}: value ${i} is ${a}, and ${b} in JavaScript`)
  }
}

function numberOf(value: unknown): number {
  if (value === null) return Number.NaN
  return value instanceof Date ? value.getTime() : Number(value)
}
