// How predictions are asked for, for the interface's description: made from the project's own form.

import { INTERVAL_LEVELS } from '../learning/intervals.ts'
import { intervalsKey } from '../lifecycle/intervals.ts'
import type { RequestField } from '../lifecycle/project.ts'
import { localExample } from '../lifecycle/request-row.ts'
import type { Serving } from '../lifecycle/serve-version.ts'
import type { ApiContent, ApiParameter, ApiRoute } from './api-route.ts'
import type { JsonSchema } from './json-schema.ts'
import { MAX_ROWS, PARQUET_TYPES } from './predict-body.ts'
import { STAGES } from './predict-choice.ts'

const TAG = 'Predictions'
const ABOUT =
  'The headers X-Model-Name, X-Model-Version and X-Model-Stage say which version answered; X-Prediction-Flags, what is unusual about the values of a single row.'

/** The operations of `/` and `/predict`. */
export function predictApi({ project, model }: Pick<Serving, 'project' | 'model'>): readonly ApiRoute[] {
  const { row, metric, replyKey, request } = project
  const predicted = { type: 'number', description: `${replyKey}, in ${metric.unit}` }
  const failures: ApiRoute['responses'] = {
    404: said('There is no such version'),
    422: { description: 'What is wrong, and with which field', content: json(FAULTS) },
    503: said('The version cannot be opened'),
  }
  return [
    {
      method: 'GET',
      path: '/',
      tag: TAG,
      summary: 'A greeting; a page for browsers',
      responses: { 200: { description: 'The greeting', content: json(objectOf({ greeting: { type: 'string' } })) } },
    },
    {
      method: 'GET',
      path: '/predict',
      tag: TAG,
      summary: `The prediction of ${model} for one ${row.one}`,
      parameters: [...request.map(fieldParameter), ...CHOICE, INTERVALS],
      responses: { 200: { description: ABOUT, content: json(oneAnswer(replyKey, predicted)) }, ...failures },
    },
    {
      method: 'POST',
      path: '/predict',
      tag: TAG,
      summary: `The predictions of ${model} for up to ${MAX_ROWS} ${row.many}, in their order`,
      parameters: [...CHOICE, INTERVALS],
      body: { required: true, content: bodies(request) },
      responses: {
        200: {
          description: `Predictions, null where there is none, and what is unusual about each row. ${ABOUT}`,
          content: { ...json(manyAnswer(replyKey, predicted)), 'text/csv': { schema: { type: 'string' } } },
        },
        413: said(`There are more than ${MAX_ROWS} rows, or the body is too large`),
        415: said('The body is of a kind that is not read'),
        ...failures,
      },
    },
  ]
}

function fieldParameter(field: RequestField): ApiParameter {
  const type = field.kind === 'time' ? 'string' : field.kind
  const schema = { type, examples: [exampleOf(field)] }
  return { name: field.name, in: 'query', required: true, description: describe(field), schema }
}

function describe({ label, kind, zone = 'UTC' }: RequestField): string {
  return kind === 'time'
    ? `${label}: YYYY-MM-DD HH:MM:SS on the clocks of ${zone}, unless it names a zone of its own (Z, +01:00)`
    : label
}

function exampleOf(field: RequestField): string | number {
  return field.kind === 'time' ? localExample(field) : Number(field.example)
}

const CHOICE: readonly ApiParameter[] = [
  choice('stage', { type: 'string', enum: STAGES }, 'The newest version in this stage'),
  choice('version', { type: 'integer', minimum: 1 }, 'The version of this number'),
  choice('alias', { type: 'string' }, 'The version that this alias stands for'),
]

const INTERVALS: ApiParameter = {
  name: 'intervals',
  in: 'query',
  required: false,
  description: 'Whether the answer has the intervals around each prediction too, where the version has some',
  schema: { type: 'boolean', default: false },
}

function choice(name: string, schema: JsonSchema, what: string): ApiParameter {
  const description = `${what} answers, in place of the one in Production; one of stage, version and alias may be given`
  return { name, in: 'query', required: false, description, schema }
}

function bodies(request: readonly RequestField[]): ApiContent {
  const required = request.map(({ name }) => name)
  const of = (value: (field: RequestField) => JsonSchema) =>
    Object.fromEntries(request.map((field) => [field.name, value(field)]))
  const record = { ...objectOf(of(cellSchema)), required }
  const columns = { ...objectOf(of((field) => ({ type: 'array', items: cellSchema(field) }))), required }
  const example = Object.fromEntries(request.map((field) => [field.name, exampleOf(field)]))
  const csv = [required.join(','), request.map(exampleOf).join(',')].join('\n')
  const records = { type: 'array', items: record, maxItems: MAX_ROWS, examples: [[example]] }
  return {
    ...json({ anyOf: [records, columns, record] }),
    'text/csv': { schema: { type: 'string', examples: [csv] } },
    [PARQUET_TYPES[0]]: { schema: { type: 'string', format: 'binary' } },
  }
}

/** A value of a row: a time may also be ms since 1970, and any may be missing. */
function cellSchema(field: RequestField): JsonSchema {
  const type = field.kind === 'time' ? ['string', 'number', 'null'] : [field.kind, 'null']
  return { type, description: describe(field) }
}

function oneAnswer(replyKey: string, predicted: JsonSchema): JsonSchema {
  return objectOf({ [replyKey]: predicted, [intervalsKey(replyKey)]: intervalsOf(ENDS) }, [replyKey])
}

function manyAnswer(replyKey: string, predicted: JsonSchema): JsonSchema {
  const always = {
    [replyKey]: { type: 'array', items: { ...predicted, type: ['number', 'null'] } },
    flags: { type: 'array', items: { type: 'array', items: { type: 'string' } } },
    model: { type: 'string' },
    version: { type: 'integer' },
    stage: { type: 'string', enum: STAGES },
  }
  const ends = { type: 'array', items: { ...ENDS, type: ['array', 'null'] } }
  return objectOf({ ...always, [intervalsKey(replyKey)]: intervalsOf(ends) }, Object.keys(always))
}

/** The lower and the upper end of an interval. */
const ENDS: JsonSchema = { type: 'array', items: { type: 'number' }, minItems: 2, maxItems: 2 }

/** Intervals by their level. */
function intervalsOf(ends: JsonSchema): JsonSchema {
  return {
    type: ['object', 'null'],
    description:
      'Only with intervals=true: lower and upper end, by how many of a hundred rows are to be within; null where the version has none',
    properties: Object.fromEntries(INTERVAL_LEVELS.map((level) => [level, ends])),
  }
}

const FAULT = objectOf({
  type: { type: 'string' },
  loc: { type: 'array', items: { type: ['string', 'integer'] } },
  msg: { type: 'string' },
  input: {},
})
const FAULTS = objectOf({ detail: { anyOf: [{ type: 'string' }, { type: 'array', items: FAULT }] } })

function said(description: string): ApiRoute['responses'][number] {
  return { description, content: json(objectOf({ detail: { type: 'string' } })) }
}

function json(schema: JsonSchema): ApiContent {
  return { 'application/json': { schema } }
}

function objectOf(
  properties: Readonly<Record<string, JsonSchema>>,
  required: readonly string[] = Object.keys(properties),
): JsonSchema {
  return { type: 'object', properties, required }
}
