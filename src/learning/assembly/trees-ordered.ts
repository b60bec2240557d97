// Values by their place in order: the medians and quantiles of the residuals in each leaf.
import { BUCKETS, DRAWN, FIT_ROWS, LEAF_COUNT, LEAF_ROWS, leafAt, NEXT_LEAF, ORDERED, RESIDUAL_AT, segment, STRIDE, word } from './trees-plan'

/** Buckets of one pass: the highest 11, then 11, then 10 bits of a key. */
const PASS_BUCKETS: u32 = 2048

/** A float's bits so that they are in the order of the numbers, the smallest first. */
function keyOf(value: f32): u32 {
  const bits = reinterpret<u32>(value)
  return bits ^ (u32(i32(bits) >> 31) | 0x80000000)
}

function valueOf(key: u32): f32 {
  return reinterpret<f32>(key ^ (~u32(i32(key) >> 31) | 0x80000000))
}

/**
 * For each leaf: the drawn residual at the place that `ORDERED` asks for, and the next one in order (the same, if it is the last).
 * A leaf is one thread's work, whichever comes first.
 */
export function orderedValues(thread: i32, threads: i32, plan: usize): void {
  const leaves = <i32>word(plan, LEAF_COUNT)
  const next = plan + (NEXT_LEAF << 2)
  for (let leaf = atomic.add<i32>(next, 1); leaf < leaves; leaf = atomic.add<i32>(next, 1)) {
    const ordered = word(plan, ORDERED) + (<usize>leaf << 4)
    findOrdered(plan, thread, threads, leaf, ordered)
  }
}

/** All rows as one leaf. */
export function takeRoot(thread: i32, threads: i32, plan: usize): void {
  store<u32>(leafAt(plan, thread, 0), word(plan, FIT_ROWS), LEAF_ROWS)
  if (thread != 0) return
  store<u32>(plan + (LEAF_COUNT << 2), 1)
  store<u32>(plan + (NEXT_LEAF << 2), 0)
}

function findOrdered(plan: usize, thread: i32, threads: i32, leaf: i32, ordered: usize): void {
  const buckets = word(plan, BUCKETS) + <usize>thread * PASS_BUCKETS * 4
  let place = load<u32>(ordered)
  if (load<u32>(leafAt(plan, thread, leaf), LEAF_ROWS) == 0) return
  let prefix: u32 = 0
  for (let pass = 0; pass < 3; pass++) {
    const shift = pass == 0 ? 21 : pass == 1 ? 10 : 0
    const above = pass == 0 ? 32 : pass == 1 ? 21 : 10
    memory.fill(buckets, 0, PASS_BUCKETS * 4)
    for (let other = 0; other < threads; other++) {
      const own = segment(plan, DRAWN, other, threads, leaf)
      countKeys(plan, <usize>load<u32>(own), <usize>load<u32>(own, 4), buckets, prefix, above, shift)
    }
    let bucket: u32 = 0
    for (let count = load<u32>(buckets); place >= count; count = load<u32>(buckets + (<usize>bucket << 2))) {
      place -= count
      bucket += 1
    }
    prefix = (prefix << (above - shift)) | bucket
    if (pass == 2) place = place + 1 < load<u32>(buckets + (<usize>bucket << 2)) ? 1 : 0
  }
  store<f32>(ordered, valueOf(prefix), 4)
  store<f32>(ordered, valueOf(place == 1 ? prefix : keyAfter(plan, threads, leaf, prefix)), 8)
}

/** Counts the keys whose bits from `above` on are `prefix` by their bits from `shift` to below `above`. */
export function countKeys(plan: usize, record: usize, end: usize, buckets: usize, prefix: u32, above: i32, shift: i32): void {
  const stride = word(plan, STRIDE)
  const mask = (u32(1) << (above - shift)) - 1
  const at = word(plan, RESIDUAL_AT)
  for (; record < end; record += stride) {
    const key = keyOf(load<f32>(record + at))
    if (above < 32 && key >> above != prefix) continue
    const bucket = buckets + (<usize>((key >> shift) & mask) << 2)
    store<u32>(bucket, load<u32>(bucket) + 1)
  }
}

/** The smallest key above one; itself if there is none. */
function keyAfter(plan: usize, threads: i32, leaf: i32, key: u32): u32 {
  let next: u32 = 0xffffffff
  for (let other = 0; other < threads; other++) {
    const own = segment(plan, DRAWN, other, threads, leaf)
    next = min(next, leastAbove(plan, <usize>load<u32>(own), <usize>load<u32>(own, 4), key))
  }
  return next == 0xffffffff ? key : next
}

export function leastAbove(plan: usize, record: usize, end: usize, key: u32): u32 {
  const stride = word(plan, STRIDE)
  const at = word(plan, RESIDUAL_AT)
  let next: u32 = 0xffffffff
  for (; record < end; record += stride) {
    const found = keyOf(load<f32>(record + at))
    if (found > key) next = min(next, found)
  }
  return next
}
