import { expect, test } from 'vitest'
import { openGraph } from '../features/onnx-graph.ts'
import type { Intervals } from './intervals.ts'
import { addWeight, intervalsOf, weightsOf, writeModel } from './model-file.ts'
import { openPredictor } from './predictor.ts'
import { parcels } from './trainer.contract.ts'

const INTERVALS: Intervals = {
  scale: { base: 0.5, slope: 0.25 },
  bounds: [
    { level: 80, low: -1, high: 2 },
    { level: 95, low: -3, high: 4 },
  ],
  rows: 212,
  window: { fromMs: Date.UTC(2015, 0, 22), toMs: Date.UTC(2015, 0, 25) },
  inheritedFrom: 3,
}

/** Price = ten times the second feature, which is the weight by ten: the weight itself. */
function weightModel(intervals: Intervals | null): Uint8Array {
  const kernel = new Float32Array(12)
  kernel[7] = 10
  return writeModel(
    parcels,
    'scale',
    { note: 'by weight' },
    (graph, features) => graph.node('MatMul', [features, addWeight(graph, 'kernel', [12, 1], kernel)]),
    intervals,
  )
}

const COLUMNS = {
  sent_at: Float64Array.of(0, 0, 0, Number.NaN),
  weight_kg: Float64Array.of(4, 0, -8, 4),
  zone: Float64Array.of(1, 1, 1, 1),
}

test('each interval is the prediction and a bound times base + slope · |prediction|; a null in gives none', async () => {
  await using predictor = await openPredictor(weightModel(INTERVALS))
  const { values, intervals } = await predictor.predictWithIntervals(COLUMNS, 4)
  expect(values).toEqual(Float64Array.of(4, 0, -8, Number.NaN))
  expect(intervals).toEqual([
    { level: 80, low: Float64Array.of(2.5, -0.5, -10.5, Number.NaN), high: Float64Array.of(7, 1, -3, Number.NaN) },
    { level: 95, low: Float64Array.of(-0.5, -1.5, -15.5, Number.NaN), high: Float64Array.of(10, 2, 2, Number.NaN) },
  ])
  expect(await predictor.predict(COLUMNS, 4)).toEqual(values)
})

test('more rows than one batch have their own intervals each, in order', async () => {
  await using predictor = await openPredictor(weightModel(INTERVALS))
  const weight_kg = Float64Array.from({ length: 20_000 }, (_, row) => row / 4)
  const zone = new Float64Array(20_000).fill(1)
  const sent_at = new Float64Array(20_000)
  const { values, intervals } = await predictor.predictWithIntervals({ weight_kg, zone, sent_at }, 20_000)
  for (const row of [0, 8_191, 8_192, 19_999]) {
    expect(values[row]).toBeCloseTo(row / 4, 2)
    expect(intervals[1]?.low[row]).toBeCloseTo(row / 4 - 3 * (0.5 + row / 16), 2)
  }
})

test('what the file says of its intervals is read back, and so are its weights', () => {
  const bytes = weightModel(INTERVALS)
  expect(intervalsOf(bytes)).toEqual(INTERVALS)
  expect(weightsOf(bytes).map(({ name }) => name)).toEqual(['kernel'])
  expect(weightModel(INTERVALS)).toEqual(bytes)
  expect(intervalsOf(weightModel(null))).toBeNull()
})

test('a file without intervals, or whose metadata says what it does not have, gives predictions alone', async () => {
  const foreign = (about: string): Uint8Array => {
    const graph = openGraph('foreign')
    graph.output('y', graph.input('x', 'float', ['rows']), 'float', ['rows'])
    return graph.toBytes({ metadata: { 'understudy.intervals': about } })
  }
  for (const bytes of [foreign(JSON.stringify(INTERVALS)), foreign('{}'), foreign('{'), foreign('null')]) {
    await using predictor = await openPredictor(bytes)
    expect(predictor.intervals).toBeNull()
    expect(await predictor.predictWithIntervals({ x: Float64Array.of(5) }, 1)).toEqual({
      values: Float64Array.of(5),
      intervals: [],
    })
  }
})
