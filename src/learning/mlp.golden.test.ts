// Held to Keras, number by number. Regenerate the values with tests/golden/keras_step.py.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { EncodedRows } from '../features/encode.ts'
import type { Feature, FeatureSpecification } from '../features/specification.ts'
import type { Random } from '../kernel/random.ts'
import { openAdam } from './adam.ts'
import { openDropping } from './dropout.ts'
import { inputLayout } from './input-layout.ts'
import { padded } from './kernels.ts'
import { mlp } from './mlp.ts'
import { hiddenSizesOf, openWeights, restore, tensorsOf, type Weights } from './network.ts'
import type { NetworkEngine, NetworkPlan } from './network-engine.ts'
import { openKernels } from './network-kernels.ts'
import { openReference } from './network-reference.ts'
import { gather, lossAndGradients, openWorkspace } from './network-step.ts'
import type { Tensor } from './port.ts'

interface GoldenTensor {
  name: string
  shape: number[]
  values: number[]
}
interface GoldenStep {
  loss: number
  mae: number
  weights: GoldenTensor[]
}
interface Golden {
  steps: {
    numbers: number[]
    codes: number[]
    target: number[]
    start: GoldenTensor[]
    first: GoldenStep
    whole: GoldenStep & { valLoss: number; valMae: number }
    predictions: number[]
  }
  masked: GoldenStep & { rate: number; kept: number[][] }
  full: { loss: number; mae: number; digest: { name: string; sum: number; squares: number; sample: number[] }[] }
}

const goldenFile = new URL('../../tests/golden/keras-step.json', import.meta.url)
const golden = JSON.parse(readFileSync(goldenFile, 'utf8')) as Golden // made by the script above
const { learningRate, momentum, l1, l2, beta1, beta2, adamEpsilon } = mlp.defaults
const settings = { learningRate, momentum, l1, l2, beta1, beta2, adamEpsilon }
/** Both keep weights in float32; one step moves them by 5e-4, and the largest difference seen is 8.3e-7. */
const WEIGHT_TOLERANCE = 1e-5

/** A specification whose features have these sizes: 1 for a number, more for a category. */
function specificationOf(sizes: readonly number[]): FeatureSpecification {
  const features = sizes.map((size, i): Feature => {
    const value = { op: 'column', name: `c${i}` } as const
    return size === 1
      ? { kind: 'number', name: `f${i}`, value }
      : { kind: 'category', name: `f${i}`, code: value, size }
  })
  const columns = sizes.map((_, i) => ({ name: `c${i}`, type: 'double' as const }))
  const cleaning = { duplicates: null, nulls: 'keep', rules: [] } as const
  return { columns, timeColumn: 'c0', target: 'y', cleaning, features }
}

function tensors(list: readonly GoldenTensor[]): Tensor[] {
  return list.map(({ name, shape, values }) => ({ name, shape, values: Float32Array.from(values) }))
}

function expectClose(found: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number, what: string): void {
  expect(found.length, what).toBe(wanted.length)
  const off = Array.from(found, (value, i) => Math.abs(value - wanted[i]!)) // same length
  expect(Math.max(...off), what).toBeLessThan(tolerance)
}

function expectWeights(weights: Weights, wanted: readonly GoldenTensor[]): void {
  for (const [i, { name, shape, values }] of tensorsOf(weights).entries()) {
    expect(name).toBe(wanted[i]?.name)
    expect(shape).toEqual(wanted[i]?.shape)
    expectClose(values, wanted[i]!.values, WEIGHT_TOLERANCE, name) // one each, or the name had differed
  }
}

const small = specificationOf([1, 3, 1, 1, 5, 1])
const smallRows: EncodedRows = {
  rows: 39,
  numberCount: 4,
  categoryCount: 2,
  numbers: Float32Array.from(golden.steps.numbers),
  codes: Int16Array.from(golden.steps.codes),
  target: Float32Array.from(golden.steps.target),
}

interface Taken {
  weights: Weights
  loss: number
  mae: number
}

