import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Outcome, outcomeNotice } from './outcome-notice.ts'

const CASES = [
  'first-model',
  'too-little-data',
  'challenger-cannot-score',
  'challenger-rows-unknown',
  'challenger-rows-seen',
  'no-champion',
  'champion-cannot-score',
  'challenger-better',
  'champion-good-enough',
  'none-good-enough',
] as const satisfies readonly Outcome['case'][]

function textOf(changes: Partial<Outcome>): string {
  return outcomeNotice({
    kind: 'promote',
    case: 'challenger-better',
    isMoved: true,
    metricName: 'mae',
    oldError: 2.2140000000000004,
    newError: 2.131_234_56,
    holdoutRows: 3512,
    windowRows: 17_560,
    rowsNoun: 'rides',
    ...changes,
  }).text
}

test('a new model in production is announced in the words of the recipe', () => {
  expect(textOf({})).toBe('🚀 New model replacing old in production with MAE: 2.13123 the Old MAE was: 2.214')
})

test('a champion that stays is announced in the words of the recipe', () => {
  expect(textOf({ kind: 'keep', case: 'champion-good-enough' })).toBe(
    '✅ Old model still good enough: Old MAE: 2.214 - New MAE: 2.13123',
  )
})

test('no good model is announced in the words of the recipe, also where the new one was better than the old', () => {
  const text = textOf({ kind: 'escalate', case: 'none-good-enough', oldError: 2.7, newError: 2.6 })
  expect(text).toBe('🚨 No model good enough: Old MAE: 2.7 - New MAE: 2.6')
})

test('a figure that does not exist is none', () => {
  expect(textOf({ case: 'no-champion', oldError: null })).toBe(
    '🚀 New model replacing old in production with MAE: 2.13123 the Old MAE was: none',
  )
  expect(textOf({ kind: 'escalate', case: 'champion-cannot-score', oldError: null })).toContain(
    'Old MAE: none - New MAE: 2.13123',
  )
  expect(textOf({ kind: 'keep', case: 'challenger-cannot-score', newError: null })).toContain(
    'Old MAE: 2.214 - New MAE: none',
  )
})

test('too few rows are information, with how many there were', () => {
  const few = { case: 'too-little-data', newError: null, holdoutRows: 18, windowRows: 90 } as const
  expect(textOf({ ...few, kind: 'keep' })).toBe(
    'ℹ️ Cannot tell yet, with only 18 of 90 rides to judge on: Old MAE: 2.214 - New MAE: none',
  )
  expect(textOf({ ...few, kind: 'escalate', oldError: null })).toBe(
    'ℹ️ Cannot tell yet, with only 18 of 90 rides to judge on: Old MAE: none - New MAE: none; a person has to decide',
  )
})

test('a first model is information, in production or waiting', () => {
  const first = { case: 'first-model', oldError: null, holdoutRows: 1767, windowRows: 88_381 } as const
  expect(textOf({ ...first })).toBe('ℹ️ First model in production with MAE: 2.13123 (on 1767 of 88381 rides)')
  expect(textOf({ ...first, kind: 'escalate', isMoved: false })).toBe(
    "ℹ️ First model waiting for a person's answer with MAE: 2.13123 (on 1767 of 88381 rides)",
  )
  expect(textOf({ ...first, isMoved: false })).toContain('waiting')
})

test('a challenger whose rows are unknown is not called bad, it is put before a person', () => {
  expect(textOf({ kind: 'escalate', case: 'challenger-rows-unknown' })).toBe(
    '🚨 A person has to decide, as it is not known which rides the new model learnt from: Old MAE: 2.214 - New MAE: 2.13123',
  )
})

test('a challenger that has seen the holdout is put before a person with that reason', () => {
  expect(textOf({ kind: 'escalate', case: 'challenger-rows-seen' })).toContain(
    'has learnt some of the rides it was judged on',
  )
})

test('a promotion that was not carried out is never announced as one', () => {
  expect(textOf({ isMoved: false })).toBe(
    'ℹ️ New model better, but production was left as it is: Old MAE: 2.214 - New MAE: 2.13123',
  )
})

test('where a person was asked, how to answer stands after the message, which stays as it is', () => {
  const asked = { kind: 'escalate', case: 'none-good-enough', decision: 7 } as const
  expect(textOf(asked)).toBe('🚨 No model good enough: Old MAE: 2.214 - New MAE: 2.13123; ./understudy decide 7 …')
  expect(textOf({ ...asked, case: 'first-model', isMoved: false })).toContain('rides); ./understudy decide 7 …')
  expect(textOf({ ...asked, decision: null })).toBe('🚨 No model good enough: Old MAE: 2.214 - New MAE: 2.13123')
  expect(textOf({ decision: 7 })).not.toContain('decide') // nobody was asked about a promotion
})

test('the metric and the rows are called what the project calls them', () => {
  expect(textOf({ metricName: 'mse' })).toContain('with MSE: 2.13123 the Old MSE was')
  expect(textOf({ case: 'too-little-data', kind: 'keep', rowsNoun: 'mornings' })).toContain('of 17560 mornings')
})

test('the figures never change which message is sent, and only what was moved is said to be in production', () => {
  const error = fc.option(fc.double({ min: 0, max: 9, noNaN: true }), { nil: null })
  const outcome = fc.record({
    kind: fc.constantFrom('promote', 'keep', 'escalate'),
    case: fc.constantFrom(...CASES),
    isMoved: fc.boolean(),
    oldError: error,
    newError: error,
    decision: fc.constantFrom(null, 7),
  })
  fc.assert(
    fc.property(outcome, (given) => {
      const text = textOf(given)
      const [sign] = text.split(' ')
      expect(textOf({ ...given, oldError: 1, newError: 1 }).split(' ')[0]).toBe(sign)
      expect(/in production with/.test(text)).toBe(
        given.kind === 'promote' && given.isMoved && given.case !== 'too-little-data',
      )
      expect(text).not.toMatch(/null|undefined|\n/)
    }),
    { seed: 20_150_110, numRuns: 300 },
  )
})
