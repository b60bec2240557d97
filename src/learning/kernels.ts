// The inner loops of a dense network: matrix products by tiles, and table look-ups in place of products with one-hots.
// Matrices are row-major float32; sums are kept in double, in registers. Plain loops, because V8 compiles these to about one
// multiply-add per cycle, and a loop that reads well is one that can be checked.

/** Tiles are 4 by 4: sixteen sums in registers, eight loads for sixteen multiply-adds. */
const TILE = 4

/** The next multiple of the tile's side: matrices are padded to it with zeros, so that no loop needs a tail. */
export function padded(size: number): number {
  return Math.ceil(size / TILE) * TILE
}

/**
 * out = left · right.
 *
 * Shapes  left (m, k), right (k, n), out (m, n); m and n multiples of 4. `out` is overwritten.
 */
export function multiply(
  left: Float32Array,
  right: Float32Array,
  out: Float32Array,
  m: number,
  n: number,
  k: number,
): void {
  product(left, k, 1, right, 1, n, out, m, n, k)
}

/**
 * out = left · rightᵀ.
 *
 * Shapes  left (m, k), right (n, k), out (m, n); m and n multiples of 4. `out` is overwritten.
 */
export function multiplyTransposed(
  left: Float32Array,
  right: Float32Array,
  out: Float32Array,
  m: number,
  n: number,
  k: number,
): void {
  product(left, k, 1, right, k, 1, out, m, n, k)
}

/**
 * out = leftᵀ · right.
 *
 * Shapes  left (k, m), right (k, n), out (m, n); m and n multiples of 4. `out` is overwritten.
 */
export function transposeMultiply(
  left: Float32Array,
  right: Float32Array,
  out: Float32Array,
  m: number,
  n: number,
  k: number,
): void {
  product(left, 1, m, right, 1, n, out, m, n, k)
}

/**
 * The one product behind the three: how far apart neighbours lie says which operand is transposed. `leftRow` and `leftStep`:
 * distance between two of left's m rows, and between two of its k steps; `rightColumn`, `rightStep`: the same for right's n columns.
 */
// biome-ignore format: a tile reads best as four rows of four
function product(
  left: Float32Array, leftRow: number, leftStep: number,
  right: Float32Array, rightColumn: number, rightStep: number,
  out: Float32Array, m: number, n: number, k: number,
): void {
  for (let row = 0; row < m; row += TILE) {
    for (let column = 0; column < n; column += TILE) {
      let s00 = 0, s01 = 0, s02 = 0, s03 = 0
      let s10 = 0, s11 = 0, s12 = 0, s13 = 0
      let s20 = 0, s21 = 0, s22 = 0, s23 = 0
      let s30 = 0, s31 = 0, s32 = 0, s33 = 0
      for (let step = 0, p = row * leftRow, q = column * rightColumn; step < k; step++, p += leftStep, q += rightStep) {
        const y0 = right[q]!, y1 = right[q + rightColumn]!, y2 = right[q + 2 * rightColumn]!, y3 = right[q + 3 * rightColumn]!
        const x0 = left[p]!
        s00 += x0 * y0; s01 += x0 * y1; s02 += x0 * y2; s03 += x0 * y3
        const x1 = left[p + leftRow]!
        s10 += x1 * y0; s11 += x1 * y1; s12 += x1 * y2; s13 += x1 * y3
        const x2 = left[p + 2 * leftRow]!
        s20 += x2 * y0; s21 += x2 * y1; s22 += x2 * y2; s23 += x2 * y3
        const x3 = left[p + 3 * leftRow]!
        s30 += x3 * y0; s31 += x3 * y1; s32 += x3 * y2; s33 += x3 * y3
      }
      let to = row * n + column
      out[to] = s00; out[to + 1] = s01; out[to + 2] = s02; out[to + 3] = s03
      to += n
      out[to] = s10; out[to + 1] = s11; out[to + 2] = s12; out[to + 3] = s13
      to += n
      out[to] = s20; out[to + 1] = s21; out[to + 2] = s22; out[to + 3] = s23
      to += n
      out[to] = s30; out[to + 1] = s31; out[to + 2] = s32; out[to + 3] = s33
    }
  }
}

/**
 * Adds to each row of `out` the rows of `table` its codes name: what multiplying by one-hots would give.
 *
 * Shapes  table (any, width), out (rows, width); `tableRows` (rows, lookups), a row of the table each, or -1 for none.
 */
export function addLookups(
  table: Float32Array,
  tableRows: Int32Array,
  lookups: number,
  out: Float32Array,
  rows: number,
  width: number,
): void {
  for (let row = 0, at = 0; row < rows; row++) {
    const to = row * width
    for (let lookup = 0; lookup < lookups; lookup++, at++) {
      const from = tableRows[at]! * width
      if (from < 0) continue
      for (let j = 0; j < width; j++) out[to + j]! += table[from + j]!
    }
  }
}

/** The reverse of `addLookups`: adds each row of `rowsIn` to the rows of `table` its codes name. Same shapes. */
export function scatterLookups(
  table: Float32Array,
  tableRows: Int32Array,
  lookups: number,
  rowsIn: Float32Array,
  rows: number,
  width: number,
): void {
  for (let row = 0, at = 0; row < rows; row++) {
    const from = row * width
    for (let lookup = 0; lookup < lookups; lookup++, at++) {
      const to = tableRows[at]! * width
      if (to < 0) continue
      for (let j = 0; j < width; j++) table[to + j]! += rowsIn[from + j]!
    }
  }
}
