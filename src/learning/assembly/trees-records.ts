// Records on the move: rows become bins, leaves are parted, and trees are taken off the residuals.
import {
  CODE_BINS, COLUMNS, firstRecord, FIT, FIT_ROWS, NUMBER_AT, NUMBERS, RESIDUAL_AT, STOP, STOP_ROWS, STRIDE, TARGET_AT, THRESHOLDS, word,
} from './trees-plan'

/** Makes records of `count` rows, the first of which is number `first` of the rows to fit, or to stop by. */
export function makeRecords(
  thread: i32, threads: i32, plan: usize, isStop: i32, numbers: usize, codes: usize, targets: usize, first: i32, count: i32, categories: i32,
): void {
  const stride = word(plan, STRIDE)
  const records = word(plan, isStop ? STOP : FIT)
  const rows = word(plan, isStop ? STOP_ROWS : FIT_ROWS)
  const start = firstRecord(rows, thread, threads)
  const numberCount = word(plan, NUMBERS)
  const skipped = (thread - (first % threads) + threads) % threads
  for (let row = skipped; row < count; row += threads) {
    const record = records + (start + <usize>((first + row) / threads)) * stride
    binNumbers(plan, record, numbers + ((<usize>row * numberCount) << 2), numberCount)
    for (let i: usize = 0; i < <usize>categories; i++) {
      const code = load<i16>(codes + ((<usize>row * categories + i) << 1))
      const table = load<u32>(word(plan, CODE_BINS) + (i << 2))
      store<u8>(record + numberCount + i, load<u8>(table + code + 1))
    }
    const target = load<f32>(targets + (<usize>row << 2))
    store<f32>(record + word(plan, RESIDUAL_AT), target)
    if (word(plan, NUMBER_AT) == 0) continue
    store<u32>(record + word(plan, NUMBER_AT), first + row)
    store<f32>(record + word(plan, TARGET_AT), target)
  }
}

/** Looks the bins of a row's numbers up: the first threshold that each does not exceed; the last bin but one's next for NaN. */
export function binNumbers(plan: usize, record: usize, numbers: usize, count: usize): void {
  let thresholds = word(plan, THRESHOLDS)
  for (let i: usize = 0; i < count; i++, thresholds += 1024) {
    const value = load<f32>(numbers + (i << 2))
    let below: usize = 0 // how many thresholds lie below the value: no branch, as chance would guess it
    below += value > load<f32>(thresholds, 127 * 4) ? 128 : 0
    below += value > load<f32>(thresholds + (below << 2), 63 * 4) ? 64 : 0
    below += value > load<f32>(thresholds + (below << 2), 31 * 4) ? 32 : 0
    below += value > load<f32>(thresholds + (below << 2), 15 * 4) ? 16 : 0
    below += value > load<f32>(thresholds + (below << 2), 7 * 4) ? 8 : 0
    below += value > load<f32>(thresholds + (below << 2), 3 * 4) ? 4 : 0
    below += value > load<f32>(thresholds + (below << 2), 1 * 4) ? 2 : 0
    below += value > load<f32>(thresholds + (below << 2)) ? 1 : 0
    // The last entry of a column is no threshold, but its number of bins.
    store<u8>(record + i, value == value ? below : <usize>load<u32>(thresholds, 255 * 4))
  }
}

/**
 * Parts records by the bin at `column`: those with `(bin + add) & 255 <= most` go to `left` and upwards, the others to below
 * `right` and downwards. Both places are written, and one of them is moved on: no branch. Returns how many went left.
 */
export function part(record: usize, end: usize, stride: usize, left: usize, right: usize, column: usize, add: i32, most: i32): i32 {
  switch (<i32>stride) {
    case 8: return part8(record, end, left, right, column, add, most)
    case 16: return part16(record, end, left, right, column, add, most)
    case 24: return part24(record, end, left, right, column, add, most)
    case 32: return part32(record, end, left, right, column, add, most)
    default: return partAny(record, end, stride, left, right, column, add, most)
  }
}

