// What clients and MLflow's own pages ask a server about itself.
import type { Hono } from 'hono'
import type { ApiRoute } from './api-route.ts'
import { jsonAnswer } from './mlflow-app.ts'

/** The version of MLflow whose interface and schema these are; clients ask for it. */
export const MLFLOW_VERSION = '3.17.2'

/** What this server can and cannot, in MLflow 3.18's words; 3.17's are among them. */
const SERVER_INFO = {
  store_type: 'SqlStore',
  workspaces_enabled: false,
  trace_archival_enabled: false,
  multipart_uploads_enabled: false,
  multipart_downloads_enabled: false,
  artifact_serving_enabled: true,
  presigned_upload_run_id_supported: false,
  presigned_upload_model_id_supported: false,
  model_artifact_presigned_downloads_supported: false,
  artifacts_presigned_only: false,
  skill_content_max_size: 0,
  skill_content_max_files: 0,
  features_enabled: { gateway: false },
  tracking_auth: null,
}

/** MLflow's pages ask whether they may tell its makers how they are used. */
const NO_TELEMETRY = { disable_ui_telemetry: true, disable_ui_events: [], ui_rollout_percentage: 0 }

const PREFIXES = ['/api/3.0/mlflow', '/ajax-api/3.0/mlflow']

export function mountServerInfo(app: Hono): void {
  app.get('/health', (context) => context.text('OK'))
  app.get('/version', (context) => context.text(MLFLOW_VERSION))
  for (const prefix of PREFIXES) {
    app.get(`${prefix}/server-info`, () => jsonAnswer(200, SERVER_INFO))
    app.get(`${prefix}/ui-telemetry`, () => jsonAnswer(200, NO_TELEMETRY))
    app.post(`${prefix}/ui-telemetry`, () => jsonAnswer(200, { status: 'disabled' }))
  }
}

const TEXT = { description: 'A word', content: { 'text/plain': { schema: { type: 'string' } } } }

export const SERVER_INFO_API: readonly ApiRoute[] = [
  { method: 'GET', path: '/health', tag: 'Server', summary: 'Whether the server is up: OK', responses: { 200: TEXT } },
  {
    method: 'GET',
    path: '/version',
    tag: 'Server',
    summary: "The version of MLflow's interface",
    responses: { 200: TEXT },
  },
  {
    method: 'GET',
    path: '/api/3.0/mlflow/server-info',
    tag: 'Server',
    summary: 'What the server can',
    responses: {
      200: { description: 'Its abilities', content: { 'application/json': { schema: { type: 'object' } } } },
    },
  },
]
