import { expect, test } from 'vitest'
import type { EncodedRows } from '../features/encode.ts'
import { seededRandom } from '../kernel/random.ts'
import type { TrainedModel, TrainingJob } from './port.ts'
import { manyParcels, parcelJob, trainerContract } from './trainer.contract.ts'
import { trainTreesWith, trees } from './trees.ts'
import { openReferenceGrower } from './trees-reference.ts'
import type { TreesSettings } from './trees-settings.ts'

const SMALL: TreesSettings = { ...trees.defaults, trees: 12, learningRate: 0.2, leaves: 15, patience: 3 }

function trainReference(job: TrainingJob<TreesSettings>): Promise<TrainedModel> {
  return trainTreesWith(job, async (settings, binning, rows) => openReferenceGrower(settings, binning, rows))
}

trainerContract({ ...trees, name: 'trees', train: trainReference }, SMALL)

/** Parcels of which some weights are not known and some targets lie far out. */
function roughParcels(rows: number, seed: number): EncodedRows {
  const { encoded } = manyParcels(rows, seed)
  const random = seededRandom(seed, 1)
  for (let row = 0; row < rows; row++) {
    if (random.uniform() < 0.1) encoded.numbers[row * 2] = Number.NaN
    if (random.uniform() < 0.01) encoded.target[row] = 1_000 * random.uniform()
  }
  return encoded
}

const CASES: readonly (readonly [string, Partial<TreesSettings>])[] = [
  ['l2', { objective: 'l2' }],
  ['l1', { objective: 'l1' }],
  ['huber', { objective: 'huber', huberDelta: 1.5 }],
  ['a quantile', { objective: 'quantile', quantile: 0.9 }],
  ['rows and columns drawn', { objective: 'l2', rowShare: 0.6, columnShare: 0.5 }],
  ['several bags of drawn rows', { objective: 'l1', rowShare: 0.6, bags: 3 }],
  ['few bins, lambda and a least gain', { objective: 'l2', bins: 7, lambda: 2, minGain: 0.5, minLeafRows: 3 }],
]

test.for(CASES)('the kernels grow the same trees as the reference, node for node: %s', async ([, changes]) => {
  const job = parcelJob({ ...SMALL, ...changes }, { fit: roughParcels(3_001, 1), earlyStop: roughParcels(301, 2) })
  const reference = await trainReference(job)
  for (const threads of [1, 2, 3]) {
    const { computedBy, ...model } = await trees.train({ ...job, threads })
    expect(computedBy).toBe('WebAssembly with relaxed SIMD')
    expect({ ...model, computedBy: reference.computedBy }).toEqual(reference)
  }
})
