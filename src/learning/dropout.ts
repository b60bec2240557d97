// Dropout: in training a unit's output is dropped with some probability, and scaled up otherwise, so that its mean stays.
import type { Random } from '../kernel/random.ts'

/**
 * Fills the first `count` masks: 0 with probability `rate`, else 1 / (1 - rate), independently.
 *
 * The distance from one dropped unit to the next is geometric, so one random number serves about 1 / rate units, where
 * drawing one each would cost as much as a tenth of the whole step.
 *
 * Error  the rate is off by less than 2^-32, the resolution of the random numbers.
 */
export function fillMasks(masks: Float32Array, count: number, rate: number, random: Random): void {
  masks.fill(1 / (1 - rate), 0, count)
  if (rate === 0) return
  const perStep = 1 / Math.log1p(-rate)
  // 1 - uniform is in (0, 1], so the logarithm is finite.
  for (let at = gap(random, perStep); at < count; at += 1 + gap(random, perStep)) masks[at] = 0
}

function gap(random: Random, perStep: number): number {
  return Math.floor(Math.log(1 - random.uniform()) * perStep)
}
