import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { EncodedRows } from '../features/encode.ts'
import { column } from '../features/expressions.ts'
import type { FeatureSpecification } from '../features/specification.ts'
import { seededRandom } from '../kernel/random.ts'
import type { EpochRecord, LearningProgress, TrainedModel, TrainingJob } from './port.ts'
import { rowsInMemory } from './rows.ts'
import { type JobChanges, manyParcels, parcelJob, parcels, trainerContract } from './trainer.contract.ts'
import { trees } from './trees.ts'
import type { TreesSettings } from './trees-settings.ts'

const QUICK: TreesSettings = { ...trees.defaults, trees: 60, learningRate: 0.2, leaves: 15, patience: 10 }

trainerContract(trees, QUICK)

const LOGARITHMS: TreesSettings = { ...QUICK, objective: 'huber', huberDelta: 0.1, logTarget: true }

describe('learning logarithms', () => trainerContract(trees, LOGARITHMS))

describe('rounding answers', () => trainerContract(trees, { ...QUICK, roundTo: 0.01 }))

/** A number and a category of eight codes. */
const letters: FeatureSpecification = {
  ...parcels,
  features: [
    { kind: 'number', name: 'weight', value: column('weight_kg') },
    { kind: 'category', name: 'shop', code: column('zone'), size: 8 },
  ],
}

function lettersOf(
  rows: number,
  seed: number,
  target: (weight: number, code: number, chance: number) => number,
): EncodedRows {
  const random = seededRandom(seed)
  const encoded = {
    ...{ rows, numberCount: 1, categoryCount: 1 },
    numbers: new Float32Array(rows),
    codes: new Int16Array(rows),
    target: new Float32Array(rows),
  }
  for (let row = 0; row < rows; row++) {
    const weight = random.uniform() < 0.2 ? Number.NaN : random.uniform()
    const code = random.below(8)
    encoded.numbers[row] = weight
    encoded.codes[row] = code
    encoded.target[row] = target(weight, code, random.uniform())
  }
  return encoded
}

function train(fit: EncodedRows, changes: Omit<JobChanges<TreesSettings>, 'fit'> = {}): Promise<TrainedModel> {
  const job: TrainingJob<TreesSettings> = {
    ...{ specification: letters, earlyStop: null, steps: 30, settings: QUICK, seed: 1, warmStart: null },
    ...changes,
    fit: rowsInMemory(fit),
  }
  return trees.train(job)
}

function maeOf({ weights }: TrainedModel, rows: EncodedRows): number {
  const predicted = trees.predictEncoded(letters, weights, rows)
  return predicted.reduce((sum, value, row) => sum + Math.abs(value - rows.target[row]!), 0) / rows.rows
}

test('where the tails are heavy, l1 has the smaller absolute error and l2 the smaller squared error', async () => {
  const heavy = (weight: number, code: number, chance: number): number =>
    code + (Number.isNaN(weight) ? 0 : weight) + (chance < 0.1 ? 500 * chance : chance)
  const [fit, unseen] = [lettersOf(4_000, 1, heavy), lettersOf(4_000, 2, heavy)]
  const l1 = await train(fit, { settings: { ...QUICK, objective: 'l1' } })
  const l2 = await train(fit, { settings: { ...QUICK, objective: 'l2' } })
  expect(maeOf(l1, unseen)).toBeLessThan(0.9 * maeOf(l2, unseen))
  const squared = (model: TrainedModel): number =>
    trees
      .predictEncoded(letters, model.weights, unseen)
      .reduce((sum, value, row) => sum + (value - unseen.target[row]!) ** 2, 0)
  expect(squared(l2)).toBeLessThan(squared(l1))
})

test.for([0.1, 0.5, 0.9])('of rows not seen, about a share of %d lies below that quantile', async (quantile) => {
  const noisy = (_: number, code: number, chance: number): number => code + (1 + code) * chance
  const model = await train(lettersOf(8_000, 1, noisy), { settings: { ...QUICK, objective: 'quantile', quantile } })
  const unseen = lettersOf(8_000, 2, noisy)
  const predicted = trees.predictEncoded(letters, model.weights, unseen)
  const below = predicted.filter((value, row) => unseen.target[row]! <= value).length / unseen.rows
  expect(Math.abs(below - quantile)).toBeLessThan(0.03)
  const byCode = [0, 7].map((code) => predicted[unseen.codes.indexOf(code)]!)
  expect(byCode[0]).toBeCloseTo(quantile, 0)
  expect(byCode[1]).toBeCloseTo(7 + 8 * quantile, -0.4)
})

