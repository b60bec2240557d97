import { expect, test } from 'vitest'
import { whyPruned } from './pruning.ts'
import type { Trial } from './trial.ts'

const trials = (...errors: number[][]): Trial[] =>
  errors.map((each) => ({ settings: {}, state: each.length === 3 ? 'finished' : 'pruned', errors: each }))

const PAST = trials([1, 1.1, 1.2], [2, 2.1, 2.2], [3, 3.1, 3.2], [4], [5])

test('a loser is given up, and told why', () => {
  expect(whyPruned([3.5], PAST)).toBe('after the first fold its error was 3.5000, above 3.0000, the median of 5 others')
  expect(whyPruned([2.9], PAST)).toBeNull()
})

test('the best is never given up, whatever the others were', () => {
  for (let others = 0; others < 9; others++) {
    const past = trials(...Array.from({ length: others }, (_, at) => [1 + at, 1 + at]))
    expect(whyPruned([1], past)).toBeNull()
    expect(whyPruned([1, 1], past)).toBeNull()
  }
})

test('a trial is compared with those that came as far as itself', () => {
  const past = trials([9, 1], [9, 2], [9, 3], [9, 4], [1], [1], [1], [1], [1])
  expect(whyPruned([5, 2.4], past)).toBeNull()
  expect(whyPruned([5, 2.6], past)).toContain(
    'after 2 folds its error was 2.6000, above 2.5000, the median of 4 others',
  )
})

test('nothing is given up before there are enough to compare with', () => {
  expect(whyPruned([99], PAST.slice(0, 3))).toBeNull()
  expect(whyPruned([99], PAST.slice(0, 4))).not.toBeNull()
  expect(whyPruned([], PAST)).toBeNull()
})
