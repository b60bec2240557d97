import { expect, test } from 'vitest'
import { openTrainingProgress } from './training-progress.ts'

const record = (epoch: number, valMae: number | null = 2.25) => ({ epoch, loss: 9, mae: 2.31, valLoss: 8, valMae })

/** A progress with a clock of its own, and what it has said. */
function watched(trainer: string) {
  const said: string[] = []
  const clock = { ms: 0 }
  const progress = openTrainingProgress(
    { trainer, metric: 'mae' },
    () => clock.ms,
    (text) => said.push(text),
  )
  return { said, clock, progress }
}

test('says the epoch, the error so far, and the longest it can still take', () => {
  const { said, clock, progress } = watched('mlp')
  progress.onProgress({ unit: 'epoch', done: 0, atMost: 100 })
  clock.ms = 10_000
  progress.onEpoch(record(0))
  clock.ms = 12_000
  progress.onProgress({ unit: 'epoch', done: 1.2, atMost: 100 })
  expect(said).toEqual([
    'mlp, 0 of 100 epochs',
    'mlp, 0 of 100 epochs: mae 2.310, early-stop 2.250',
    'mlp, 1.2 of 100 epochs: mae 2.310, early-stop 2.250; at most 17 min left',
  ])
})

test('trees are counted as trees, and told of a few times a second, however fast they come', () => {
  const { said, clock, progress } = watched('trees')
  for (let tree = 0; tree < 1_000; tree++) {
    clock.ms += 5
    progress.onEpoch(record(tree, null))
    progress.onProgress({ unit: 'tree', done: tree + 1, atMost: 1_000 })
  }
  expect(said.length).toBeLessThanOrEqual(50)
  expect(said.at(-1)).toMatch(/^trees, \d{3} of 1000 trees: mae 2\.310; at most 1 s left$/)
})

test('a trainer that says nothing between its epochs is shown by them', () => {
  const { said, progress } = watched('linear')
  progress.onEpoch(record(0))
  expect(said).toEqual(['linear, epoch 1: mae 2.310, early-stop 2.250'])
})
