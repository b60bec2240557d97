// Training again what a run recorded: the same comes out, whoever computes it; and what has changed since is found, and told.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { monthWindow } from '../../src/kernel/window.ts'
import type { Project } from '../../src/lifecycle/project.ts'
import { type Reproduction, reproduce, type TrainingChoice } from '../../src/lifecycle/reproduce.ts'
import type { LifecycleRooms } from '../../src/lifecycle/rooms.ts'
import { trainByHand } from '../../src/lifecycle/train-by-hand.ts'
import { trainModel } from '../../src/lifecycle/training.ts'
import { KIND_TAG } from '../../src/tracking/own-runs.ts'
import { deliveries } from '../deliveries/project.ts'
import { openStage, type Stage, usual } from './stage.ts'

vi.setConfig({ testTimeout: 60_000 })

const HARDER = { '2020-05': { pace: 3.7 } } as const
const EPOCHS = { epochs: 3 }

let stage: Stage
beforeAll(async () => {
  stage = await openStage(deliveries(HARDER))
  await stage.month('2020-04', { trainers: ['mlp'], trainerSettings: EPOCHS, threshold: 20 })
  await stage.month('2020-05', { refit: true })
  await stage.month('2020-06', { trainers: ['mlp', 'trees'], trainerSettings: { ...EPOCHS, trees: 20 }, threshold: 20 })
}, 60_000)
afterAll(() => stage[Symbol.asyncDispose]())

async function again(
  rooms: LifecycleRooms,
  choice: TrainingChoice,
  { onlyLook = false, signal = new AbortController().signal } = {},
): Promise<Reproduction> {
  return await reproduce(rooms, { model: 'deliveries', choice, onlyLook }, { signal })
}

/** Every run of a training, by id, with its name. */
async function trainings(rooms: LifecycleRooms): Promise<{ id: string; name: string }[]> {
  const experiment = await rooms.tracking.experiment('deliveries_experiment')
  return (await rooms.tracking.findRuns(experiment.id, { [KIND_TAG]: 'train' }))
    .toReversed()
    .map(({ id, name }) => ({ id, name }))
}

/** Another project in the same rooms. */
function withProject(project: Project, { warehouse, ...rooms }: LifecycleRooms): LifecycleRooms {
  return {
    ...rooms,
    project,
    warehouse,
    runTraining: (request, how) => trainModel({ project, warehouse }, request, how),
  }
}

test('every training gives the same bytes again: first model, challenger, refit, warm or cold start, and one that became no version', async () => {
  const answers: Record<string, string> = {}
  for (const { id, name } of await trainings(stage)) {
    const found = await again(stage, { runId: id })
    answers[`${Object.keys(answers).length + 1} ${name}`] = found.answer
    expect(found.changes).toEqual([])
    expect(found.sha256.again).toBe(found.sha256.recorded)
  }
  expect(Object.values(answers)).toEqual(Object.keys(answers).map(() => 'identical'))
  const names = Object.keys(answers).map((key) => key.slice(2))
  const count = (trainer: string): number => names.filter((name) => name.startsWith(`train ${trainer} `)).length
  expect([count('mlp'), count('linear'), count('trees')]).toEqual([3, 2, 1])
  const versions = await stage.tracking.versions('deliveries')
  expect(versions.some(({ tags }) => 'understudy.refit_of' in tags)).toBe(true)
  expect(versions.some(({ tags }) => 'understudy.warm_start_of' in tags)).toBe(true)
  expect(await trainings(stage)).toHaveLength(names.length) // nothing was recorded by looking
})

test('by one, two or three threads', async () => {
  const { project, warehouse } = stage
  for (const threads of [1, 2, 3]) {
    const rooms: LifecycleRooms = {
      ...stage,
      runTraining: (request, how) => trainModel({ project, warehouse }, request, { ...how, threads }),
    }
    for (const { id, name } of (await trainings(stage)).slice(-2)) {
      expect((await again(rooms, { runId: id })).answer, `${name}, ${threads} threads`).toBe('identical')
    }
  }
})

test('a version names its run; a look trains nothing', async () => {
  const before = stage.trainings.count
  const found = await again(stage, { version: 1 }, { onlyLook: true })
  expect(found).toMatchObject({ answer: 'unchanged', changes: [], trainer: 'mlp' })
  expect(found.runId).toBe((await stage.tracking.version('deliveries', 1)).runId)
  expect(stage.trainings.count).toBe(before)
})

