// Requests that nobody would send, from the shapes of the operations there are: some right, most wrong in one place or many.
import * as fc from 'fast-check'
import { z } from 'zod'
import { jsonSchemaOf } from '../../src/server/json-schema.ts'
import { MLFLOW_ROUTES } from '../../src/server/mlflow-routes.ts'

export interface OddRequest {
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Stands for the id of a run that is there. */
export const RUN = 'RUN-THAT-IS-THERE'

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND']
const PLACES = [
  '/',
  '/health',
  '/docs',
  '/openapi.json',
  '/predict',
  '/get-artifact',
  '/model-versions/get-artifact',
  '/runs/0',
  '/models/x',
  '/experiments/0',
]
const ARTIFACTS = '/api/2.0/mlflow-artifacts/artifacts'

/** Texts that take long to read where that is done carelessly. */
const LONG = ['../', 'a ', '%25', "'", 'AND ', '9', 'a/', '`'].map((part) => part.repeat(1000))
const LIKELY = ['0', RUN, 'model', '1', 'key', 'path/to.txt', 'a', 'Production', 'ACTIVE_ONLY']
const UNLIKELY = [
  ...['', '..', '/', '-1', '9223372036854775808', '1e400', 'NaN', '%00', '\u0000', '\ud800', 'null', '[]'],
  ...[
    "name = 'x'",
    'metrics.a > 1 AND',
    'metrics.a > 1',
    "tags.`a` LIKE '%'",
    'a DESC',
    'metrics.a DESC',
    'params.a',
    "status IN ('a'",
    'eyJvZmZzZXQiOiAxfQ==',
  ],
  ...[
    'models:/m-1',
    'models:/model/1',
    'runs:/x/y',
    'mlflow-artifacts:/../..',
    'file:///etc/passwd',
    '2013-07-06 17:18:00',
  ],
]
const letters = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...LIKELY) },
  { weight: 3, arbitrary: fc.constantFrom(...UNLIKELY) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
  { weight: 1, arbitrary: fc.constantFrom(...LONG) },
)
const numbers = fc.oneof(
  fc.integer({ min: -1, max: 10 }),
  fc.double(),
  fc.maxSafeInteger(),
  fc.constantFrom(2 ** 63, -(2 ** 63), 1e308),
)

const Schema = z.looseObject({
  type: z.unknown().optional(), // a name, or several of them
  items: z.unknown().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  enum: z.array(z.string()).optional(),
})

/** Values that a schema describes, and now and then others. */
function valuesOf(schema: unknown, depth = 0): fc.Arbitrary<unknown> {
  const { type, items, properties, enum: choices } = Schema.parse(schema ?? {})
  return fc.oneof(
    { weight: 8, arbitrary: rightValues() },
    { weight: 1, arbitrary: fc.oneof(letters, numbers, fc.jsonValue(), fc.constant(null)) },
  )

  function rightValues(): fc.Arbitrary<unknown> {
    if (choices !== undefined && choices.length > 0) return fc.constantFrom(...choices)
    if (type === 'integer') return fc.oneof(fc.integer({ min: 0, max: 100 }), numbers)
    if (type === 'number') return fc.oneof(fc.double(), fc.constantFrom('NaN', 'Infinity', '1.5'))
    if (type === 'boolean') return fc.boolean()
    if (type === 'array') return fc.array(valuesOf(items, depth + 1), { maxLength: depth === 0 ? 5 : 2 })
    if (properties !== undefined) return objectsOf(properties, depth + 1)
    return letters
  }
}

function objectsOf(properties: Readonly<Record<string, unknown>>, depth = 0): fc.Arbitrary<Record<string, unknown>> {
  const fields = Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, valuesOf(schema, depth)]))
  return fc.oneof(
    { weight: 4, arbitrary: fc.record(fields) },
    { weight: 2, arbitrary: fc.record(fields, { requiredKeys: [] }) },
  )
}

const encoded = (text: string): string => encodeURIComponent(text.toWellFormed())
const queryOf = (fields: Readonly<Record<string, unknown>>): string => {
  const pairs = Object.entries(fields).flatMap(([name, value]) =>
    [value].flat().map((one) => `${name}=${encoded(String(one))}`),
  )
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}
const JSON_HEADERS = { 'Content-Type': 'application/json' }

const operations = MLFLOW_ROUTES.map(({ method, path, version = '2.0', onlyAjax = false, request }) => {
  const fields = objectsOf(Schema.parse(jsonSchemaOf(request)).properties ?? {})
  const prefix = fc.constantFrom(...(onlyAjax ? ['ajax-api'] : ['api', 'ajax-api']))
  return fc.tuple(prefix, fields, letters).map(([before, body, part]): OddRequest => {
    const place = `/${before}/${version}/mlflow/${path.replace(/\{\w+\}/g, encoded(part))}`
    return method === 'GET'
      ? { method, target: `${place}${queryOf(body)}`, headers: {}, body: '' }
      : { method, target: place, headers: JSON_HEADERS, body: JSON.stringify(body) }
  })
})

const files = fc.tuple(fc.constantFrom('GET', 'PUT', 'DELETE', 'HEAD'), letters, fc.string({ maxLength: 50 })).map(
  ([method, path, body]): OddRequest => ({
    method,
    target: `${ARTIFACTS}/${encoded(path)}`,
    headers: {},
    body: method === 'PUT' ? body : '',
  }),
)

const oddHeaders = fc.dictionary(
  fc.constantFrom(
    'Content-Type',
    'Content-Encoding',
    'Accept',
    'Origin',
    'Range',
    'Expect',
    'If-None-Match',
    'Transfer-Encoding',
    'Content-Length',
    'X-MLFLOW-WORKSPACE',
    'Authorization',
  ),
  fc.constantFrom(
    'application/json',
    'text/csv',
    'text/html',
    'application/vnd.apache.parquet',
    'gzip',
    'http://evil.example',
    'http://localhost',
    'bytes=0-1',
    'bytes=9-',
    'chunked',
    '100-continue',
    '5',
    '-1',
    '*',
    'x'.repeat(9000),
  ),
  { maxKeys: 3 },
)
const oddPaths = fc.oneof(
  fc.constantFrom(...PLACES),
  fc
    .array(fc.constantFrom('/', '..', '%2e', '%00', '\\', '#', 'a', '%', ';', ' ', 'é'), { maxLength: 12 })
    .map((parts) => `/${parts.join('')}`),
)
const strange = fc
  .tuple(
    fc.constantFrom(...METHODS),
    fc.oneof(
      oddPaths,
      fc.oneof(...operations).map(({ target }) => target),
    ),
    oddHeaders,
    fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.constant('')),
  )
  .map(([method, target, headers, body]): OddRequest => ({ method, target, headers, body }))

/** Any of them; most are of the operations of MLflow's interface. */
export const oddRequests: fc.Arbitrary<OddRequest> = fc.oneof(
  { weight: 8, arbitrary: fc.oneof(...operations) },
  { weight: 1, arbitrary: files },
  { weight: 2, arbitrary: strange },
)
