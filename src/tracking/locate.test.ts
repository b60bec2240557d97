import { expect, test } from 'vitest'
import { memoryArtifacts } from '../artifacts/memory.ts'
import { locate } from './locate.ts'

const artifacts = memoryArtifacts()
const RUN = '0123456789abcdef0123456789abcdef'
const MODEL = `m-${RUN}`

test.each([
  [artifacts.uri('1/x'), '1/x'],
  [`mlflow-artifacts:/1/${RUN}/artifacts/model`, `1/${RUN}/artifacts/model`],
  [`mlflow-artifacts:/1/models/${MODEL}/artifacts`, `1/models/${MODEL}/artifacts`],
  [`mlflow-artifacts:///1/models/${MODEL}/artifacts/`, `1/models/${MODEL}/artifacts`],
  ['mlflow-artifacts:/any//where/a%20b/', 'any/where/a b'],
  [`mlflow-artifacts://host:5000/1/${RUN}/artifacts`, `1/${RUN}/artifacts`],
  [`file:///gone/mlruns/1/${RUN}/artifacts/a%20b`, `1/${RUN}/artifacts/a b`],
  [`/gone/1/models/${MODEL}/artifacts/a%20b`, `1/models/${MODEL}/artifacts/a%20b`],
])('%s is found', (uri, path) => {
  expect(locate(artifacts, uri, 'it')).toBe(path)
})

test.each([
  's3://bucket/model',
  'mlflow-artifacts:/',
  'mlflow-artifacts:/../x',
  'mlflow-artifacts:/a/%2e%2e/x',
  'mlflow-artifacts:/a/%zz',
  'mlflow-artifacts://host:5000/elsewhere',
  'models:/m-1',
  '/etc/passwd',
  'REDACTED-SOURCE-PATH',
  '',
])('%j lies elsewhere', (uri) => {
  expect(() => locate(artifacts, uri, 'the model')).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
})
