// Which values of a batch are dropped: the same as dropout.ts chooses, from the same random numbers.
import { Layer, Plan, layerOf } from './mlp-plan'

/** The guide has an entry for each value of a random number's highest 12 bits. */
const GUIDE_SHIFT: i32 = 20

/** Chooses for each layer which of `rows` rows' values to drop. One thread does it for all. */
export function chooseDropped(plan: Plan, rows: i32): void {
  if (plan.thresholdCount == 0) return
  for (let i = 0; i < plan.layerCount; i++) {
    const layer = layerOf(plan, i)
    layer.droppedCount = choose(plan, layer.dropped, rows * layer.width)
  }
}

/** Writes the positions to `to`, and returns how many there are. */
function choose(plan: Plan, to: usize, size: i32): i32 {
  const thresholdCount = plan.thresholdCount
  const thresholds = plan.thresholds
  const guide = plan.guide
  let count = 0
  let at = 0
  while (true) {
    const bits = randomBits(plan.generator)
    let gap: i32 = load<u16>(guide + (<usize>(bits >> GUIDE_SHIFT) << 1)) // most often the gap itself
    while (gap < thresholdCount && load<u32>(thresholds + (<usize>gap << 2)) <= bits) gap++
    at += gap
    if (at >= size) break
    if (gap == thresholdCount) continue // at least so long: the rest is drawn anew
    store<i32>(to + (<usize>count << 2), at)
    count++
    at++
  }
  return count
}

/** xoshiro128**, as in kernel/random.ts. */
function randomBits(state: usize): u32 {
  const s1 = load<u32>(state, 4)
  const result = rotl<u32>(s1 * 5, 7) * 9
  const s2 = load<u32>(state, 8) ^ load<u32>(state)
  const s3 = load<u32>(state, 12) ^ s1
  store<u32>(state, s1 ^ s2, 4)
  store<u32>(state, load<u32>(state) ^ s3)
  store<u32>(state, s2 ^ (s1 << 9), 8)
  store<u32>(state, rotl<u32>(s3, 11), 12)
  return result
}
/** Sets the dropped values of the rows [from, to) to 0. */
export function drop(layer: Layer, values: usize, from: i32, to: i32): void {
  const end = to * layer.width
  let low = 0
  let high = layer.droppedCount
  const start = from * layer.width
  while (low < high) {
    const middle = (low + high) >> 1
    if (load<i32>(layer.dropped + (<usize>middle << 2)) < start) low = middle + 1
    else high = middle
  }
  for (let i = low; i < layer.droppedCount; i++) {
    const at = load<i32>(layer.dropped + (<usize>i << 2))
    if (at >= end) return
    store<f32>(values + (<usize>at << 2), 0)
  }
}