test.for([5, 0.5, -5])('rows without a value go where they belong: those worth %d', async (worth) => {
  const target = (weight: number): number => (Number.isNaN(weight) ? worth : weight)
  const model = await train(lettersOf(2_000, 1, target), { settings: { ...QUICK, objective: 'l2' } })
  const unseen = lettersOf(500, 2, target)
  expect(maeOf(model, unseen)).toBeLessThan(0.02)
})

test('codes are split by the order of their means: one split parts the dear from the cheap, however they are numbered', async () => {
  const isDear = (code: number): boolean => [1, 4, 6].includes(code)
  const target = (_: number, code: number): number => (isDear(code) ? 10 : 2)
  const fit = lettersOf(2_000, 1, target)
  const settings: TreesSettings = { ...QUICK, objective: 'l2', leaves: 2, learningRate: 1 }
  const model = await train(fit, { settings, steps: 1 })
  expect(maeOf(model, fit)).toBeLessThan(1e-5)
  expect(model.importances).toEqual({ weight: 0, shop: 1 })
})

test('a refit takes so many trees exactly, the same ones that a longer training begins with', async () => {
  const fit = lettersOf(1_000, 1, (weight, code, chance) => code * (weight || 1) + chance)
  const [short, long] = [await train(fit, { steps: 5 }), await train(fit, { steps: 12 })]
  expect([short.keptSteps, short.epochs.length, long.keptSteps]).toEqual([5, 5, 12])
  expect(short.epochs).toEqual(long.epochs.slice(0, 5))
  const values = (model: TrainedModel): Float32Array => model.weights.find(({ name }) => name === 'nodes/value')!.values
  expect(values(short)).toEqual(values(long).slice(0, values(short).length))
})

test('learning ends when the early-stop rows say so, and keeps the trees of the best moment', async () => {
  const chance = (_weight: number, _code: number, drawn: number): number => drawn // nothing can be learnt
  const earlyStop = lettersOf(300, 2, chance)
  const settings: TreesSettings = { ...QUICK, objective: 'l2', trees: 200, patience: 4 }
  const model = await train(lettersOf(600, 1, chance), { settings, earlyStop, steps: null })
  const losses = model.epochs.map(({ valLoss }) => valLoss ?? 0)
  expect(model.stoppedEarly).toBe(true)
  expect(model.epochs).toHaveLength(model.keptEpoch + 1 + 4)
  expect(losses[model.keptEpoch]).toBe(Math.min(...losses))
  expect(model.keptSteps).toBe(model.keptEpoch + 1)
  expect(model.weights.find(({ name }) => name === 'roots')?.values).toHaveLength(model.keptSteps)
  expect(maeOf(model, earlyStop)).toBeCloseTo(model.earlyStopMae ?? Number.NaN, 6)
})

test('the errors told of rows to fit and to stop by are those of the trees so far, rows that were not drawn included', async () => {
  const target = (weight: number, code: number, chance: number): number => code * (weight || 1) + chance
  const [fit, earlyStop] = [lettersOf(900, 1, target), lettersOf(200, 2, target)]
  const settings: TreesSettings = { ...QUICK, objective: 'l2', rowShare: 0.5, columnShare: 0.5 }
  const model = await train(fit, { settings, earlyStop, steps: 8 })
  const last = model.epochs.at(-1)!
  const { weights } = await train(fit, { settings, steps: 8 })
  expect(maeOf({ ...model, weights }, fit)).toBeCloseTo(last.mae, 5)
  expect(maeOf({ ...model, weights }, earlyStop)).toBeCloseTo(last.valMae ?? Number.NaN, 5)
})

