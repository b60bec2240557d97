import { expect, test } from 'vitest'
import { addWeight, writeModel } from '../learning/model-file.ts'
import type { Predictor } from '../learning/port.ts'
import { openPredictor } from '../learning/predictor.ts'
import { parcels } from '../learning/trainer.contract.ts'
import { batched } from './batched-predictor.ts'

/** Price = ten times the second feature, which is the weight by ten: the weight itself. The 80 % interval is one below to two above. */
async function openWeight(): Promise<Predictor> {
  const kernel = new Float32Array(12)
  kernel[7] = 10
  const bytes = writeModel(
    parcels,
    'scale',
    {},
    (graph, features) => graph.node('MatMul', [features, addWeight(graph, 'kernel', [12, 1], kernel)]),
    {
      scale: { base: 1, slope: 0 },
      bounds: [{ level: 80, low: -1, high: 2 }],
      rows: 200,
      window: { fromMs: 0, toMs: 1 },
      inheritedFrom: null,
    },
  )
  return await openPredictor(bytes, { threads: 1 })
}

const NAMES = ['sent_at', 'weight_kg', 'zone']
const rowsOf = (...weights: number[]) => ({
  sent_at: Float64Array.from(weights, () => 0),
  weight_kg: Float64Array.from(weights),
  zone: Float64Array.from(weights, () => 1),
})

test('jobs that ask for intervals and jobs that do not are scored together, and each gets what it asked for', async () => {
  await using predictor = await openWeight()
  const turns: string[] = []
  const watched: Predictor = {
    ...predictor,
    predict: (columns, rows) => {
      turns.push(`${rows} plain`)
      return predictor.predict(columns, rows)
    },
    predictWithIntervals: (columns, rows) => {
      turns.push(`${rows} with intervals`)
      return predictor.predictWithIntervals(columns, rows)
    },
  }
  const score = batched(watched, NAMES, (_, rows) => Array.from({ length: rows }, () => []))
  const many = Array.from({ length: 2_500 }, (_, row) => row / 4)
  const [one, two, three] = await Promise.all([
    score(rowsOf(4), 1),
    score(rowsOf(5, Number.NaN), 2, { intervals: true }),
    score(rowsOf(...many), 2_500, { intervals: true }),
  ])
  expect(one).toMatchObject({ values: Float64Array.of(4), intervals: [] })
  expect(two.intervals).toEqual([
    { level: 80, low: Float64Array.of(4, Number.NaN), high: Float64Array.of(7, Number.NaN) },
  ])
  for (const row of [0, 1_023, 1_024, 2_499]) {
    expect(three.intervals[0]?.low[row]).toBeCloseTo(row / 4 - 1, 3)
    expect(three.intervals[0]?.high[row]).toBeCloseTo(row / 4 + 2, 3)
  }
  expect(turns.every((turn) => turn.endsWith('with intervals'))).toBe(true)
  await Promise.all([score(rowsOf(4), 1), score(rowsOf(6), 1, {})])
  expect(turns.at(-1)).toBe('2 plain')
})

test('a slow model scores fewer rows at once, so that a single row need not wait for all of a large job', async () => {
  const turns: number[] = []
  const slow: Predictor = {
    inputs: NAMES,
    answersWithout: [],
    intervals: null,
    predict: async ({ weight_kg: weights = new Float64Array(0) }, rows) => {
      turns.push(rows)
      await new Promise((resolve) => setImmediate(resolve)) // as onnxruntime does
      const until = performance.now() + rows / 5 // a fifth of a millisecond each
      while (performance.now() < until);
      return weights.slice(0, rows)
    },
    predictWithIntervals: () => Promise.reject(new Error('nobody asked for intervals')),
    [Symbol.asyncDispose]: async () => {},
  }
  const score = batched(slow, NAMES, (_, rows) => Array.from({ length: rows }, () => []))
  const many = Array.from({ length: 800 }, (_, row) => row)
  const large = score(rowsOf(...many), 800)
  await new Promise((resolve) => setImmediate(resolve))
  expect((await score(rowsOf(7), 1)).values).toEqual(Float64Array.of(7))
  expect(turns.length).toBeLessThan(5) // it came in between
  expect((await large).values).toEqual(Float64Array.from(many))
  expect(Math.max(...turns.slice(2))).toBeLessThanOrEqual(20) // 4 ms
})

test('a quick model scores a thousand rows at once', async () => {
  await using predictor = await openWeight()
  const turns: number[] = []
  const watched: Predictor = {
    ...predictor,
    predict: (columns, rows) => {
      turns.push(rows)
      return predictor.predict(columns, rows)
    },
  }
  const score = batched(watched, NAMES, (_, rows) => Array.from({ length: rows }, () => []))
  await score(rowsOf(...Array.from({ length: 50_000 }, (_, row) => row)), 50_000)
  expect(Math.max(...turns)).toBe(1_024)
})

test('no rows have intervals of no rows', async () => {
  await using predictor = await openWeight()
  const score = batched(predictor, NAMES, () => [])
  const none = new Float64Array(0)
  expect(await score(rowsOf(), 0, { intervals: true })).toEqual({
    values: none,
    flags: [],
    intervals: [{ level: 80, low: none, high: none }],
  })
})
