import { expect, test } from 'vitest'
import { trainerNamed, trainers } from './trainers.ts'

test('every trainer is found by its own name', () => {
  for (const trainer of Object.values(trainers)) expect(trainerNamed(trainer.name)).toBe(trainer)
})

test('an unknown name lists what there is, inherited names included', () => {
  expect(() => trainerNamed('forest')).toThrow('there is no trainer named "forest"; there are mlp, trees, linear')
  expect(() => trainerNamed('toString')).toThrow('there is no trainer')
})
