// Promises of a cycle that no single month shows by itself: what is reported, what goes stale, and in which order rows are read.
import { expect, test } from 'vitest'
import { openPredictor } from '../../src/learning/predictor.ts'
import { ensureProcessed } from '../../src/lifecycle/fresh.ts'
import type { Batch, Project } from '../../src/lifecycle/project.ts'
import { monthWindow } from '../../src/lifecycle/project.ts'
import { readCleaned } from '../../src/lifecycle/scoring.ts'
import { deliveries, simulateMonth } from '../deliveries/project.ts'
import { openStage } from './stage.ts'

const HOUR_MS = 3_600_000
const DATA = { size: 'small', timeReading: 'utc' } as const

test('the early-stop error that is kept is that of the weights kept, though an epoch on the way had a lower one', async () => {
  await using stage = await openStage(deliveries())
  const { cycle } = await stage.month('2020-04')
  const month = await readCleaned(stage, DATA, monthWindow('2020-04'))
  const [from, to] = [Math.floor(month.rows * 0.7), Math.floor(month.rows * 0.8)]
  const [fitToMs, stopToMs] = [month.columns.left_at?.[from] ?? 0, Date.parse(cycle?.holdoutFrom ?? '')]
  const request = {
    table: 'deliveries_processed_small',
    fit: { fromMs: Date.UTC(2020, 3), toMs: fitToMs },
    earlyStop: { fromMs: fitToMs, toMs: stopToMs },
    steps: null,
    trainer: 'mlp',
    timeReading: 'utc' as const,
    warmStart: null,
    metadata: {},
    settings: { learningRate: 0.03, batchSize: 32, patience: 5 }, // so coarse that the loss and the error go up and down
    seed: 5,
  }
  const watch = { signal: new AbortController().signal, onEpoch: () => undefined, log: () => undefined }
  const trained = await stage.runTraining(request, watch)
  const curve = trained.epochs.map(({ valMae }) => valMae ?? Number.NaN)
  expect(Math.min(...curve)).toBeLessThan(curve[trained.keptEpoch] ?? 0) // or this could not fail
  await using predictor = await openPredictor(Buffer.from(trained.model, 'base64'))
  const rows = Object.fromEntries(Object.entries(month.columns).map(([name, of]) => [name, of.slice(from, to)]))
  const predicted = await predictor.predict(rows, to - from)
  const error =
    predicted.reduce((sum, value, row) => sum + Math.abs(value - (rows.minutes?.[row] ?? 0)), 0) / (to - from)
  expect(trained.earlyStopMae).toBeCloseTo(error, 4)
})

test('a month of raw rows that changed makes its processed rows stale, and those of no other month', async () => {
  await using stage = await openStage(deliveries())
  await stage.month('2020-04')
  const processed = async () => (await stage.warehouse.describe('deliveries_processed_small'))?.partitions ?? []
  const before = await processed()
  const march = simulateMonth('2020-03', { pace: 4, noise: 2, rows: 500, days: 28 })
  const { schema, origin } = (await stage.warehouse.describe('deliveries_raw_small')) ?? expect.unreachable()
  await stage.warehouse.write('deliveries_raw_small', [march], { schema, origin, others: 'keep' })
  await ensureProcessed(stage, { ...DATA, origin }, { fromMs: Date.UTC(2020, 0), toMs: Date.UTC(2020, 4) }, {})
  const after = await processed()
  const changed = after.filter(({ fingerprint }, index) => fingerprint !== before[index]?.fingerprint)
  expect(changed.map(({ month, rows }) => [month, rows])).toEqual([['2020-03', 495]])
})

/** Parcels that leave on the hour, dozens at once, in the order given. */
function onTheHour(order: (batch: Batch) => number[]): Project {
  const project = deliveries()
  return {
    ...project,
    simulate: async function* (size, options) {
      for await (const batch of project.simulate?.(size, options) ?? []) {
        const rows = order(batch)
        const columns = Object.entries(batch.columns).map(([name, values]): [string, Float64Array] => [
          name,
          Float64Array.from(rows, (row) => {
            const value = values[row] ?? Number.NaN
            return name === 'left_at' ? Math.floor(value / HOUR_MS) * HOUR_MS : value
          }),
        ])
        yield { rows: batch.rows, columns: Object.fromEntries(columns) }
      }
    },
  }
}

test('rows that share a time are read in one order, however they lie: the same model, the same errors, to the last digit', async () => {
  const upwards = (batch: Batch) => Array.from({ length: batch.rows }, (_, row) => row)
  const played = []
  for (const order of [upwards, (batch: Batch) => upwards(batch).reverse()]) {
    await using stage = await openStage(onTheHour(order))
    const { cycle } = await stage.month('2020-04', { trainers: ['mlp'] })
    const { runId } = await stage.tracking.version('deliveries', 2)
    const curve = (await stage.tracking.metricHistory(runId ?? '', 'val_mae')).map(({ value }) => value)
    played.push({ champion: cycle?.champion, challenger: cycle?.challenger, difference: cycle?.difference, curve })
  }
  expect(played[1]).toEqual(played[0])
})
