import { expect, test } from 'vitest'
import { type Fold, forwardFolds } from './forward-folds.ts'

const WINDOW = { fromMs: 0, toMs: 10_000 }
const times = (rows: number): Float64Array => Float64Array.from({ length: rows }, (_, row) => row * 10)

test('each fold learns from all rows before those it is judged on, and the last tenth of them says when to stop', () => {
  const folds = forwardFolds(times(1_000), WINDOW, 3)
  expect(folds.map(({ fitRows, earlyStopRows, validateRows }) => [fitRows, earlyStopRows, validateRows])).toEqual([
    [630, 70, 100],
    [720, 80, 100],
    [810, 90, 100],
  ])
  expect(folds.map(({ validate }) => validate)).toEqual([
    { fromMs: 7_000, toMs: 8_000 },
    { fromMs: 8_000, toMs: 9_000 },
    { fromMs: 9_000, toMs: 10_000 },
  ])
})

test('no row is learnt from or stopped at that is not before the rows judged on', () => {
  for (const count of [1, 2, 5, 10]) {
    for (const { fit, earlyStop, validate } of forwardFolds(times(997), WINDOW, count)) {
      expect(fit.fromMs).toBe(WINDOW.fromMs)
      expect([fit.toMs, earlyStop.toMs]).toEqual([earlyStop.fromMs, validate.fromMs])
      expect(validate.toMs).toBeLessThanOrEqual(WINDOW.toMs)
    }
  }
})

test('rows of one timestamp stay together, on the later side', () => {
  const twins = Float64Array.from({ length: 1_000 }, (_, row) => Math.floor(row / 7) * 70)
  const folds = forwardFolds(twins, WINDOW, 3)
  const rowsIn = ({ fromMs, toMs }: Fold['fit']): number => twins.filter((time) => time >= fromMs && time < toMs).length
  for (const { fit, earlyStop, validate, ...rows } of folds) {
    expect([rowsIn(fit), rowsIn(earlyStop), rowsIn(validate)]).toEqual([
      rows.fitRows,
      rows.earlyStopRows,
      rows.validateRows,
    ])
  }
})

test('many folds judge on half of the rows at most', () => {
  const folds = forwardFolds(times(1_000), WINDOW, 10)
  expect(folds.reduce((sum, { validateRows }) => sum + validateRows, 0)).toBe(500)
})

test('too few rows to judge on are refused, with the figures', () => {
  expect(() => forwardFolds(times(150), WINDOW, 3)).toThrow(/150 rows are too few to judge settings on 3 folds/)
  expect(() => forwardFolds(times(0), WINDOW, 1)).toThrow(/0 rows are too few/)
  expect(forwardFolds(times(200), WINDOW, 3)).toHaveLength(3)
})
