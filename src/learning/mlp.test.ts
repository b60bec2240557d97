import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isPlanned } from '../kernel/errors.ts'
import { mlp as fastest, trainMlpWith } from './mlp.ts'
import type { MlpSettings } from './mlp-settings.ts'
import { weightsOf } from './model-file.ts'
import { openKernels } from './network-kernels.ts'
import { openReference } from './network-reference.ts'
import type { EpochRecord, LearningProgress } from './port.ts'
import { firstRows, manyParcels, parcelJob, parcels, trainerContract } from './trainer.contract.ts'

const quick: MlpSettings = {
  ...fastest.defaults,
  hidden: [10, 6],
  learningRate: 0.01,
  batchSize: 64,
  epochs: 60,
  l1: 0.001,
  l2: 0.0005,
}

/** The same trainer in TypeScript, whatever the machine can do. */
const reference: typeof fastest = { ...fastest, train: (job) => trainMlpWith(job, openReference) }

describe.for([
  ['WebAssembly with relaxed SIMD', fastest],
  ['TypeScript', reference],
] as const)('in %s', ([computedBy, mlp]) => {
  trainerContract(mlp, quick)

  test('it says what computed it', async () => {
    expect((await mlp.train(parcelJob(quick, { steps: 1 }))).computedBy).toBe(computedBy)
  })

  test('another seed gives other weights', async () => {
    const one = await mlp.train(parcelJob(quick, { seed: 1 }))
    const other = await mlp.train(parcelJob(quick, { seed: 2 }))
    expect(one.weights[0]?.values).not.toEqual(other.weights[0]?.values)
  })

  test('learning stops after `patience` epochs without a better loss, and hands back the best epoch, not the last', async () => {
    const settings = { ...quick, learningRate: 0.03, epochs: 200, patience: 3 }
    const { epochs, keptEpoch, keptSteps, stoppedEarly, earlyStopMae, weights } = await mlp.train(parcelJob(settings))
    const losses = epochs.map(({ valLoss }) => valLoss!) // there are early-stop rows
    expect(stoppedEarly).toBe(true)
    expect(keptEpoch).toBe(losses.indexOf(Math.min(...losses)))
    expect(epochs.length - 1 - keptEpoch).toBe(3)
    expect(keptSteps).toBe((keptEpoch + 1) * Math.ceil(600 / 64))
    expect(earlyStopMae).toBe(epochs[keptEpoch]?.valMae)
    const again = await mlp.train(parcelJob(settings, { earlyStop: null, steps: keptSteps }))
    expect(again.weights).toEqual(weights) // the same steps, and nothing after them
  })

  test("a refit takes exactly the steps asked for, in the middle of an epoch too, past the settings' epochs too", async () => {
    const refit = await mlp.train(parcelJob({ ...quick, epochs: 1 }, { earlyStop: null, steps: 25 })) // ten steps an epoch
    expect([refit.keptSteps, refit.keptEpoch, refit.epochs.length, refit.stoppedEarly]).toEqual([25, 2, 3, false])
    await expect(mlp.train(parcelJob(quick, { steps: 0 }))).rejects.toThrow('asked for 0 steps')
  })

  test('a warm start goes on from the weights and batch statistics of a model file', async () => {
    const first = await mlp.train(parcelJob(quick))
    const warmStart = weightsOf(mlp.toOnnx(parcels, first.weights, {}))
    const still = await mlp.train(
      parcelJob({ ...quick, learningRate: 1e-12, momentum: 0.999_999 }, { warmStart, steps: 1 }),
    )
    expect(still.earlyStopMae).toBeCloseTo(first.earlyStopMae!, 3)
    const colder = await mlp.train(parcelJob({ ...quick, epochs: 1 }))
    const warmer = await mlp.train(parcelJob({ ...quick, epochs: 1 }, { warmStart }))
    expect(warmer.earlyStopMae).toBeLessThan(0.5 * colder.earlyStopMae!)
  })

  test('a warm start from weights that do not fit names the tensor and both shapes', async () => {
    const { weights } = await mlp.train(parcelJob(quick, { steps: 1 }))
    const wider = { ...quick, hidden: [12, 6] }
    const run = mlp.train(parcelJob(wider, { warmStart: weights }))
    await expect(run).rejects.toThrow(/hidden_1\/kernel should be \[12, 12\] and it is \[12, 10\]/)
    const missing = weights.filter(({ name }) => name !== 'hidden_2/moving_variance')
    await expect(mlp.train(parcelJob(quick, { warmStart: missing }))).rejects.toThrow(
      'hidden_2/moving_variance should be [6] and there is none',
    )
    const broken = weights.map((tensor) => ({ ...tensor, values: tensor.values.map(() => Number.NaN) }))
    await expect(mlp.train(parcelJob(quick, { warmStart: broken }))).rejects.toThrow('not finite')
  })

  test('a learning rate far too high is told as such, with the epoch', async () => {
    await expect(mlp.train(parcelJob({ ...quick, learningRate: 1e30 }))).rejects.toThrow(
      /lost its way in epoch \d+.*lower the rate/,
    )
  })

  test('the reported loss holds the penalty and the training error the dropout, the validation error no dropout', async () => {
    const seen: EpochRecord[] = []
    const { encoded } = manyParcels(600, 1)
    const settings = { ...quick, learningRate: 1e-12, dropout: 0.5, epochs: 1, l1: 0, l2: 10 }
    const warm = await mlp.train(parcelJob({ ...quick, epochs: 60 }))
    const job = parcelJob(settings, {
      fit: encoded,
      earlyStop: encoded,
      warmStart: warm.weights,
      onEpoch: (record) => seen.push(record),
    })
    await mlp.train(job)
    const kernel = warm.weights[0]!.values
    const penalty = 10 * kernel.reduce((sum, w) => sum + w * w, 0)
    const [record] = seen
    expect(record!.valLoss).toBeGreaterThan(penalty)
    expect(record!.valLoss! - penalty).toBeLessThan(record!.loss - penalty)
    expect(record!.valMae).toBeLessThan(0.5 * record!.mae)
  })

  test('it lets the event loop run, so that an abort on a timer ends it while it learns', async () => {
    const stop = new AbortController()
    const fit = manyParcels(20_000, 1).encoded
    setTimeout(() => stop.abort(), 30)
    const startedAt = performance.now()
    const run = mlp.train(parcelJob({ ...quick, epochs: 1_000_000, patience: 1_000_000 }, { fit, signal: stop.signal }))
    await expect(run).rejects.toSatisfy((error) => isPlanned(error, 'CANCELLED'))
    expect(performance.now() - startedAt).toBeLessThan(3_000)
  })

  test('batches larger than the rows, single rows to stop by, and hidden sizes that fill no tile are all learnt from', async () => {
    const earlyStop = firstRows(manyParcels(3, 9).encoded, 1)
    const { epochs } = await mlp.train(
      parcelJob({ ...quick, hidden: [1], batchSize: 10_000, epochs: 2 }, { earlyStop }),
    )
    expect(epochs.every(({ loss, valLoss }) => Number.isFinite(loss) && Number.isFinite(valLoss))).toBe(true)
    const deep = await mlp.train(parcelJob({ ...quick, hidden: [7, 3, 5], epochs: 20 }))
    expect(deep.weights.map(({ name }) => name)).toContain('hidden_3/kernel')
  })

  test('dropout leaves the mean of what the next layer sees as it was', async () => {
    // One hidden layer and a learning rate of nothing: the training prediction is linear in what dropout lets through, so over
    // many batches its mean is the mean without dropout. The loss is not: it grows by the variance dropout adds.
    const warm = (await mlp.train(parcelJob({ ...quick, hidden: [20], epochs: 30 }))).weights
    const fit = manyParcels(20_000, 4).encoded
    const frozen = { ...quick, hidden: [20], learningRate: 1e-12, epochs: 1, l1: 0, l2: 0, batchSize: 2_000 }
    // Targets so low that every error has one sign: the mean absolute error is then the mean prediction, shifted.
    const low = { ...fit, target: fit.target.map(() => -1_000) }
    const meanPrediction = async (dropout: number): Promise<number> =>
      (await mlp.train(parcelJob({ ...frozen, dropout }, { fit: low, warmStart: warm }))).epochs[0]!.mae - 1_000
    const without = await meanPrediction(0)
    expect(Math.abs((await meanPrediction(0.3)) - without)).toBeLessThan(0.02 * without) // standard error some 0.2 %
  })
})