const ENGINES = [
  ['TypeScript', openReference],
  ['WebAssembly', openKernels],
] as const

function planOf(specification: FeatureSpecification, warmStart: readonly Tensor[], batchSize: number): NetworkPlan {
  return {
    layout: inputLayout(specification),
    settings: { ...mlp.defaults, hidden: hiddenSizesOf(warmStart), batchSize, dropout: 0 },
    seed: 1,
    warmStart,
    blockRows: batchSize,
    earlyStop: null,
    threads: 2,
    pace: async () => undefined,
  }
}

/** Takes `steps` steps in the rows' own order, as `fit(shuffle=False)` does, without dropout. */
async function takeSteps(
  open: (plan: NetworkPlan) => Promise<NetworkEngine | null>,
  specification: FeatureSpecification,
  start: readonly Tensor[],
  rows: EncodedRows,
  { batch, steps }: { batch: number; steps: number },
): Promise<Taken> {
  await using engine = await open({ ...planOf(specification, start, batch), blockRows: rows.rows })
  if (engine === null) throw new Error('this machine runs no kernels')
  const totals = { rows: 0, loss: 0, absolute: 0 }
  await engine.learn({ rows, order: Int32Array.from({ length: rows.rows }, (_, row) => row) }, steps, totals)
  return { weights: engine.weights, loss: totals.loss / totals.rows, mae: totals.absolute / totals.rows }
}

/** One step of the reference under random numbers of one's own. */
function takeStepWith(random: Random, rate: number, start: readonly Tensor[], batch: number): Taken {
  const layout = inputLayout(small)
  const weights = openWeights(layout, hiddenSizesOf(start))
  const gradients = openWeights(layout, hiddenSizesOf(start))
  restore(weights, start)
  const space = openWorkspace(layout, weights, batch)
  const totals = { rows: 0, loss: 0, absolute: 0 }
  gather(space, smallRows, null, 0, batch)
  lossAndGradients(weights, gradients, space, batch, settings, openDropping(rate, random), totals)
  openAdam(weights.trained, gradients.trained, settings).step()
  return { weights, loss: totals.loss / totals.rows, mae: totals.absolute / totals.rows }
}

test.for(ENGINES)(
  'in %s one training step gives the loss, the weights and the moving statistics Keras gives',
  async ([, open]) => {
    const { start, first } = golden.steps
    const after = await takeSteps(open, small, tensors(start), smallRows, { batch: 16, steps: 1 })
    expect(Math.abs(after.loss - first.loss)).toBeLessThan(1e-5 * first.loss)
    expect(Math.abs(after.mae - first.mae)).toBeLessThan(1e-5)
    expectWeights(after.weights, first.weights)
  },
)

test.for(ENGINES)(
  'in %s an epoch of two whole batches and a short one gives what Keras gives, running means included',
  async ([, open]) => {
    const { start, whole } = golden.steps
    const after = await takeSteps(open, small, tensors(start), smallRows, { batch: 16, steps: 3 })
    expect(Math.abs(after.loss - whole.loss)).toBeLessThan(1e-5 * whole.loss)
    expect(Math.abs(after.mae - whole.mae)).toBeLessThan(1e-5)
    expectWeights(after.weights, whole.weights)
  },
)

test('the predictions are those of Keras', () => {
  const { whole, predictions } = golden.steps
  expectClose(mlp.predictEncoded(small, tensors(whole.weights), smallRows), predictions, 1e-5, 'predictions')
})

test.for(ENGINES)('in %s the validation loss, penalty included, and error are those of Keras', async ([, open]) => {
  const { whole } = golden.steps
  await using engine = await open({ ...planOf(small, tensors(whole.weights), 16), earlyStop: smallRows })
  const { loss, mae } = await engine!.evaluate() // its absence fails the test too
  expect(Math.abs(loss - whole.valLoss)).toBeLessThan(1e-5 * whole.valLoss)
  expect(Math.abs(mae - whole.valMae)).toBeLessThan(1e-5)
})

