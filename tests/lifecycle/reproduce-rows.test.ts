// What `reproduce` says of rows that changed beside those that were learnt, and of answers that are nearly the same.
import { expect, test, vi } from 'vitest'
import { monthWindow } from '../../src/kernel/window.ts'
import { weightsOf } from '../../src/learning/model-file.ts'
import { trainerNamed } from '../../src/learning/trainers.ts'
import type { Project } from '../../src/lifecycle/project.ts'
import { type Reproduction, reproduce } from '../../src/lifecycle/reproduce.ts'
import type { LifecycleRooms } from '../../src/lifecycle/rooms.ts'
import { trainModel } from '../../src/lifecycle/training.ts'
import { deliveries } from '../deliveries/project.ts'
import { openStage, type Stage } from './stage.ts'

vi.setConfig({ testTimeout: 60_000 })

async function again(
  rooms: LifecycleRooms,
  choice: { readonly version: number },
  { onlyLook = false } = {},
): Promise<Reproduction> {
  return await reproduce(rooms, { model: 'deliveries', choice, onlyLook }, { signal: new AbortController().signal })
}

/** Changes a month's raw rows behind the back of what has learnt them. */
async function meddle(
  { warehouse, project }: Stage,
  month: '2020-02' | '2020-04',
  how: (columns: Record<string, Float64Array>) => void,
): Promise<void> {
  const table = 'deliveries_raw_small'
  const names = project.rawSchema.columns.map(({ name }) => name)
  const rows = await warehouse.read(table, monthWindow(month), { columns: names, orderBy: names })
  how(rows.columns)
  await warehouse.write(table, [rows], { schema: project.rawSchema, origin: 'simulated', others: 'keep' })
}

/** What is changed of a training's record. */
interface Recorded {
  readonly data: Readonly<Record<string, unknown>>
  readonly result: { readonly settings: Readonly<Record<string, unknown>> }
}

/** The rooms with other words in the records of their trainings. */
function withRecords(rooms: LifecycleRooms, changed: (record: Recorded) => Recorded): LifecycleRooms {
  const readArtifact: LifecycleRooms['tracking']['readArtifact'] = async (runId, path) => {
    const bytes = await rooms.tracking.readArtifact(runId, path)
    if (path !== 'training.json') return bytes
    return Buffer.from(JSON.stringify(changed(JSON.parse(Buffer.from(bytes).toString()))))
  }
  return { ...rooms, tracking: { ...rooms.tracking, readArtifact } }
}

/** The rooms as a program saw them that recorded whole months only. */
function withoutParts(rooms: LifecycleRooms): LifecycleRooms {
  return withRecords(rooms, ({ data: { parts: _, ...months }, ...record }) => ({ ...record, data: months }))
}

test('rows after the window that was learnt, in the month that it ends in, change nothing; one within it does', async () => {
  await using own = await openStage(deliveries())
  await own.month('2020-04')
  await meddle(own, '2020-04', ({ minutes }) => {
    minutes![minutes!.length - 1]! += 7 // in the holdout
  })
  const text = 'the rows of 2020-04 are others than they were, but those that it learnt are the same'
  const changes = [{ of: 'means', what: 'data', text }]
  expect(await again(own, { version: 2 }, { onlyLook: true })).toMatchObject({ answer: 'unchanged', changes })
  expect(await again(own, { version: 2 })).toMatchObject({ answer: 'identical', changes })
  const old = await again(withoutParts(own), { version: 2 }, { onlyLook: true })
  expect(old).toMatchObject({ answer: 'perhaps', changes: [{ of: 'perhaps', what: 'data' }] })
  expect(await again(withoutParts(own), { version: 2 })).toMatchObject({ answer: 'identical' })

  await meddle(own, '2020-04', ({ minutes }) => {
    minutes![17]! += 7
  })
  expect(await again(own, { version: 2 }, { onlyLook: true })).toMatchObject({
    answer: 'changed',
    changes: [{ of: 'basis', what: 'data', text: 'the rows of 2020-04 are others than they were' }],
  })
})

test('a row that cleaning leaves out, in a month learnt as a whole, changes nothing', async () => {
  await using own = await openStage(deliveries())
  await own.month('2020-04')
  await meddle(own, '2020-02', ({ distance_km, parcels }) => {
    parcels![distance_km!.indexOf(0)]! += 1
  })
  const text = 'the rows of 2020-02 are others than they were, but those that it learnt are the same'
  expect(await again(own, { version: 1 })).toMatchObject({ answer: 'identical', changes: [{ of: 'means', text }] })
})

test('one answer that is far off is no rounding, however near the others are', async () => {
  const usualParcels = deliveries()
  const project: Project = {
    ...usualParcels,
    simulate: async function* (...which) {
      let isFirst = true
      for await (const batch of usualParcels.simulate?.(...which) ?? []) {
        if (isFirst) batch.columns.distance_km![17] = 3_000 // where a small change of the slope is a large one of the answer
        isFirst = false
        yield batch
      }
    },
  }
  await using own = await openStage(project)
  await own.month('2020-04', { threshold: 1_000 })
  const within = (defaultThreshold: number): LifecycleRooms => ({
    ...own,
    project: { ...project, defaultThreshold },
    runTraining: async (request, how) => {
      const result = await own.runTraining(request, how)
      const [kernel, ...others] = weightsOf(Buffer.from(result.model, 'base64'))
      if (kernel === undefined) throw new Error('a linear model has weights')
      const steeper = { ...kernel, values: kernel.values.map((weight, i) => weight + (i === 0 ? 0.001 : 0)) }
      const file = trainerNamed('linear').toOnnx(project.specification('utc'), [steeper, ...others], request.metadata)
      return { ...result, model: Buffer.from(file).toString('base64') }
    },
  })
  const { answer, distance } = await again(within(1e9), { version: 1 })
  expect(answer).toBe('equal')
  const { mean, largest } = distance ?? expect.unreachable()
  expect(largest).toBeGreaterThan(40 * mean)
  expect((await again(within(largest * 11), { version: 1 })).answer).toBe('equal')
  const far = await again(within(largest * 4), { version: 1 })
  expect(far).toMatchObject({ answer: 'different', distance: { mean, largest } })
  expect(far.distance?.allowed.mean).toBeGreaterThan(mean)
})

test('a setting that came after a training is left at what changes nothing, whatever the project says of it now, and is named', async () => {
  await using own = await openStage(deliveries())
  await own.month('2020-04', { trainers: ['trees'], trainerSettings: { trees: 20 } })
  const rooms = withRecords(own, ({ result: { settings, ...result }, ...record }) => {
    const { roundTo: _, ...before } = settings
    return { ...record, result: { ...result, settings: before } }
  })
  const project: Project = { ...own.project, trainerSettings: { trees: { roundTo: 5 } } }
  const { warehouse } = own
  const then = {
    ...rooms,
    project,
    runTraining: (...[request, how]: Parameters<LifecycleRooms['runTraining']>) =>
      trainModel({ project, warehouse }, request, how),
  }
  const text = 'trees has a setting now that it had not: round_to, left at 0, which changes nothing'
  const changes = [{ of: 'means', what: 'settings', text }]
  expect(await again(then, { version: 1 }, { onlyLook: true })).toMatchObject({ answer: 'unchanged', changes })
  expect(await again(then, { version: 1 })).toMatchObject({ answer: 'identical', changes })
})