test('rows and columns are drawn by the seed; without drawing it changes nothing', async () => {
  const fit = lettersOf(1_000, 1, (weight, code, chance) => code * (weight || 1) + chance)
  const weightsOf = async (changes: Partial<TreesSettings>, seed: number): Promise<unknown> =>
    (await train(fit, { settings: { ...QUICK, ...changes }, seed })).weights
  for (const drawn of [{ rowShare: 0.7 }, { columnShare: 0.5 }]) {
    expect(await weightsOf(drawn, 1)).toEqual(await weightsOf(drawn, 1))
    expect(await weightsOf(drawn, 1)).not.toEqual(await weightsOf(drawn, 2))
  }
  expect(await weightsOf({}, 1)).toEqual(await weightsOf({}, 2))
})

test('bags of drawn rows predict their mean, and err less than one of them', async () => {
  const target = (weight: number, code: number, chance: number): number => code * (weight || 1) + 8 * chance
  const [fit, unseen] = [lettersOf(1_000, 1, target), lettersOf(4_000, 3, target)]
  const drawn: TreesSettings = { ...QUICK, objective: 'l2', rowShare: 0.5, minLeafRows: 3 }
  const one = await train(fit, { settings: drawn })
  const five = await train(fit, { settings: { ...drawn, bags: 5 }, earlyStop: unseen })
  expect(five.keptSteps * 5).toBe(five.weights.find(({ name }) => name === 'roots')?.values.length)
  expect(five.earlyStopMae).toBeCloseTo(maeOf(five, unseen), 6)
  expect(maeOf(five, unseen)).toBeLessThan(maeOf(one, unseen))
})

test('the curve is that of the first ensemble, and progress comes to its end exactly', async () => {
  const noise = (_weight: number, _code: number, drawn: number): number => drawn // nothing can be learnt: it stops early
  const told: LearningProgress[] = []
  const settings: TreesSettings = { ...QUICK, trees: 200, patience: 20, rowShare: 0.5, bags: 3 }
  const [fit, earlyStop] = [lettersOf(600, 1, noise), lettersOf(300, 2, noise)]
  const model = await train(fit, { settings, earlyStop, steps: null, onProgress: (progress) => told.push(progress) })
  const { epochs, keptSteps } = model
  expect(model).toMatchObject({ averaged: 3, stoppedEarly: true, keptEpoch: keptSteps - 1 })
  expect(epochs).toEqual((await train(fit, { settings: { ...settings, bags: 1 }, earlyStop, steps: null })).epochs)
  expect(epochs.length).toBe(keptSteps + 20)
  expect(told.at(-1)).toEqual({
    unit: 'tree',
    done: epochs.length + 2 * keptSteps,
    atMost: epochs.length + 2 * keptSteps,
  })
  expect(told.every(({ done, atMost }, i) => done === i + 1 && done <= atMost)).toBe(true)
})

test('ensembles that would all be the same are grown once, which is said', async () => {
  const fit = lettersOf(600, 1, (weight, code) => code * (weight || 1))
  const notices: string[] = []
  const three = await train(fit, { settings: { ...QUICK, bags: 3 }, onNotice: (text) => notices.push(text) })
  expect(three.weights).toEqual((await train(fit)).weights)
  expect(three.averaged).toBeUndefined()
  expect(notices).toContainEqual(expect.stringContaining('3 ensembles of all rows and columns would be the same'))
})

test('errors that are told of some rows only say of how many', async () => {
  const target = (weight: number, code: number): number => 1 + code * (weight || 1) ** 2
  const settings = { ...LOGARITHMS, trees: 3 }
  expect((await train(lettersOf(9_000, 1, target), { settings })).sampledRows).toBe(3_000)
  expect((await train(lettersOf(900, 1, target), { settings })).sampledRows).toBeUndefined()
})

test('a step so large or small that nothing could be answered is refused', async () => {
  for (const roundTo of [1e39, 1e-320, -0.5]) {
    const training = train(
      lettersOf(50, 1, () => 1),
      { settings: { ...QUICK, roundTo } },
    )
    await expect(training, String(roundTo)).rejects.toMatchObject({ code: 'BAD_INPUT' })
  }
})

test('a target that is always the same is learnt, columns that are always the same are never asked for', async () => {
  const same = lettersOf(200, 1, () => 7.25)
  const model = await train({ ...same, numbers: same.numbers.slice().fill(3), codes: same.codes.slice().fill(2) })
  expect(maeOf(model, same)).toBe(0)
  expect(model.importances).toEqual({ weight: 0, shop: 0 })
})

