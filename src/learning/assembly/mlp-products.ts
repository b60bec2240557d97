// Matrix products by tiles: a tile's sums stay in registers while the loop runs over what they sum.
//
// Every value of a product is one sum in one order, however the rows are shared out among tiles and threads: the result is the
// same, bit for bit. Tiles of 6 rows by 2 vectors fill the 16 registers of x86: 12 sums, 2 vectors of `right`, 1 value of `left`.

/** a · b + c, in one rounding where the machine can. */
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : f32x4.add(f32x4.mul(a, b), c)
}

/**
 * out = left · right, to each row of which `start` is added.
 *
 * Shapes  left (rows, terms), right (terms, width), start (width), out (rows, width); float32, `width` a multiple of 4.
 * Steps   all in bytes: from a row of `left` to the next and from a term to the next, whichever lies denser; from a row of
 *         `right` and of `out` to the next. `start` is the address of a row, or 0 for none.
 */
export function product(
  rows: i32, width: i32, terms: i32,
  left: usize, leftRow: usize, leftTerm: usize,
  right: usize, rightRow: usize,
  start: usize, out: usize, outRow: usize,
): void {
  const bytes = <usize>width << 2
  let column: usize = 0
  for (; column + 32 <= bytes; column += 32) {
    const first = start == 0 ? f32x4.splat(0) : v128.load(start + column)
    const second = start == 0 ? f32x4.splat(0) : v128.load(start + column, 16)
    wide(rows, terms, left, leftRow, leftTerm, right + column, rightRow, first, second, out + column, outRow)
  }
  if (column == bytes) return
  const first = start == 0 ? f32x4.splat(0) : v128.load(start + column)
  narrow(rows, terms, left, leftRow, leftTerm, right + column, rightRow, first, out + column, outRow)
}

/** Two vectors of each row. Rows that are no multiple of 6 end in tiles of 4, an odd one by itself. */
function wide(
  rows: i32, terms: i32, left: usize, leftRow: usize, leftTerm: usize,
  right: usize, rightRow: usize, first: v128, second: v128, out: usize, outRow: usize,
): void {
  const odd = rows & 1
  let fours = (3 - ((rows >> 1) % 3)) % 3 // as many as leave a multiple of 6
  if ((fours << 2) > rows - odd) fours = 0
  let sixes = (rows - odd - (fours << 2)) / 6
  const rest = rows - 6 * sixes - (fours << 2)
  for (; sixes > 0; sixes--, left += 6 * leftRow, out += 6 * outRow) {
    tile6x2(terms, left, leftRow, leftTerm, right, rightRow, first, second, out, outRow)
  }
  for (; fours > 0; fours--, left += leftRow << 2, out += outRow << 2) {
    tile4x2(terms, left, leftRow, leftTerm, right, rightRow, first, second, out, outRow)
  }
  for (let row = 0; row < rest; row++, left += leftRow, out += outRow) {
    tile1x2(terms, left, leftTerm, right, rightRow, first, second, out)
  }
}

/** The last vector of each row, where their number is odd. */
function narrow(
  rows: i32, terms: i32, left: usize, leftRow: usize, leftTerm: usize,
  right: usize, rightRow: usize, first: v128, out: usize, outRow: usize,
): void {
  let row = 0
  for (; row + 8 <= rows; row += 8, left += leftRow << 3, out += outRow << 3) {
    tile8x1(terms, left, leftRow, leftTerm, right, rightRow, first, out, outRow)
  }
  for (; row < rows; row++, left += leftRow, out += outRow) {
    let sum = first
    for (let term = 0, a = left, b = right; term < terms; term++, a += leftTerm, b += rightRow) {
      sum = multiplyAdd(v128.load32_splat(a), v128.load(b), sum)
    }
    v128.store(out, sum)
  }
}

