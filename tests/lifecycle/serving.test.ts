// Serving inside one process: which version answers, when a move is noticed, what happens to requests meanwhile.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import type { OnnxGraph } from '../../src/features/onnx-graph.ts'
import { PlannedError } from '../../src/kernel/errors.ts'
import type { VersionChoice } from '../../src/lifecycle/evaluate-version.ts'
import type { Tracking } from '../../src/tracking/port.ts'
import { modelOf, openServed, type Served } from './served.ts'

const PRODUCTION = { stage: 'Production' } as const
/** Longer than what was asked of the registry holds. */
const LATER_MS = 300

function columns(...distances: number[]): Record<string, Float64Array> {
  return {
    left_at: Float64Array.from(distances, () => Date.UTC(2020, 2, 2, 8, 30)),
    distance_km: Float64Array.from(distances),
    parcels: Float64Array.from(distances, () => 12),
  }
}

async function ask({ serving }: Served, choice: VersionChoice = PRODUCTION, distance = 4) {
  const { values, version, flags } = await serving.predict(choice, columns(distance), 1)
  return { value: values[0], version: version.version, stage: version.stage, flags: flags[0] }
}

/** Asks until that version answers, and at most a second. */
async function until(served: Served, version: number): Promise<void> {
  await vi.waitFor(async () => expect(await ask(served)).toMatchObject({ version }), { timeout: 1_000, interval: 5 })
}

test('several versions answer side by side: by stage, number and alias, each with what it is', async () => {
  await using served = await openServed()
  for (let i = 0; i < 3; i++) await served.register()
  await served.move(1, 'Production')
  await served.move(2, 'Staging')
  const asked = [PRODUCTION, { stage: 'Staging' }, { stage: 'None' }, { version: 2 }, { version: 3 }] as const
  expect(await Promise.all(asked.map((choice) => ask(served, choice)))).toEqual([
    { value: 4, version: 1, stage: 'Production', flags: [] },
    { value: 8, version: 2, stage: 'Staging', flags: [] },
    { value: 12, version: 3, stage: 'None', flags: [] },
    { value: 8, version: 2, stage: 'Staging', flags: [] },
    { value: 12, version: 3, stage: 'None', flags: [] },
  ])
})

test('what is not there is told with what is: before there is a model, a version, an alias', async () => {
  await using served = await openServed()
  await expect(ask(served)).rejects.toMatchObject({
    code: 'NOT_FOUND',
    what: 'deliveries has no version in Production',
    why: 'it has no version yet',
  })
  await served.register()
  await sleep(LATER_MS)
  await expect(ask(served)).rejects.toMatchObject({ code: 'NOT_FOUND', why: 'there are v1 (None)' })
  await expect(ask(served, { version: 7 })).rejects.toMatchObject({ what: 'deliveries has no version 7' })
  await expect(ask(served, { alias: 'toString' })).rejects.toMatchObject({
    code: 'NOT_FOUND',
    what: 'deliveries has no version with the alias toString',
  })
  expect(served.reports).toEqual([])
})

test('a move that another program makes is noticed within a second, and so is its undoing', async () => {
  await using served = await openServed()
  await served.register()
  await served.register()
  await served.move(1, 'Production')
  expect(await ask(served)).toMatchObject({ version: 1 })
  await served.move(2, 'Production')
  await until(served, 2)
  await served.move(1, 'Production')
  await until(served, 1)
  await served.move(1, 'Archived')
  await sleep(LATER_MS)
  await ask(served).catch(() => null) // has the registry asked
  await expect(ask(served)).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('after a pause the first request already knows what was moved meanwhile', async () => {
  await using served = await openServed()
  await served.register()
  await served.register()
  await served.move(1, 'Production')
  expect(await ask(served)).toMatchObject({ version: 1 })
  await served.move(2, 'Production')
  await sleep(1_050)
  await ask(served) // opens the model behind the one that serves
  await until(served, 2)
})

test('no request fails and every answer is its version’s own, while Production moves to and fro under load', async () => {
  await using served = await openServed()
  for (let i = 0; i < 3; i++) await served.register()
  await served.move(1, 'Production')
  let isOver = false
  const answered = new Map<number, number>()
  const clients = Array.from({ length: 8 }, async (_, client) => {
    for (let i = 1; !isOver; i++) {
      const distance = 1 + ((client * 7_919 + i) % 97)
      const { value, version } = await ask(served, PRODUCTION, distance)
      expect(value).toBe(version * distance)
      answered.set(version, (answered.get(version) ?? 0) + 1)
    }
  })
  for (let i = 0; i < 24; i++) {
    await served.move((i % 3) + 1, 'Production')
    await sleep(i % 2 === 0 ? 120 : 10)
  }
  for (const version of [1, 2, 3]) {
    await served.move(version, 'Production') // on a busy machine none of its turns may have been long enough
    await vi.waitFor(() => expect([...answered.keys()]).toContain(version), { timeout: 5_000 })
  }
  isOver = true
  await Promise.all(clients)
  expect([...answered.keys()].sort()).toEqual([1, 2, 3])
  expect(served.reports).toEqual([])
})

test('a version that cannot be opened is told as such, and Production goes on with the one it had', async () => {
  await using served = await openServed()
  for (let i = 0; i < 2; i++) await served.register()
  await served.move(1, 'Production')
  expect(await ask(served)).toMatchObject({ version: 1 })
  await served.damage(2, new TextEncoder().encode('no model'))
  await served.move(2, 'Production')
  const endMs = performance.now() + 700
  while (performance.now() < endMs) expect(await ask(served)).toMatchObject({ version: 1, value: 4 })
  expect(served.reports).toHaveLength(1)
  expect(served.reports[0]).toContain('v2 of deliveries cannot be used')
  await expect(ask(served, { version: 2 })).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    what: 'v2 of deliveries is not served',
    why: expect.stringContaining('cannot be loaded'),
  })
})

