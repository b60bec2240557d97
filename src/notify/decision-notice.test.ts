import { expect, test } from 'vitest'
import { decisionNotice, type PersonsDecision } from './decision-notice.ts'

function textOf(changes: Partial<PersonsDecision>): string {
  return decisionNotice({
    choice: 'promote',
    model: 'taxifare',
    decision: 7,
    waiting: null,
    entered: 4,
    left: 3,
    isThere: true,
    by: 'ann',
    why: 'a holiday month',
    ...changes,
  }).text
}

test('a promotion says what is in production now, in place of what, by whom and why', () => {
  expect(textOf({})).toBe('ℹ️ taxifare: v4 is in production in place of v3, by ann (decision 7): a holiday month')
  expect(textOf({ left: null })).toContain('v4 is in production, by ann')
})

test('a challenger that was not taken, and where none was waiting, that nothing changed', () => {
  const kept = { choice: 'keep', entered: null, left: null } as const
  expect(textOf({ ...kept, waiting: 4 })).toContain('v4 was not taken, production stays as it is, by ann')
  expect(textOf(kept)).toContain(': production stays as it is, by ann')
})

test('a further training is no promise of another model', () => {
  expect(textOf({ choice: 'retrain', entered: null, left: null, waiting: 4 })).toBe(
    'ℹ️ taxifare: the month was looked at once more with other settings, by ann (decision 7): a holiday month',
  )
})

test('a rollback says so, whether or not somebody had been asked', () => {
  expect(textOf({ choice: 'rollback', entered: 2 })).toContain('v2 is in production again in place of v3, by ann (de')
  expect(textOf({ choice: 'rollback', entered: 2, decision: null })).toContain('in place of v3, by ann: a holiday')
})
