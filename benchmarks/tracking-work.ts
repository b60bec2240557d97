// What `tracking.ts` measures: each figure by a function of its own, on whatever server answers MLflow's interface.
import type { Measured } from './http-load.ts'
import type { Load } from './load.ts'

/** What is measured over HTTP, in the order of the table: its unit, and whether more of it is better. */
export const MEASURES = {
  'create run, 1 connection': ['/s', 'more'],
  'create run, 8 connections': ['/s', 'more'],
  'log_metric, 1 connection': ['/s', 'more'],
  'log_metric, 8 connections': ['/s', 'more'],
  'get_run, 1 connection': ['/s', 'more'],
  'get_run, 8 connections': ['/s', 'more'],
  'log_batch of 1,000, 1 connection': ['metrics/s', 'more'],
  'log_batch of 1,000, 8 connections': ['metrics/s', 'more'],
  'history of 10,000': ['s', 'less'],
  'history of 25,000': ['s', 'less'],
  'search of 100 runs': ['s', 'less'],
  'search of 1,000 runs': ['s', 'less'],
  'upload of 100 MiB': ['MiB/s', 'more'],
  'download of 100 MiB': ['MiB/s', 'more'],
} as const satisfies Record<string, readonly [unit: string, better: 'less' | 'more']>

export type Measure = keyof typeof MEASURES

/** Runs to search among, and the experiment they are in. */
export const SEARCHED = { runs: 5000, experiment: 'searched' } as const

const API = '/api/2.0/mlflow'
const UPLOAD_MIB = 100
const BATCH = 1000

export interface Bench {
  readonly port: number
  readonly load: Load
  /** How long each rate is measured. */
  readonly seconds: number
}

/** Everything over HTTP. `tell` is called with each figure as it comes. */
export async function measureAll(bench: Bench, tell: (name: Measure, figure: number) => void): Promise<void> {
  const experiment = await call<{ experiment_id: string }>(bench.port, 'experiments/create', { name: 'measured' })
  const createRun = JSON.stringify({ experiment_id: experiment.experiment_id, start_time: 1, run_name: 'run {n}' })
  for (const connections of [1, 8]) {
    const made = await rate(bench, connections, 'POST', `${API}/runs/create`, createRun)
    tell(connections === 1 ? 'create run, 1 connection' : 'create run, 8 connections', made)
  }
  const ids: string[] = []
  for (let index = 0; index < 8; index++) ids.push(await runIn(bench.port, experiment.experiment_id))
  await measureMetrics(bench, ids, tell)
  await measureHistories(bench, await runIn(bench.port, experiment.experiment_id), tell)
  await measureSearches(bench, tell)
  await measureArtifacts(bench, tell)
}

async function measureMetrics(bench: Bench, ids: readonly string[], tell: (name: Measure, figure: number) => void) {
  const metric = '{"run_id":"{id}","key":"loss","value":0.{n},"timestamp":1700000000000,"step":{n}}'
  tell('log_metric, 1 connection', await rate(bench, 1, 'POST', `${API}/runs/log-metric`, metric, ids, 1_000_000))
  tell('log_metric, 8 connections', await rate(bench, 8, 'POST', `${API}/runs/log-metric`, metric, ids, 2_000_000))
  tell('get_run, 1 connection', await rate(bench, 1, 'GET', `${API}/runs/get?run_id={id}`, '', ids))
  tell('get_run, 8 connections', await rate(bench, 8, 'GET', `${API}/runs/get?run_id={id}`, '', ids))
  const batch = batchOf('{id}', 'batched', (index) => `{n}${String(index).padStart(3, '0')}`)
  const one = await rate(bench, 1, 'POST', `${API}/runs/log-batch`, batch, ids, 1_000_000)
  tell('log_batch of 1,000, 1 connection', one * BATCH)
  const eight = await rate(bench, 8, 'POST', `${API}/runs/log-batch`, batch, ids, 2_000_000)
  tell('log_batch of 1,000, 8 connections', eight * BATCH)
}

async function measureHistories(bench: Bench, run: string, tell: (name: Measure, figure: number) => void) {
  for (const [points, name] of [
    [10_000, 'history of 10,000'],
    [25_000, 'history of 25,000'],
  ] as const) {
    const key = `of ${points}`
    for (let from = 0; from < points; from += BATCH) {
      await call(bench.port, 'runs/log-batch', JSON.parse(batchOf(run, key, (index) => String(from + index))))
    }
    const query = `run_id=${run}&metric_key=${encodeURIComponent(key)}&max_results=25000`
    tell(name, await secondsOf(bench, 'GET', `${API}/metrics/get-history?${query}`, ''))
  }
}

