import { expect, test } from 'vitest'
import { seededRandom } from '../kernel/random.ts'
import { addLookups, multiply, multiplyTransposed, padded, scatterLookups, transposeMultiply } from './kernels.ts'

const random = seededRandom(11)
const matrix = (rows: number, columns: number) =>
  Float32Array.from({ length: rows * columns }, () => random.uniform() - 0.5)

/** The product in its plainest form. */
function slowly(
  m: number,
  n: number,
  k: number,
  left: (i: number, s: number) => number,
  right: (s: number, j: number) => number,
) {
  return Float32Array.from({ length: m * n }, (_, at) => {
    let sum = 0
    for (let s = 0; s < k; s++) sum += left(Math.floor(at / n), s) * right(s, at % n)
    return sum
  })
}

test('the three products agree with the plain one, exactly: sums run in the same order', () => {
  const [m, n, k] = [8, 12, 7]
  const [a, b, aT, bT] = [matrix(m, k), matrix(k, n), matrix(k, m), matrix(n, k)]
  const out = new Float32Array(m * n)
  multiply(a, b, out, m, n, k)
  expect(out).toEqual(
    slowly(
      m,
      n,
      k,
      (i, s) => a[i * k + s]!,
      (s, j) => b[s * n + j]!,
    ),
  ) // within their shapes
  multiplyTransposed(a, bT, out, m, n, k)
  expect(out).toEqual(
    slowly(
      m,
      n,
      k,
      (i, s) => a[i * k + s]!,
      (s, j) => bT[j * k + s]!,
    ),
  )
  transposeMultiply(aT, b, out, m, n, k)
  expect(out).toEqual(
    slowly(
      m,
      n,
      k,
      (i, s) => aT[s * m + i]!,
      (s, j) => b[s * n + j]!,
    ),
  )
})

test('looking rows up equals multiplying by one-hots, and scattering equals the transposed product', () => {
  const [rows, width, tableRows] = [4, 8, 5]
  const codes = Int32Array.of(0, 3, -1, 4, 2, -1, -1, -1) // two look-ups a row
  const table = matrix(tableRows, width)
  const oneHot = (row: number, s: number) => Number(codes[row * 2] === s) + Number(codes[row * 2 + 1] === s)
  const out = new Float32Array(rows * width)
  addLookups(table, codes, 2, out, rows, width)
  expect(out).toEqual(slowly(rows, width, tableRows, oneHot, (s, j) => table[s * width + j]!)) // within their shapes
  const gradient = new Float32Array(tableRows * width)
  scatterLookups(gradient, codes, 2, table, rows, width)
  expect(gradient).toEqual(
    slowly(
      tableRows,
      width,
      rows,
      (s, row) => oneHot(row, s),
      (row, j) => table[row * width + j]!,
    ),
  )
})

test('sizes are padded to whole tiles', () => {
  expect([0, 1, 4, 50, 100].map(padded)).toEqual([0, 4, 4, 52, 100])
})
