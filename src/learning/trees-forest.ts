// From grown trees, which know bins, to an ensemble, which knows values.
import type { Answering, TreeEnsemble } from './tree-ensemble.ts'
import type { GrownTree } from './trees-grower.ts'
import type { Binning } from './trees-survey.ts'

/** Trees as one ensemble, which answers as told. */
export function ensembleFrom(trees: readonly GrownTree[], answering: Answering, binning: Binning): TreeEnsemble {
  const roots = Int32Array.from(trees, () => 0)
  for (let i = 1; i < trees.length; i++) roots[i] = roots[i - 1]! + trees[i - 1]!.column.length
  const nodes = trees.reduce((sum, { column }) => sum + column.length, 0)
  const ensemble = {
    ...answering,
    roots,
    column: new Int32Array(nodes),
    threshold: new Float32Array(nodes),
    missingLeft: new Uint8Array(nodes),
    left: new Int32Array(nodes),
    right: new Int32Array(nodes),
    value: new Float32Array(nodes),
    gain: new Float32Array(nodes),
    ranks: binning.ranks,
  }
  for (const [i, tree] of trees.entries()) {
    const from = roots[i]!
    for (const table of ['column', 'missingLeft', 'value', 'gain'] as const) ensemble[table].set(tree[table], from)
    for (const [node, column] of tree.column.entries()) {
      if (column < 0) continue
      ensemble.threshold[from + node] = thresholdAfter(binning.thresholds[column]!, tree.bin[node]!)
      ensemble.left[from + node] = from + tree.left[node]!
      ensemble.right[from + node] = from + tree.right[node]!
    }
  }
  return ensemble
}

/** Beyond the last bin only rows without a value are left: every value goes left. */
const LARGEST_FLOAT32 = (2 - 2 ** -23) * 2 ** 127

function thresholdAfter(thresholds: Float32Array, bin: number): number {
  return thresholds[bin] ?? LARGEST_FLOAT32
}