test('other code, packages, Node and machine are told, and do not keep it from being identical', async () => {
  const provenance = {
    ...stage.provenance,
    codeDigest: 'another',
    packagesDigest: 'others',
    node: 'v25',
    machine: 'a larger one',
  }
  const found = await again({ ...stage, provenance }, { version: 1 })
  expect(found.answer).toBe('identical')
  expect(found.changes.map(({ of, what }) => `${of} ${what}`)).toEqual([
    'means code',
    'means packages',
    'means Node',
    'means machine',
  ])
})

test('a trainer that computes otherwise but as well is equal within tolerance, and says by how much', async () => {
  const rooms: LifecycleRooms = {
    ...stage,
    // A little more learning rate stands for another processor's rounding.
    runTraining: async (request, how) => ({
      ...(await stage.runTraining(
        {
          ...request,
          settings: { ...request.settings, learningRate: Number(request.settings.learningRate) * (1 + 1e-6) },
        },
        how,
      )),
      computedBy: 'an abacus',
    }),
  }
  const found = await again(rooms, { version: 1 })
  expect(found.answer).toBe('equal')
  expect(found.distance?.mean).toBeGreaterThan(0)
  expect(found.distance?.largest).toBeGreaterThanOrEqual(found.distance?.mean ?? 0)
  expect(found.changes).toEqual([
    { of: 'means', what: 'computed by', text: expect.stringMatching(/ then, an abacus now$/) },
  ])
})

test('one row that is another by now is found, by its month, and another model comes out', async () => {
  await using own = await openStage(deliveries())
  await own.month('2020-04')
  const table = 'deliveries_raw_small'
  const window = monthWindow('2020-02')
  const { schema } = (await own.warehouse.describe(table)) ?? {}
  const rows = await own.warehouse.read(table, window, {
    columns: schema?.columns.map(({ name }) => name) ?? [],
    orderBy: [],
  })
  rows.columns.minutes![17]! += 500
  await own.warehouse.write(table, [rows], { schema: own.project.rawSchema, origin: 'simulated', others: 'keep' })
  const found = await again(own, { version: 1 })
  expect(found.answer).toBe('different')
  expect(found.changes).toEqual([{ of: 'basis', what: 'data', text: 'the rows of 2020-02 are others than they were' }])
  expect(found.distance?.mean).toBeGreaterThan(0)
  // The month after learns no February; but for the linear one, which learns all history.
  expect(await again(own, { version: 1 }, { onlyLook: true })).toMatchObject({ answer: 'changed' })
})

test('other features, other cleaning and a setting that is new are named', async () => {
  const project = deliveries(HARDER)
  const specification = project.specification('utc')
  const { features, cleaning } = specification
  const renamed: Project = { ...project, specification: () => ({ ...specification, features: features.slice(0, 2) }) }
  const found = await again(withProject(renamed, stage), { version: 1 }, { onlyLook: true })
  expect(found.changes.map(({ what }) => what)).toEqual(['features'])
  const stricter: Project = {
    ...project,
    specification: () => ({ ...specification, cleaning: { ...cleaning, rules: cleaning.rules.slice(0, 1) } }),
  }
  expect(
    (await again(withProject(stricter, stage), { version: 1 }, { onlyLook: true })).changes.map(({ what }) => what),
  ).toEqual(['cleaning'])
  // As it was, once more: what others did to the processed rows is undone by reading them.
  expect(await again(stage, { version: 1 }, { onlyLook: true })).toMatchObject({ answer: 'unchanged' })
})

test('a feature that another trainer alone learns from changes nothing for this one', async () => {
  const project = deliveries(HARDER)
  const specification = project.specification('utc')
  const more = { kind: 'number', name: 'distance_twice', value: { op: 'column', name: 'distance_km' } } as const
  const learnsFrom = { mlp: specification.features.map(({ name }) => name) }
  const wider: Project = {
    ...project,
    learnsFrom,
    specification: () => ({ ...specification, features: [...specification.features, more] }),
  }
  expect(await again(withProject(wider, stage), { version: 1 })).toMatchObject({ answer: 'identical', changes: [] })
})

