import { expect, test } from 'vitest'
import { solveSymmetric } from './cholesky.ts'

test('the solution solves the equations, read from the lower triangle alone', () => {
  const matrix = Float64Array.of(4, 99, 99, 2, 5, 99, 1, 3, 6)
  const x = solveSymmetric(matrix, Float64Array.of(9, 18, 19))! // positive definite: its leading minors are 4, 16 and 67
  expect(4 * x[0]! + 2 * x[1]! + 1 * x[2]!).toBeCloseTo(9, 12)
  expect(2 * x[0]! + 5 * x[1]! + 3 * x[2]!).toBeCloseTo(18, 12)
  expect(1 * x[0]! + 3 * x[1]! + 6 * x[2]!).toBeCloseTo(19, 12)
})

test('a matrix that is not positive definite, or holds NaN, has no answer', () => {
  expect(solveSymmetric(Float64Array.of(1, 0, 2, 1), Float64Array.of(1, 1))).toBeNull()
  expect(solveSymmetric(Float64Array.of(0), Float64Array.of(1))).toBeNull()
  expect(solveSymmetric(Float64Array.of(Number.NaN), Float64Array.of(1))).toBeNull()
})
