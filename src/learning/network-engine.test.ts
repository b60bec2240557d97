import { expect, test } from 'vitest'
import { inputLayout } from './input-layout.ts'
import type { KernelVariant } from './kernel-files.ts'
import { MLP_DEFAULTS, type MlpSettings } from './mlp-settings.ts'
import type { NetworkEngine, NetworkPlan } from './network-engine.ts'
import { openKernels } from './network-kernels.ts'
import { openReference } from './network-reference.ts'
import { firstRows, manyParcels, parcels } from './trainer.contract.ts'

const fit = manyParcels(600, 1).encoded
const earlyStop = manyParcels(150, 2).encoded
/** All rows, in an order of their own: 7 and 600 have no common divisor. */
const order = Int32Array.from({ length: 600 }, (_, row) => (row * 7) % 600)

/**
 * Adam divides a gradient by its own size: with Keras' epsilon of 1e-7 a gradient that is nothing but rounding moves its weight as
 * far as any other. An epsilon well above rounding makes what is compared here continuous.
 */
const settings: MlpSettings = { ...MLP_DEFAULTS, learningRate: 0.001, adamEpsilon: 0.01 }

function planOf(changes: Partial<MlpSettings>, more: Partial<NetworkPlan> = {}): NetworkPlan {
  return {
    layout: inputLayout(parcels),
    settings: { ...settings, ...changes },
    seed: 3,
    warmStart: null,
    blockRows: 600,
    earlyStop,
    threads: 1,
    pace: async () => undefined,
    ...more,
  }
}

async function openCompiled(plan: NetworkPlan, variants?: readonly KernelVariant[]): Promise<NetworkEngine> {
  const engine = await openKernels(plan, variants)
  if (engine === null) throw new Error('this machine runs no kernels')
  return engine
}

/** Takes steps, epoch after epoch in the same order, and tells all that came of them. */
async function takeSteps(engine: NetworkEngine, steps: number) {
  const totals = { rows: 0, loss: 0, absolute: 0 }
  for (let taken = 0; taken < steps; ) taken += await engine.learn({ rows: fit, order }, steps - taken, totals)
  const { trained, statistics } = engine.weights
  return { trained: trained.slice(), statistics: statistics.slice(), totals, checked: await engine.evaluate() }
}

/** Of the larger of the two and 1. */
function furthestApart(some: Float32Array, others: Float32Array): number {
  expect(some.length).toBe(others.length)
  return some.reduce((most, value, i) => {
    const scale = Math.max(1, Math.abs(value))
    return Math.max(most, Math.abs(value - others[i]!) / scale) // as many
  }, 0)
}

// 600 rows: 256 leaves a short batch of 88, 7 one of 5, 599 one of 1, 32 one of 24 (a block's rows are 32).
const CASES: readonly (Partial<MlpSettings> & { hidden: number[]; batchSize: number })[] = [
  { hidden: [100, 50], batchSize: 256 },
  { hidden: [10, 6], batchSize: 64, dropout: 0, l1: 0, l2: 0 },
  { hidden: [7, 3, 5], batchSize: 7, l1: 0 },
  { hidden: [1], batchSize: 600, l2: 0 },
  { hidden: [33, 20], batchSize: 599, dropout: 0.5 },
  { hidden: [20, 9], batchSize: 32, dropout: 0.001, momentum: 0.99 },
  { hidden: [4, 4, 4, 4], batchSize: 10_000, dropout: 0.9 },
]

test.for(CASES)('kernels and reference agree to float rounding after 1, 2 and 20 steps: %o', async (changes) => {
  for (const steps of [1, 2, 20]) {
    const plan = planOf(changes)
    const wanted = await takeSteps(await openReference(plan), steps)
    await using engine = await openCompiled(plan)
    const found = await takeSteps(engine, steps)
    // A step moves weights by up to 1e-3; float32 has 6e-8 of a number of 1. The largest difference seen is 6e-7.
    expect(furthestApart(found.trained, wanted.trained)).toBeLessThan(5e-6)
    expect(furthestApart(found.statistics, wanted.statistics)).toBeLessThan(5e-6)
    expect(found.totals.rows).toBe(wanted.totals.rows)
    expect(Math.abs(found.totals.loss / wanted.totals.loss - 1)).toBeLessThan(1e-6)
    expect(Math.abs(found.totals.absolute / wanted.totals.absolute - 1)).toBeLessThan(1e-6)
    expect(Math.abs(found.checked.loss / wanted.checked.loss - 1)).toBeLessThan(1e-6)
    expect(Math.abs(found.checked.mae / wanted.checked.mae - 1)).toBeLessThan(1e-6)
  }
})

