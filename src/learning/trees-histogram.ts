// Histograms of a leaf's rows, and the best split they show: the reference of what the kernels do.
import { LEAST_GAIN } from './trees-grower.ts'
import type { TreesSettings } from './trees-settings.ts'

/** Bins of a column at most, the one for rows without a value included. */
const MOST_BINS = 256

/** Sums over the rows of a leaf, per column and bin. */
export interface Histogram {
  /** (columns, MOST_BINS) Whole numbers. */
  readonly gradients: Float64Array
  readonly rows: Int32Array
}

/** What a leaf's rows add up to. */
export interface LeafTotals {
  readonly rows: number
  readonly gradients: number
}

export interface Split {
  readonly column: number
  /** Rows of this bin and those before it go left. */
  readonly bin: number
  readonly missingLeft: boolean
  /** In squared units of the gradients. */
  readonly gain: number
  readonly left: LeafTotals
  readonly right: LeafTotals
}

/** The histogram of some rows. `bins` is (rows, columns); `gradients` (rows). */
export function histogramOf(
  order: Int32Array,
  columns: number,
  { bins, gradients }: { bins: Uint8Array; gradients: Float64Array },
): Histogram {
  const histogram = {
    gradients: new Float64Array(columns * MOST_BINS),
    rows: new Int32Array(columns * MOST_BINS),
  }
  for (const row of order) {
    for (let column = 0; column < columns; column++) {
      const at = column * MOST_BINS + bins[row * columns + column]!
      histogram.gradients[at]! += gradients[row]!
      histogram.rows[at]! += 1
    }
  }
  return histogram
}

/** Of all rows of a leaf without those of one child: the other's. */
export function histogramWithout(all: Histogram, some: Histogram): Histogram {
  return {
    gradients: all.gradients.map((sum, i) => sum - some.gradients[i]!),
    rows: all.rows.map((rows, i) => rows - some.rows[i]!),
  }
}

/**
 * The split with the largest gain, the first of those in the order of columns, bins, and rows without a value right before left;
 * null if none gains enough. `binCounts` (columns) leaves the bin without a value out, which comes after them; `leastGain` is in
 * squared units.
 */
export function bestSplit(
  histogram: Histogram,
  totals: LeafTotals,
  terms: { settings: TreesSettings; binCounts: Int32Array; columns: Uint8Array; leastGain: number },
): Split | null {
  const { settings, binCounts, columns, leastGain } = terms
  const own = worth(totals, settings)
  let best: Split | null = null
  let bestGain = Math.max(leastGain, own * LEAST_GAIN)
  for (const [column, bins] of binCounts.entries()) {
    if (columns[column] === 0) continue
    const missing = totalsAt(histogram, column, bins)
    let left: LeafTotals = { rows: 0, gradients: 0 }
    // Without a row that lacks a value, the last bin would leave nothing on the right.
    for (let bin = 0; bin < (missing.rows > 0 ? bins : bins - 1); bin++) {
      const here = totalsAt(histogram, column, bin)
      if (here.rows === 0) continue // parts the rows as the bin before it does
      left = sumOf(left, here)
      for (const missingLeft of missing.rows > 0 ? [false, true] : [false]) {
        const onLeft = missingLeft ? sumOf(left, missing) : left
        const right = { rows: totals.rows - onLeft.rows, gradients: totals.gradients - onLeft.gradients }
        if (onLeft.rows < settings.minLeafRows || right.rows < settings.minLeafRows) continue
        const gain = worth(onLeft, settings) + worth(right, settings) - own
        if (gain <= bestGain) continue
        bestGain = gain
        // What comes without a value where no row did goes where more rows go.
        const isLeft = missing.rows > 0 ? missingLeft : onLeft.rows >= right.rows
        best = { column, bin, missingLeft: isLeft, gain, left: onLeft, right }
      }
    }
  }
  return best === null ? null : { ...best, bin: middleOfGap(histogram, best, binCounts[best.column]!) }
}

/**
 * Bins without a row of the leaf lie between a split and the next that has some: half of them go either way. All of them, where
 * none follows.
 */
function middleOfGap(histogram: Histogram, { column, bin }: Split, bins: number): number {
  let next = bin + 1
  while (next < bins && totalsAt(histogram, column, next).rows === 0) next += 1
  return next === bins ? bins - 1 : bin + ((next - bin - 1) >> 1)
}

/** What a leaf's own value takes off the loss, in squared units. */
function worth({ rows, gradients }: LeafTotals, { lambda }: TreesSettings): number {
  return (gradients * gradients) / (rows + lambda)
}

function totalsAt(histogram: Histogram, column: number, bin: number): LeafTotals {
  const at = column * MOST_BINS + bin
  return { rows: histogram.rows[at]!, gradients: histogram.gradients[at]! }
}

function sumOf(one: LeafTotals, other: LeafTotals): LeafTotals {
  return { rows: one.rows + other.rows, gradients: one.gradients + other.gradients }
}