function part8(record: usize, end: usize, left: usize, right: usize, column: usize, add: i32, most: i32): i32 {
  const first = left
  right -= 8
  for (; record < end; record += 8) {
    const goesLeft = <usize>(((<i32>load<u8>(record + column) + add) & 255) <= most)
    const all = load<u64>(record)
    store<u64>(left, all)
    store<u64>(right, all)
    left += goesLeft << 3
    right -= (goesLeft ^ 1) << 3
  }
  return <i32>((left - first) >> 3)
}

function part16(record: usize, end: usize, left: usize, right: usize, column: usize, add: i32, most: i32): i32 {
  const first = left
  right -= 16
  for (; record < end; record += 16) {
    const goesLeft = <usize>(((<i32>load<u8>(record + column) + add) & 255) <= most)
    const all = v128.load(record)
    v128.store(left, all)
    v128.store(right, all)
    left += goesLeft << 4
    right -= (goesLeft ^ 1) << 4
  }
  return <i32>((left - first) >> 4)
}

function part24(record: usize, end: usize, left: usize, right: usize, column: usize, add: i32, most: i32): i32 {
  const first = left
  right -= 24
  for (; record < end; record += 24) {
    const goesLeft = <usize>(((<i32>load<u8>(record + column) + add) & 255) <= most)
    const some = v128.load(record)
    const rest = load<u64>(record, 16)
    v128.store(left, some)
    store<u64>(left, rest, 16)
    v128.store(right, some)
    store<u64>(right, rest, 16)
    left += goesLeft * 24
    right -= (goesLeft ^ 1) * 24
  }
  return <i32>((left - first) / 24)
}

function part32(record: usize, end: usize, left: usize, right: usize, column: usize, add: i32, most: i32): i32 {
  const first = left
  right -= 32
  for (; record < end; record += 32) {
    const goesLeft = <usize>(((<i32>load<u8>(record + column) + add) & 255) <= most)
    const some = v128.load(record)
    const rest = v128.load(record, 16)
    v128.store(left, some)
    v128.store(left, rest, 16)
    v128.store(right, some)
    v128.store(right, rest, 16)
    left += goesLeft << 5
    right -= (goesLeft ^ 1) << 5
  }
  return <i32>((left - first) >> 5)
}

function partAny(record: usize, end: usize, stride: usize, left: usize, right: usize, column: usize, add: i32, most: i32): i32 {
  const first = left
  right -= stride
  for (; record < end; record += stride) {
    const goesLeft = <usize>(((<i32>load<u8>(record + column) + add) & 255) <= most)
    moveRecord(goesLeft ? left : right, record, stride)
    left += goesLeft * stride
    right -= (goesLeft ^ 1) * stride
  }
  return <i32>((left - first) / stride)
}

/** Copies a record. */
export function moveRecord(to: usize, from: usize, stride: usize): void {
  let at: usize = 0
  for (; at + 16 <= stride; at += 16) v128.store(to + at, v128.load(from + at))
  if (at < stride) store<u64>(to + at, load<u64>(from + at))
}

/** Parts the rows to fit into those drawn for a tree and the others, by a hash of each row's number. */
export function partDrawn(record: usize, end: usize, stride: usize, left: usize, right: usize, numberAt: usize, seed: i32, below: f64): i32 {
  const first = left
  right -= stride
  for (; record < end; record += stride) {
    let z = <u32>load<u32>(record + numberAt) * 0x9e3779b9 + <u32>seed
    z = (z ^ (z >> 16)) * 0x21f0aaad
    z = (z ^ (z >> 15)) * 0x735a2d97
    const goesLeft = <usize>(<f64>(z ^ (z >> 15)) < below)
    moveRecord(goesLeft ? left : right, record, stride)
    left += goesLeft * stride
    right -= (goesLeft ^ 1) * stride
  }
  return <i32>((left - first) / stride)
}
