// Growing trees in plain TypeScript: the readable reference that the kernels are held to, and what computes where they cannot run.
import type { EncodedRows } from '../features/encode.ts'
import { binOf } from './trees-bins.ts'
import {
  type Draw,
  errorsOf,
  type GradientScale,
  type GrownTree,
  type Growth,
  gradientKindOf,
  gradientOf,
  gradientScale,
  isDrawn,
  leafValue,
  leastGainOf,
  openTreeTable,
  quantileBetween,
  quantileOf,
  quantilePlace,
  residualSums,
  type TreeGrower,
  type TreeTable,
} from './trees-grower.ts'
import {
  bestSplit,
  type Histogram,
  histogramOf,
  histogramWithout,
  type LeafTotals,
  type Split,
} from './trees-histogram.ts'
import type { TreesSettings } from './trees-settings.ts'
import { type Binning, finiteTarget } from './trees-survey.ts'

/** Rows as bins, and what is left of their targets. */
interface BinnedRows {
  /** (rows, columns) */
  readonly bins: Uint8Array
  readonly target: Float32Array
  readonly residual: Float32Array
  filled: number
}

interface Growing {
  readonly settings: TreesSettings
  readonly binning: Binning
  readonly fit: BinnedRows
  readonly earlyStop: BinnedRows | null
  /** (columns) The one for rows without a value left out. */
  readonly binCounts: Int32Array
}

/** One tree while it grows. */
interface Terms {
  readonly scale: GradientScale
  /** (fit rows) */
  readonly gradients: Float64Array
  readonly draw: Draw
  readonly table: TreeTable
}

interface Leaf {
  readonly node: number
  /** The drawn rows in it. */
  readonly rows: Int32Array
  readonly totals: LeafTotals
  readonly histogram: Histogram
  readonly split: Split | null
}

/** Opens a grower for so many rows. */
export function openReferenceGrower(
  settings: TreesSettings,
  binning: Binning,
  rows: { fit: number; earlyStop: number | null },
): TreeGrower {
  const binCounts = Int32Array.from(binning.thresholds, (thresholds) => thresholds.length + 1)
  const fit = openRows(rows.fit, binCounts.length)
  const earlyStop = rows.earlyStop === null ? null : openRows(rows.earlyStop, binCounts.length)
  const growing: Growing = { settings, binning, fit, earlyStop, binCounts }
  let base = 0
  const restart = (): void => {
    for (const set of [fit, earlyStop]) set?.residual.set(set.target.map((target) => target - base))
  }
  return {
    computedBy: 'TypeScript',
    add: (set, block) => addRows(binning, set === 'fit' ? fit : (earlyStop ?? fit), block),
    start(targetMean) {
      const quantile = quantileOf(settings)
      base = Math.fround(quantile === null ? targetMean : quantileAmong(fit.target.slice(), quantile))
      restart()
      return base
    },
    restart,
    async grow(draw, pause) {
      await pause()
      return grow(growing, draw)
    },
    close: async () => undefined,
  }
}

function openRows(rows: number, columns: number): BinnedRows {
  return {
    bins: new Uint8Array(rows * columns),
    target: new Float32Array(rows),
    residual: new Float32Array(rows),
    filled: 0,
  }
}

function addRows({ thresholds, ranks, numberCount }: Binning, to: BinnedRows, block: EncodedRows): void {
  for (let row = 0; row < block.rows; row++) {
    const at = (to.filled + row) * thresholds.length
    for (const [i, edges] of thresholds.entries()) {
      const category = i - numberCount
      const value =
        category < 0
          ? block.numbers[row * numberCount + i]!
          : (ranks[category]![block.codes[row * block.categoryCount + category]!] ?? Number.NaN)
      to.bins[at + i] = binOf(value, edges)
    }
    to.target[to.filled + row] = finiteTarget(block, row, to.filled + row)
  }
  to.filled += block.rows
}

function grow(growing: Growing, draw: Draw): Growth {
  const { settings, fit, earlyStop } = growing
  const largest = largestOf(fit.residual)
  const scale = gradientScale(settings, fit.residual.length, largest)
  const kind = gradientKindOf(settings)
  const gradients = Float64Array.from(fit.residual, (residual) => gradientOf(residual, scale, kind))
  const tree = growTree(growing, { scale, gradients, draw, table: openTreeTable(settings.leaves) })
  const step = largestOf(tree.value)
  const errorsAfter = (rows: BinnedRows): ReturnType<typeof errorsOf> => {
    const bound = largestOf(rows.residual) + step
    addTree(tree, rows, growing.binCounts)
    return errorsOf(residualSums(rows.residual, bound), settings)
  }
  return { tree, fit: errorsAfter(fit), earlyStop: earlyStop === null ? null : errorsAfter(earlyStop) }
}

