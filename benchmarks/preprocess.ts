// Cleaning and featurising 110,000 rides in the warehouse, beside pandas on the same rows in the same run.
//
//   PANDAS_PYTHON=/path/to/python node launcher.mjs --node benchmarks/preprocess.ts
//
// Ours reads the rows from Parquet and writes the processed ones back to Parquet; pandas has them in memory already and keeps its result
// there. Both take turns, so that a busy machine is as busy for both. PANDAS_PYTHON: a Python with pandas and pyarrow.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { compileToSql } from '../src/features/compile-sql.ts'
import { openDuckdbWarehouse } from '../src/warehouse/duckdb.ts'
import { taxifareSpecification } from '../taxifare/features.ts'
import { project } from '../taxifare/project.ts'

const ROWS = 110_000
const TURNS = 5

const folder = mkdtempSync(join(tmpdir(), 'preprocess-'))
try {
  const rides = await writeRides(folder)
  const ours: number[] = []
  const pandas: number[] = []
  const python = process.env.PANDAS_PYTHON
  const sql = compileToSql(taxifareSpecification('utc')).replaceAll('source', `read_parquet('${rides}')`)
  const connection = await (await DuckDBInstance.create(':memory:', { threads: '2' })).connect()
  for (let turn = 0; turn < TURNS; turn++) {
    const startedAt = performance.now()
    await connection.run(`copy (${sql}) to '${join(folder, `processed-${turn}.parquet`)}' (format parquet)`)
    ours.push((performance.now() - startedAt) / 1000)
    if (python !== undefined) pandas.push(runPandas(python, rides))
  }
  console.log(`${ROWS} rides, ${TURNS} turns, median seconds`)
  console.log(`  warehouse (Parquet to Parquet) ${median(ours).toFixed(3)} s`)
  if (python === undefined) console.log('  set PANDAS_PYTHON to a Python with pandas and pyarrow for the comparison')
  else
    console.log(
      `  pandas (memory to memory)      ${median(pandas).toFixed(3)} s   ratio ${(median(pandas) / median(ours)).toFixed(1)}`,
    )
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** The second of two runs in one process, so that imports and first touches are not counted. */
function runPandas(python: string, rides: string): number {
  const script = new URL('preprocess_pandas.py', import.meta.url).pathname
  const lines = execFileSync(python, [script, rides, '2'], { encoding: 'utf8' }).trim().split('\n')
  return Number(lines.at(-1)?.split(' ')[0])
}

/** Rides of the simulated city in one Parquet file, as a month would lie in the warehouse. */
async function writeRides(folder: string): Promise<string> {
  await using warehouse = await openDuckdbWarehouse({
    directory: join(folder, 'warehouse'),
    temporaryDirectory: join(folder, 'tmp'),
  })
  if (project.simulate === null) throw new Error('the project has no simulator')
  await warehouse.write('rides', project.simulate('200k', {}), {
    schema: project.rawSchema,
    origin: 'simulated',
    others: 'drop',
  })
  const path = join(folder, 'rides.parquet')
  const connection = await (await DuckDBInstance.create(':memory:', { threads: '2' })).connect()
  await connection.run(
    `copy (from read_parquet('${folder}/warehouse/rides/*/*.parquet', hive_partitioning = false) limit ${ROWS}) to '${path}' (format parquet)`,
  )
  return path
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