test('too few rows for two leaves give their mean', async () => {
  const few = lettersOf(5, 1, (_, code) => code)
  const model = await train(few, { settings: { ...QUICK, objective: 'l2' } })
  const mean = few.target.reduce((sum, value) => sum + value, 0) / 5
  for (const value of trees.predictEncoded(letters, model.weights, few)) expect(value).toBeCloseTo(mean, 5)
})

test('a training that is cancelled ends within a second, lets others work meanwhile, and leaves no thread behind', async () => {
  const aborting = new AbortController()
  const records: EpochRecord[] = []
  const settings: TreesSettings = { ...QUICK, trees: 100_000 }
  const training = trees.train(
    parcelJob(settings, {
      ...{ fit: manyParcels(40_000, 1).encoded, earlyStop: null, threads: 2, signal: aborting.signal },
      onEpoch: (record) => records.push(record),
    }),
  )
  const outcome = expect(training).rejects.toMatchObject({ code: 'CANCELLED' })
  while (records.length < 3) await setTimeout(5)
  const stoppedAt = performance.now()
  aborting.abort()
  await outcome
  expect(performance.now() - stoppedAt).toBeLessThan(1_000)
  const trained = records.length
  await setTimeout(50)
  expect(records).toHaveLength(trained)
  expect(process.getActiveResourcesInfo()).not.toContain('MessagePort')
})

test('steps that are no whole number are refused', async () => {
  await expect(
    train(
      lettersOf(50, 1, () => 1),
      { steps: 0.5 },
    ),
  ).rejects.toMatchObject({ code: 'BAD_INPUT' })
})

test('where errors are shares of the value, the logarithm is learnt better than the value, and told in its unit', async () => {
  const shares = (rows: number, seed: number): EncodedRows =>
    lettersOf(rows, seed, (weight, code, chance) => Math.exp((weight || 0) + code / 2 + 0.6 * (chance - 0.5)))
  const [fit, earlyStop, unseen] = [shares(3_000, 1), shares(500, 2), shares(1_000, 3)]
  const settings = { objective: 'huber', leaves: 7, trees: 400, patience: 30 } as const
  const plain = await train(fit, { earlyStop, steps: null, settings: { ...QUICK, ...settings, huberDelta: 5 } })
  const learnt = await train(fit, { earlyStop, steps: null, settings: { ...LOGARITHMS, ...settings } })
  const share = ({ weights }: TrainedModel): number =>
    trees
      .predictEncoded(letters, weights, unseen)
      .reduce((sum, value, row) => sum + Math.abs(value / unseen.target[row]! - 1) / unseen.rows, 0)
  expect(share(learnt)).toBeLessThan(share(plain))
  expect(learnt.earlyStopMae).toBeCloseTo(maeOf(learnt, earlyStop), 6)
  const { mae } = learnt.epochs.at(-1)!
  expect(Math.abs(mae - maeOf(learnt, fit)) / mae).toBeLessThan(0.1) // it is told of every second row or so
  const several = await train(fit, { earlyStop, settings: { ...LOGARITHMS, bags: 2, rowShare: 0.7 } })
  expect(several.earlyStopMae).toBeCloseTo(maeOf(several, earlyStop), 6)
})

test('where answers are rounded, the errors told are those of rounded answers', async () => {
  const steps = (weight: number, code: number, chance: number): number => Math.round((weight || 0) + code + 2 * chance)
  const [fit, earlyStop] = [lettersOf(2_000, 1, steps), lettersOf(500, 2, steps)]
  for (const settings of [QUICK, { ...QUICK, bags: 2, rowShare: 0.7 }]) {
    const rounded = await train(fit, { earlyStop, settings: { ...settings, roundTo: 1 } })
    const answers = trees.predictEncoded(letters, rounded.weights, earlyStop)
    expect(answers.every(Number.isInteger)).toBe(true)
    expect(rounded.earlyStopMae).toBeCloseTo(maeOf(rounded, earlyStop), 6)
  }
})

test('a target without a logarithm is refused, where logarithms are to be learnt', async () => {
  const fit = lettersOf(100, 1, (_, code) => code)
  await expect(train(fit, { settings: LOGARITHMS })).rejects.toMatchObject({
    code: 'BAD_DATA',
    message: expect.stringContaining('logarithm of the target 0'),
  })
})
