import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { diskArtifacts } from '../artifacts/disk.ts'
import { openEmbeddedTracking } from './embedded.ts'
import { MODEL, startedRun, testClock } from './tracking-bed.ts'

const ROOM = new URL('./embedded.ts', import.meta.url).href
const ARTIFACTS = new URL('../artifacts/disk.ts', import.meta.url).href
const CLOCK = new URL('../kernel/clock.ts', import.meta.url).href

let home = ''

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'understudy-processes-'))
})
afterEach(() => rm(home, { recursive: true, force: true }))

/** Runs lines of TypeScript in a process of its own, with `tracking` opened on the shared file. Resolves to what it printed to stderr and its end. */
function inProcess(lines: string): Promise<{ code: number | null; signal: string | null; complaint: string }> {
  const script = `
    import { openEmbeddedTracking } from ${JSON.stringify(ROOM)}
    import { diskArtifacts } from ${JSON.stringify(ARTIFACTS)}
    import { systemClock } from ${JSON.stringify(CLOCK)}
    const home = ${JSON.stringify(home)}
    const tracking = await openEmbeddedTracking({
      databasePath: home + '/mlflow.db', artifacts: diskArtifacts(home + '/artifacts'), clock: systemClock, user: 't' })
    ${lines}`
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', script],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      cwd: fileURLToPath(new URL('.', import.meta.url)),
    },
  )
  const { promise, resolve } = Promise.withResolvers<{
    code: number | null
    signal: string | null
    complaint: string
  }>()
  let complaint = ''
  child.stderr.on('data', (text: Buffer) => {
    complaint += text.toString()
  })
  child.on('close', (code, signal) => resolve({ code, signal, complaint }))
  return promise
}

test('four processes open an absent file and write to it at once, and nothing is lost', {
  timeout: 60_000,
}, async () => {
  const work = (me: number): string => `
    const { id: experimentId } = await tracking.experiment('taxi')
    const run = await tracking.startRun({ experimentId, name: 'shared' }, 'shared run')
    const own = await tracking.startRun({ experimentId, name: 'own ${me}' })
    await tracking.logArtifact(own.id, 'model/model.onnx', Uint8Array.of(${me}))
    for (let i = 0; i < 40; i++) {
      await tracking.logMetrics(run.id, [{ key: 'mae', value: i * 4 + ${me}, step: (i * 7 + ${me}) % 40, timestampMs: i }])
      await tracking.logParams(own.id, { ['p' + i]: String(${me}) })
    }
    for (let i = 0; i < 5; i++) await tracking.registerVersion({ name: '${MODEL}', runId: own.id, path: 'model' })
    const [newest] = await tracking.versions('${MODEL}')
    await tracking.move('${MODEL}', [{ version: newest.version, to: 'Production', cause: { actor: 'p', reason: 'r', evidence: ${me} } }])
    await tracking[Symbol.asyncDispose]()`
  const ends = await Promise.all([0, 1, 2, 3].map((me) => inProcess(work(me))))
  expect(ends).toEqual(Array.from({ length: 4 }, () => ({ code: 0, signal: null, complaint: '' })))

  await using tracking = await openEmbeddedTracking({
    databasePath: join(home, 'mlflow.db'),
    artifacts: diskArtifacts(join(home, 'artifacts')),
    clock: testClock(),
    user: 't',
  })
  const { id: experimentId } = await tracking.experiment('taxi')
  const runs = await tracking.findRuns(experimentId, {})
  expect(runs.map((run) => run.name).sort()).toEqual(['own 0', 'own 1', 'own 2', 'own 3', 'shared'])
  const shared = runs.find((run) => run.name === 'shared')
  const points = await tracking.metricHistory(shared?.id ?? '', 'mae')
  expect(points).toHaveLength(160)
  const newest = points.toSorted((a, b) => a.step - b.step || a.timestampMs - b.timestampMs || a.value - b.value).at(-1)
  expect(shared?.metrics.mae).toBe(newest?.value)
  for (const run of runs.filter((each) => each !== shared)) expect(Object.keys(run.params)).toHaveLength(40)
  const versions = await tracking.versions(MODEL)
  expect(versions.map((version) => version.version).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 20 }, (_, i) => i + 1),
  )
  expect(versions.filter((version) => version.stage === 'Production')).toHaveLength(1)
  expect(await tracking.verifyHistory()).toMatchObject({ kind: 'whole' })
  expect(await tracking.noticeOutsideMoves(MODEL)).toEqual([])
})

test('a process killed between an effect and its next step finds the effect done when it comes back', {
  timeout: 30_000,
}, async () => {
  const lines = `
    const { id: experimentId } = await tracking.experiment('taxi')
    const run = await tracking.startRun({ experimentId, name: 'train' }, 'flow-1/train')
    await tracking.logArtifact(run.id, 'model/model.onnx', Uint8Array.of(1))
    await tracking.registerVersion({ name: '${MODEL}', runId: run.id, path: 'model' }, 'flow-1/register')
    const cause = { actor: 'cycle', reason: 'better', evidence: null }
    await tracking.move('${MODEL}', [{ version: 1, to: 'Production', cause, expect: 'None' }], 'flow-1/transition')
    process.kill(process.pid, 'SIGKILL')`
  for (let attempt = 0; attempt < 3; attempt++)
    expect(await inProcess(lines)).toMatchObject({ signal: 'SIGKILL', complaint: '' })
  await using tracking = await openEmbeddedTracking({
    databasePath: join(home, 'mlflow.db'),
    artifacts: diskArtifacts(join(home, 'artifacts')),
    clock: testClock(),
    user: 't',
  })
  expect(await tracking.versions(MODEL)).toHaveLength(1)
  expect(await tracking.history(MODEL)).toHaveLength(1)
  const { experimentId } = await startedRun(tracking)
  expect(await tracking.findRuns(experimentId, { 'mlflow.runName': 'train' })).toHaveLength(2) // one theirs, one made here
})
