// Predictions one by one, beside FastAPI with Keras on the same network, the same weights and the same requests.
//
//   KERAS_PYTHON=/path/to/python node launcher.mjs --node benchmarks/serving.ts
//
// KERAS_PYTHON: a Python with keras, tensorflow, pandas, fastapi and uvicorn; without it only ours runs. A home is made first, by one cycle on
// simulated rows; BENCH_HOME names one that is there, with an mlp in Production. The load comes from a process of its own (http-load.ts), and
// the servers take turns, round by round, so that a busy machine is as busy for all. BENCH_SECONDS: how long each is asked each time (4).
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { weightsOf } from '../src/learning/model-file.ts'
import { freePort, memoryMb, startUnderstudy } from '../tests/conformance/servers.ts'
import { openLoad } from './load.ts'

const SECONDS = Number(process.env.BENCH_SECONDS ?? 4)
const ROUNDS = 3
const CONNECTIONS = [1, 4, 8, 32] as const
const ROOT = fileURLToPath(new URL('../', import.meta.url))
const KERAS_SCRIPT = fileURLToPath(new URL('serving_keras.py', import.meta.url))
const RIDE = {
  pickup_datetime: '2014-07-06 19:18:00',
  pickup_longitude: '-73.950655',
  pickup_latitude: '40.783282',
  dropoff_longitude: '-73.984365',
  dropoff_latitude: '40.769802',
  passenger_count: '2',
}
const PATH = `/predict?${new URLSearchParams(RIDE)}`

interface Peer extends AsyncDisposable {
  readonly name: string
  readonly port: number
  readonly pid: number
}

/** What one server did at one number of connections, over the rounds. */
interface Figures {
  readonly perSecond: number[]
  readonly p50Ms: number[]
  readonly p99Ms: number[]
}

