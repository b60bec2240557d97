// Histograms: sums of gradients and numbers of rows, per column and bin, both in one word of 64 bits.
import { BLOCK_ROWS, BLOCKS, COLUMNS, COUNT_BITS, GRADIENT_KIND, RESIDUAL_AT, STRIDE, word } from './trees-plan'

/** Bytes of a column's histogram: 256 sums. */
export const COLUMN_BYTES: usize = 2048
/** Columns that one pass over the records adds up: their histograms stay in the first-level cache. */
const PASS_COLUMNS: usize = 12
/** Adding this to a double below 2^51 leaves it, rounded half to even, in the low bits. */
const ROUNDING: f64 = 6755399441055744.0
/** Kinds of gradient: the residual, and the residual within bounds; any other is its sign. */
const RESIDUAL: usize = 1
const CLIPPED: usize = 2

/**
 * Gradients of some records as words for a histogram: the whole-number gradient above the low bits, which count one row. They are
 * the residual times `inverse`, rounded, which may be held between `down` and `up`; or `up`, `zero`, `down` by its sign.
 */
export function gradients(plan: usize, record: usize, count: i32, to: usize, inverse: f64, up: i64, zero: i64, down: i64): void {
  const stride = word(plan, STRIDE)
  const bits = <i64>word(plan, COUNT_BITS)
  let at = record + word(plan, RESIDUAL_AT)
  const end = to + (<usize>count << 3)
  const kind = word(plan, GRADIENT_KIND)
  const one = 1 - (reinterpret<i64>(ROUNDING) << bits)
  if (kind == CLIPPED) {
    const most = <f64>up
    const least = <f64>down
    for (; to < end; to += 8, at += stride) {
      const gradient = max<f64>(least, min<f64>(most, <f64>load<f32>(at) * inverse))
      store<i64>(to, (reinterpret<i64>(gradient + ROUNDING) << bits) + one)
    }
    return
  }
  if (kind == RESIDUAL) {
    for (; to < end; to += 8, at += stride) {
      store<i64>(to, (reinterpret<i64>(<f64>load<f32>(at) * inverse + ROUNDING) << bits) + one)
    }
    return
  }
  const upOne = (up << bits) + 1
  const zeroOne = (zero << bits) + 1
  const downOne = (down << bits) + 1
  for (; to < end; to += 8, at += stride) {
    const residual = load<f32>(at)
    store<i64>(to, residual > 0 ? upOne : residual < 0 ? downOne : zeroOne)
  }
}

/** Adds records to the histogram at `histogram`. */
export function addRecords(
  plan: usize, thread: i32, histogram: usize, record: usize, count: i32, inverse: f64, up: i64, zero: i64, down: i64,
): void {
  const words = word(plan, BLOCKS) + ((<usize>thread * <usize>BLOCK_ROWS) << 3)
  const columns = word(plan, COLUMNS)
  const passes = (columns + PASS_COLUMNS - 1) / PASS_COLUMNS
  while (count > 0) {
    const rows = min(count, BLOCK_ROWS)
    gradients(plan, record, rows, words, inverse, up, zero, down)
    for (let pass: usize = 0; pass < passes; pass++) {
      const from = (columns * pass) / passes
      const to = (columns * (pass + 1)) / passes
      addBlock(record + from, word(plan, STRIDE), rows, words, histogram + from * COLUMN_BYTES, <i32>(to - from))
    }
    record += <usize>rows * word(plan, STRIDE)
    count -= rows
  }
}

/** Adds the words of some records to the histograms of `columns` columns, up to 12. The jump goes the same way every time. */
export function addBlock(record: usize, stride: usize, count: i32, words: usize, histogram: usize, columns: i32): void {
  const end = words + (<usize>count << 3)
  for (; words < end; words += 8, record += stride) {
    const added = load<i64>(words)
    let at: usize
    switch (columns) {
      case 12:
        at = histogram + (<usize>load<u8>(record, 11) << 3)
        store<i64>(at, load<i64>(at, 22528) + added, 22528)
      case 11:
        at = histogram + (<usize>load<u8>(record, 10) << 3)
        store<i64>(at, load<i64>(at, 20480) + added, 20480)
      case 10:
        at = histogram + (<usize>load<u8>(record, 9) << 3)
        store<i64>(at, load<i64>(at, 18432) + added, 18432)
      case 9:
        at = histogram + (<usize>load<u8>(record, 8) << 3)
        store<i64>(at, load<i64>(at, 16384) + added, 16384)
      case 8:
        at = histogram + (<usize>load<u8>(record, 7) << 3)
        store<i64>(at, load<i64>(at, 14336) + added, 14336)
      case 7:
        at = histogram + (<usize>load<u8>(record, 6) << 3)
        store<i64>(at, load<i64>(at, 12288) + added, 12288)
      case 6:
        at = histogram + (<usize>load<u8>(record, 5) << 3)
        store<i64>(at, load<i64>(at, 10240) + added, 10240)
      case 5:
        at = histogram + (<usize>load<u8>(record, 4) << 3)
        store<i64>(at, load<i64>(at, 8192) + added, 8192)
      case 4:
        at = histogram + (<usize>load<u8>(record, 3) << 3)
        store<i64>(at, load<i64>(at, 6144) + added, 6144)
      case 3:
        at = histogram + (<usize>load<u8>(record, 2) << 3)
        store<i64>(at, load<i64>(at, 4096) + added, 4096)
      case 2:
        at = histogram + (<usize>load<u8>(record, 1) << 3)
        store<i64>(at, load<i64>(at, 2048) + added, 2048)
      default:
        at = histogram + (<usize>load<u8>(record) << 3)
        store<i64>(at, load<i64>(at) + added)
    }
  }
}
