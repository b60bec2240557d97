import { expect, test } from 'vitest'
import { openEarlyStopping } from './early-stopping.ts'

function outcomes(patience: number, losses: readonly number[]): string[] {
  const stopping = openEarlyStopping(patience)
  return losses.map((loss, epoch) => stopping.after(epoch, loss))
}

test('an equal loss is no improvement, and an improvement starts the wait anew', () => {
  expect(outcomes(2, [5, 4, 4, 3, 3.5, 3])).toEqual(['improved', 'improved', 'go on', 'improved', 'go on', 'stop'])
})

test('a loss that is no number never improves, and the first epoch never stops', () => {
  expect(outcomes(1, [Number.NaN, Number.NaN])).toEqual(['go on', 'stop'])
})
