// Growing trees one after another: what is asked of whoever does it, and the arithmetic that all of them share, to the last bit.
import type { EncodedRows } from '../features/encode.ts'
import type { TreesSettings } from './trees-settings.ts'

/** One tree by the bins of its columns, its root first, children after their parents. */
export interface GrownTree {
  /** (nodes) The column a node asks for; -1 for a leaf. */
  readonly column: Int32Array
  /** (nodes) Rows of this bin and those before it go left. */
  readonly bin: Int32Array
  /** (nodes) 1 if rows without a value go left. */
  readonly missingLeft: Uint8Array
  readonly left: Int32Array
  readonly right: Int32Array
  /** (nodes) What a leaf adds. */
  readonly value: Float32Array
  /** (nodes) */
  readonly gain: Float32Array
}

/** A tree while it grows, node after node. */
export interface TreeTable {
  addRoot(): number
  /** Makes a leaf a split; the numbers of its children. */
  split(node: number, split: { column: number; bin: number; missingLeft: boolean }, gain: number): [number, number]
  setLeaf(node: number, value: number): void
  done(): GrownTree
}

/** An empty table for a tree of up to so many leaves. */
export function openTreeTable(leaves: number): TreeTable {
  const most = 2 * leaves - 1
  const column = new Int32Array(most).fill(-1)
  const [bin, left, right] = [new Int32Array(most), new Int32Array(most), new Int32Array(most)]
  const [value, gain, missingLeft] = [new Float32Array(most), new Float32Array(most), new Uint8Array(most)]
  let nodes = 0
  return {
    addRoot: () => nodes++,
    split(node, split, gained) {
      column[node] = split.column
      bin[node] = split.bin
      missingLeft[node] = split.missingLeft ? 1 : 0
      gain[node] = gained
      left[node] = nodes++
      right[node] = nodes++
      return [left[node]!, right[node]!]
    },
    setLeaf(node, leaf) {
      value[node] = leaf
    },
    done: () => ({
      column: column.slice(0, nodes),
      bin: bin.slice(0, nodes),
      missingLeft: missingLeft.slice(0, nodes),
      left: left.slice(0, nodes),
      right: right.slice(0, nodes),
      value: value.slice(0, nodes),
      gain: gain.slice(0, nodes),
    }),
  }
}

export interface Errors {
  readonly loss: number
  readonly mae: number
}

/** A tree, and the errors after it. */
export interface Growth {
  readonly tree: GrownTree
  readonly fit: Errors
  /** Null without early-stop rows. */
  readonly earlyStop: Errors | null
}

/** What chance decides of one tree. */
export interface Draw {
  /** 32 bits by which each row is drawn or not. */
  readonly rowSeed: number
  /** (columns) 1 for those the tree may ask for. */
  readonly columns: Uint8Array
}

/**
 * Holds the rows as bins, and what is left of each target. All growers give the same trees, node for node, and the same errors.
 * The rows are added first, each set in any number of blocks; then `start`, then any number of trees.
 */
export interface TreeGrower {
  readonly computedBy: string
  add(set: 'fit' | 'earlyStop', block: EncodedRows): void
  /** Sets every prediction to one number, which is returned: the mean of the targets (given) or their quantile. */
  start(targetMean: number): number
  /** Sets the predictions back to where `start` had set them. */
  restart(): void
  /** Grows the next tree and adds it to the predictions. Awaits `pause`, which may throw, so often that nobody waits long. */
  grow(draw: Draw, pause: () => Promise<void>): Promise<Growth>
  close(): Promise<void>
}

/** Adding this to a double below 2^51 rounds it to a whole number, half to even; taking it away again gives that number. */
const ROUNDING = 1.5 * 2 ** 52

/**
 * Gradients as whole numbers, whose sums do not depend on the order of the rows: a residual r is r / unit, rounded (`l2`), the same
 * but no more than `up` and no less than `down` (`huber`), or `up`, `zero` or `down` by its sign.
 */
export interface GradientScale {
  /** What a gradient of 1 stands for. */
  readonly unit: number
  readonly inverse: number
  readonly up: number
  readonly zero: number
  readonly down: number
}

/** Bits that hold the number of a leaf's rows, beside the sum of their gradients in one word of 64. */
export function countBits(rows: number): number {
  return 32 - Math.clz32(rows)
}

/** The scale for residuals of up to `largest`: as fine as float32 where the rows are fewer than a million, coarser beyond. */
export function gradientScale(settings: TreesSettings, rows: number, largest: number): GradientScale {
  const limit = Math.min(2 ** 23, Math.floor((2 ** (63 - countBits(rows)) - 1) / rows))
  switch (settings.objective) {
    case 'l2':
      return {
        unit: largest / limit,
        inverse: largest > 0 ? limit / largest : 0,
        up: 0,
        zero: 0,
        down: 0,
      }
    case 'huber': {
      const { huberDelta } = settings
      return { unit: huberDelta / limit, inverse: limit / huberDelta, up: limit, zero: 0, down: -limit }
    }
    case 'l1':
      return { unit: 1, inverse: 1, up: 1, zero: 0, down: -1 }
    case 'quantile': {
      const one = 2 ** Math.min(16, Math.floor(Math.log2(limit)))
      const up = Math.round(settings.quantile * one)
      return { unit: 1 / one, inverse: one, up, zero: up - one, down: up - one }
    }
  }
}

