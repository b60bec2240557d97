import { expect, test } from 'vitest'
import type { EncodedRows } from '../features/encode.ts'
import { column } from '../features/expressions.ts'
import type { FeatureSpecification } from '../features/specification.ts'
import { seededRandom } from '../kernel/random.ts'
import type { TrainedModel, TrainingJob } from './port.ts'
import { firstRows, manyParcels, parcelJob, parcels, trainerContract } from './trainer.contract.ts'
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
  ['logarithms', { objective: 'huber', huberDelta: 0.1, logTarget: true }],
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

test.for([3, 4, 12, 13, 20, 28, 29, 45])(
  'so do they with %i columns, each row as long as it takes',
  async (columns) => {
    const random = seededRandom(columns)
    const rows = 700
    const numbers = Float32Array.from({ length: rows * columns }, () => random.uniform())
    const target = Float32Array.from(
      { length: rows },
      (_, row) => 5 * numbers[row * columns + columns - 1]! + random.uniform(),
    )
    const names = Array.from({ length: columns }, (_, i) => `x${i}`)
    const specification: FeatureSpecification = {
      ...parcels,
      features: names.map((name) => ({ kind: 'number', name, value: column('weight_kg') })),
    }
    const fit: EncodedRows = { rows, numberCount: columns, categoryCount: 0, numbers, codes: new Int16Array(), target }
    for (const rowShare of [1, 0.7]) {
      const settings: TreesSettings = { ...SMALL, trees: 3, rowShare }
      const job = parcelJob(settings, { specification, fit, earlyStop: firstRows(fit, 100) })
      const { weights } = await trees.train({ ...job, threads: 2 })
      expect(weights).toEqual((await trainReference(job)).weights)
    }
  },
)
