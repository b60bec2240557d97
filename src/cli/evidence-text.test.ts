// Evidence in one line.
import { expect, test } from 'vitest'
import { evidenceText } from './evidence-text.ts'

const WORDS = { unit: 'min', rows: 'parcels' }
const GATE = {
  rows: 3599,
  days: 8,
  looks: 2,
  level: 0.975,
  champion: { mean: 1.9664, interval: null },
  challenger: { mean: 1.9644, interval: null },
  difference: { mean: -0.002, low: -0.079, high: 0.074, smallestVisible: 0.1 },
}

test("a gate's evidence is its errors, their difference and what it was measured on", () => {
  expect(evidenceText(GATE, WORDS)).toBe(
    'champion 1.966, challenger 1.964 min, difference −0.002 (97.5 %: −0.079 to +0.074), on 3,599 parcels of 8 days, look 2',
  )
  expect(evidenceText({ ...GATE, champion: null, difference: null, looks: 1 }, WORDS)).toBe(
    'champion none, challenger 1.964 min, on 3,599 parcels of 8 days, look 1',
  )
})

test('any other evidence is told by the names it has, and none is nothing', () => {
  expect(evidenceText({ meanAbsoluteDistance: 0.0123, allowed: 0.25, decision: 3 }, WORDS)).toBe(
    'mean absolute distance 0.012, allowed 0.250, decision 3',
  )
  expect(evidenceText({ because: { askedBy: '5f0c', choice: 'rollback', decision: 3 }, rolledBackTo: 2 }, WORDS)).toBe(
    'choice rollback, decision 3, rolled back to 2',
  )
  expect(evidenceText({ because: null }, WORDS)).toBeNull()
  expect(evidenceText('somebody wrote this', WORDS)).toBe('somebody wrote this')
  expect(evidenceText(null, WORDS)).toBeNull()
})
