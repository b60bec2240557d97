import fc from 'fast-check'
import { InferenceSession, Tensor as OnnxTensor } from 'onnxruntime-node'
import { expect, test } from 'vitest'
import { compileToJavaScript } from '../features/compile-javascript.ts'
import { type EncodedRows, encode } from '../features/encode.ts'
import { clock, column, divide, multiply, position, sine } from '../features/expressions.ts'
import { readMetadata } from '../features/onnx-graph.ts'
import type { FeatureSpecification } from '../features/specification.ts'
import { seededRandom } from '../kernel/random.ts'
import { answersWithoutOf, weightsOf } from './model-file.ts'
import { openPredictor } from './predictor.ts'
import { rowsInMemory } from './rows.ts'
import { parcels } from './trainer.contract.ts'
import { type EnsembleShape, randomEnsemble, randomRows } from './tree-ensemble.fixture.ts'
import { ensembleOf, ensembleTensors, predictTrees, type TreeEnsemble } from './tree-ensemble.ts'
import { trees } from './trees.ts'
import { treesToOnnx } from './trees-onnx.ts'

const ZONES = [4, 8, 15, 16, 23]
const shape = { numbers: 2, categories: [5, 7, 4] }

/** Every feature is what one or two raw columns say, and can be missing without a raw column being null: 0/0, an odd half. */
const raw: FeatureSpecification = {
  columns: [
    { name: 'at', type: 'timestamp' },
    { name: 'x', type: 'double' },
    { name: 'x_by', type: 'double' },
    { name: 'y', type: 'double' },
    { name: 'y_by', type: 'double' },
    { name: 'zone', type: 'integer' },
    { name: 'halves', type: 'integer' },
    { name: 'target', type: 'double' },
  ],
  timeColumn: 'at',
  target: 'target',
  cleaning: { duplicates: null, nulls: 'keep', rules: [] },
  features: [
    { kind: 'category', name: 'zone_code', code: position(column('zone'), ZONES), size: ZONES.length },
    { kind: 'number', name: 'first', value: divide(column('x'), column('x_by')) },
    { kind: 'category', name: 'weekday', code: clock('weekday', column('at'), 'UTC'), size: 7 },
    { kind: 'category', name: 'half', code: divide(column('halves'), 2), size: 4 },
    { kind: 'number', name: 'second', value: divide(column('y'), column('y_by')) },
  ],
}

/** Raw columns of which the features are these rows. Weekdays are never missing. */
function rawColumns(rows: EncodedRows): Record<string, Float64Array> {
  const perRow = (of: (row: number) => number): Float64Array =>
    Float64Array.from({ length: rows.rows }, (_, row) => of(row))
  const number = (i: number, row: number): number => rows.numbers[row * 2 + i]!
  const code = (i: number, row: number): number => rows.codes[row * 3 + i]!
  // Beside the float32 that training saw, by less than its rounding: above a threshold that it equals, say.
  const beside = (value: number, row: number): number =>
    Number.isNaN(value) ? 0 : value * (1 + ((row % 3) - 1) * 2 ** -26)
  return {
    at: perRow((row) => Date.UTC(2015, 0, 5 + code(1, row), 12)), // the 5th was a Monday
    x: perRow((row) => beside(number(0, row), row)),
    x_by: perRow((row) => (Number.isNaN(number(0, row)) ? 0 : 1)),
    y: perRow((row) => beside(number(1, row), row)),
    y_by: perRow((row) => (Number.isNaN(number(1, row)) ? 0 : 1)),
    zone: perRow((row) => ZONES[code(0, row)] ?? 42),
    halves: perRow((row) => (code(2, row) === -1 ? [7, 8, -2, 1][row % 4]! : 2 * code(2, row))),
  }
}

function rowsFor(seed: number, rows: number): EncodedRows {
  const random = randomRows(seededRandom(seed), rows, shape)
  return { ...random, codes: random.codes.map((code, i) => (i % 3 === 1 ? Math.max(code, 0) : code)) }
}

/** The model file's predictions from raw columns against the trees' own, in steps of float32 (of 1 at least). */
async function stepsApart(ensemble: TreeEnsemble, rows: EncodedRows, threads = 2): Promise<number> {
  const model = treesToOnnx(raw, ensembleTensors(ensemble), {})
  await using predictor = await openPredictor(model, { threads })
  const scored = await predictor.predict(rawColumns(rows), rows.rows)
  const wanted = predictTrees(ensemble, rows)
  const apart = wanted.map((one, row) => Math.abs(scored[row]! - one) / (2 ** -23 * Math.max(1, Math.abs(one))))
  return apart.reduce((most, one) => Math.max(most, one), 0) // NaN stays
}

