// Artifacts over HTTP: files that go up and down through the server.
import type { Context, Hono } from 'hono'
import type { OpenArtifact } from '../artifacts/port.ts'
import type { ByteRange } from '../mlflow/artifacts.ts'
import { invalid, MlflowError } from '../mlflow/error.ts'
import { safePath } from '../mlflow/safe-path.ts'
import type { MlflowStore } from '../mlflow/store.ts'
import { holdBody } from './body-budget.ts'
import { jsonAnswer, type MlflowServing, refusal, whereOf } from './mlflow-app.ts'
import { announcedBytes, bodyOf, overTheWire, queryOf } from './raw-request.ts'
import { sendArtifact } from './send-artifact.ts'

/** Bytes that the page for browsers may upload at once. */
const MAX_PAGE_UPLOAD_BYTES = 10 * 1024 * 1024

/** Answers with a response, or with what is sent as JSON. */
type Answer = (context: Context, store: MlflowStore) => Promise<Response | object>

/** By method and path. HEAD is asked wherever GET is. */
const ROUTES: readonly (readonly [method: string, path: string, answer: Answer])[] = [
  ['GET', '{api}/mlflow-artifacts/artifacts/*', listOrDownload],
  ['PUT', '{api}/mlflow-artifacts/artifacts/*', upload],
  ['DELETE', '{api}/mlflow-artifacts/artifacts/*', remove],
  ['POST', '{api}/mlflow-artifacts/mpu/create/*', refuseMultipartUpload],
  ['POST', '{api}/mlflow-artifacts/mpu/complete/*', refuseMultipartUpload],
  ['POST', '{api}/mlflow-artifacts/mpu/abort/*', refuseMultipartUpload],
  ['GET', '{api}/mlflow-artifacts/presigned/*', refuseMultipartDownload],
  ['POST', '{api}/mlflow/artifacts/presigned-upload-url', refusePresignedUpload],
  ['POST', '{api}/mlflow/artifacts/presigned-download-url', refusePresignedDownload],
  ['POST', '{api}/mlflow/upload-artifact', uploadFromPage],
  ['GET', '{api}/mlflow/logged-models/:model_id/artifacts/files', downloadFromModel],
  ['GET', '/get-artifact', downloadFromRun],
  ['GET', '/model-versions/get-artifact', downloadFromVersion],
]

/** Adds the routes that carry files. The application has to route by `routedPath`. */
export function mountArtifacts(app: Hono, { store, report }: MlflowServing): void {
  for (const [method, path, answer] of ROUTES) {
    const paths = new Set(['/api/2.0', '/ajax-api/2.0'].map((api) => path.replace('{api}', api)))
    app.on(method, [...paths], async (context) => {
      const failed = (error: unknown): void => report(error, whereOf(context))
      try {
        const answered = await answer(context, store)
        return answered instanceof Response ? overTheWire(context, answered, failed) : jsonAnswer(200, answered)
      } catch (error) {
        return refusal(error, failed)
      }
    })
  }
}

/** What follows a marker in the path as it was sent, still encoded, which `safePath` undoes. */
function pathAfter(marker: string, context: Context): string {
  const { path } = context.req
  return path.slice(path.indexOf(marker) + marker.length)
}

function servedPath(context: Context): string {
  return pathAfter('/mlflow-artifacts/artifacts', context).slice(1)
}

async function listOrDownload(context: Context, store: MlflowStore): Promise<object> {
  const path = servedPath(context)
  if (path === '') return store.listFolder(queryOf(context).get('path') ?? '')
  return send(context, path, (range) => store.openArtifact(path, range))
}

async function upload(context: Context, store: MlflowStore): Promise<object> {
  await store.writeArtifact(servedPath(context), bodyOf(context), announcedBytes(context))
  return {}
}

async function remove(context: Context, store: MlflowStore): Promise<object> {
  await store.deleteArtifacts(servedPath(context))
  return {}
}

/** Clients that are told so send the file as a whole. */
async function refuseMultipartUpload(context: Context): Promise<Response> {
  safePath(pathAfter('/mlflow-artifacts/mpu/', context).replace(/^[^/]*\//, ''))
  return unsupported('Multipart upload')
}

async function refuseMultipartDownload(context: Context): Promise<Response> {
  safePath(pathAfter('/mlflow-artifacts/presigned/', context))
  return unsupported('Multipart download')
}

async function refusePresignedUpload(): Promise<Response> {
  return unsupported('Presigned upload')
}

async function refusePresignedDownload(): Promise<Response> {
  return unsupported('Presigned download')
}

/** Told as MLflow's server tells it, by a 5xx that is no failure. */
function unsupported(what: string): Response {
  const refused = new MlflowError('NOT_IMPLEMENTED', `${what} is not supported for the current artifact repository`)
  return jsonAnswer(refused.status, refused.body)
}

async function downloadFromRun(context: Context, store: MlflowStore): Promise<object> {
  const query = queryOf(context)
  const path = safePath(required(query, 'path'))
  const runId = query.get('run_uuid') || required(query, 'run_id')
  return send(context, path, (range) => store.openRunArtifact(runId, path, range))
}

async function downloadFromVersion(context: Context, store: MlflowStore): Promise<object> {
  const query = queryOf(context)
  const path = safePath(required(query, 'path')) // told before a version that is missing
  const version = { name: required(query, 'name'), version: required(query, 'version') }
  return send(context, path, (range) => store.openVersionArtifact(version, path, range))
}

async function downloadFromModel(context: Context, store: MlflowStore): Promise<object> {
  const path = queryOf(context).get('artifact_file_path')
  if (!path) {
    throw new MlflowError('BAD_REQUEST', 'Request must include the "artifact_file_path" query parameter.')
  }
  const modelId = context.req.param('model_id') ?? ''
  return send(context, path, (range) => store.openLoggedModelArtifact(modelId, path, range))
}

async function send(
  context: Context,
  path: string,
  open: (range?: ByteRange) => Promise<OpenArtifact>,
): Promise<Response> {
  const name = safePath(path).split('/').at(-1) ?? ''
  const request = { method: context.req.method, header: (header: string) => context.req.header(header) }
  return sendArtifact(request, name, open)
}

async function uploadFromPage(context: Context, store: MlflowStore): Promise<object> {
  const query = queryOf(context)
  const runId = query.get('run_uuid') || query.get('run_id')
  if (!runId) throw invalid('Request must specify run_id or run_uuid.')
  const path = query.get('path')
  if (!path) throw invalid('Request must specify path.')
  safePath(path)
  if ((announcedBytes(context) ?? 0) > MAX_PAGE_UPLOAD_BYTES) throw tooLarge()
  using held = holdBody()
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of bodyOf(context)) {
    bytes += piece.byteLength
    if (bytes > MAX_PAGE_UPLOAD_BYTES) throw tooLarge()
    held.add(piece.byteLength)
    pieces.push(piece)
  }
  if (bytes === 0) throw invalid('Request must specify data.')
  await store.writeRunArtifact(runId, path, Buffer.concat(pieces))
  return {}
}

function tooLarge(): MlflowError {
  return invalid('Artifact size is too large. Max size is 10MB.')
}

function required(query: URLSearchParams, field: string): string {
  const value = query.get(field)
  if (value !== null && value !== '') return value
  throw invalid(
    `Missing value for required parameter '${field}'. See the API docs for more information about request parameters.`,
  )
}
