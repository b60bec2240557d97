// What tests of the model registry share: asking for what they need, and saying what they expect.
import { expect } from 'vitest'
import type { WireLoggedModel, WireModelVersion, WireRegisteredModel, WireRunInfo } from '../tracking/wire.ts'
import type { Answer, ServerBed } from './server-bed.ts'

/** The fields of a good answer. The routes' own types say what is in it. */
interface Fields {
  readonly run: { readonly info: WireRunInfo }
  readonly model: WireLoggedModel
  readonly model_version: WireModelVersion
  readonly registered_model: WireRegisteredModel
  readonly model_versions?: readonly WireModelVersion[]
  readonly artifact_uri: string
}

/** Asks for what must be granted. */
export async function granted(bed: ServerBed, method: string, path: string, body?: unknown): Promise<Fields> {
  const answer = await bed.ask(method, path, body)
  expect(answer, `${method} ${path} ${JSON.stringify(body)}`).toMatchObject({ status: 200 })
  return answer.body as Fields // each test reads the fields that its route answers with
}

/** What a refusal looks like. */
export function refused(status: number, message: string, code = 'INVALID_PARAMETER_VALUE'): Answer {
  return { status, body: expect.objectContaining({ error_code: code, message }) }
}

export function notFound(message: string): Answer {
  return refused(404, message, 'RESOURCE_DOES_NOT_EXIST')
}

export async function newRun(bed: ServerBed): Promise<WireRunInfo> {
  return (await granted(bed, 'POST', 'runs/create', { experiment_id: '0', start_time: 1 })).run.info
}

export async function newModel(bed: ServerBed, name: string): Promise<WireRegisteredModel> {
  return (await granted(bed, 'POST', 'registered-models/create', { name })).registered_model
}

/** A version of a model, of an object store's address unless told otherwise. */
export async function newVersion(bed: ServerBed, name: string, fields: object = {}): Promise<WireModelVersion> {
  const body = { name, source: 's3://bucket/model', ...fields }
  return (await granted(bed, 'POST', 'model-versions/create', body)).model_version
}

export async function moveTo(
  bed: ServerBed,
  { name, version }: { readonly name: string; readonly version: string },
  stage: string,
  archives?: boolean,
): Promise<WireModelVersion> {
  const body = { name, version, stage, archive_existing_versions: archives }
  return (await granted(bed, 'POST', 'model-versions/transition-stage', body)).model_version
}
