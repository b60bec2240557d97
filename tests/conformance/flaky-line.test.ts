// Tracking over a bad line, and by processes that are cut off: every operation ends right, and nothing happens twice.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { diskArtifacts } from '../../src/artifacts/disk.ts'
import { seededRandom } from '../../src/kernel/random.ts'
import type { Tracking } from '../../src/tracking/port.ts'
import { openRemoteTracking } from '../../src/tracking/remote.ts'
import { CAUSE, INPUT, MODEL, MODEL_BYTES, point, testClock } from '../../src/tracking/tracking-bed.ts'
import { type Fate, startFlakyProxy } from './flaky-proxy.ts'
import { startOwn } from './own-server.ts'
import { IS_FULL } from './python-env.ts'
import { QUICK, remoteBed } from './remote-bed.ts'

const FATES: readonly Fate[] = ['lost on the way there', 'lost on the way back', 'cut off', 503, 502, 429]

let folder = ''
let opened = 0
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'understudy-flaky-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const startServer = () => startOwn(join(folder, String(opened++)))

/** Everything that is ever done, once. */
async function wholeLife(tracking: Tracking): Promise<void> {
  const { id: experimentId } = await tracking.experiment('taxi')
  const run = await tracking.startRun({ experimentId, name: 'train', tags: { month: '2015-01' } }, 'flow/train')
  await tracking.startRun({ experimentId, name: 'by hand' })
  await tracking.logParams(run.id, { rate: '0.1', epochs: '50' })
  await tracking.logMetrics(run.id, [point(2, 1, 5), point(1.5, 2, 6)])
  await tracking.setTags(run.id, { verdict: 'keep' })
  await tracking.logInputs(run.id, [INPUT])
  await tracking.logArtifact(run.id, 'model/model.onnx', MODEL_BYTES)
  await tracking.endRun(run.id, 'FINISHED')
  const tags = { trained_to: '2015-02-01' }
  await tracking.registerVersion({ name: MODEL, runId: run.id, path: 'model', tags }, 'flow/register')
  await tracking.registerVersion({ name: MODEL, runId: run.id, path: 'model' })
  await tracking.setVersionTags(MODEL, 1, { measured: 'true' })
  await tracking.move(
    MODEL,
    [{ version: 1, to: 'Production', cause: CAUSE, expect: 'None', replaces: null }],
    'flow/first',
  )
  await tracking.move(
    MODEL,
    [{ version: 2, to: 'Production', cause: CAUSE, expect: 'None', replaces: 1 }],
    'flow/second',
  )
}

/** Everything that is there afterwards, read over a good line. */
async function whatIsThere(tracking: Tracking) {
  const experiment = await tracking.findExperiment('taxi')
  const runs = await tracking.findRuns(experiment?.id ?? '', {})
  const [train] = runs.filter(({ name }) => name === 'train')
  const versions = await tracking.versions(MODEL)
  const history = await tracking.history(MODEL)
  return {
    runs: runs.map(({ name, status, params, metrics }) => ({ name, status, params, metrics })),
    points: (await tracking.metricHistory(train?.id ?? '', 'mae')).length,
    inputs: await tracking.inputs(train?.id ?? ''),
    files: await tracking.listArtifacts(train?.id ?? ''),
    versions: versions.map(({ version, stage, tags }) => ({ version, stage, tags })),
    history: history.map(({ id, version, from, to, reason }) => ({ id, version, from, to, reason })),
    outside: await tracking.noticeOutsideMoves(MODEL),
  }
}

const reason = CAUSE.reason
const ONCE = {
  runs: expect.arrayContaining([
    { name: 'train', status: 'FINISHED', params: { rate: '0.1', epochs: '50' }, metrics: { mae: 1.5 } },
    { name: 'by hand', status: 'RUNNING', params: {}, metrics: {} },
  ]),
  points: 2,
  inputs: [INPUT],
  files: [{ path: 'model/model.onnx', bytes: MODEL_BYTES.length }],
  versions: [
    { version: 2, stage: 'Production', tags: {} },
    { version: 1, stage: 'Archived', tags: { trained_to: '2015-02-01', measured: 'true' } },
  ],
  history: [
    { id: 1, version: 1, from: 'None', to: 'Production', reason },
    { id: 2, version: 1, from: 'Production', to: 'Archived', reason },
    { id: 3, version: 2, from: 'None', to: 'Production', reason },
  ],
  outside: [],
}

