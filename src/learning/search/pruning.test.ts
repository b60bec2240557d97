import { expect, test } from 'vitest'
import { barsOf, whyPruned } from './pruning.ts'
import type { Trial } from './trial.ts'

const trials = (...errors: number[][]): Trial[] =>
  errors.map((each) => ({ settings: {}, state: each.length === 3 ? 'finished' : 'pruned', errors: each }))

const PAST = trials([1, 1.1, 1.2], [2, 2.1, 2.2], [3, 3.1, 3.2], [4], [5])

test('a loser is given up, and told why', () => {
  const bars = barsOf(PAST, 3)
  expect(whyPruned([3.5], bars)).toBe('after the first fold its error was 3.5000, above 3.0000, the median of 5 others')
  expect(whyPruned([2.9], bars)).toBeNull()
})

test('the best is never given up, whatever the others were', () => {
  for (let others = 0; others < 9; others++) {
    const bars = barsOf(trials(...Array.from({ length: others }, (_, at) => [1 + at, 1 + at])), 3)
    expect(whyPruned([1], bars)).toBeNull()
    expect(whyPruned([1, 1], bars)).toBeNull()
  }
})

test('a trial is compared with those that came as far as itself', () => {
  const bars = barsOf(trials([9, 1], [9, 2], [9, 3], [9, 4], [1], [1], [1], [1], [1]), 3)
  expect(whyPruned([5, 2.4], bars)).toBeNull()
  expect(whyPruned([5, 2.6], bars)).toBe('after 2 folds its error was 2.6000, above 2.5000, the median of 4 others')
})

test('nothing is given up before there are enough to compare with', () => {
  expect(whyPruned([99], barsOf(PAST.slice(0, 3), 3))).toBeNull()
  expect(whyPruned([99], barsOf(PAST.slice(0, 4), 3))).not.toBeNull()
  expect(whyPruned([], barsOf(PAST, 3))).toBeNull()
})