function growTree(growing: Growing, terms: Terms): GrownTree {
  const { settings, fit } = growing
  const leaves = [rootLeaf(growing, terms)]
  while (leaves.length < settings.leaves) {
    let best = 0
    for (const i of leaves.keys()) if (gainOf(leaves[i]!) > gainOf(leaves[best]!)) best = i
    const leaf = leaves[best]!
    if (leaf.split === null) break
    const [left, right] = splitLeaf(growing, terms, leaf, leaf.split)
    leaves[best] = left
    leaves.push(right)
  }
  const quantile = quantileOf(settings)
  for (const { node, rows, totals } of leaves) {
    const residuals = quantile === null ? null : Float32Array.from(rows, (row) => fit.residual[row]!)
    const best =
      residuals === null || quantile === null
        ? (totals.gradients * terms.scale.unit) / totals.rows
        : quantileAmong(residuals, quantile)
    terms.table.setLeaf(node, leafValue(best, totals.rows, settings))
  }
  return terms.table.done()
}

function gainOf({ split }: Leaf): number {
  return split?.gain ?? 0
}

function rootLeaf(growing: Growing, terms: Terms): Leaf {
  const { settings, fit } = growing
  const { gradients, draw, table } = terms
  const all = Int32Array.from(fit.residual.keys())
  const rows = all.filter((row) => isDrawn(row, draw.rowSeed, settings.rowShare))
  const totals = { rows: rows.length, gradients: rows.reduce((sum, row) => sum + gradients[row]!, 0) }
  const histogram = histogramOf(rows, growing.binCounts.length, { bins: fit.bins, gradients })
  return leafOf(growing, terms, { node: table.addRoot(), rows, totals, histogram })
}

/** Both sides of a split. The histogram of the side with fewer rows is built, the other's is what remains. */
function splitLeaf(growing: Growing, terms: Terms, leaf: Leaf, split: Split): [Leaf, Leaf] {
  const { fit, binCounts } = growing
  const columns = binCounts.length
  const [leftNode, rightNode] = terms.table.split(leaf.node, split, split.gain * terms.scale.unit ** 2)
  const isLeft = goesLeft(split, binCounts[split.column]!)
  const left = leaf.rows.filter((row) => isLeft(fit.bins[row * columns + split.column]!))
  const right = leaf.rows.filter((row) => !isLeft(fit.bins[row * columns + split.column]!))
  const smaller = left.length <= right.length ? left : right
  const built = histogramOf(smaller, columns, { bins: fit.bins, gradients: terms.gradients })
  const rest = histogramWithout(leaf.histogram, built)
  const [ofLeft, ofRight] = smaller === left ? [built, rest] : [rest, built]
  return [
    leafOf(growing, terms, { node: leftNode, rows: left, totals: split.left, histogram: ofLeft }),
    leafOf(growing, terms, { node: rightNode, rows: right, totals: split.right, histogram: ofRight }),
  ]
}

function leafOf({ settings, binCounts }: Growing, { draw, scale }: Terms, leaf: Omit<Leaf, 'split'>): Leaf {
  const leastGain = leastGainOf(settings, scale)
  const split = bestSplit(leaf.histogram, leaf.totals, { settings, binCounts, columns: draw.columns, leastGain })
  return { ...leaf, split }
}

/** Which bins of a split's column go left. */
function goesLeft(
  { bin, missingLeft }: Pick<Split, 'bin' | 'missingLeft'>,
  missing: number,
): (found: number) => boolean {
  return (found) => found <= bin || (found === missing && missingLeft)
}

/** Takes off each residual what the tree adds to its row's prediction. */
function addTree(tree: GrownTree, { bins, residual }: BinnedRows, binCounts: Int32Array): void {
  const columns = binCounts.length
  const tests = Array.from(tree.column, (column, node) =>
    column < 0
      ? null
      : goesLeft({ bin: tree.bin[node]!, missingLeft: tree.missingLeft[node] === 1 }, binCounts[column]!),
  )
  for (let row = 0; row < residual.length; row++) {
    let node = 0
    for (let test = tests[0]; test; test = tests[node]) {
      node = test(bins[row * columns + tree.column[node]!]!) ? tree.left[node]! : tree.right[node]!
    }
    residual[row]! -= tree.value[node]!
  }
}

function largestOf(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
}

/** A quantile of some values, which are put in order. */
function quantileAmong(values: Float32Array, quantile: number): number {
  if (values.length === 0) return 0
  values.sort()
  const { below, share } = quantilePlace(values.length, quantile)
  return quantileBetween(values[below]!, values[Math.min(below + 1, values.length - 1)]!, share)
}