test.each(FATES)('when every other request, by lot, comes to this: %s', { timeout: 60_000 }, async (fate) => {
  await using server = await startServer()
  const lot = seededRandom(20_260_822)
  await using proxy = await startFlakyProxy(server.address, () => (lot.uniform() < 0.5 ? fate : 'passes'))
  await wholeLife(quick(proxy.address, 20))
  const found = await whatIsThere(remoteBed(server.address).tracking)
  expect(found).toEqual(ONCE)
  expect(found.runs).toHaveLength(2)
  expect(proxy.count()).toBeGreaterThan(100)
})

test('whatever becomes of which request', { timeout: 120_000 }, async () => {
  const anyFate = fc.oneof({ weight: 3, arbitrary: fc.constant<Fate>('passes') }, fc.constantFrom(...FATES))
  await fc.assert(
    fc.asyncProperty(fc.array(anyFate, { minLength: 7, maxLength: 30 }), async (fates) => {
      await using server = await startServer()
      // Every fifth passes, so that patience is never at its end.
      const fateOf = (number: number): Fate =>
        number % 5 === 0 ? 'passes' : (fates[number % fates.length] ?? 'passes')
      await using proxy = await startFlakyProxy(server.address, fateOf)
      await wholeLife(quick(proxy.address, 20))
      const found = await whatIsThere(remoteBed(server.address).tracking)
      expect(found).toEqual(ONCE)
      expect(found.runs).toHaveLength(2)
    }),
    { seed: 20_260_822, numRuns: 8 },
  )
})

test('a process that is cut off after any of its requests is gone on from by the next one', {
  timeout: 240_000,
}, async () => {
  for (const fate of ['lost on the way there', 'lost on the way back'] as const) {
    let isOver = false
    for (let last = 1; !isOver; last += IS_FULL ? 1 : 7) {
      await using server = await startServer()
      let gone = 0
      await using proxy = await startFlakyProxy(server.address, (number) => {
        if (number < last) return 'passes'
        gone += 1
        return number === last ? fate : 'lost on the way there'
      })
      const dying = quick(proxy.address, 1)
      const died = await effects(dying).then(
        () => false,
        () => true,
      )
      isOver = !died
      const next = quick(server.address, 6)
      await effects(next)
      const found = await whatIsThere(next)
      expect(
        found.runs.filter(({ name }) => name === 'train'),
        `${fate} ${last}`,
      ).toHaveLength(1)
      expect(found, `${fate}, request ${last}`).toMatchObject({
        versions: [
          { version: 2, stage: 'Production' },
          { version: 1, stage: 'Archived' },
        ],
        history: ONCE.history,
        outside: [],
      })
      if (!died) expect(gone).toBe(0)
    }
  }
})

/** A tracking of a process of its own. With one try it gives up where a killed process would stop. */
function quick(address: string, tries: number): Tracking {
  return openRemoteTracking({
    address: { uri: address, username: null, password: null, token: null },
    ...{ clock: testClock(), user: 'tester', folder: diskArtifacts, patience: { ...QUICK, tries }, othersMoveMs: 100 },
  })
}

/** What tasks do under keys of their own, again from the start when they are resumed. */
async function effects(tracking: Tracking): Promise<void> {
  const { id: experimentId } = await tracking.experiment('taxi')
  const run = await tracking.startRun({ experimentId, name: 'train' }, 'flow/train')
  await tracking.logArtifact(run.id, 'model/model.onnx', MODEL_BYTES)
  await tracking.registerVersion({ name: MODEL, runId: run.id, path: 'model' }, 'flow/one')
  await tracking.registerVersion({ name: MODEL, runId: run.id, path: 'model' }, 'flow/two')
  await tracking.move(
    MODEL,
    [{ version: 1, to: 'Production', cause: CAUSE, expect: 'None', replaces: null }],
    'flow/first',
  )
  await tracking.move(
    MODEL,
    [{ version: 2, to: 'Production', cause: CAUSE, expect: 'None', replaces: 1 }],
    'flow/second',
  )
}
