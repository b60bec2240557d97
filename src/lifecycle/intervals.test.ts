// The rows that calibrate a model's intervals, and the window that is said of them.
import { expect, test } from 'vitest'
import { openMemoryWarehouse } from '../warehouse/memory.ts'
import { intervalsFor } from './intervals.ts'

const SPECIFICATION = {
  columns: [
    { name: 'at', type: 'timestamp' },
    { name: 'minutes', type: 'double' },
  ],
  timeColumn: 'at',
  target: 'minutes',
  cleaning: { duplicates: { asFloat32: [] }, nulls: 'drop', rules: [] },
  features: [],
} as const
const MINUTE_MS = 60_000
const FROM_MS = Date.UTC(2020, 0)

/** What is said of the intervals, where a parcel leaves every minute and every so many of them is kept. */
async function calibrated(count: number, every: number) {
  await using warehouse = openMemoryWarehouse()
  const at = Float64Array.from({ length: count }, (_, row) => FROM_MS + row * MINUTE_MS)
  const minutes = at.map((_, row) => row % 7)
  const schema = { timeColumn: 'at', columns: SPECIFICATION.columns }
  await warehouse.write('parcels', [{ rows: count, columns: { at, minutes } }], {
    schema,
    origin: 'simulated',
    others: 'drop',
  })
  const target = Float32Array.from(minutes.filter((_, row) => row % every === 0))
  const shape = { rows: target.length, numberCount: 0, categoryCount: 0 }
  const earlyStop = { ...shape, numbers: new Float32Array(0), codes: new Int16Array(0), target }
  const threes = {
    predictEncoded: (_: unknown, __: unknown, { rows }: { rows: number }) => new Float32Array(rows).fill(3),
  }
  const trained = {
    weights: [],
    epochs: [],
    keptEpoch: 0,
    keptSteps: 1,
    stoppedEarly: false,
    earlyStopMae: 1,
    computedBy: 'hand',
  }
  const window = { fromMs: FROM_MS, toMs: FROM_MS + count * MINUTE_MS }
  const found = await intervalsFor(threes, { specification: SPECIFICATION, earlyStop }, trained, {
    ...{ warehouse, window },
    table: 'parcels',
  })
  if (found === null) throw new Error('there are rows enough')
  return {
    rows: found.rows,
    firstRow: (found.window.fromMs - FROM_MS) / MINUTE_MS,
    endRow: (found.window.toMs - FROM_MS) / MINUTE_MS,
  }
}

test.each([
  ['few rows: all of them, and the whole window', 1_000, 1, { rows: 1_000, firstRow: 0, endRow: 1_000 }],
  [
    'many: the last ones, and the window from the first of these on',
    25_000,
    1,
    { rows: 20_000, firstRow: 5_000, endRow: 25_000 },
  ],
  [
    'every third of very many: the window that those stand for',
    90_001,
    3,
    { rows: 20_000, firstRow: 30_003, endRow: 90_001 },
  ],
])('%s', async (_, count, every, said) => {
  expect(await calibrated(count, every)).toEqual(said)
})