async function measureSearches(bench: Bench, tell: (name: Measure, figure: number) => void) {
  const found = await fetch(
    `http://127.0.0.1:${bench.port}${API}/experiments/get-by-name?experiment_name=${SEARCHED.experiment}`,
  )
  const { experiment } = (await found.json()) as { experiment: { experiment_id: string } } // MLflow's answer
  for (const [results, name] of [
    [100, 'search of 100 runs'],
    [1000, 'search of 1,000 runs'],
  ] as const) {
    const asked = {
      experiment_ids: [experiment.experiment_id],
      filter: "metrics.loss < 2500 and params.kind = 'even'",
      order_by: ['metrics.score DESC'],
      max_results: results,
    }
    const { runs } = await call<{ runs: unknown[] }>(bench.port, 'runs/search', asked)
    if (runs.length !== results) throw new Error(`${runs.length} runs were found and there are ${results}`)
    tell(name, await secondsOf(bench, 'POST', `${API}/runs/search`, JSON.stringify(asked)))
  }
}

async function measureArtifacts(bench: Bench, tell: (name: Measure, figure: number) => void) {
  const path = '/api/2.0/mlflow-artifacts/artifacts/measured/{n}.bin'
  const bodyBytes = UPLOAD_MIB * 2 ** 20
  const job = { port: bench.port, connections: 1, path, requests: 5 }
  const up = await bench.load.run({ ...job, method: 'PUT', bodyBytes })
  tell('upload of 100 MiB', UPLOAD_MIB / (up.p50Ms / 1000))
  const down = await bench.load.run({ ...job, method: 'GET' })
  if (down.bytes < bodyBytes * 5) throw new Error(`${down.bytes} bytes came back`)
  tell('download of 100 MiB', UPLOAD_MIB / (down.p50Ms / 1000))
}

/** Requests a second. */
async function rate(
  { load, port, seconds }: Bench,
  connections: number,
  method: string,
  path: string,
  body: string,
  ids: readonly string[] = [],
  from = 0,
): Promise<number> {
  const measured: Measured = await load.run({ port, connections, method, path, body, ids, seconds, from })
  return measured.requests / measured.seconds
}

/** The middle of at least five, in seconds. */
async function secondsOf({ load, port }: Bench, method: string, path: string, body: string): Promise<number> {
  const measured = await load.run({ port, connections: 1, method, path, body, requests: 7 })
  return measured.p50Ms / 1000
}

function batchOf(run: string, key: string, step: (index: number) => string): string {
  const metrics = Array.from(
    { length: BATCH },
    (_, index) => `{"key":"${key}","value":${index / 7},"timestamp":1700000000000,"step":${step(index)}}`,
  )
  return `{"run_id":"${run}","metrics":[${metrics.join(',')}]}`
}

async function runIn(port: number, experiment: string): Promise<string> {
  const made = await call<{ run: { info: { run_id: string } } }>(port, 'runs/create', { experiment_id: experiment })
  return made.run.info.run_id
}

/** Asks MLflow's interface once. Throws for any status but a success. */
async function call<T>(port: number, path: string, body: object): Promise<T> {
  const answer = await fetch(`http://127.0.0.1:${port}${API}/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as T // MLflow's answer, whose form its interface fixes
}

/** Fills a server with the runs that are searched: each with 5 metrics, 5 params and 3 tags. */
export async function makeSearchedRuns(port: number): Promise<void> {
  const { experiment_id } = await call<{ experiment_id: string }>(port, 'experiments/create', {
    name: SEARCHED.experiment,
  })
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < SEARCHED.runs) {
      const index = next++
      const made = await call<{ run: { info: { run_id: string } } }>(port, 'runs/create', {
        experiment_id,
        start_time: index,
      })
      const metrics = ['loss', 'score', 'a', 'b', 'c'].map((key, nth) => ({
        key,
        value: nth === 0 ? index : (index * (2 * nth + 1)) % 5003, // each orders the runs in a way of its own
        timestamp: 1,
        step: 0,
      }))
      const params = ['kind', 'p', 'q', 'r', 's'].map((key) => ({ key, value: index % 2 === 0 ? 'even' : 'odd' }))
      const tags = ['t', 'u', 'v'].map((key) => ({ key, value: String(index % 10) }))
      await call(port, 'runs/log-batch', { run_id: made.run.info.run_id, metrics, params, tags })
    }
  }
  await Promise.all(Array.from({ length: 8 }, lane))
}
