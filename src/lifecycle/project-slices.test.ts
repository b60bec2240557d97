import { expect, test } from 'vitest'
import { deliveries } from '../../tests/deliveries/project.ts'
import { defineProject, type Slice } from './project.ts'

const HOUR: Slice = {
  name: 'distance',
  label: 'distance',
  unit: 'km',
  of: { op: 'column', name: 'distance_km' },
  bands: { cuts: [1, 5] },
}

function define(...slices: readonly Slice[]): void {
  defineProject({ ...deliveries(), slices: () => slices })
}

test('a slice may read the target too', () => {
  expect(() => define(HOUR, { ...HOUR, name: 'minutes', of: { op: 'column', name: 'minutes' } })).not.toThrow()
})

test.each([
  ['a name that is no file name', [{ ...HOUR, name: 'By Hour' }], 'the slice "By Hour" is not named by a-z, 0-9 and _'],
  ['a name that is taken', [HOUR, HOUR], 'two slices are named "distance"'],
  ['no label', [{ ...HOUR, label: '' }], 'the slice distance has no label'],
  ['cuts that fall', [{ ...HOUR, bands: { cuts: [5, 1] } }], 'the slice distance: its cuts do not rise'],
  ['no such column', [{ ...HOUR, of: { op: 'column', name: 'weight' } }], 'the slice distance reads "weight"'],
] satisfies [string, Slice[], string][])('%s is refused where the project is defined', (_, slices, words) => {
  expect(() => define(...slices)).toThrow(
    expect.objectContaining({ code: 'BAD_INPUT', message: expect.stringContaining(words) }),
  )
})