test('both learn the same from the same job, as far as rounding lets them', async () => {
  const few = { ...quick, adamEpsilon: 0.01, epochs: 3 } // see network-engine.test.ts
  const [one, other] = [await fastest.train(parcelJob(few)), await reference.train(parcelJob(few))]
  for (const [epoch, { valLoss, valMae, loss, mae }] of one.epochs.entries()) {
    const wanted = other.epochs[epoch]! // as many
    expect(Math.abs(loss / wanted.loss - 1)).toBeLessThan(1e-4)
    expect(Math.abs(mae / wanted.mae - 1)).toBeLessThan(1e-4)
    expect(Math.abs(valLoss! / wanted.valLoss! - 1)).toBeLessThan(1e-4) // there are early-stop rows
    expect(Math.abs(valMae! / wanted.valMae! - 1)).toBeLessThan(1e-4)
  }
})

test('the number of threads changes no bit of the weights, nor of the curve', async () => {
  const fit = manyParcels(20_000, 4).encoded // enough for threads to be worth their start
  const wide = { ...quick, hidden: [100, 50], batchSize: 256, epochs: 2 }
  const one = await fastest.train(parcelJob(wide, { fit, threads: 1 }))
  for (const threads of [2, 3]) expect(await fastest.train(parcelJob(wide, { fit, threads }))).toEqual(one)
})

