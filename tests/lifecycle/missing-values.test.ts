// Rows that lack a value no model file can be told of: the verdict says which column that is and what to do.
import { expect, test } from 'vitest'
import { deliveriesWithout } from '../deliveries/gaps.ts'
import { openStage } from './stage.ts'

const TREES = { trainers: ['trees'], trainerSettings: { trees: 20 }, trainWindow: null }

test('trees that learnt parcels of unknown load cannot score them, and the person asked is told the column and the way out', async () => {
  await using stage = await openStage(deliveriesWithout('parcels'))
  const { first } = await stage.month('2020-04', TREES)
  expect(first?.verdict).toBe('escalate')
  expect(first?.reason).toMatch(
    /it gave no finite number for \d+ of \d+ parcels; it answers none without "parcels": let cleaning leave those out, or have trees learn it as a double/,
  )
})

test('a version that answers parcels of unknown distance has an error on all of them, and so has the next', async () => {
  await using stage = await openStage(deliveriesWithout('distance_km'))
  const { first, cycle } = await stage.month('2020-04', TREES)
  expect(first?.verdict).toBe('promote')
  expect([cycle?.champion?.error, cycle?.challenger?.error].every((error) => (error ?? 0) > 0)).toBe(true)
})