test('weights to begin with that are gone, or are others, are named', async () => {
  const versions = await stage.tracking.versions('deliveries')
  const warm = versions.find(({ tags }) => 'understudy.warm_start_of' in tags)
  const parent = Number(warm?.tags['understudy.warm_start_of'])
  const reading = (how: (bytes: Uint8Array) => Uint8Array): LifecycleRooms => ({
    ...stage,
    tracking: {
      ...stage.tracking,
      readModelFile: async (...which) => how(await stage.tracking.readModelFile(...which)),
    },
  })
  const gone = reading(() => {
    throw Object.assign(new Error('gone'), { name: 'PlannedError', code: 'NOT_FOUND' })
  })
  expect(await again(gone, { version: warm?.version ?? 0 })).toMatchObject({
    answer: 'impossible',
    changes: [
      { of: 'prevents', what: 'warm start', text: `the file of v${parent}, whose weights it began with, is gone` },
    ],
  })
  const other = reading((bytes) => Uint8Array.from([...bytes, 0]))
  expect((await again(other, { version: warm?.version ?? 0 }, { onlyLook: true })).changes).toMatchObject([
    { of: 'basis', what: 'warm start' },
  ])
})

test('rows of another origin, or none, cannot be learnt again; simulated ones that are gone are made anew', async () => {
  await using own = await openStage(deliveries())
  await own.month('2020-04')
  const { schema, name } = (await own.warehouse.describe('deliveries_raw_small'))!
  const rows = await own.warehouse.read(name, monthWindow('2020-02'), {
    columns: schema.columns.map((column) => column.name),
    orderBy: [],
  })
  await own.warehouse.write(name, [rows], { schema, origin: 'imported', others: 'drop' })
  expect(await again(own, { version: 1 })).toMatchObject({
    answer: 'impossible',
    changes: [{ text: 'deliveries_raw_small holds imported parcels now, and it learnt simulated ones' }],
  })
  await own.warehouse.drop(name)
  expect(await again({ ...own, project: { ...own.project, simulate: null } }, { version: 1 })).toMatchObject({
    answer: 'impossible',
    changes: [{ text: 'there is no table deliveries_raw_small in this home' }],
  })
  expect(await again(own, { version: 1 })).toMatchObject({ answer: 'identical', changes: [] })
})

test('what is no training, unknown, or did not come to its end is refused, with the reason', async () => {
  const { tracking } = stage
  const experiment = await tracking.experiment('deliveries_experiment')
  const [cycle] = await tracking.findRuns(experiment.id, { [KIND_TAG]: 'cycle' })
  await expect(again(stage, { runId: cycle?.id ?? '' })).rejects.toMatchObject({
    code: 'BAD_INPUT',
    why: 'its kind is cycle',
  })
  await expect(again(stage, { runId: 'f'.repeat(32) })).rejects.toMatchObject({
    code: 'NOT_FOUND',
    next: expect.stringContaining('--version'),
  })
  await expect(again(stage, { version: 99 })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  const foreign = await tracking.startRun({ experimentId: experiment.id, name: 'by hand' })
  await expect(again(stage, { runId: foreign.id })).rejects.toMatchObject({ why: 'it was made by another program' })

  const stop = new AbortController()
  await using own = await openStage(deliveries(), { learning: () => stop.abort() })
  const { model, ...request } = usual(own.project)
  const window = monthWindow('2020-02')
  const training = trainByHand(own, { ...request, model, window, splitRatio: 0.2 }, { signal: stop.signal })
  await expect(training).rejects.toMatchObject({ code: 'CANCELLED' })
  const [killed] = await trainings(own)
  await expect(again(own, { runId: killed?.id ?? '' })).rejects.toMatchObject({
    code: 'BAD_INPUT',
    why: 'it ended as KILLED, before there was a model',
  })
})

test('a stop ends it soon, and leaves nothing behind', async () => {
  const stop = new AbortController()
  const rooms: LifecycleRooms = {
    ...stage,
    runTraining: async (request, how) => {
      stop.abort()
      return await stage.runTraining(request, how)
    },
  }
  const before = await trainings(stage)
  await expect(again(rooms, { version: 1 }, { signal: stop.signal })).rejects.toMatchObject({ code: 'CANCELLED' })
  expect(await trainings(stage)).toEqual(before)
})
