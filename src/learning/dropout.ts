// Dropout: in training some of a layer's outputs are dropped, at random, and the others scaled up so that the mean stays.
import type { Random } from '../kernel/random.ts'

/** Which values of a batch are dropped: the first `count` of `positions`, ascending. */
export interface Dropped {
  readonly positions: Int32Array
  count: number
}

/** Room for batches of up to `size` values; nothing dropped yet. */
export function openDropped(size: number): Dropped {
  return { positions: new Int32Array(size), count: 0 }
}

/** How far it is from one dropped value to the next, for one rate. */
export interface Gaps {
  /** (at most MOST_THRESHOLDS) `thresholds[k]`: from this value of 32 random bits on, more than k values stay before the next drop. */
  readonly thresholds: Uint32Array
  /** (4096) How many thresholds lie at or below a number with these highest 12 bits and zeros: where the search begins. */
  readonly guide: Uint16Array
}

/** What is dropped in a training, and by which random numbers. */
export interface Dropping {
  readonly rate: number
  readonly gaps: Gaps
  readonly random: Random
}

export function openDropping(rate: number, random: Random): Dropping {
  return { rate, gaps: openGaps(rate), random }
}

/** Distances are geometric, so what is longer than this many is drawn in parts. */
const MOST_THRESHOLDS = 1_024
const GUIDE_BITS = 12

/**
 * The distribution of gaps: more than k values stay with the probability (1 - rate)^(k + 1). Nothing for a rate of 0.
 *
 * Error  the rate is off by less than 2^-32, the resolution of the random numbers.
 */
export function openGaps(rate: number): Gaps {
  const thresholds: number[] = []
  for (let stays = 1 - rate; rate > 0 && thresholds.length < MOST_THRESHOLDS; stays *= 1 - rate) {
    const threshold = Math.ceil(2 ** 32 * (1 - stays))
    if (threshold >= 2 ** 32 && thresholds.length > 0) break
    thresholds.push(Math.min(threshold, 2 ** 32 - 1))
  }
  const guide = new Uint16Array(2 ** GUIDE_BITS)
  for (let high = 0, found = 0; high < guide.length; high++) {
    while (found < thresholds.length && thresholds[found]! <= high * 2 ** (32 - GUIDE_BITS)) found++ // found < length
    guide[high] = found
  }
  return { thresholds: Uint32Array.from(thresholds), guide }
}

/**
 * Chooses which of the first `size` values to drop: each with the same probability, independently.
 *
 * One random number serves about 1 / rate values. Only integers are compared, so that the choice is the same on every machine.
 */
export function chooseDropped(dropped: Dropped, size: number, { gaps, random }: Dropping): void {
  const { thresholds, guide } = gaps
  dropped.count = 0
  if (thresholds.length === 0) return
  for (let at = 0; ; ) {
    const bits = random.bits()
    let gap = guide[bits >>> (32 - GUIDE_BITS)]! // as many entries as there are values
    while (gap < thresholds.length && thresholds[gap]! <= bits) gap++ // gap < length
    at += gap
    if (at >= size) return
    if (gap === thresholds.length) continue // at least so long: the rest is drawn anew
    dropped.positions[dropped.count++] = at++
  }
}

/** Sets the dropped values to 0. */
export function drop(values: Float32Array, { positions, count }: Dropped): void {
  for (let i = 0; i < count; i++) values[positions[i]!] = 0 // i < count
}
