// Solves systems of linear equations whose matrix is symmetric and positive definite, as normal equations are.

/**
 * x with matrix · x = right, by the Cholesky factorisation matrix = L · Lᵀ; null if the matrix is not positive definite
 * (within the rounding of doubles), or holds NaN.
 *
 * Shapes  matrix (n, n), of which only the lower triangle is read; right (n); the result (n).
 *
 * @example solveSymmetric(Float64Array.of(4, 0, 2, 5), Float64Array.of(8, 8)) // => Float64Array [1.5, 1]
 */
export function solveSymmetric(matrix: Float64Array, right: Float64Array): Float64Array | null {
  const n = right.length
  const lower = matrix.slice()
  for (let column = 0; column < n; column++) {
    for (let row = column; row < n; row++) {
      let sum = lower[row * n + column]! // every index is below n · n
      for (let k = 0; k < column; k++) sum -= lower[row * n + k]! * lower[column * n + k]!
      if (row > column) lower[row * n + column] = sum / lower[column * n + column]!
      else if (sum > 0) lower[column * n + column] = Math.sqrt(sum)
      else return null
    }
  }
  const x = right.slice()
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i]! -= lower[i * n + k]! * x[k]!
    x[i]! /= lower[i * n + i]!
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i]! -= lower[k * n + i]! * x[k]!
    x[i]! /= lower[i * n + i]!
  }
  return x
}