function tile6x2(
  terms: i32, left: usize, leftRow: usize, leftTerm: usize,
  right: usize, rightRow: usize, first: v128, second: v128, out: usize, outRow: usize,
): void {
  let s00 = first, s10 = first, s20 = first, s30 = first, s40 = first, s50 = first
  let s01 = second, s11 = second, s21 = second, s31 = second, s41 = second, s51 = second
  const twoRows = leftRow << 1
  let a = left
  let a3 = left + leftRow + twoRows
  for (let term = 0; term < terms; term++) {
    const b0 = v128.load(right)
    const b1 = v128.load(right, 16)
    let x = v128.load32_splat(a)
    s00 = multiplyAdd(x, b0, s00); s01 = multiplyAdd(x, b1, s01)
    x = v128.load32_splat(a + leftRow)
    s10 = multiplyAdd(x, b0, s10); s11 = multiplyAdd(x, b1, s11)
    x = v128.load32_splat(a + twoRows)
    s20 = multiplyAdd(x, b0, s20); s21 = multiplyAdd(x, b1, s21)
    x = v128.load32_splat(a3)
    s30 = multiplyAdd(x, b0, s30); s31 = multiplyAdd(x, b1, s31)
    x = v128.load32_splat(a3 + leftRow)
    s40 = multiplyAdd(x, b0, s40); s41 = multiplyAdd(x, b1, s41)
    x = v128.load32_splat(a3 + twoRows)
    s50 = multiplyAdd(x, b0, s50); s51 = multiplyAdd(x, b1, s51)
    a += leftTerm
    a3 += leftTerm
    right += rightRow
  }
  v128.store(out, s00); v128.store(out, s01, 16); out += outRow
  v128.store(out, s10); v128.store(out, s11, 16); out += outRow
  v128.store(out, s20); v128.store(out, s21, 16); out += outRow
  v128.store(out, s30); v128.store(out, s31, 16); out += outRow
  v128.store(out, s40); v128.store(out, s41, 16); out += outRow
  v128.store(out, s50); v128.store(out, s51, 16)
}

function tile4x2(
  terms: i32, left: usize, leftRow: usize, leftTerm: usize,
  right: usize, rightRow: usize, first: v128, second: v128, out: usize, outRow: usize,
): void {
  let s00 = first, s10 = first, s20 = first, s30 = first
  let s01 = second, s11 = second, s21 = second, s31 = second
  const twoRows = leftRow << 1
  for (let term = 0, a = left; term < terms; term++, a += leftTerm, right += rightRow) {
    const b0 = v128.load(right)
    const b1 = v128.load(right, 16)
    let x = v128.load32_splat(a)
    s00 = multiplyAdd(x, b0, s00); s01 = multiplyAdd(x, b1, s01)
    x = v128.load32_splat(a + leftRow)
    s10 = multiplyAdd(x, b0, s10); s11 = multiplyAdd(x, b1, s11)
    x = v128.load32_splat(a + twoRows)
    s20 = multiplyAdd(x, b0, s20); s21 = multiplyAdd(x, b1, s21)
    x = v128.load32_splat(a + twoRows + leftRow)
    s30 = multiplyAdd(x, b0, s30); s31 = multiplyAdd(x, b1, s31)
  }
  v128.store(out, s00); v128.store(out, s01, 16); out += outRow
  v128.store(out, s10); v128.store(out, s11, 16); out += outRow
  v128.store(out, s20); v128.store(out, s21, 16); out += outRow
  v128.store(out, s30); v128.store(out, s31, 16)
}

function tile1x2(
  terms: i32, left: usize, leftTerm: usize,
  right: usize, rightRow: usize, first: v128, second: v128, out: usize,
): void {
  for (let term = 0; term < terms; term++, left += leftTerm, right += rightRow) {
    const x = v128.load32_splat(left)
    first = multiplyAdd(x, v128.load(right), first)
    second = multiplyAdd(x, v128.load(right, 16), second)
  }
  v128.store(out, first)
  v128.store(out, second, 16)
}

function tile8x1(
  terms: i32, left: usize, leftRow: usize, leftTerm: usize,
  right: usize, rightRow: usize, first: v128, out: usize, outRow: usize,
): void {
  let s0 = first, s1 = first, s2 = first, s3 = first, s4 = first, s5 = first, s6 = first, s7 = first
  const twoRows = leftRow << 1
  const fourRows = leftRow << 2
  let a = left
  let a3 = left + leftRow + twoRows
  for (let term = 0; term < terms; term++, a += leftTerm, a3 += leftTerm, right += rightRow) {
    const b = v128.load(right)
    s0 = multiplyAdd(v128.load32_splat(a), b, s0)
    s1 = multiplyAdd(v128.load32_splat(a + leftRow), b, s1)
    s2 = multiplyAdd(v128.load32_splat(a + twoRows), b, s2)
    s3 = multiplyAdd(v128.load32_splat(a3), b, s3)
    s4 = multiplyAdd(v128.load32_splat(a + fourRows), b, s4)
    s5 = multiplyAdd(v128.load32_splat(a3 + twoRows), b, s5)
    s6 = multiplyAdd(v128.load32_splat(a3 + leftRow + twoRows), b, s6)
    s7 = multiplyAdd(v128.load32_splat(a3 + fourRows), b, s7)
  }
  v128.store(out, s0); out += outRow
  v128.store(out, s1); out += outRow
  v128.store(out, s2); out += outRow
  v128.store(out, s3); out += outRow
  v128.store(out, s4); out += outRow
  v128.store(out, s5); out += outRow
  v128.store(out, s6); out += outRow
  v128.store(out, s7)
}
