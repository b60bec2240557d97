import { expect, test } from 'vitest'
import { parseParameter } from '../learning/search/space.ts'
import type { TrialOutcome, TuneInput } from './tune-input.ts'
import { doubtOf, outcomeOf } from './tune-outcome.ts'

/** A finished trial of these folds' errors. */
function trialOf(folds: readonly number[]): TrialOutcome {
  const errors = folds.map((_, at) => folds.slice(0, at + 1).reduce((sum, error) => sum + error, 0) / (at + 1))
  return { number: 0, settings: {}, state: 'finished', errors, why: null, seconds: 1, runId: 'r' }
}

test.each([
  ['a gain of nothing', [2, 2.1, 2.2], [1.99999, 2.09999, 2.19999], 'small'],
  ['the same', [2, 2.1, 2.2], [2, 2.1, 2.2], 'small'],
  ['no error to begin with', [0, 0, 0], [0, 0, 0], 'small'],
  ['a gain in every fold', [2, 2.1, 2.2], [1.9, 2.0, 2.1], null],
  ['a gain in one fold that the others lose again', [2, 2.1, 2.2], [1.7, 2.2, 2.3], 'scatter'],
  ['a gain that the folds scatter less than', [2, 2.1, 2.2], [1.9, 2.08, 2.1], null],
  ['a single fold, well below', [2], [1.9], null],
  ['a single fold, a hair below', [2], [1.9999], 'small'],
])(
  '%s: a clear gain is one of a thousandth at least, and beyond the standard error over folds',
  (_, before, after, because) => {
    expect(doubtOf(trialOf(after), trialOf(before))?.because ?? null).toBe(because)
  },
)

test('a doubt has the figures it rests on', () => {
  const small = doubtOf(trialOf([1.999, 2.099]), trialOf([2, 2.1])) ?? expect.unreachable()
  expect(small).toMatchObject({ because: 'small', least: 0.001 })
  expect(small.gain).toBeCloseTo(0.001, 10)
  expect('share' in small && small.share).toBeCloseTo(0.001 / 2.05, 10)
  const scatter = doubtOf(trialOf([1.7, 2.2, 2.3]), trialOf([2, 2.1, 2.2])) ?? expect.unreachable()
  // Gains of 0.3, -0.1 and -0.1: 0.0333 on average, and s = 0.2309 over them.
  expect(scatter.gain).toBeCloseTo(0.1 / 3, 10)
  expect('standardError' in scatter && scatter.standardError).toBeCloseTo(0.4 / 3, 10)
})

test('settings in force that cannot be learnt with are bettered by any', () => {
  expect(doubtOf(trialOf([2, 2]), { ...trialOf([]), state: 'failed' })).toBeNull()
})

const INPUT: TuneInput = {
  ...{ store: 's', model: 'parcels', experiment: 'e', size: 'small', origin: 'simulated', timeReading: 'utc', seed: 1 },
  ...{ trainer: 'linear', fromMs: 0, toMs: 1, splitRatio: 0.2, learnFromMs: 0, warmStart: null, settings: {} },
  ...{ space: [parseParameter('ridge=1,2')], sampler: 'tpe', trials: 1, timeMs: null, folds: 3, workers: 2 },
  parentRunId: null,
}

test('a search, by hand or of a month, comes to better settings only if the gain is clear', () => {
  const of = (...trials: TrialOutcome[]) =>
    outcomeOf({ metric: { name: 'mae', unit: 'min' } }, { input: INPUT, ground: { runId: 'r', folds: [] }, trials })
  const standing = trialOf([2, 2.1, 2.2])
  const other = (...folds: number[]) => ({ ...trialOf(folds), number: 1, settings: { ridge: 2 } })
  expect(of(standing, other(1.5, 1.6, 1.7))).toMatchObject({ best: 1, better: { ridge: 2 } })
  expect(of(standing, other(1.9999, 2.0999, 2.1999))).toMatchObject({ best: 1, better: null })
  // Stopped before the settings in force were judged: there is nothing to be better than.
  expect(of(other(1.5, 1.6, 1.7))).toMatchObject({ best: 1, better: null })
})