test('a model that reads what no request says is not served', async () => {
  await using served = await openServed()
  const reading = (name: string) => (graph: OnnxGraph) => graph.node('Neg', [graph.input(name, 'double', ['rows'])])
  await served.register(reading('weather'))
  await served.register(reading('minutes_so_far'))
  for (const version of [1, 2]) await expect(ask(served, { version })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})

test('an outage of the registry stops nothing that is served, and is told once', async () => {
  let isDown = false
  await using served = await openServed({
    tracking: (own: Tracking): Tracking => ({
      ...own,
      latestVersions: async (name) => {
        if (isDown) throw new PlannedError('UNAVAILABLE', 'the registry is down', { next: 'wait' })
        return await own.latestVersions(name)
      },
    }),
  })
  await served.register()
  await served.move(1, 'Production')
  expect(await ask(served)).toMatchObject({ version: 1 })
  isDown = true
  for (let i = 0; i < 5; i++) {
    await sleep(LATER_MS)
    expect(await ask(served)).toMatchObject({ version: 1 })
  }
  expect(served.reports).toHaveLength(1)
  isDown = false
  await served.register()
  await served.move(2, 'Production')
  await until(served, 2)
})

test('a registry that does not answer delays what is served once, by no more than half a second', async () => {
  let hangs = false
  await using served = await openServed({
    tracking: (own: Tracking): Tracking => ({
      ...own,
      aliases: async (name) => (hangs ? await new Promise(() => undefined) : await own.aliases(name)),
    }),
  })
  await served.register()
  await served.move(1, 'Production')
  await ask(served)
  hangs = true
  await sleep(1_050)
  const startMs = performance.now()
  expect(await ask(served)).toMatchObject({ version: 1 })
  expect(performance.now() - startMs).toBeLessThan(900)
  const laterMs = performance.now()
  for (let i = 0; i < 5; i++) expect(await ask(served)).toMatchObject({ version: 1 })
  expect(performance.now() - laterMs).toBeLessThan(400)
})

test('rows that come together are scored together, and large tables leave room for others in between', async () => {
  await using served = await openServed()
  await served.register()
  await served.move(1, 'Production')
  await ask(served)
  const done: string[] = []
  const LARGE = 90_000 // takes long enough for the others to come in between, also where the machine is busy
  const large = served.serving
    .predict(PRODUCTION, columns(...Array.from({ length: LARGE }, (_, i) => i + 1)), LARGE)
    .then(({ values }) => {
      done.push('large')
      return values
    })
  await sleep(0)
  const small = Array.from({ length: 20 }, async (_, i) => {
    const { value } = await ask(served, PRODUCTION, i + 1)
    done.push('small')
    return value
  })
  expect(await Promise.all(small)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
  expect(Array.from(await large)).toEqual(Array.from({ length: LARGE }, (_, i) => i + 1))
  expect(done.at(-1)).toBe('large')
})

test('what cannot be scored is told to whoever sent it, and to nobody who was scored with it', async () => {
  await using served = await openServed()
  const wholeKilometres = (graph: OnnxGraph): string =>
    graph.node('Cast', [graph.input('parcels', 'int32', ['rows'])], { to: { int: 11 } })
  await served.register(wholeKilometres)
  await served.move(1, 'Production')
  const parcels = [1, 2 ** 40, 3]
  const asked = parcels.map((count) =>
    served.serving.predict(PRODUCTION, { ...columns(4), parcels: Float64Array.of(count) }, 1),
  )
  const [first, second, third] = await Promise.allSettled(asked)
  expect(first).toMatchObject({ value: { values: Float64Array.of(1) } })
  expect(second).toMatchObject({ status: 'rejected', reason: { code: 'BAD_DATA' } })
  expect(third).toMatchObject({ value: { values: Float64Array.of(3) } })
})

test('rows that cleaning would leave out are answered and flagged; a missing value has no answer', async () => {
  await using served = await openServed()
  await served.register((graph) => graph.node('Log', [graph.input('distance_km', 'double', ['rows'])]))
  await served.move(1, 'Production')
  const { values, flags } = await served.serving.predict(PRODUCTION, columns(1, -1, Number.NaN, 0), 4)
  expect(Array.from(values)).toEqual([0, Number.NaN, Number.NaN, Number.NaN])
  expect(flags).toEqual([
    [],
    ['no_distance', 'no_prediction'],
    ['missing_distance_km'],
    ['no_distance', 'no_prediction'],
  ])
})

test('a version whose number was given again is answered by its new file', async () => {
  let madeAgain = 0
  await using served = await openServed({
    tracking: (own: Tracking): Tracking => ({
      ...own,
      latestVersions: async (name) =>
        (await own.latestVersions(name)).map((one) => ({ ...one, createdAtMs: one.createdAtMs + madeAgain })),
    }),
  })
  await served.register()
  await served.move(1, 'Production')
  expect(await ask(served)).toMatchObject({ value: 4 })
  await served.damage(
    1,
    modelOf((graph) => graph.node('Neg', [graph.input('distance_km', 'double', ['rows'])])),
  )
  expect(await ask(served)).toMatchObject({ value: 4 }) // it was read once
  madeAgain = 1
  await vi.waitFor(async () => expect(await ask(served)).toMatchObject({ version: 1, value: -4 }), 2_000)
})
