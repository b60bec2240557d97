// MLflow's REST interface over HTTP: reads requests, runs the route, answers or refuses in MLflow's form.
import type { Context, Hono } from 'hono'
import { isPlanned, messageOf } from '../kernel/errors.ts'
import { MlflowError } from '../mlflow/error.ts'
import type { MlflowStore } from '../mlflow/store.ts'
import { Crowded } from './body-budget.ts'
import { jsonText, parseAsWritten, parseJson } from './mlflow-json.ts'
import { fieldsOfBody, fieldsOfQuery, readRequest, withRunId } from './mlflow-request.ts'
import type { MlflowRoute } from './mlflow-route.ts'
import { GoneClient, readJsonText } from './request-body.ts'

/** Letters of a body that takes long to read. */
const LONG_TEXT = 1024 * 1024

export interface MlflowServing {
  readonly store: MlflowStore
  /** Told of what was a bug, or an outage, of ours. */
  readonly report: (error: unknown, where: string) => void
}

/** Adds routes to an application, each under both of MLflow's prefixes. */
export function mountMlflow(app: Hono, routes: readonly MlflowRoute[], serving: MlflowServing): void {
  for (const route of routes) {
    const { method, path, version = '2.0', onlyAjax = false } = route
    const prefixes = onlyAjax ? ['ajax-api'] : ['api', 'ajax-api']
    const paths = prefixes.map((prefix) => `/${prefix}/${version}/mlflow/${path.replace(/\{(\w+)\}/g, ':$1')}`)
    app.on(method, paths, (context) => answer(context, route, serving))
  }
}

async function answer(context: Context, route: MlflowRoute, { store, report }: MlflowServing): Promise<Response> {
  try {
    const text = route.method === 'GET' ? '' : await readJsonText(context)
    const given =
      route.method === 'GET'
        ? fieldsOfQuery(route.request, context.req.queries())
        : fieldsOfBody(route.request, asObject(bodyOf(text)))
    const fields = { ...given, ...context.req.param() }
    const request = readRequest(route.request, withRunId(fields), () => asWritten(text) ?? fields)
    return jsonAnswer(200, await route.run(request as never, store)) // its own shape read it
  } catch (error) {
    return refusal(error, (failed) => report(failed, whereOf(context)))
  }
}

/** The method and path of a request, as the log names it. */
export function whereOf({ req }: Context): string {
  return `${req.method} ${req.path.slice(0, 200)}`
}

export function jsonAnswer(status: number, body: object): Response {
  return new Response(jsonText(body), { status, headers: { 'content-type': 'application/json' } })
}

/** The answer to something thrown: MLflow's own refusals as they are, an outage as 503, anything else as 500, which is a bug and reported. */
export function refusal(error: unknown, report: (error: unknown) => void): Response {
  if (error instanceof GoneClient) return new Response(null, { status: 499 }) // nobody reads it
  const told = error instanceof MlflowError ? error : inMlflowsWords(error)
  if (told.status >= 500 && !(error instanceof Crowded)) report(error)
  const answer = jsonAnswer(told.status, told.body)
  if (told.status === 503) answer.headers.set('retry-after', '1')
  return answer
}

function inMlflowsWords(error: unknown): MlflowError {
  const message = messageOf(error)
  if (isPlanned(error)) {
    if (error.code === 'UNAVAILABLE') return new MlflowError('TEMPORARILY_UNAVAILABLE', message, { cause: error })
    if (error.code === 'NOT_FOUND') return new MlflowError('RESOURCE_DOES_NOT_EXIST', message, { cause: error })
    if (error.code === 'CONFLICT') return new MlflowError('RESOURCE_CONFLICT', message, { cause: error })
    if (error.code === 'BAD_INPUT') return new MlflowError('INVALID_PARAMETER_VALUE', message, { cause: error })
  }
  return new MlflowError('INTERNAL_ERROR', 'the server failed; what happened stands in its log', { cause: error })
}

/** A body's fields. One that is no JSON object counts as empty, as MLflow has it; older clients send their JSON as a JSON text. */
function bodyOf(text: string): unknown {
  const body = parseJson(text)
  return typeof body === 'string' ? parseJson(body) : body
}

/** A body with its numbers as they were written; nothing for a long one, which would be read a second time only for a message. */
function asWritten(text: string): unknown {
  return text.length > LONG_TEXT ? undefined : parseAsWritten(text)
}

function asObject(value: unknown): object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
}
