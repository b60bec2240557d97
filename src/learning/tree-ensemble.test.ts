import { expect, test } from 'vitest'
import type { EncodedRows } from '../features/encode.ts'
import { seededRandom } from '../kernel/random.ts'
import type { Tensor } from './port.ts'
import { parcels } from './trainer.contract.ts'
import { nextFloat, randomEnsemble, randomRows } from './tree-ensemble.fixture.ts'
import {
  averageOf,
  columnNames,
  ensembleOf,
  ensembleTensors,
  gainShares,
  predictionOf,
  predictTrees,
  type TreeEnsemble,
} from './tree-ensemble.ts'

const shape = { trees: 20, leaves: 9, numbers: 3, categories: [4, 7] }

/** weight <= 2.5 ? 10 : zone's rank <= 0 ? 20 : 30, on 1 + a second tree that is one leaf of 0.5. */
const small: TreeEnsemble = {
  base: 1,
  isLog: false,
  roundTo: 0,
  roots: Int32Array.of(0, 5),
  column: Int32Array.of(0, -1, 1, -1, -1, -1),
  threshold: Float32Array.of(2.5, 0, 0, 0, 0, 0),
  missingLeft: Uint8Array.of(1, 0, 0, 0, 0, 0),
  left: Int32Array.of(1, 0, 3, 0, 0, 0),
  right: Int32Array.of(2, 0, 4, 0, 0, 0),
  value: Float32Array.of(0, 10, 0, 20, 30, 0.5),
  gain: Float32Array.of(3, 0, 1, 0, 0, 0),
  ranks: [Float32Array.of(1, 0, Number.NaN)],
}

function rowsOf(numbers: readonly number[], codes: readonly number[]): EncodedRows {
  const rows = numbers.length
  return {
    rows,
    numberCount: 1,
    categoryCount: 1,
    numbers: Float32Array.from(numbers),
    codes: Int16Array.from(codes),
    target: new Float32Array(rows),
  }
}

test('a value equal to a threshold goes left, the next float above it right, and a missing one where the node says', () => {
  const weights = [2.5, nextFloat(2.5, -1), nextFloat(2.5, 1), Number.NaN, 3, 3, 3]
  const codes = [0, 0, 0, 0, 1, 2, -1] // ranks 1 1 1 1 0, then none twice
  expect([...predictTrees(small, rowsOf(weights, codes))]).toEqual([11.5, 11.5, 31.5, 11.5, 21.5, 31.5, 31.5])
})

test('predictions are rounded to whole steps, halves upwards, below 0 too', () => {
  const rounded = (value: number, roundTo: number): number => predictionOf({ base: 0, isLog: false, roundTo }, value)
  expect([0.24, 0.25, 0.74, 0.75, -0.25, -0.26].map((value) => rounded(value, 0.5))).toEqual([0, 0.5, 0.5, 1, 0, -0.5])
  expect(rounded(7, 3)).toBe(6)
  expect(rounded(0.1, 0)).toBe(Math.fround(0.1))
  expect(predictionOf({ base: 0, isLog: true, roundTo: 0.5 }, Math.log(12.3))).toBe(12.5)
  expect([...predictTrees({ ...small, roundTo: 4 }, rowsOf([2, 3], [0, 0]))]).toEqual([12, 32])
})

test('an ensemble without trees predicts its base', () => {
  const empty = averageOf([{ ...randomEnsemble(seededRandom(1), { ...shape, trees: 0 }), base: 2 }])
  expect([...predictTrees(empty, randomRows(seededRandom(1), 2, shape))]).toEqual([2, 2])
  expect(ensembleOf(ensembleTensors(empty))).toEqual(empty)
})

test('tensors of an ensemble give it back', () => {
  const ensemble = randomEnsemble(seededRandom(2), shape)
  expect(ensembleOf(ensembleTensors(ensemble))).toEqual(ensemble)
  expect(ensembleOf(ensembleTensors(small).reverse())).toEqual(small)
})

