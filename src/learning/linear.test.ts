import { expect, test } from 'vitest'
import { linear } from './linear.ts'
import { manyParcels, parcelJob, trainerContract } from './trainer.contract.ts'

trainerContract(linear, linear.defaults)

test('it finds the weights behind prices that are exactly linear', async () => {
  const fit = manyParcels(400, 5).encoded
  const target = fit.target.map((_, row) => 3 + 20 * fit.numbers[row * 2]! + (fit.codes[row * 2 + 1] === 1 ? 7 : 0)) // (rows, 2)
  const { weights } = await linear.train(parcelJob(linear.defaults, { fit: { ...fit, target } }))
  const kernel = weights.find(({ name }) => name === 'output/kernel')!.values
  expect(kernel[7]).toBeCloseTo(20, 3) // the weight, after seven weekdays
  expect(kernel[9]! - kernel[8]!).toBeCloseTo(7, 3) // zone 2 against zone 1
})

test('a feature that never changes, and a category never seen, do not break it', async () => {
  const fit = manyParcels(50, 5).encoded
  const job = parcelJob(linear.defaults, {
    fit: { ...fit, numbers: fit.numbers.map(() => 1), codes: fit.codes.map(() => -1) },
  })
  const { weights } = await linear.train(job)
  expect(weights.every(({ values }) => values.every(Number.isFinite))).toBe(true)
})

test('weights of another model are refused', () => {
  expect(() => linear.toOnnx(parcelJob(0).specification, [], {})).toThrow(
    'not the weights of a linear model over 12 inputs',
  )
})
