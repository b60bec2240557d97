// Runs on a server: started once, written to while they run, sealed when they end.

import { PlannedError } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import { sha256 } from '../kernel/json.ts'
import { checkMetrics } from './metrics.ts'
import { checkKey, checkText, tagValue } from './names.ts'
import type { DatasetInput, Metric, Run, Tracking } from './port.ts'
import { type Files, filesAt } from './remote-artifacts.ts'
import type { RemoteContext } from './remote-context.ts'
import { createRun, deleteRun, findRequested, RunPage, readRun } from './remote-create-run.ts'
import { checkExperiment } from './remote-experiments.ts'
import type { Ledger } from './remote-ledger.ts'
import { versionsRequested } from './remote-versions.ts'
import {
  HistoryShape,
  inputsOf,
  metricOf,
  Nothing,
  ORDER_TAG,
  pairs,
  type RunRead,
  runOf,
  textsOf,
  writeValue,
} from './remote-wire.ts'
import { isRefusal } from './rest-errors.ts'
import { CONTEXT_TAG, checkTags, newParams, otherContext, refuseSealed, statusOf, textsOfInput } from './run-rules.ts'

/** What one request of MLflow's may carry. */
const METRICS_AT_ONCE = 1000
const TEXTS_AT_ONCE = 100
const RUNS_AT_ONCE = 1000
const POINTS_AT_ONCE = 25_000

type RunWriting = Pick<
  Tracking,
  'startRun' | 'logParams' | 'logMetrics' | 'setTags' | 'logInputs' | 'logArtifact' | 'endRun'
>
type RunReading = Pick<Tracking, 'run' | 'findRuns' | 'metricHistory' | 'inputs' | 'readArtifact' | 'listArtifacts'>

export function remoteRunWriting(context: RemoteContext, ledger: Ledger): RunWriting {
  const { rest, clock } = context
  return {
    startRun: (options, effect) => startRun(context, ledger, options, effect),
    async logParams(runId, params) {
      for (const key of Object.keys(params)) checkKey('parameter', key)
      const { data } = await openRun(context, runId)
      const fresh = newParams(runId, new Map(Object.entries(textsOf(data.params))), params)
      for (const some of pieces(fresh, TEXTS_AT_ONCE)) await logParams(context, runId, some)
    },
    async logMetrics(runId, metrics) {
      checkMetrics(metrics)
      await openRun(context, runId)
      const points = metrics.map(({ key, value, step, timestampMs }) => ({
        ...{ key, value: writeValue(value), step, timestamp: timestampMs },
      }))
      for (const some of pieces(points, METRICS_AT_ONCE)) {
        await rest.post('runs/log-batch', { run_id: runId, metrics: some }, Nothing)
      }
    },
    async setTags(runId, tags) {
      checkTags(tags)
      await openRun(context, runId)
      const all = pairs(Object.fromEntries(Object.entries(tags).map(([key, value]) => [key, tagValue(value)])))
      for (const some of pieces(all, TEXTS_AT_ONCE)) {
        await rest.post('runs/log-batch', { run_id: runId, tags: some }, Nothing)
      }
    },
    logInputs: (runId, inputs) => logInputs(context, runId, inputs),
    async logArtifact(runId, path, bytes) {
      await artifactsOf(context, await openRun(context, runId)).put(path, bytes)
    },
    async endRun(runId, status) {
      const run = await readRun(context, runId)
      if (statusOf(run.info.status) === status) return // said twice, for example by a task that was resumed
      refuse(run)
      await rest.post('runs/update', { run_id: runId, status, end_time: clock.nowMs() }, Nothing)
    },
  }
}

export function remoteRunReading(context: RemoteContext): RunReading {
  return {
    run: async (runId) => runOf(await readRun(context, runId)),
    findRuns: (experimentId, tags) => findRuns(context, experimentId, tags),
    metricHistory: (runId, key) => metricHistory(context, runId, key),
    inputs: async (runId) => inputsOf(await readRun(context, runId)),
    readArtifact: async (runId, path) => await artifactsOf(context, await readRun(context, runId)).get(path),
    listArtifacts: async (runId) => await artifactsOf(context, await readRun(context, runId)).list(''),
  }
}

/** Starts a run; under an effect's key once, and of several that start it at the same time one holds. */
async function startRun(
  context: RemoteContext,
  ledger: Ledger,
  { experimentId, name, tags = {} }: Parameters<Tracking['startRun']>[0],
  effect: string | undefined,
): Promise<Run> {
  checkText('run name', name, { max: 250 })
  checkTags(tags)
  const cut = Object.fromEntries(Object.entries(tags).map(([key, value]) => [key, tagValue(value)]))
  await checkExperiment(context, experimentId)
  const start = (request: string): Promise<RunRead> => createRun(context, { experimentId, name, tags: cut, request })
  if (effect === undefined) return runOf(await start(newId()))
  const request = sha256(effect)
  const [earlier] = await findRequested(context, experimentId, request)
  if (earlier === undefined) await refuseOtherUse(context, effect, request)
  const candidate = earlier ?? (await start(request))
  const own = candidate.info.run_id
  const winner = await ledger.settle(`run.${request}`, own)
  if (winner === own) return asStarted(candidate)
  if (earlier === undefined) await deleteRun(context, own)
  return asStarted(await readRun(context, winner))
}