test('batches of a single row are learnt from, as by the reference', async () => {
  const plan = planOf({ hidden: [9], batchSize: 1 })
  const wanted = await takeSteps(await openReference(plan), 20)
  await using engine = await openCompiled(plan)
  const found = await takeSteps(engine, 20)
  // The normalised value of a single row is 0 / 0.03: rounding is 32 times as large there.
  expect(furthestApart(found.trained, wanted.trained)).toBeLessThan(5e-5)
  expect(furthestApart(found.statistics, wanted.statistics)).toBeLessThan(5e-5)
})

test.for<KernelVariant>(['relaxed', 'simd'])(
  'in variant %s any number of threads gives the same bits, again and again',
  async (variant) => {
    for (const changes of [
      { hidden: [100, 50], batchSize: 256 },
      { hidden: [13, 7, 5], batchSize: 100 },
    ]) {
      const outcomes = []
      for (const threads of [1, 2, 3, 2, 3]) {
        await using engine = await openCompiled(planOf(changes, { threads }), [variant])
        outcomes.push(await takeSteps(engine, 20))
      }
      for (const outcome of outcomes) expect(outcome).toEqual(outcomes[0])
    }
  },
)

test('the two variants agree with each other to float rounding, and say which they are', async () => {
  const outcomes = []
  for (const variant of ['relaxed', 'simd'] as const) {
    await using engine = await openCompiled(planOf({ hidden: [10, 6] }), [variant])
    expect(engine.computedBy).toBe(variant === 'relaxed' ? 'WebAssembly with relaxed SIMD' : 'WebAssembly with SIMD')
    outcomes.push(await takeSteps(engine, 20))
  }
  expect(furthestApart(outcomes[0]!.trained, outcomes[1]!.trained)).toBeLessThan(5e-6) // two of them
})

test('rows that come in several blocks are learnt like rows that come in one, and predicted in their order', async () => {
  const [first, second] = [firstRows(fit, 256), lastRows(256)]
  for (const open of [openReference, openCompiled]) {
    await using whole = await open(planOf({ hidden: [10, 6], batchSize: 128 }))
    await using parts = await open(planOf({ hidden: [10, 6], batchSize: 128 }, { blockRows: 344 }))
    const totals = [0, 1].map(() => ({ rows: 0, loss: 0, absolute: 0 }))
    await whole.learn({ rows: fit, order: order.map((_, row) => row) }, 5, totals[0]!) // two of them, here and below
    expect(await parts.learn({ rows: first, order: order.slice(0, 256).map((_, row) => row) }, 5, totals[1]!)).toBe(2)
    expect(await parts.learn({ rows: second, order: order.slice(256).map((_, row) => row) }, 3, totals[1]!)).toBe(3)
    expect(parts.weights.trained).toEqual(whole.weights.trained)
    expect(totals[1]).toEqual(totals[0])
    expect(await parts.evaluate()).toEqual(await whole.evaluate())
  }
})

function lastRows(from: number) {
  return {
    ...fit,
    rows: fit.rows - from,
    numbers: fit.numbers.slice(from * fit.numberCount),
    codes: fit.codes.slice(from * fit.categoryCount),
    target: fit.target.slice(from),
  }
}

test('weights set from outside between steps are gone on from', async () => {
  const outcomes = []
  for (const open of [openReference, openCompiled]) {
    await using engine = await open(planOf({ hidden: [10, 6], dropout: 0 }))
    await takeSteps(engine, 2)
    engine.weights.trained.forEach((weight, i) => {
      engine.weights.trained[i] = weight / 2
    })
    outcomes.push(await takeSteps(engine, 1))
  }
  expect(furthestApart(outcomes[0]!.trained, outcomes[1]!.trained)).toBeLessThan(5e-6) // two of them
})
