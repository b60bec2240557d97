// Random trees and random rows, with everything awkward in them: ties, missing values, categories without a rank.
import type { EncodedRows } from '../features/encode.ts'
import type { Random } from '../kernel/random.ts'
import type { TreeEnsemble } from './tree-ensemble.ts'

export interface EnsembleShape {
  readonly trees: number
  /** Each tree's. */
  readonly leaves: number
  readonly numbers: number
  /** How many codes each category has. */
  readonly categories: readonly number[]
}

/** Trees grown at random leaves. Thresholds are of a few values only, those of `randomRows` among them, so that ties abound. */
export function randomEnsemble(random: Random, { trees, leaves, numbers, categories }: EnsembleShape): TreeEnsemble {
  const nodesPerTree = 2 * leaves - 1
  const nodes = trees * nodesPerTree
  const width = numbers + categories.length
  const ensemble = {
    base: Math.fround(20 * random.uniform() - 10),
    isLog: false,
    roundTo: 0,
    roots: Int32Array.from({ length: trees }, (_, tree) => tree * nodesPerTree),
    column: new Int32Array(nodes).fill(-1),
    threshold: new Float32Array(nodes),
    missingLeft: new Uint8Array(nodes),
    left: new Int32Array(nodes),
    right: new Int32Array(nodes),
    value: Float32Array.from({ length: nodes }, () => 2 * random.uniform() - 1),
    gain: new Float32Array(nodes),
    ranks: categories.map((size) =>
      Float32Array.from({ length: size }, () => (random.below(8) === 0 ? Number.NaN : random.below(size))),
    ),
  }
  for (let tree = 0; tree < trees; tree++) {
    const root = tree * nodesPerTree
    const open = [root]
    for (let next = root + 1; open.length < leaves; next += 2) {
      const [node = root] = open.splice(random.below(open.length), 1, next, next + 1)
      const column = random.below(width)
      ensemble.column[node] = column
      ensemble.threshold[node] = column < numbers ? awkwardNumber(random) : random.below(categories[column - numbers]!)
      ensemble.missingLeft[node] = random.below(2)
      ensemble.left[node] = next
      ensemble.right[node] = next + 1
      ensemble.gain[node] = random.uniform()
    }
  }
  return ensemble
}

/** Rows whose numbers meet the thresholds of `randomEnsemble` exactly, just miss them, or are missing. */
export function randomRows(
  random: Random,
  rows: number,
  shape: Pick<EnsembleShape, 'numbers' | 'categories'>,
): EncodedRows {
  const { numbers, categories } = shape
  return {
    rows,
    numberCount: numbers,
    categoryCount: categories.length,
    numbers: Float32Array.from({ length: rows * numbers }, () =>
      random.below(10) === 0 ? Number.NaN : nextFloat(awkwardNumber(random), random.below(3) - 1),
    ),
    codes: Int16Array.from(
      { length: rows * categories.length },
      (_, i) => random.below(categories[i % categories.length]! + 1) - 1,
    ),
    target: new Float32Array(rows),
  }
}

const AWKWARD = [0, -0, 1, -1, 0.1, 1 / 3, -40.75, 1e-40, -1e-45, 3e38, -3e38, 16_777_216, 0.30000001]

/** One of a few dozen float32 values. */
function awkwardNumber(random: Random): number {
  return Math.fround(random.below(2) === 0 ? AWKWARD[random.below(AWKWARD.length)]! : (random.below(40) - 20) / 7)
}

/** The float32 so many steps above `value`. */
export function nextFloat(value: number, steps: number): number {
  const bits = new Int32Array(1)
  const float = new Float32Array(bits.buffer)
  float[0] = value
  if (steps === 0 || Number.isNaN(value)) return float[0]!
  // Floats in their order, as whole numbers: negative ones count down from -1 for -0.
  const order = (bits[0]! < 0 ? -(bits[0]! & 0x7fff_ffff) : bits[0]!) + steps
  bits[0] = order < 0 ? -order | 0x8000_0000 : order
  return float[0]!
}