test('a step under given dropout masks gives what Keras gives under the same', () => {
  const { kept, rate, loss, mae, weights } = golden.masked
  const random = randomDropping(kept, [7, 5], rate)
  const after = takeStepWith(random, rate, tensors(golden.steps.start), 16)
  expect(Math.abs(after.loss - loss)).toBeLessThan(1e-5 * loss)
  expect(Math.abs(after.mae - mae)).toBeLessThan(1e-5)
  expectWeights(after.weights, weights)
})

/** Random numbers under which dropout drops exactly the units that `kept` (a list per layer, 16 rows each) marks 0. */
function randomDropping(kept: readonly number[][], units: readonly number[], rate: number): Random {
  const draws: number[] = []
  for (const [layer, marks] of kept.entries()) {
    const unitsHere = units[layer]! // one list per layer
    const width = padded(unitsHere)
    const dropped = marks.flatMap((mark, i) =>
      mark === 0 ? [Math.floor(i / unitsHere) * width + (i % unitsHere)] : [],
    )
    for (const [i, at] of [...dropped, 16 * width].entries()) {
      const gap = at - (i === 0 ? 0 : dropped[i - 1]! + 1) // i > 0
      draws.push(1 - (1 - rate) ** (gap + 0.5)) // the middle of the draws that give this gap
    }
  }
  const uniform = (): number => draws.shift() ?? 0.999_999
  return { uniform, bits: () => Math.floor(uniform() * 2 ** 32), below: () => 0 }
}

test.for(ENGINES)('in %s one step of the full network on 256 rows agrees with Keras', async ([, open]) => {
  const full = specificationOf([1, 7, 12, 1, 1, 1, 1, 1, 20, 20])
  const steps = [
    [3, 7],
    [5, 12],
    [7, 20],
    [11, 20],
  ] as const
  const rows: EncodedRows = {
    rows: 256,
    numberCount: 6,
    categoryCount: 4,
    numbers: spread(256 * 6, 1, 2),
    codes: Int16Array.from({ length: 256 * 4 }, (_, i) => {
      const [step, size] = steps[i % 4]! // four of them
      return ((Math.floor(i / 4) * step) % (size + 1)) - 1
    }),
    target: spread(256, 2, 20).map((value) => value + 11),
  }
  const start = tensorsOf(openWeights(inputLayout(full), [100, 50])).map((tensor, i) => {
    const around = /gamma|variance/.test(tensor.name) ? 1 : 0
    return { ...tensor, values: spread(tensor.values.length, 10 + i, 0.3).map((value) => around + value) }
  })
  const after = await takeSteps(open, full, start, rows, { batch: 256, steps: 1 })
  expect(Math.abs(after.loss - golden.full.loss)).toBeLessThan(1e-5 * golden.full.loss)
  expect(Math.abs(after.mae - golden.full.mae)).toBeLessThan(1e-5)
  for (const [i, { name, values }] of tensorsOf(after.weights).entries()) {
    const wanted = golden.full.digest[i]! // as many tensors, or the names below differ
    expect(name).toBe(wanted.name)
    const every = Math.max(1, Math.floor(values.length / 20))
    expectClose(
      values.filter((_, at) => at % every === 0),
      wanted.sample,
      WEIGHT_TOLERANCE,
      name,
    )
    expectClose(
      [values.reduce((sum, w) => sum + w, 0)],
      [wanted.sum],
      WEIGHT_TOLERANCE * Math.sqrt(values.length),
      name,
    )
    expectClose(
      [values.reduce((sum, w) => sum + w * w, 0)],
      [wanted.squares],
      WEIGHT_TOLERANCE * Math.sqrt(values.length),
      name,
    )
  }
})

/** The formula of the script: values in [-scale / 2, scale / 2), the same in both languages. */
function spread(count: number, by: number, scale: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => (((i * 7919 + by) % 1009) / 1009 - 0.5) * scale)
}