/** How a residual becomes a gradient: as it is, as it is up to a bound, or as its sign. */
export type GradientKind = 'residual' | 'clipped' | 'sign'

export function gradientKindOf({ objective }: TreesSettings): GradientKind {
  if (objective === 'l2') return 'residual'
  return objective === 'huber' ? 'clipped' : 'sign'
}

/** The whole-number gradient of a residual. */
export function gradientOf(residual: number, { inverse, up, zero, down }: GradientScale, kind: GradientKind): number {
  if (kind === 'residual') return rounded(residual * inverse)
  if (kind === 'clipped') return rounded(Math.max(down, Math.min(up, residual * inverse)))
  return residual > 0 ? up : residual < 0 ? down : zero
}

/** What a leaf adds: its best value, by the mean of its gradients or the quantile of its residuals, and the settings. */
export function leafValue(best: number, rows: number, { learningRate, lambda }: TreesSettings): number {
  return rows === 0 ? 0 : Math.fround(learningRate * best * (rows / (rows + lambda)))
}

/** A split gains at least this share of what its leaf's value is worth: less is the rounding of doubles. */
export const LEAST_GAIN = 1e-10

/** What a split has to gain, in squared units of the gradients. */
export function leastGainOf({ minGain }: TreesSettings, { unit }: GradientScale): number {
  return minGain === 0 ? 0 : minGain / (unit * unit)
}

/** The share of rows that shall lie below a leaf's value; null where it is their mean. */
export function quantileOf({ objective, quantile }: TreesSettings): number | null {
  if (objective === 'l2' || objective === 'huber') return null
  return objective === 'l1' ? 0.5 : quantile
}

/**
 * Where the quantile of n values in order lies: `share` of the way from value `below` to the next.
 *
 * Source  R. J. Hyndman and Y. Fan, "Sample quantiles in statistical packages", The American Statistician 50(4), 1996, type 7.
 */
export function quantilePlace(rows: number, quantile: number): { readonly below: number; readonly share: number } {
  const place = (rows - 1) * quantile
  const below = Math.floor(place)
  return { below, share: place - below }
}

/** The value `share` of the way from one to the next. */
export function quantileBetween(below: number, above: number, share: number): number {
  return below + share * (above - below)
}

/** A residual's absolute value and square times these are rounded to whole numbers, whose sums are exact in a double. */
export interface SumScale {
  readonly absolute: number
  readonly squared: number
}

/** The finest scales, powers of two, at which the sums over `rows` residuals of up to `largest` stay within 2^51. */
export function sumScale(rows: number, largest: number): SumScale {
  const powerFor = (most: number): number =>
    2 ** Math.min(900, 51 - Math.ceil(Math.log2(Math.max(rows * most, 2 ** -800))))
  return { absolute: powerFor(largest), squared: powerFor(largest * largest) }
}

/** Sums over the residuals of some rows, which do not depend on their order. */
export interface ResidualSums {
  readonly rows: number
  readonly absolute: number
  readonly squared: number
  readonly signed: number
}

/** The sums over residuals of up to `largest`, in plain TypeScript. */
export function residualSums(residuals: Float32Array, largest: number): ResidualSums {
  const scale = sumScale(residuals.length, largest)
  const [sums, rows] = [{ absolute: 0, squared: 0, signed: 0 }, residuals.length]
  for (const residual of residuals) {
    const whole = rounded(residual * scale.absolute)
    sums.absolute += Math.abs(whole)
    sums.signed += whole
    sums.squared += rounded(residual * residual * scale.squared)
  }
  return unscaled({ rows, ...sums }, scale)
}

/** Sums of scaled whole numbers as what they stand for. */
export function unscaled({ rows, absolute, squared, signed }: ResidualSums, scale: SumScale): ResidualSums {
  return {
    rows,
    absolute: absolute / scale.absolute,
    squared: squared / scale.squared,
    signed: signed / scale.absolute,
  }
}

function rounded(value: number): number {
  return value + ROUNDING - ROUNDING
}

/** Loss by the objective, and mean absolute error. */
export function errorsOf({ rows, absolute, squared, signed }: ResidualSums, settings: TreesSettings): Errors {
  const mae = absolute / rows
  switch (settings.objective) {
    case 'l2':
      return { loss: squared / rows, mae }
    case 'l1':
    case 'huber': // whose own loss no sum holds; it is chosen where absolute errors count
      return { loss: mae, mae }
    case 'quantile':
      return { loss: (mae + ((2 * settings.quantile - 1) * signed) / rows) / 2, mae }
  }
}

/** Whether a tree is grown from a row: a hash of its number, the same in every order and by any number of threads. */
export function isDrawn(row: number, rowSeed: number, rowShare: number): boolean {
  return rowShare >= 1 || hashOf(row, rowSeed) < rowShare * 2 ** 32
}

/** Source  the finaliser of splitmix32, over the row's number and the seed. */
function hashOf(row: number, seed: number): number {
  let z = (Math.imul(row, 0x9e3779b9) + seed) | 0
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
  return (z ^ (z >>> 15)) >>> 0
}