test('tensors that are no trees are refused, saying what is wrong with them', () => {
  const changed = (name: string, at: number, value: number): Tensor[] =>
    ensembleTensors(small).map((tensor) =>
      tensor.name === name ? { ...tensor, values: tensor.values.with(at, value) } : tensor,
    )
  const cases: readonly (readonly [Tensor[], string])[] = [
    [[{ name: 'output/kernel', shape: [1], values: Float32Array.of(1) }], 'there is no tensor "base"'],
    [ensembleTensors(small).filter(({ name }) => name !== 'nodes/left'), 'no tensor "nodes/left"'],
    [ensembleTensors({ ...small, gain: new Float32Array(5) }), '"nodes/gain" has 5 values for 6 nodes'],
    [changed('base', 0, Number.NaN), '"base" is not one finite number'],
    [changed('roots', 1, 7), 'tree 0 has the nodes from 0 to before 7 of 6'],
    [changed('nodes/left', 2, 2), 'node 2 of tree 0 has 2 as a child'], // round in a circle
    [changed('nodes/right', 2, 5), 'node 2 of tree 0 has 5 as a child'], // into another tree
    [changed('nodes/right', 0, 1), 'node 0 of tree 0 has 1 as a child'], // twice
    [changed('nodes/column', 2, -1), 'node 3 is no root and no node'],
    [changed('nodes/threshold', 0, Number.NaN), 'node 0 has no threshold'],
    [changed('nodes/value', 1, Number.POSITIVE_INFINITY), 'leaf 1 holds no finite number'],
  ]
  for (const [tensors, why] of cases) {
    const refused = expect.objectContaining({ code: 'BAD_INPUT', why: expect.stringContaining(why) })
    expect(() => ensembleOf(tensors), why).toThrow(refused)
  }
})

test('rows without the columns that the trees ask for are refused', () => {
  const lacking = { ...rowsOf([1], []), categoryCount: 0, codes: new Int16Array() }
  expect(() => predictTrees(small, lacking)).toThrow('ask for column 1 and 1 categories; the rows have 1 columns')
})

test('importances are shares of the gain by feature, in the order of the columns', () => {
  expect(columnNames(parcels)).toEqual(['weight', 'month', 'weekday', 'zone_code'])
  expect(gainShares(small, ['weight', 'zone', 'spare'])).toEqual({ weight: 0.75, zone: 0.25, spare: 0 })
  const stump = { ...small, column: new Int32Array(6).fill(-1) }
  expect(gainShares(stump, ['weight', 'zone'])).toEqual({ weight: 0, zone: 0 })
})

test('an average predicts the mean of its members', () => {
  const random = seededRandom(3)
  const first = randomEnsemble(random, shape)
  const others = [randomEnsemble(random, shape), randomEnsemble(random, { ...shape, trees: 3 })]
  const members = [first, ...others.map((one) => ({ ...one, ranks: first.ranks }))]
  const rows = randomRows(random, 1_000, shape)
  const each = members.map((member) => predictTrees(member, rows))
  const mean = each[0]!.map((one, row) => (one + each[1]![row]! + each[2]![row]!) / 3)
  const average = averageOf(members)
  const apart = predictTrees(average, rows).map((prediction, row) => Math.abs(prediction - mean[row]!))
  expect(Math.max(...apart)).toBeLessThan(4e-6) // leaves of up to 1 are rounded to float32 again, 43 of them
  expect(ensembleOf(ensembleTensors(average)).roots).toEqual(average.roots)
})

test('ensembles that order codes or answer differently have no average, and neither have none', () => {
  expect(() => averageOf([small, { ...small, roundTo: 0.5 }])).toThrow('do not round alike')
  const other = { ...small, ranks: [Float32Array.of(0, 1, 2)] }
  expect(() => averageOf([small, other])).toThrow('order the codes of a category differently')
  expect(() => averageOf([])).toThrow('no ensembles')
})
