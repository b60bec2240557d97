// Sixteen processes read and write one tracking store at once for a minute.
import { spawn } from 'node:child_process'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { diskArtifacts } from '../../src/artifacts/disk.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { openEmbeddedTracking } from '../../src/tracking/embedded.ts'
import type { Did } from './busy.fixture.ts'
import { rowsOf } from './whole-home.ts'

const FIXTURE = fileURLToPath(new URL('./busy.fixture.ts', import.meta.url))
const PROCESSES = 16
const MODEL = 'busy'
const TIMES = { durationMs: 60_000, startMs: 3_000 }

test('sixteen processes at once for a minute: no error reaches anyone, and nothing is lost', {
  timeout: 300_000,
}, async () => {
  await using home = await mkdtempDisposable(join(tmpdir(), 'understudy-sixteen-'))
  const untilMs = Date.now() + TIMES.startMs + TIMES.durationMs
  const ended = await Promise.all(
    Array.from({ length: PROCESSES }, (_, me) => work({ home: home.path, me: me + 1, untilMs, model: MODEL })),
  )
  expect(ended.map(({ code, err }) => `${code} ${err}`)).toEqual(ended.map(() => '0 '))
  const all = ended.map(({ out }): Did => JSON.parse(out))
  const total = (field: 'ownRuns' | 'params' | 'ownPoints' | 'sharedPoints' | 'versions'): number =>
    all.reduce((sum, did) => sum + did[field], 0)

  await using tracking = await openEmbeddedTracking({
    databasePath: join(home.path, 'mlflow.db'),
    artifacts: diskArtifacts(join(home.path, 'artifacts')),
    clock: systemClock,
    user: 'tester',
  })
  const { id } = await tracking.experiment('busy')
  const runs = await tracking.findRuns(id, {})
  const [shared, ...twins] = runs.filter(({ name }) => name === 'shared')
  const own = runs.filter(({ name }) => name !== 'shared')
  expect(twins).toEqual([])
  expect(own).toHaveLength(total('ownRuns'))
  expect(own.every(({ status }) => status === 'FINISHED')).toBe(true)
  expect(own.reduce((sum, { params }) => sum + Object.keys(params).length, 0)).toBe(total('params'))
  const points = await tracking.metricHistory(shared?.id ?? '', 'mae')
  expect(points).toHaveLength(total('sharedPoints'))
  const latest = points.toSorted((a, b) => a.step - b.step || a.timestampMs - b.timestampMs || a.value - b.value).at(-1)
  expect(shared?.metrics.mae).toBe(latest?.value)
  const counted = rowsOf(home.path, 'mlflow.db', `select count(*) as n from metrics where key = 'loss'`)
  expect(counted).toEqual([{ n: total('ownPoints') }])

  const versions = await tracking.versions(MODEL)
  const numbers = Array.from({ length: total('versions') }, (_, index) => index + 1)
  expect(versions.map(({ version }) => version).sort((a, b) => a - b)).toEqual(numbers)
  for (const stage of ['Production', 'Staging'])
    expect(versions.filter((version) => version.stage === stage).length).toBeLessThan(2)
  expect(await tracking.verifyHistory()).toMatchObject({ kind: 'whole' })
  expect(await tracking.noticeOutsideMoves(MODEL)).toEqual([])
  expect(rowsOf(home.path, 'mlflow.db', 'pragma integrity_check')).toEqual([{ integrity_check: 'ok' }])
  expect(rowsOf(home.path, 'mlflow.db', 'pragma foreign_key_check')).toEqual([])

  const operations = all.flatMap((did) => Object.values(did.operations)).reduce((sum, count) => sum + count, 0)
  const longest = all.map((did) => did.longest).reduce((a, b) => (a.ms > b.ms ? a : b))
  const fewest = Math.min(...all.map((did) => Object.values(did.operations).reduce((sum, count) => sum + count, 0)))
  console.log(
    `${operations} operations by ${PROCESSES} processes, ${fewest} by the one that made fewest; the longest, ${longest.name}, took ${Math.round(longest.ms)} ms`,
  )
})

/** Runs one of them to its end. */
async function work(asked: {
  home: string
  me: number
  untilMs: number
  model: string
}): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', FIXTURE, JSON.stringify(asked)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'understudy-code-cache') },
  })
  const said = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.err += text
  })
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, ...said }
}
