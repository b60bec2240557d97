import { expect, test } from 'vitest'
import { gridSize } from '../learning/search/grid.ts'
import { canTake, parseParameter } from '../learning/search/space.ts'
import { trainers } from '../learning/trainers.ts'
import { checkBatches, spaceFor } from './tune-space.ts'

test.each(Object.values(trainers))(
  'the usual space of $name holds values that it takes, its own among them',
  (trainer) => {
    const space = spaceFor(trainer.name, 'tpe', [])
    const defaults: Readonly<Record<string, unknown>> = trainer.defaults
    for (const parameter of space) {
      const ends = parameter.kind === 'choice' ? parameter.choices : [parameter.low, parameter.high]
      for (const value of ends) trainer.checkSettings({ ...trainer.defaults, [parameter.name]: value })
      const own = defaults[parameter.name]
      expect(typeof own, parameter.name).toBe(parameter.kind === 'choice' ? typeof parameter.choices[0] : 'number')
      if (own !== 0) expect(canTake(parameter, own as number), `${parameter.name} ${own}`).toBe(true) // of a number's type, as just seen
    }
  },
)

test("the usual grid is the recipe's three settings, with its own values in it", () => {
  const space = spaceFor('mlp', 'grid', [])
  expect(space.map(({ name }) => name)).toEqual(['batchSize', 'learningRate', 'patience'])
  expect(gridSize(space)).toBe(18)
  const { batchSize, learningRate, patience } = trainers.mlp.defaults
  expect(space.map((parameter, at) => canTake(parameter, [batchSize, learningRate, patience][at]))).toEqual([
    true,
    true,
    true,
  ])
})

test('names are taken as the trainer or as tracking has them', () => {
  const names = spaceFor('mlp', 'random', ['learning_rate=1e-4..1e-2:log', 'batchSize=8,16', 'beta_1=0.8..0.99']).map(
    ({ name }) => name,
  )
  expect(names).toEqual(['learningRate', 'batchSize', 'beta1'])
})

test("names may carry the trainer's, as its settings are written elsewhere; another trainer's are refused", () => {
  const texts = ['trees.leaves=4..8', 'trees.learning_rate=0.1..0.5', 'trees.rowShare=0.5..1']
  expect(spaceFor('trees', 'tpe', texts).map(({ name }) => name)).toEqual(['leaves', 'learningRate', 'rowShare'])
  expect(() => spaceFor('trees', 'tpe', ['trees.leafs=4..8'])).toThrow('trees has no setting "leafs"')
  expect(() => spaceFor('trees', 'tpe', ['leaves=4..8', 'trees.leaves=4..9'])).toThrow('leaves is given twice')
  expect(() => spaceFor('mlp', 'tpe', ['trees.leaves=4..8'])).toThrow(
    expect.objectContaining({
      code: 'BAD_INPUT',
      message: expect.stringContaining('--space trees.leaves=4..8 is of trees, and the settings of mlp are searched'),
      next: expect.stringContaining('--trainer trees, or name settings of mlp: '),
    }),
  )
})

test.each([
  [['learning_rte=1..2'], 'did you mean learning_rate?'],
  [['learning_rate=1e-4..1e-2', 'learningRate=1e-3,1e-2'], 'learning_rate is given twice'],
  [['dropout=0..1:float'], '--space dropout=0..1:float: the settings of mlp are not right'],
  [['batch_size=64.5,128'], 'batch_size: '],
  [['hidden=[100,50],[0]'], 'hidden: '],
])('%j is refused: %s', (texts, words) => {
  expect(() => spaceFor('mlp', 'tpe', texts)).toThrow(words)
})

test('a trainer that there is none of is named as such, with those that there are', () => {
  for (const texts of [[], ['ridge=1..2']]) {
    expect(() => spaceFor('foo', 'tpe', texts)).toThrow('there is no trainer named "foo"')
  }
})

test('batches beyond the rows are refused; the usual space is taken as it is where rows are few', () => {
  const check = (text: string, rows: number) => checkBatches({ trainer: 'mlp', space: [parseParameter(text)] }, rows)
  expect(() => check('batchSize=64,1000', 999)).toThrow('batch_size goes up to 1000, and a fold learns 999 rows')
  expect(() => check('batchSize=1..1001', 1000)).toThrow('goes up to 1001')
  check('batchSize=64,1000', 1000)
  checkBatches({ trainer: 'mlp', space: spaceFor('mlp', 'tpe', []) }, 50)
  checkBatches({ trainer: 'linear', space: spaceFor('linear', 'tpe', []) }, 50)
})
