// How files are handed in and out, for the interface's description.
import type { ApiContent, ApiParameter, ApiRoute } from './api-route.ts'

const TAG = 'Files'
const BYTES: ApiContent = { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } }
const JSON_OBJECT: ApiContent = { 'application/json': { schema: { type: 'object' } } }
const ARTIFACTS = '/api/2.0/mlflow-artifacts/artifacts'

const REFUSED: ApiRoute['responses'] = {
  400: { description: 'The path is not safe, or the request not right', content: JSON_OBJECT },
  404: { description: 'There is no such file', content: JSON_OBJECT },
}
const FILE: ApiRoute['responses'] = { 200: { description: 'The file, streamed', content: BYTES }, ...REFUSED }
const DONE: ApiRoute['responses'] = { 200: { description: 'Done', content: JSON_OBJECT }, ...REFUSED }

export const ARTIFACT_API: readonly ApiRoute[] = [
  {
    method: 'GET',
    path: ARTIFACTS,
    tag: TAG,
    summary: 'The files and folders in a folder',
    parameters: [query('path', false)],
    responses: DONE,
  },
  {
    method: 'GET',
    path: `${ARTIFACTS}/{path}`,
    tag: TAG,
    summary: 'Downloads a file',
    parameters: [inPath('path')],
    responses: FILE,
  },
  {
    method: 'PUT',
    path: `${ARTIFACTS}/{path}`,
    tag: TAG,
    summary: 'Uploads a file',
    parameters: [inPath('path')],
    body: { required: true, content: BYTES },
    responses: DONE,
  },
  {
    method: 'DELETE',
    path: `${ARTIFACTS}/{path}`,
    tag: TAG,
    summary: 'Deletes a file, or a folder with all in it',
    parameters: [inPath('path')],
    responses: DONE,
  },
  {
    method: 'GET',
    path: '/get-artifact',
    tag: TAG,
    summary: "Downloads a run's file",
    parameters: [query('run_id', true), query('path', true)],
    responses: FILE,
  },
  {
    method: 'GET',
    path: '/model-versions/get-artifact',
    tag: TAG,
    summary: "Downloads a version's file",
    parameters: [query('name', true), query('version', true), query('path', true)],
    responses: FILE,
  },
  {
    method: 'POST',
    path: '/ajax-api/2.0/mlflow/upload-artifact',
    tag: TAG,
    summary: "Uploads a run's file, of 10 MB at most",
    parameters: [query('run_uuid', true), query('path', true)],
    body: { required: true, content: BYTES },
    responses: DONE,
  },
  {
    method: 'GET',
    path: '/ajax-api/2.0/mlflow/logged-models/{model_id}/artifacts/files',
    tag: TAG,
    summary: "Downloads a logged model's file",
    parameters: [inPath('model_id'), query('artifact_file_path', true)],
    responses: FILE,
  },
]

function query(name: string, required: boolean): ApiParameter {
  return { name, in: 'query', required, schema: { type: 'string' } }
}

function inPath(name: string): ApiParameter {
  return { name, in: 'path', required: true, schema: { type: 'string', minLength: 1 } }
}
