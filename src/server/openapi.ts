// The server's interface as an OpenAPI 3.1 document, made from the shapes that read its requests.
import { z } from 'zod'
import type { ApiParameter, ApiRoute } from './api-route.ts'
import { type JsonSchema, jsonSchemaOf } from './json-schema.ts'
import type { MlflowRoute } from './mlflow-route.ts'
import { MLFLOW_VERSION } from './server-info.ts'

const ANSWERS: ApiRoute['responses'] = {
  200: {
    description: 'What was asked for; {} after a change',
    content: { 'application/json': { schema: { type: 'object' } } },
  },
  400: refused('The request is not right'),
  404: refused('What it speaks of is not there'),
}
const TOO_LARGE: ApiRoute['responses'] = { 413: refused('The body is too large') }

/** The operations of MLflow's interface. Those that MLflow's own pages call are also there under `/ajax-api`, and not told twice. */
export function mlflowApi(routes: readonly MlflowRoute[]): readonly ApiRoute[] {
  return routes.map((route) => {
    const { method, path, version = '2.0', onlyAjax = false, summary, request } = route
    const schema = jsonSchemaOf(request)
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
    const properties = propertiesOf(schema)
    const parameters = inPath.map((name) => parameter(name, 'path', true, properties[name]))
    const told = {
      method,
      path: `/${onlyAjax ? 'ajax-api' : 'api'}/${version}/mlflow/${path}`,
      tag: tagOf(path),
      summary,
    }
    const required = requiredOf(schema)
    const others = Object.entries(properties).filter(([name]) => !inPath.includes(name))
    if (method === 'GET') {
      const inQuery = others.map(([name, one]) => parameter(name, 'query', required.includes(name), one))
      return { ...told, parameters: [...parameters, ...inQuery], responses: ANSWERS }
    }
    const body = {
      type: 'object',
      properties: Object.fromEntries(others),
      required: required.filter((name) => !inPath.includes(name)),
    }
    const content = { 'application/json': { schema: body } }
    const isRequired = method === 'POST' || method === 'PUT' || body.required.length > 0
    return { ...told, parameters, body: { required: isRequired, content }, responses: { ...ANSWERS, ...TOO_LARGE } }
  })
}

/** The whole document. */
export function openApiDocument(routes: readonly ApiRoute[], version: string): JsonSchema {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const { method, path, tag, summary, parameters = [], body, responses } of routes) {
    paths[path] ??= {}
    paths[path][method.toLowerCase()] = {
      operationId: operationId(method, path),
      tags: [tag],
      summary,
      ...(parameters.length === 0 ? {} : { parameters }),
      ...(body === undefined ? {} : { requestBody: body }),
      responses,
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Understudy',
      version,
      description: `MLflow's REST interface (as of ${MLFLOW_VERSION}) and predictions. Operations below /api are also there below /ajax-api.`,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: { schemas: { MlflowError: MLFLOW_ERROR } },
  }
}

const MLFLOW_ERROR = {
  type: 'object',
  properties: {
    error_code: { type: 'string' },
    message: { type: 'string' },
    sqlstate: { type: 'string' },
    error_class: { type: 'string' },
  },
  required: ['error_code', 'message'],
}

function refused(description: string): ApiRoute['responses'][number] {
  return { description, content: { 'application/json': { schema: { $ref: '#/components/schemas/MlflowError' } } } }
}

function parameter(name: string, place: ApiParameter['in'], required: boolean, schema: JsonSchema = {}): ApiParameter {
  return { name, in: place, required, schema }
}

function propertiesOf({ properties }: JsonSchema): Readonly<Record<string, JsonSchema>> {
  return z.record(z.string(), z.record(z.string(), z.unknown())).catch({}).parse(properties)
}

function requiredOf({ required }: JsonSchema): readonly string[] {
  return z.array(z.string()).catch([]).parse(required)
}

/** `registered-models/get` stands under "Registered models". */
function tagOf(path: string): string {
  const [group = ''] = path.split('/')
  const words = group.replaceAll('-', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

function operationId(method: string, path: string): string {
  return `${method.toLowerCase()}${path.replace(/[^a-z0-9]+/gi, '_')}`.replace(/_$/, '')
}
