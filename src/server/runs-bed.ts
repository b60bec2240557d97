// What tests of experiments and runs share: asking for what they need, and saying what they expect.
import { expect } from 'vitest'
import type { WireExperiment, WireMetric, WireRun, WireRunInfo } from '../tracking/wire.ts'
import type { Answer, ServerBed } from './server-bed.ts'

export const DOCS = 'See the API docs for more information about request parameters.'

/** How MLflow refuses a name with a wrong sign in it. */
export const BAD_SIGN =
  'Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).'

/** The fields of a good answer. The routes' own types say what is in it. */
interface Fields {
  readonly experiment_id: string
  readonly experiment: WireExperiment
  readonly run: WireRun
  readonly run_info: WireRunInfo
  readonly metrics?: readonly WireMetric[]
  readonly next_page_token?: string
  readonly dataset_summaries?: readonly object[]
}

/** Asks for what must be granted. */
export async function granted(bed: ServerBed, method: string, path: string, body?: unknown): Promise<Fields> {
  const answer = await bed.ask(method, path, body)
  expect(answer, `${method} ${path}`).toMatchObject({ status: 200 })
  return answer.body as Fields // each test reads the fields that its route answers with
}

/** What a refusal looks like, in MLflow's words. */
export function refused(message: string | RegExp, status = 400, code = 'INVALID_PARAMETER_VALUE'): Answer {
  const said = typeof message === 'string' ? message : expect.stringMatching(message)
  return { status, body: expect.objectContaining({ error_code: code, message: said }) }
}

export function notFound(message: string): Answer {
  return refused(message, 404, 'RESOURCE_DOES_NOT_EXIST')
}

/** The id of a new run. */
export async function newRun(bed: ServerBed, experimentId = '0'): Promise<string> {
  const { run } = await granted(bed, 'POST', 'runs/create', { experiment_id: experimentId, start_time: 1 })
  return run.info.run_id
}

export async function runOf(bed: ServerBed, runId: string): Promise<WireRun> {
  return (await granted(bed, 'GET', `runs/get?run_id=${runId}`)).run
}

/** Values by their keys. */
export function byKey<Value>(
  pairs: readonly { readonly key: string; readonly value: Value }[] = [],
): Record<string, Value> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, value]))
}