/** What starting it returned: what came later is left out. */
function asStarted(read: RunRead): Run {
  return { ...runOf(read), status: 'RUNNING', endedAtMs: null, params: {}, metrics: {} }
}

async function refuseOtherUse(context: RemoteContext, effect: string, request: string): Promise<void> {
  if ((await versionsRequested(context, null, request)).length === 0) return
  throw new PlannedError(
    'CONFLICT',
    `the effect key "${effect}" was used to register a version and cannot start a run`,
    {
      next: 'give each effect its own key',
    },
  )
}

/** A run that may be written to. Throws `NOT_FOUND`, or `CONFLICT` if it has ended or was deleted. */
async function openRun(context: RemoteContext, runId: string): Promise<RunRead> {
  const run = await readRun(context, runId)
  refuse(run)
  return run
}

function refuse({ info }: RunRead): void {
  refuseSealed(info.run_id, { isDeleted: info.lifecycle_stage === 'deleted', status: statusOf(info.status) })
}

/** Somebody else may write the same parameter between our look and our writing: then it is theirs that counts. */
async function logParams(
  context: RemoteContext,
  runId: string,
  params: readonly { key: string; value: string }[],
): Promise<void> {
  try {
    await context.rest.post('runs/log-batch', { run_id: runId, params }, Nothing)
  } catch (error) {
    if (!isRefusal(error, 'INVALID_PARAMETER_VALUE')) throw error
    const { data } = await openRun(context, runId)
    newParams(runId, new Map(Object.entries(textsOf(data.params))), textsOf(params))
    throw error
  }
}

async function logInputs(context: RemoteContext, runId: string, inputs: readonly DatasetInput[]): Promise<void> {
  const run = await openRun(context, runId)
  const there = inputsOf(run)
  const fresh: object[] = []
  for (const input of inputs) {
    const { source, schema, profile } = textsOfInput(input)
    const earlier = there.find(({ name, digest }) => name === input.name && digest === input.digest)
    if (earlier !== undefined && earlier.context !== input.context) throw otherContext(runId, input, earlier.context)
    if (earlier !== undefined) continue
    fresh.push({
      tags: pairs({ [CONTEXT_TAG]: input.context, [ORDER_TAG]: String(there.length) }),
      dataset: {
        ...{ name: input.name, digest: input.digest, source_type: input.sourceType, source },
        ...(schema === null ? {} : { schema }),
        ...(profile === null ? {} : { profile }),
      },
    })
    there.push(input)
  }
  if (fresh.length > 0) await context.rest.post('runs/log-inputs', { run_id: runId, datasets: fresh }, Nothing)
}

/** Runs of an experiment whose tags have these values, newest first. What the filter's language cannot say is looked at here. */
async function findRuns(
  context: RemoteContext,
  experimentId: string,
  tags: Readonly<Record<string, string>>,
): Promise<readonly Run[]> {
  await checkExperiment(context, experimentId)
  const wanted = Object.entries(tags).map(([key, value]) => [key, tagValue(value)] as const)
  const filter = wanted
    .filter(([key, value]) => /^[\w.:/ -]+$/.test(key) && /^[\w.:/@+, -]*$/.test(value))
    .map(([key, value]) => `tags."${key}" = '${value}'`)
    .join(' and ')
  const found: Run[] = []
  let page: string | undefined
  do {
    const body = { experiment_ids: [experimentId], filter, max_results: RUNS_AT_ONCE, order_by: ['start_time DESC'] }
    const answer = await context.rest.post(
      'runs/search',
      page === undefined ? body : { ...body, page_token: page },
      RunPage,
    )
    found.push(...answer.runs.map(runOf))
    page = answer.next_page_token
  } while (page !== undefined && page !== '')
  return found.filter((run) => wanted.every(([key, value]) => run.tags[key] === value))
}

async function metricHistory(context: RemoteContext, runId: string, key: string): Promise<readonly Metric[]> {
  await readRun(context, runId)
  const points: Metric[] = []
  let page: string | undefined
  do {
    const query = { run_id: runId, metric_key: key, max_results: POINTS_AT_ONCE }
    const answer = await context.rest.get(
      'metrics/get-history',
      page === undefined ? query : { ...query, page_token: page },
      HistoryShape,
    )
    points.push(...answer.metrics.map(metricOf))
    page = answer.next_page_token
  } while (page !== undefined && page !== '')
  return points.sort((a, b) => a.step - b.step || a.timestampMs - b.timestampMs)
}

function artifactsOf(context: RemoteContext, { info }: RunRead): Files {
  return filesAt(context, info.artifact_uri, `the artifact folder of run ${info.run_id}`)
}

function pieces<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size))
}
