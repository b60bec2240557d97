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

/**
 * Chooses which of the first `size` values to drop: each with probability `rate`, independently.
 *
 * The distance from one dropped value to the next is geometric, so one random number serves about 1 / rate values.
 *
 * Error  the rate is off by less than 2^-32, the resolution of the random numbers.
 */
export function chooseDropped(dropped: Dropped, size: number, rate: number, random: Random): void {
  dropped.count = 0
  if (rate === 0) return
  const perStep = 1 / Math.log1p(-rate)
  for (let at = gap(random, perStep); at < size; at += 1 + gap(random, perStep)) {
    dropped.positions[dropped.count++] = at
  }
}

/** Sets the dropped values to 0. */
export function drop(values: Float32Array, { positions, count }: Dropped): void {
  for (let i = 0; i < count; i++) values[positions[i]!] = 0 // i < count
}

function gap(random: Random, perStep: number): number {
  return Math.floor(Math.log(1 - random.uniform()) * perStep) // 1 - uniform is in (0, 1]: its logarithm is finite
}