const scratch = mkdtempSync(join(tmpdir(), 'understudy-bench-'))
const home = process.env.BENCH_HOME ?? join(scratch, 'home')
const python = process.env.KERAS_PYTHON
try {
  const before = loadavg().map((value) => value.toFixed(2))
  console.log(`${cpus().length} cores, load average before: ${before.join(' ')}; ${ROUNDS} rounds of ${SECONDS} s`)
  if (process.env.BENCH_HOME === undefined) understudy('cycle')
  writeWeights()
  await using opened = new AsyncDisposableStack()
  const ours = await startUnderstudy(home)
  opened.use(ours)
  const peers: Peer[] = [
    { name: 'Understudy', port: ours.port, pid: ours.child.pid ?? 0, [Symbol.asyncDispose]: async () => {} },
  ]
  if (python === undefined)
    console.log('set KERAS_PYTHON to a Python with keras, tensorflow, pandas, fastapi and uvicorn for the comparison')
  else {
    for (const manner of ['call', 'predict'] as const) peers.push(opened.use(await startKeras(python, manner)))
  }
  await compareAnswers(peers)
  const idle = peers.map(({ pid }) => memoryMb(pid))
  const figures = await measureAll(peers)
  for (const connections of CONNECTIONS) console.log(`\n${tableOf(peers, figures, connections)}`)
  console.log(`\n${'memory, MiB'.padEnd(26)}${'after one request'.padStart(18)}${'after the load'.padStart(16)}`)
  for (const [i, { name, pid }] of peers.entries()) {
    console.log(`${name.padEnd(26)}${idle[i]!.toFixed(0).padStart(18)}${memoryMb(pid).toFixed(0).padStart(16)}`) // one for each
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

function understudy(...words: string[]): string {
  const settings = { UNDERSTUDY_HOME: home, UNDERSTUDY_DOTENV: join(scratch, '.env'), TRAINERS: 'mlp' }
  const { PATH: path, HOME } = process.env
  const env = { PATH: path, HOME, ...settings }
  return execFileSync(process.execPath, ['launcher.mjs', ...words, '--json'], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  }).toString()
}

/** The weights of the network in Production, for the other side. */
function writeWeights(): void {
  const versions = JSON.parse(understudy('models')) as { stage: string; source: string }[] // as `models --json` prints them
  const { source } = versions.find(({ stage }) => stage === 'Production')!
  const tensors = weightsOf(readFileSync(`${fileURLToPath(source)}/model.onnx`))
  const plain = tensors.map(({ name, shape, values }) => ({ name, shape, values: Array.from(values) }))
  writeFileSync(join(scratch, 'weights.json'), JSON.stringify(plain))
}

async function startKeras(interpreter: string, manner: 'call' | 'predict'): Promise<Peer> {
  const port = await freePort()
  const child = spawn(interpreter, ['-B', KERAS_SCRIPT, scratch, String(port), manner], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const ended = new Promise((resolve) => child.once('close', resolve))
  while (!(await fetch(`http://127.0.0.1:${port}/health`).catch(() => null))?.ok) {
    if (child.exitCode !== null) throw new Error('the server with Keras ended')
    await sleep(100)
  }
  const name = `FastAPI, ${manner === 'call' ? 'model(X)' : 'model.predict(X)'}`
  return {
    name,
    port,
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      child.kill()
      await ended
    },
  }
}

/** One network, so one answer: in float32 here and there, and features in double. */
async function compareAnswers(peers: readonly Peer[]): Promise<void> {
  const fares = await Promise.all(
    peers.map(async ({ name, port }) => {
      const answer = await fetch(`http://127.0.0.1:${port}${PATH}`)
      if (!answer.ok) throw new Error(`${name}: ${answer.status} ${await answer.text()}`)
      return ((await answer.json()) as { fare: number }).fare // the recipe's form
    }),
  )
  console.log(peers.map(({ name }, i) => `${name}: ${fares[i]}`).join('; '))
  if (Math.max(...fares) - Math.min(...fares) > 1e-3) throw new Error('the answers differ')
}

async function measureAll(peers: readonly Peer[]): Promise<Map<string, Figures>> {
  using load = openLoad()
  const figures = new Map<string, Figures>()
  for (const { port } of peers) await load.run({ port, connections: 4, method: 'GET', path: PATH, seconds: 2 }) // warm
  for (let round = 0; round < ROUNDS; round++) {
    for (const connections of CONNECTIONS) {
      for (const { name, port } of peers) {
        const { requests, seconds, p50Ms, p99Ms } = await load.run({
          port,
          connections,
          method: 'GET',
          path: PATH,
          seconds: SECONDS,
        })
        const key = keyOf(name, connections)
        const found = figures.get(key) ?? { perSecond: [], p50Ms: [], p99Ms: [] }
        found.perSecond.push(requests / seconds)
        found.p50Ms.push(p50Ms)
        found.p99Ms.push(p99Ms)
        figures.set(key, found)
      }
    }
  }
  return figures
}

function keyOf(name: string, connections: number): string {
  return `${connections} ${name}`
}

/** Medians over the rounds; the ratio is ours to theirs. */
function tableOf(peers: readonly Peer[], figures: ReadonlyMap<string, Figures>, connections: number): string {
  const rows = peers.map(({ name }) => ({ name, of: figures.get(keyOf(name, connections))! })) // each was measured
  const ours = median(rows[0]!.of.perSecond) // ours is the first
  const lines = rows.map(({ name, of }) => {
    const perSecond = median(of.perSecond)
    const cells = [
      perSecond.toFixed(0),
      median(of.p50Ms).toFixed(2),
      median(of.p99Ms).toFixed(2),
      (ours / perSecond).toFixed(1),
    ]
    return `${name.padEnd(26)}${cells.map((cell) => cell.padStart(12)).join('')}`
  })
  const heads = ['requests/s', 'p50, ms', 'p99, ms', 'ratio'].map((head) => head.padStart(12)).join('')
  return [`${`${connections} connection${connections === 1 ? '' : 's'}`.padEnd(26)}${heads}`, ...lines].join('\n')
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0
}
