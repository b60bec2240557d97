// Rides to learn from in benchmarks: simulated, or real ones from a file.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { compileToJavaScript } from '../src/features/compile-javascript.ts'
import { type EncodedRows, encode } from '../src/features/encode.ts'
import type { FeatureSpecification } from '../src/features/specification.ts'
import { monthWindow, parseMonth } from '../src/kernel/window.ts'
import { mlp } from '../src/learning/mlp.ts'
import { openWarehouse } from '../src/main/open-warehouse.ts'
import type { Batch } from '../src/warehouse/port.ts'
import { project } from '../taxifare/project.ts'

export interface RidesOptions {
  /** A Parquet file with the columns of the taxi table; simulated rides without one. */
  readonly rides?: string | undefined
  /** Of the simulated table. */
  readonly size: string
  /** The one to be scored on. */
  readonly month: string
}

export interface Rides {
  readonly fit: EncodedRows
  readonly earlyStop: EncodedRows
  readonly test: EncodedRows
}

/** The rides before the month, 97 % and 1 % of them, whole batches to fit; and the month's. */
export async function readRides(specification: FeatureSpecification, options: RidesOptions): Promise<Rides> {
  const folder = mkdtempSync(join(tmpdir(), 'rides-'))
  try {
    const files = options.rides ?? (await simulate(folder, options.size))
    return partsOf(specification, await readRaw(specification, files), options.month)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Writes the simulated table and returns what its files are called. */
async function simulate(folder: string, size: string): Promise<string> {
  await using warehouse = await openWarehouse(folder)
  if (project.simulate === null) throw new Error('the project has no simulator')
  await warehouse.write('rides', project.simulate(size, {}), {
    schema: project.rawSchema,
    origin: 'simulated',
    others: 'drop',
  })
  return join(folder, 'warehouse/rides/*/*.parquet')
}

async function readRaw(specification: FeatureSpecification, files: string): Promise<Batch> {
  const connection = await (await DuckDBInstance.create()).connect()
  const names = specification.columns.map(({ name }) => name)
  const columns = names.map((name) => (name === specification.timeColumn ? `epoch_ms(${name}) as ${name}` : name))
  const order = [specification.timeColumn, ...names].join(', ')
  const result = await connection.runAndReadAll(
    `select ${columns} from read_parquet('${files}', hive_partitioning = false) order by ${order}`,
  )
  const read = result.getColumnsObjectJS()
  return {
    rows: result.currentRowCount,
    columns: Object.fromEntries(
      names.map((name) => [name, Float64Array.from(read[name] ?? [], (value) => Number(value ?? Number.NaN))]),
    ),
  }
}

function partsOf(specification: FeatureSpecification, raw: Batch, month: string): Rides {
  const processed = compileToJavaScript(specification).processed(raw)
  const times = processed.columns[specification.timeColumn]! // a specification's time is one of its columns
  const { fromMs, toMs } = monthWindow(parseMonth(month))
  const past = times.findIndex((at) => at >= fromMs)
  const end = times.findLastIndex((at) => at < toMs) + 1
  const [fitEnd, stopEnd] = [Math.floor(past * 0.97), Math.floor(past * 0.98)]
  return {
    fit: encode(specification, processed, { from: fitEnd % mlp.defaults.batchSize, to: fitEnd }),
    earlyStop: encode(specification, processed, { from: fitEnd, to: stopEnd }),
    test: encode(specification, processed, { from: past, to: end }),
  }
}