test('a training on several threads that is cancelled ends within a second, and its threads with it', async () => {
  const stop = new AbortController()
  const fit = manyParcels(50_000, 1).encoded
  const settings = { ...quick, hidden: [100, 50], batchSize: 256, epochs: 1_000_000, patience: 1_000_000 }
  let cancelledAt = Number.POSITIVE_INFINITY
  setTimeout(() => {
    cancelledAt = performance.now()
    stop.abort()
  }, 500)
  const run = fastest.train(parcelJob(settings, { fit, signal: stop.signal, threads: 3 }))
  await expect(run).rejects.toSatisfy((error) => isPlanned(error, 'CANCELLED'))
  expect(performance.now() - cancelledAt).toBeLessThan(1_000)
  expect(process.report.getReport()).toMatchObject({ workers: [] })
})

test('a machine without kernels is told of, and learns in TypeScript', async () => {
  const said: string[] = []
  const { computedBy } = await trainMlpWith(
    parcelJob({ ...quick, epochs: 1 }, { onNotice: (text) => said.push(text) }),
    async (plan) => (await openKernels(plan, [])) ?? (await openReference(plan)),
  )
  expect(computedBy).toBe('TypeScript')
  expect(said).toEqual(['this machine has no WebAssembly SIMD: computing in TypeScript, several times slower'])
})

test('rows spilled to a file are learnt as well as rows in memory, and the file goes', async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'mlp-'))
  const spilling = { heldBytes: 0, bucketBytes: 128 * 16 } // 128 rows of 16 bytes: five buckets
  try {
    for (const open of [openKernels, openReference]) {
      const { earlyStopMae, keptSteps } = await trainMlpWith(
        parcelJob({ ...quick, epochs: 20 }, { scratch }),
        async (plan) => {
          expect([plan.blockRows, readdirSync(scratch).length]).toEqual([128, 1])
          return (await open(plan))! // its absence fails the test too
        },
        spilling,
      )
      expect([keptSteps, earlyStopMae! < 5]).toEqual([200, true])
      expect(readdirSync(scratch)).toEqual([])
    }
  } finally {
    rmSync(scratch, { recursive: true })
  }
})

test('progress is told in epochs, within one too, and ends with the last', async () => {
  const seen: LearningProgress[] = []
  const fit = manyParcels(150_000, 4).encoded
  await fastest.train(
    parcelJob({ ...quick, epochs: 2, patience: 5 }, { fit, onProgress: (progress) => seen.push(progress) }),
  )
  const done = seen.map((progress) => progress.done)
  expect(done).toEqual(done.toSorted((one, other) => one - other))
  expect(done.filter((epochs) => epochs % 1 !== 0).length).toBe(4) // two in each: 150 thousand rows
  expect(done.filter((epochs) => epochs % 1 === 0)).toEqual([1, 2])
  expect(seen.every(({ unit, atMost }) => unit === 'epoch' && atMost === 2)).toBe(true)
})
