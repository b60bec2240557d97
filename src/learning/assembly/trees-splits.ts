// The best split of a leaf, by its histogram.
import {
  BIN_COUNTS, CHOSEN, COUNT_BITS, LEAF_GRADIENTS, LEAF_ROWS, MIN_LEAF_ROWS, SPLIT_BIN, SPLIT_COLUMN, SPLIT_GAIN, SPLIT_GRADIENTS,
  SPLIT_MISSING_LEFT, SPLIT_ROWS, word,
} from './trees-plan'
import { COLUMN_BYTES } from './trees-histogram'

/** A split gains at least this share of what its leaf's value is worth: less is the rounding of doubles. */
const LEAST_GAIN: f64 = 1e-10

/** What a leaf's own value takes off the loss. */
function worth(gradients: f64, rows: i32, lambda: f64): f64 {
  return (gradients * gradients) / (<f64>rows + lambda)
}

/** Looks for the best split of a leaf by the columns `[from, to)`, and writes it to `split`; a gain of 0 is none. */
export function findSplit(
  plan: usize, leaf: usize, histogram: usize, from: usize, to: usize, split: usize, lambda: f64, leastGain: f64,
): void {
  const rows = load<i32>(leaf, LEAF_ROWS)
  const gradients = load<i64>(leaf, LEAF_GRADIENTS)
  const own = worth(<f64>gradients, rows, lambda)
  store<f64>(split, 0, SPLIT_GAIN)
  let best = max(leastGain, own * LEAST_GAIN)
  if (rows < 2 * <i32>word(plan, MIN_LEAF_ROWS)) return
  for (let column = from; column < to; column++) {
    if (load<u8>(word(plan, CHOSEN) + column) == 0) continue
    best = findInColumn(plan, rows, gradients, own, histogram + column * COLUMN_BYTES, column, split, lambda, best)
  }
  if (load<f64>(split, SPLIT_GAIN) > 0) moveToMiddle(plan, histogram, split)
}

/** Bins without a row of the leaf lie between a split and the next that has some: half of them go either way; all, where none follows. */
function moveToMiddle(plan: usize, histogram: usize, split: usize): void {
  const column = <usize>load<u32>(split, SPLIT_COLUMN)
  const bins = load<i32>(word(plan, BIN_COUNTS) + (column << 2))
  const bin = load<i32>(split, SPLIT_BIN)
  let next = bin + 1
  while (next < bins && load<i64>(histogram + column * COLUMN_BYTES + (<usize>next << 3)) == 0) next++
  store<i32>(split, next == bins ? bins - 1 : bin + ((next - bin - 1) >> 1), SPLIT_BIN)
}

/** The same in one column, if it gains more than `best`. Returns the gain of the best so far. */
export function findInColumn(
  plan: usize, rows: i32, gradients: i64, own: f64, histogram: usize, column: usize, split: usize, lambda: f64, best: f64,
): f64 {
  const bits = <i64>word(plan, COUNT_BITS)
  const mask: i64 = (<i64>1 << bits) - 1
  const least = <i32>word(plan, MIN_LEAF_ROWS)
  const bins = <i32>load<u32>(word(plan, BIN_COUNTS) + (column << 2))
  const missing = load<i64>(histogram + (<usize>bins << 3))
  const missingRows = <i32>(missing & mask)
  const most = rows - least
  const last = missingRows > 0 ? bins : bins - 1
  const total = <f64>gradients
  let sum: i64 = 0
  for (let bin = 0; bin < last; bin++) {
    const here = load<i64>(histogram + (<usize>bin << 3))
    if (here == 0) continue // the same rows as up to the bin before
    sum += here
    const leftRows = <i32>(sum & mask)
    if (leftRows > most) break
    if (leftRows >= least) {
      const left = sum >> bits
      const gain = worth(<f64>left, leftRows, lambda) + worth(total - <f64>left, rows - leftRows, lambda) - own
      if (gain > best) {
        best = gain
        write(split, gain, <i32>column, bin, missingRows == 0 && leftRows >= rows - leftRows, leftRows, left)
      }
    }
    if (missingRows == 0) continue
    const bothRows = leftRows + missingRows
    if (bothRows > most || bothRows < least) continue
    const both = (sum + missing) >> bits
    const gain = worth(<f64>both, bothRows, lambda) + worth(total - <f64>both, rows - bothRows, lambda) - own
    if (gain <= best) continue
    best = gain
    write(split, gain, <i32>column, bin, true, bothRows, both)
  }
  return best
}

function write(split: usize, gain: f64, column: i32, bin: i32, missingLeft: bool, rows: i32, gradients: i64): void {
  store<f64>(split, gain, SPLIT_GAIN)
  store<i32>(split, column, SPLIT_COLUMN)
  store<i32>(split, bin, SPLIT_BIN)
  store<i32>(split, missingLeft ? 1 : 0, SPLIT_MISSING_LEFT)
  store<i32>(split, rows, SPLIT_ROWS)
  store<i64>(split, gradients, SPLIT_GRADIENTS)
}
