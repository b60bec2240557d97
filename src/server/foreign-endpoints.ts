// What MLflow's server has and this one does not: told in MLflow's form, so that clients know what they met.
import type { Context, Hono } from 'hono'
import { MlflowError } from '../mlflow/error.ts'
import { jsonAnswer } from './mlflow-app.ts'

/** First parts of paths behind `/api/2.0/mlflow/`, and so for `3.0` and `/ajax-api`, with what they are for. */
const GROUPS: Readonly<Record<string, string>> = {
  traces: 'tracing',
  'unified-traces': 'tracing',
  'get-trace-artifact': 'tracing',
  'get-online-trace-details': 'tracing',
  assessments: 'assessments of traces',
  datasets: 'evaluation datasets',
  scorers: 'scorers',
  scorer: 'scorers',
  genai: 'evaluation of language models',
  demo: 'demonstration data',
  issues: 'issues found in traces',
  gateway: 'the gateway to language models',
  'gateway-proxy': 'the gateway to language models',
  'prompt-optimization': 'prompt optimization',
  'label-schemas': 'labelling',
  'review-queues': 'review queues',
  'mcp-servers': 'the registry of MCP servers',
  skills: 'the registry of skills',
  assistant: 'the assistant',
  webhooks: 'webhooks',
  workspaces: 'workspaces',
  jobs: 'jobs',
  users: 'accounts',
}

/** Whole paths elsewhere. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  '/graphql': 'GraphQL',
  '/v1/traces': 'tracing',
  '/gateway/*': 'the gateway to language models',
  '/api/3.0/jobs/*': 'jobs',
  '/ajax-api/3.0/jobs/*': 'jobs',
}

/** Within groups that are served: what of them is not. */
const WITHIN: Readonly<Record<string, string>> = {
  'runs/create-promptlab-run': 'prompt engineering',
  'experiments/permissions/*': 'accounts',
  'registered-models/permissions/*': 'accounts',
}

/** Answers all of them with 404 `ENDPOINT_NOT_FOUND`, whatever the method. */
export function mountForeign(app: Hono): void {
  const below = (path: string): string[] =>
    ['api', 'ajax-api'].flatMap((prefix) => ['2.0', '3.0'].map((version) => `/${prefix}/${version}/mlflow/${path}`))
  for (const [group, purpose] of Object.entries(GROUPS)) {
    for (const path of below(group)) {
      app.all(path, (context) => notServed(context, purpose))
      app.all(`${path}/*`, (context) => notServed(context, purpose))
    }
  }
  for (const [path, purpose] of Object.entries(WITHIN)) {
    for (const one of below(path)) app.all(one, (context) => notServed(context, purpose))
  }
  for (const [path, purpose] of Object.entries(ELSEWHERE)) app.all(path, (context) => notServed(context, purpose))
}

function notServed({ req }: Context, purpose: string): Response {
  const message =
    `Understudy has no endpoint '${req.method} ${req.path}': it does not serve ${purpose}. It serves MLflow's experiments, runs, metrics, ` +
    'artifacts, logged models and model registry; /docs lists every operation.'
  const { status, body } = new MlflowError('ENDPOINT_NOT_FOUND', message)
  return jsonAnswer(status, body)
}