const grow = (seed: number, trees: number, leaves: number, of: Pick<EnsembleShape, 'numbers' | 'categories'> = shape) =>
  randomEnsemble(seededRandom(seed), { trees, leaves, ...of })

test('the model file says what the trees say: at ties, just beside them, for missing numbers and unknown codes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 30 }),
      async (seed, trees, leaves) => {
        expect(await stepsApart(grow(seed, trees, leaves), rowsFor(seed, 400))).toBeLessThanOrEqual(1)
      },
    ),
    { seed: 20_261_122, numRuns: 60 },
  )
}, 60_000)

test('3,000 trees are summed as exactly as one, by any number of threads', async () => {
  const ensemble = grow(1, 3_000, 31)
  const rows = rowsFor(2, 200)
  for (const threads of [1, 2, 3]) expect(await stepsApart(ensemble, rows, threads)).toBeLessThanOrEqual(1)
}, 60_000)

test('trees without splits, no trees at all and thresholds beyond all numbers are written too', async () => {
  const rows = rowsFor(3, 100)
  const stumps = grow(4, 10, 2)
  for (const ensemble of [grow(4, 5, 1), grow(4, 0, 1)]) expect(await stepsApart(ensemble, rows)).toBeLessThanOrEqual(1)
  for (const beyond of [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    const ensemble = { ...stumps, threshold: stumps.threshold.map(() => beyond) } // only what is missing goes elsewhere
    expect(await stepsApart(ensemble, rows)).toBeLessThanOrEqual(1)
  }
})

test('a branch that goes one way a thousand nodes deep is written too', async () => {
  const leaves = 1_000
  const nodes = Array.from({ length: 2 * leaves - 1 }, (_, node) => node)
  const isSplit = (node: number): boolean => node % 2 === 0 && node < 2 * leaves - 2
  const chain: TreeEnsemble = {
    ...grow(5, 1, leaves),
    column: Int32Array.from(nodes, (node) => (isSplit(node) ? 0 : -1)),
    threshold: Float32Array.from(nodes, (node) => node / 100 - 10),
    left: Int32Array.from(nodes, (node) => node + 1),
    right: Int32Array.from(nodes, (node) => node + 2),
  }
  expect(await stepsApart(chain, rowsFor(6, 500))).toBeLessThanOrEqual(1)
})

test('what is learnt from a sine that is 1e-16 in one runtime and 0 in another holds in both', async () => {
  const hour = clock('hour', column('at'), 'UTC')
  const turning: FeatureSpecification = {
    ...raw,
    features: [{ kind: 'number', name: 'sine', value: sine(divide(multiply(2 * Math.PI, hour), 24)) }],
  }
  const rows = 2_400
  const perRow = (of: (row: number) => number) => Float64Array.from({ length: rows }, (_, row) => of(row))
  const rest = perRow(() => 1)
  const columns = { x: rest, x_by: rest, y: rest, y_by: rest, zone: rest, halves: rest }
  const table = { ...columns, at: perRow((row) => row * 3_600_000), target: perRow((row) => row % 24) } // midnight 0, noon 12
  const seen = { ...table, ...compileToJavaScript(turning).features({ rows, columns: table }) }
  const encoded = encode(turning, { rows, columns: seen }, { from: 0, to: rows })
  const settings = { ...trees.defaults, trees: 20, minLeafRows: 1 }
  const job = { specification: turning, fit: rowsInMemory(encoded), settings, seed: 1, steps: 20 }
  const { weights } = await trees.train({ ...job, earlyStop: null, warmStart: null })
  await using predictor = await openPredictor(trees.toOnnx(turning, weights, {}))
  const scored = await predictor.predict(table, 24)
  expect(Float32Array.from(scored)).toEqual(trees.predictEncoded(turning, weights, encoded).subarray(0, 24))
})

/** What a file of trees answers by itself, without our predictor, to two parcels: one of unknown weight, one of unknown zone. */
async function answersOf(model: Uint8Array, outputs: readonly string[]): Promise<number[][]> {
  const session = await InferenceSession.create(model)
  const given = await session.run({
    sent_at: new OnnxTensor('int64', BigInt64Array.of(0n, 0n), [2]),
    weight_kg: new OnnxTensor('float64', Float64Array.of(Number.NaN, 1), [2]),
    zone: new OnnxTensor('int64', BigInt64Array.of(1n, 99n), [2]),
  })
  await session.release()
  return outputs.map((name) => Array.from(given[name]?.data ?? [], Number))
}

const small = ensembleTensors(grow(7, 3, 4, { numbers: 2, categories: [7, 3] }))
const keeping: FeatureSpecification = { ...parcels, cleaning: { ...parcels.cleaning, nulls: 'keep' } }

test('where cleaning drops nulls, one in gives one out, in the file itself, although the trees take missing features', async () => {
  const [prices = []] = await answersOf(treesToOnnx(parcels, small, {}), ['price_eur'])
  expect(prices.map(Number.isFinite)).toEqual([false, true])
})

test('where cleaning keeps nulls, a row without a double is answered in the file itself, with its intervals', async () => {
  const bounds = [{ level: 80, low: -1, high: 1 }]
  const about = { rows: 212, window: { fromMs: 0, toMs: 1 }, inheritedFrom: null }
  const model = treesToOnnx(keeping, small, {}, { scale: { base: 0.5, slope: 0 }, bounds, ...about })
  const numbers = Float32Array.of(Number.NaN, 1 / 12, 0.1, 1 / 12) // weight by ten, January
  const shape = { rows: 2, numberCount: 2, categoryCount: 2, numbers, target: new Float32Array(2) }
  const known = predictTrees(ensembleOf(small), { ...shape, codes: Int16Array.of(3, 0, 3, -1) }) // 1970 began on a Thursday
  const answers = await answersOf(model, ['price_eur', 'price_eur_low_80', 'price_eur_high_80'])
  for (const [i, shift] of [0, -0.5, 0.5].entries()) {
    for (const row of [0, 1]) expect(answers[i]?.[row]).toBeCloseTo(known[row]! + shift, 4) // two rows
  }
})

test('the metadata names the columns that may be null: doubles, and whatever no feature reads', () => {
  expect(answersWithoutOf(treesToOnnx(parcels, small, {}))).toEqual([])
  expect(answersWithoutOf(treesToOnnx(keeping, small, {}))).toEqual(['weight_kg'])
  const unread = { name: 'shelf', type: 'integer' } as const
  const wider = { ...keeping, columns: [...keeping.columns, unread] }
  expect(answersWithoutOf(treesToOnnx(wider, small, {}))).toEqual(['weight_kg', 'shelf'])
})

test('the file has the interface of every model file, and keeps no weights to start from', async () => {
  const model = treesToOnnx(parcels, ensembleTensors(grow(8, 3, 4, { numbers: 2, categories: [7, 3] })), { run: 'r1' })
  expect(readMetadata(model)).toEqual({ trainer: 'trees', run: 'r1' })
  expect(weightsOf(model)).toEqual([])
  await using predictor = await openPredictor(model)
  expect([...predictor.inputs].sort()).toEqual(['sent_at', 'weight_kg', 'zone'])
})

test('trees of another specification are refused', () => {
  const tensors = ensembleTensors(grow(9, 3, 4))
  expect(() => treesToOnnx(parcels, tensors, {})).toThrow(
    /categories of 5, 7, 4 codes; the specification has 4 columns and categories of 7, 3 codes/,
  )
  expect(() => treesToOnnx(parcels, [], {})).toThrow('not an ensemble of trees')
})

test('trees that add up to a logarithm are written with its exponential', async () => {
  const grown = grow(7, 40, 15)
  const ensemble = { ...grown, isLog: true, base: grown.base / 10, value: grown.value.map((leaf) => leaf / 10) }
  const rows = rowsFor(8, 1_000)
  expect(Math.max(...predictTrees(ensemble, rows))).toBeGreaterThan(2) // some are worth looking at
  expect(await stepsApart(ensemble, rows)).toBeLessThanOrEqual(8) // sums below 8 are rounded to 2^-22: twice 2 steps of their exponential
})

test('rounded answers are written as they are predicted, those half way between two steps included', async () => {
  const grown = grow(7, 40, 15)
  // Sums of quarters are exact, and every second one lies between two steps.
  const quarters = { ...grown, base: 0.25, value: grown.value.map((leaf) => Math.round(leaf * 4) / 4), roundTo: 0.5 }
  const logarithm = { ...quarters, isLog: true, value: quarters.value.map((leaf) => leaf / 8) }
  const rows = rowsFor(8, 1_000)
  const answers = predictTrees(quarters, rows)
  expect(answers.every((answer) => Number.isInteger(answer * 2))).toBe(true)
  expect(
    answers.filter((answer, row) => answer !== predictTrees({ ...quarters, roundTo: 0 }, rows)[row]).length,
  ).toBeGreaterThan(300)
  expect(await stepsApart(quarters, rows)).toBe(0)
  expect(await stepsApart(logarithm, rows)).toBe(0)
})
