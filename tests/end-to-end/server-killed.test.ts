// The server is killed with SIGKILL while clients write: whatever was answered is there when it is started again, and MLflow opens the file.
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { seededRandom } from '../../src/kernel/random.ts'
import { runPython } from '../conformance/python.ts'
import { IS_FULL, pythonFor } from '../conformance/python-env.ts'
import { openProgram, type Program } from './program.ts'
import { rowsOf } from './whole-home.ts'

/** `make test_full` kills two hundred times. */
const KILLS = IS_FULL ? 200 : 8
const LANES = 6
const BATCH = 25

/** One client's metric: what it was told is kept, and what it asked for last without an answer. */
interface Lane {
  readonly run: string
  readonly key: string
  /** Points a request writes. */
  readonly points: number
  acknowledged: number
  asked: number
}

const History = z.object({ metrics: z.array(z.object({ step: z.number(), value: z.number() })).default([]) })
const Made = z.object({ run: z.object({ info: z.object({ run_id: z.string() }) }) })
const Read = z.object({
  run: z.object({ data: z.object({ metrics: z.array(z.object({ key: z.string(), value: z.number() })).default([]) }) }),
})

let program: Program
beforeAll(async () => {
  program = await openProgram()
})
afterAll(() => program[Symbol.asyncDispose]())

test(`killed ${KILLS} times under load: every metric that was answered is there, every batch whole or not at all`, {
  timeout: 60_000 + KILLS * 10_000,
}, async () => {
  const seed = Date.now() % 2 ** 31
  const random = seededRandom(seed, 1)
  let lanes: Lane[] = []
  let acknowledged = 0
  for (let kill = 0; kill < KILLS; kill++) {
    await using server = await startServer(program)
    const told = `seed ${seed}, kill ${kill}`
    for (const lane of lanes) await expectKept(server.address, lane, told)
    expect(rowsOf(program.home, 'mlflow.db', 'pragma integrity_check'), told).toEqual([{ integrity_check: 'ok' }])
    lanes = await newLanes(server.address, kill)
    const writing = lanes.map((lane) => write(server.address, lane))
    setTimeout(() => server.kill(), 20 + random.uniform() * 250)
    await Promise.all(writing)
    acknowledged += lanes.reduce((sum, lane) => sum + lane.acknowledged, 0)
    await server.ended // nobody opens the file before the next server does
  }
  expect(acknowledged).toBeGreaterThan(KILLS * LANES)
  await using server = await startServer(program)
  for (const lane of lanes) await expectKept(server.address, lane, `seed ${seed}, the last`)
  expect(rowsOf(program.home, 'mlflow.db', 'pragma foreign_key_check')).toEqual([])
})

test('the real MLflow opens the file that the kills left, and reads what our server reads', {
  timeout: 60_000,
}, async (context) => {
  const python = pythonFor(context, 'mlflow-3.17.2')
  const uri = `sqlite:///${join(program.home, 'mlflow.db')}`
  const seen = await runPython(python, 'counts.py', ['load'], { MLFLOW_TRACKING_URI: uri })
  const newest = `select run_uuid from runs where start_time = ${KILLS - 1}`
  const [row] = rowsOf(
    program.home,
    'mlflow.db',
    `select count(*) as points from metrics where run_uuid in (${newest})`,
  )
  expect(seen).toEqual({ runs: KILLS * LANES, points: row?.points })
})

/** Clients of the next round: each writes a metric of its own in a run of its own, point by point or in batches. */
async function newLanes(address: string, round: number): Promise<Lane[]> {
  const experiment = z.object({ experiment_id: z.string() })
  const name = 'load'
  const made = await ask(address, 'experiments/create', { name }).catch(() => null)
  const found = await fetch(`${address}/api/2.0/mlflow/experiments/get-by-name?experiment_name=${name}`)
  const { experiment_id } = experiment.parse(made ?? z.object({ experiment }).parse(await found.json()).experiment)
  const lanes: Lane[] = []
  for (let index = 0; index < LANES; index++) {
    const { run } = Made.parse(await ask(address, 'runs/create', { experiment_id, start_time: round }))
    const points = index % 2 === 0 ? 1 : BATCH
    lanes.push({ run: run.info.run_id, key: `lane ${index}`, points, acknowledged: 0, asked: 0 })
  }
  return lanes
}

/** Writes until the server is gone. */
async function write(address: string, lane: Lane): Promise<void> {
  const { run, key, points } = lane
  for (;;) {
    const steps = Array.from({ length: points }, (_, index) => lane.asked + index)
    const metrics = steps.map((step) => ({ key, value: valueAt(step), timestamp: 1, step }))
    lane.asked += points
    try {
      if (points === 1) await ask(address, 'runs/log-metric', { run_id: run, ...metrics[0] })
      else await ask(address, 'runs/log-batch', { run_id: run, metrics })
      lane.acknowledged = lane.asked
    } catch (error) {
      if (error instanceof TypeError) return // the connection broke
      throw error
    }
  }
}

const valueAt = (step: number): number => step * 7 - 3

/** Every point answered is there, with its value; of what was asked for last all is there or nothing; and the latest value is the last. */
async function expectKept(address: string, { run, key, acknowledged, asked }: Lane, told: string): Promise<void> {
  const query = `run_id=${run}&metric_key=${encodeURIComponent(key)}&max_results=25000`
  const answer = await fetch(`${address}/api/2.0/mlflow/metrics/get-history?${query}`)
  const { metrics } = History.parse(await answer.json())
  expect([acknowledged, asked], told).toContain(metrics.length)
  expect(metrics, told).toEqual(metrics.map((_, step) => expect.objectContaining({ step, value: valueAt(step) })))
  const read = Read.parse(await (await fetch(`${address}/api/2.0/mlflow/runs/get?run_id=${run}`)).json())
  const latest = metrics.length === 0 ? [] : [expect.objectContaining({ key, value: valueAt(metrics.length - 1) })]
  expect(read.run.data.metrics, told).toEqual(latest)
}

/** A server that can be killed where it stands. Disposing of it kills it too. */
async function startServer(program: Program) {
  const { child, ended } = program.start(['server', '--port', '0', '--json'])
  const kill = (): void => void child.kill('SIGKILL')
  const first = await Promise.race([once(child.stdout!, 'data'), ended]) // program.start pipes it
  if (!Array.isArray(first)) throw new Error(`the server ended: ${first.err}`)
  const { address } = z.object({ address: z.string() }).parse(JSON.parse(String(first[0])))
  return {
    address,
    kill,
    ended,
    async [Symbol.asyncDispose]() {
      kill()
      await ended
    },
  }
}

/** Throws a TypeError if the connection breaks, and an error with the answer if it is no success. */
async function ask(address: string, path: string, body: object): Promise<unknown> {
  const answer = await fetch(`${address}/api/2.0/mlflow/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`)
  return JSON.parse(text)
}
