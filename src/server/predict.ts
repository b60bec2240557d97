// Predictions over HTTP: one request in an address, as the recipe's interface has it, or a table of them in a body.
import type { Context, Hono } from 'hono'
import { isPlanned, messageOf } from '../kernel/errors.ts'
import { readText } from '../lifecycle/request-row.ts'
import { type ReadParquet, readTable } from '../lifecycle/request-table.ts'
import type { Answered, Serving } from '../lifecycle/serve-version.ts'
import { Crowded } from './body-budget.ts'
import { answerText, csvText, oneText } from './predict-answer.ts'
import { MAX_ROWS, readBody, TooMuch, UnknownKind } from './predict-body.ts'
import { readWanted } from './predict-choice.ts'
import { cellDetail, type Detail, detailOf } from './predict-fault.ts'

export interface Predictions {
  readonly serving: Serving
  readonly readParquet: ReadParquet<Uint8Array>
}

/** Any page may ask for one prediction: nothing here changes anything, and the recipe's interface is open to all. */
export const OPEN_TO_ALL = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'X-Model-Name, X-Model-Version, X-Model-Stage, X-Prediction-Flags',
} as const
const PREFLIGHT_SECONDS = '600'

type Report = (error: unknown, where: string) => void

/** Adds `GET /predict` and `POST /predict`. */
export function mountPredict(app: Hono, predictions: Predictions, report: Report): void {
  const answered =
    (work: (context: Context, predictions: Predictions) => Promise<Response>) => async (context: Context) => {
      try {
        return await work(context, predictions)
      } catch (error) {
        return refusal(error, (failed) => report(failed, `${context.req.method} ${context.req.path}`))
      }
    }
  app.get('/predict', answered(predictOne))
  app.post('/predict', answered(predictMany))
  app.options('/predict', (context) => allowed(context, 'GET, HEAD'))
}

/** The answer to a browser that asks whether a page from elsewhere may ask. */
export function allowed(context: Context, methods: string): Response {
  const headers = {
    ...OPEN_TO_ALL,
    'access-control-allow-methods': methods,
    'access-control-allow-headers': context.req.header('access-control-request-headers') ?? '*',
    'access-control-max-age': PREFLIGHT_SECONDS,
  }
  return new Response(null, { status: 204, headers })
}

async function predictOne(context: Context, { serving }: Predictions): Promise<Response> {
  const query = context.req.queries()
  const wanted = readWanted(query)
  const faults: Detail[] = wanted.kind === 'faults' ? [...wanted.faults] : []
  const columns: Record<string, Float64Array> = {}
  for (const field of serving.project.request) {
    const text = Object.hasOwn(query, field.name) ? query[field.name]?.at(-1) : undefined
    const value = text === undefined ? 'missing' : readText(field, text, serving.times)
    if (typeof value === 'number') columns[field.name] = Float64Array.of(value)
    else faults.push(detailOf(['query', field.name], field, value, text ?? null))
  }
  if (wanted.kind === 'faults' || faults.length > 0) return unprocessable(faults)
  const answer = await serving.predict(wanted.choice, columns, 1, wanted)
  const value = answer.values[0] ?? Number.NaN
  if (Number.isNaN(value)) {
    const msg = `v${answer.version.version} of ${answer.version.name} gives no number for these values`
    return unprocessable([{ type: 'no_prediction', loc: ['query'], msg, input: query }], headersOf(answer))
  }
  const headers = { 'content-type': 'application/json', ...headersOf(answer) }
  return new Response(oneText(serving.project.replyKey, answer, wanted.intervals), { status: 200, headers })
}

async function predictMany(context: Context, { serving, readParquet }: Predictions): Promise<Response> {
  const wanted = readWanted(context.req.queries())
  if (wanted.kind === 'faults') return unprocessable(wanted.faults)
  const fields = serving.project.request
  const names = fields.map(({ name }) => name)
  const table = await readBody(context, names, readParquet)
  if (table.rows > MAX_ROWS)
    throw new TooMuch(`there are at least ${table.rows} rows, and one request may have ${MAX_ROWS}`)
  const read = readTable(fields, table, serving.times)
  if (read.kind === 'faults') return unprocessable(read.faults.map(cellDetail))
  const answer = await serving.predict(wanted.choice, read.columns, table.rows, wanted)
  const { replyKey } = serving.project
  const isCsv = /(^|,)\s*text\/csv\b/i.test(context.req.header('accept') ?? '')
  const headers = { 'content-type': isCsv ? 'text/csv; charset=utf-8' : 'application/json', ...headersOf(answer) }
  const text = (isCsv ? csvText : answerText)(replyKey, answer, wanted.intervals)
  return new Response(text, { status: 200, headers })
}

/** Which version answered, and of a single row also what is unusual about it. Names may hold any letter; headers may not. */
function headersOf({ version, flags }: Answered): Record<string, string> {
  const [only] = flags.length === 1 ? flags : []
  return {
    ...OPEN_TO_ALL,
    'x-model-name': encodeURIComponent(version.name),
    'x-model-version': String(version.version),
    'x-model-stage': version.stage,
    ...(only === undefined || only.length === 0 ? {} : { 'x-prediction-flags': only.join(', ') }),
  }
}

function unprocessable(detail: readonly Detail[], headers: Record<string, string> = OPEN_TO_ALL): Response {
  return answerOf(422, detail, headers)
}

/** Planned errors in words, in FastAPI's form; anything else is a bug, and reported. */
function refusal(error: unknown, report: (error: unknown) => void): Response {
  if (error instanceof TooMuch) return answerOf(413, error.message)
  if (error instanceof Crowded) return answerOf(503, error.message, { ...OPEN_TO_ALL, 'retry-after': '1' })
  if (error instanceof UnknownKind) return answerOf(415, error.message)
  if (isPlanned(error, 'NOT_FOUND')) return answerOf(404, messageOf(error))
  if (isPlanned(error, 'UNAVAILABLE')) return answerOf(503, messageOf(error))
  if (isPlanned(error, 'BAD_INPUT') || isPlanned(error, 'BAD_DATA')) return answerOf(422, messageOf(error))
  report(error)
  return answerOf(500, 'the server failed; what happened stands in its log')
}

function answerOf(status: number, detail: unknown, headers: Record<string, string> = OPEN_TO_ALL): Response {
  const body = JSON.stringify({ detail })
  return new Response(body, { status, headers: { 'content-type': 'application/json', ...headers } })
}
