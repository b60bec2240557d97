// Drawing from tables: weighted choice, tabulated quantiles, normal deviates. Only functions that agree on every engine.
import type { Random } from '../../src/lifecycle/project.ts'

/** A table that is drawn from in constant time: item i with a chance proportional to its weight. */
export interface WeightedChoice {
  /** Chance of staying at an item, and where to go otherwise. */
  readonly stay: Float64Array
  readonly other: Int32Array
}

/**
 * Prepares a weighted choice among `weights.length` items. Weights are at least 0, one of them above.
 *
 * Source  M. D. Vose, "A linear algorithm for generating random numbers with a given distribution", IEEE TSE 17(9), 1991.
 */
export function weightedChoice(weights: ArrayLike<number>): WeightedChoice {
  const n = weights.length
  let total = 0
  for (let i = 0; i < n; i++) total += weights[i]!
  const stay = new Float64Array(n) // (n), scaled so that the mean is 1
  const other = new Int32Array(n)
  const small: number[] = []
  const large: number[] = []
  for (let i = 0; i < n; i++) {
    stay[i] = (weights[i]! * n) / total
    other[i] = i
    if (stay[i]! < 1) small.push(i)
    else large.push(i)
  }
  while (small.length > 0 && large.length > 0) {
    const poor = small.pop()!
    const rich = large[large.length - 1]!
    other[poor] = rich
    stay[rich] = stay[rich]! - (1 - stay[poor]!)
    if (stay[rich]! < 1) small.push(large.pop()!)
  }
  for (const i of [...small, ...large]) stay[i] = 1 // what rounding left over
  return { stay, other }
}

/** One item of a prepared choice. */
export function choose({ stay, other }: WeightedChoice, random: Random): number {
  const at = random.uniform() * stay.length
  const i = Math.floor(at)
  return at - i < stay[i]! ? i : other[i]!
}

/** Value at `at` of the line through (xs, ys), xs rising; beyond the ends, the end's value. */
export function interpolate(xs: readonly number[], ys: readonly number[], at: number): number {
  let i = 1
  while (i < xs.length - 1 && at > xs[i]!) i++
  const from = xs[i - 1]!
  const share = Math.min(1, Math.max(0, (at - from) / (xs[i]! - from)))
  return ys[i - 1]! + share * (ys[i]! - ys[i - 1]!)
}

/** A standard normal deviate (Box and Muller, one of the pair). */
export function normal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.uniform()))
  return radius * Math.cos(2 * Math.PI * random.uniform())
}
