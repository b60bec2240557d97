import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { mlp, trainMlpWith } from './mlp.ts'
import { openKernels } from './network-kernels.ts'
import { openReference } from './network-reference.ts'
import { manyParcels, parcelJob } from './trainer.contract.ts'

const SEEDS = Array.from({ length: 24 }, (_, seed) => seed)
const settings = {
  ...mlp.defaults,
  hidden: [16, 8],
  learningRate: 0.01,
  batchSize: 32,
  epochs: 8,
  patience: 8,
  l1: 1e-4,
  l2: 1e-4,
}

/** Rows from the lightest parcel to the heaviest: the worst order there is to learn in, if it is not shuffled. */
function lightestFirst(rows: number) {
  const { encoded } = manyParcels(rows, 1)
  const order = Array.from({ length: rows }, (_, row) => row).sort(
    (a, b) => encoded.numbers[a * 2]! - encoded.numbers[b * 2]!,
  )
  return {
    ...encoded,
    numbers: Float32Array.from(order.flatMap((row) => [...encoded.numbers.subarray(row * 2, row * 2 + 2)])),
    codes: Int16Array.from(order.flatMap((row) => [...encoded.codes.subarray(row * 2, row * 2 + 2)])),
    target: Float32Array.from(order, (row) => encoded.target[row]!),
  }
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value) / values.length
const spread = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / (values.length - 1))

test('a network learns rows shuffled by way of twenty buckets as well as rows shuffled in memory', async () => {
  await using scratch = await mkdtempDisposable(join(tmpdir(), 'understudy-learning-'))
  const fit = lightestFirst(4_000)
  const errorsOf = async (held: { heldBytes?: number; bucketBytes?: number }): Promise<number[]> => {
    const errors: number[] = []
    for (const seed of SEEDS) {
      const job = parcelJob(settings, { fit, seed, scratch: scratch.path, earlyStop: manyParcels(1_000, 2).encoded })
      const open = async (plan: Parameters<typeof openReference>[0]) =>
        (await openKernels(plan)) ?? (await openReference(plan))
      errors.push((await trainMlpWith(job, open, held)).earlyStopMae ?? Number.NaN)
    }
    return errors
  }
  const inMemory = await errorsOf({})
  const spilled = await errorsOf({ heldBytes: 0, bucketBytes: (4_000 * 16) / 20 })
  // The means of two equal ways are more than 3 standard errors apart once in 370 draws, and the seeds are fixed: always or never.
  // Buckets filled one after the other, in the order of the rows, have ten times the error.
  const standardError = Math.hypot(spread(inMemory), spread(spilled)) / Math.sqrt(SEEDS.length)
  expect(Math.abs(mean(spilled) - mean(inMemory))).toBeLessThan(3 * standardError)
  expect(standardError).toBeLessThan(0.05 * mean(inMemory)) // or the line above could not fail
})
