import { expect, test } from 'vitest'
import { sameTrial } from './tune-earlier.ts'
import type { TrialOutcome } from './tune-input.ts'

function trial(number: number, errors: readonly number[], more: Partial<TrialOutcome> = {}): TrialOutcome {
  const settings = { ridge: number + 1 }
  return { number, settings, state: 'finished', errors, why: null, seconds: 1, runId: `r${number}`, ...more }
}

const EARLIER = { runId: 'r', trials: [trial(0, [3, 3]), trial(1, [2, 2]), trial(3, [5], { state: 'pruned' })] }
const ASKED = { number: 3, settings: { ridge: 4 }, ended: [trial(0, [3, 3]), trial(1, [2, 2])] }

test('a trial is taken over if its settings, and all that it goes by, are the same', () => {
  expect(sameTrial(EARLIER, ASKED)).toBe(EARLIER.trials[2])
  expect(sameTrial(undefined, ASKED)).toBeNull()
  expect(sameTrial(EARLIER, { ...ASKED, number: 2 })).toBeNull()
  expect(sameTrial(EARLIER, { ...ASKED, settings: { ridge: 5 } })).toBeNull()
})

test('how long those took that it goes by, and which runs they are, is nothing to it; what they came to is', () => {
  const after = (other: TrialOutcome) => sameTrial(EARLIER, { ...ASKED, ended: [trial(0, [3, 3]), other] })
  expect(after(trial(1, [2, 2], { seconds: 9, runId: 'another', takenOver: true }))).not.toBeNull()
  expect(after(trial(1, [2, 2.1]))).toBeNull() // which sets another bar
  expect(after(trial(1, [2], { state: 'pruned' }))).toBeNull()
  expect(after(trial(2, [2, 2]))).toBeNull() // of which the earlier search knows nothing
})
