// The law of the model file on the reference project's own features: what trees learnt from a table that DuckDB made, the file says of the
// raw rows, whose features onnxruntime works out. A feature that rounds otherwise there could send a row another way at a tie.
import { expect, test } from 'vitest'
import { compileToSql } from '../../src/features/compile-sql.ts'
import { openDialects } from '../../src/features/dialects.contract.ts'
import { encode } from '../../src/features/encode.ts'
import { openPredictor } from '../../src/learning/predictor.ts'
import { rowsInMemory } from '../../src/learning/rows.ts'
import { trees } from '../../src/learning/trees.ts'
import { specificationFor } from '../../src/lifecycle/project.ts'
import type { Batch } from '../../src/warehouse/port.ts'
import { project } from '../../taxifare/project.ts'
import { simulateRides } from '../../taxifare/simulator/city.ts'

const MONTHS = 5

/** The first months of simulated rides, in one batch. */
async function someRides(): Promise<Batch> {
  const months: Batch[] = []
  for await (const month of simulateRides('200k')) if (months.push(month) === MONTHS) break
  const names = Object.keys(months[0]?.columns ?? {})
  const joined = (name: string) => Float64Array.from(months.flatMap(({ columns }) => Array.from(columns[name] ?? [])))
  return {
    rows: months.reduce((sum, { rows }) => sum + rows, 0),
    columns: Object.fromEntries(names.map((name) => [name, joined(name)])),
  }
}

test('a file of trees says of raw rides what the trees say of the processed table, on every row', async () => {
  await using dialects = await openDialects()
  const rides = await someRides()
  for (const timeReading of ['utc', 'local'] as const) {
    const specification = specificationFor(project, timeReading, 'trees')
    const table = await dialects.runSql(specification, rides, compileToSql(specification))
    expect(table.rows).toBeGreaterThan(0.9 * rides.rows)
    const fit = encode(specification, table, { from: 0, to: table.rows }, { takesMissing: true })
    const settings = { ...trees.defaults, trees: 100, minLeafRows: 1 } // leaves of one row: thresholds between any two
    const job = { specification, fit: rowsInMemory(fit), settings, seed: 1, steps: 100 }
    const { weights } = await trees.train({ ...job, earlyStop: null, warmStart: null })
    await using predictor = await openPredictor(trees.toOnnx(specification, weights, {}))
    const scored = await predictor.predict(table.columns, table.rows)
    const learnt = trees.predictEncoded(specification, weights, fit)
    const apart = learnt.map((fare, row) => Math.abs(fare - scored[row]!)) // as many
    expect(apart.reduce((most, one) => Math.max(most, one), 0)).toBeLessThan(1e-4)
  }
})
