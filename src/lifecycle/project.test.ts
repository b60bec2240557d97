import { expect, test } from 'vitest'
import { column } from '../features/expressions.ts'
import { trees } from '../learning/trees.ts'
import { defineProject, type ProjectDefinition, specificationFor, usualSettings } from './project.ts'

const parcels: ProjectDefinition = {
  name: 'parcels',
  row: { one: 'parcel', many: 'parcels' },
  metric: { name: 'mae', unit: 'USD' },
  defaultThreshold: 1,
  sizes: ['all'],
  defaultSize: 'all',
  historyFrom: '2020-01-01',
  defaultEvaluationStart: '2020-06-01',
  replayMonths: { from: '2020-06', to: '2020-07' },
  specification: () => ({
    columns: [
      { name: 'sent', type: 'timestamp' },
      { name: 'weight', type: 'double' },
      { name: 'price', type: 'double' },
    ],
    timeColumn: 'sent',
    target: 'price',
    cleaning: { duplicates: null, nulls: 'drop', rules: [] },
    features: [
      { kind: 'number', name: 'grams', value: column('weight') },
      { kind: 'number', name: 'when', value: column('sent') },
    ],
  }),
  simulate: null,
  request: [],
  replyKey: 'price',
}

test('a trainer learns from the features that are named for it, and from all if none are', () => {
  const project = defineProject({ ...parcels, learnsFrom: { mlp: ['grams'] } })
  const namesFor = (trainer: string): string[] =>
    specificationFor(project, 'utc', trainer).features.map(({ name }) => name)
  expect(namesFor('mlp')).toEqual(['grams'])
  expect(namesFor('trees')).toEqual(['grams', 'when'])
  const unknown = { ...parcels, learnsFrom: { mlp: ['colour'] } }
  expect(() => defineProject(unknown)).toThrow('mlp learns from "colour", which is no feature')
})

test('what a project says of a trainer’s settings takes the place of the trainer’s defaults', () => {
  const project = defineProject({ ...parcels, trainerSettings: { trees: { leaves: 31 } } })
  expect(usualSettings(project, 'trees')).toEqual({ ...trees.defaults, leaves: 31 })
  expect(usualSettings(defineProject(parcels), 'trees')).toEqual(trees.defaults)
})

test.each([
  ['trees', { leaves: 1 }, 'leaves'],
  ['trees', { branches: 3 }, 'branches'],
  ['weeds', {}, 'weeds'],
])('a project that says something wrong of %s is refused where it is defined: %j', (trainer, settings, named) => {
  expect(() => defineProject({ ...parcels, trainerSettings: { [trainer]: settings } })).toThrow(
    expect.objectContaining({ code: 'BAD_INPUT', message: expect.stringContaining(named) }),
  )
})
