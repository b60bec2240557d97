import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { adviceOn, databaseFile, withEnvironment } from './serve-options.ts'

const choose = (options = {}, environment = {}) => withEnvironment({ insecure: false, ...options }, environment)

test('the command line wins over the variables of mlflow server, and those over the defaults', () => {
  expect(choose()).toMatchObject({ host: '127.0.0.1', port: 5000, allowedHosts: undefined })
  const environment = {
    MLFLOW_HOST: 'localhost',
    MLFLOW_PORT: '5001',
    MLFLOW_BACKEND_STORE_URI: 'sqlite:///a.db',
    MLFLOW_DEFAULT_ARTIFACT_ROOT: '/roots',
    MLFLOW_ARTIFACTS_DESTINATION: '/files',
    MLFLOW_SERVER_ALLOWED_HOSTS: 'a.example, b.example',
    MLFLOW_SERVER_CORS_ALLOWED_ORIGINS: 'https://a.example',
  }
  expect(choose({}, environment)).toEqual({
    host: 'localhost',
    port: 5001,
    backendStoreUri: 'sqlite:///a.db',
    defaultArtifactRoot: '/roots',
    artifactsDestination: '/files',
    allowedHosts: ['a.example', 'b.example'],
    corsAllowedOrigins: ['https://a.example'],
    insecure: false,
  })
  const typed = { host: '::1', port: 7, backendStoreUri: 'sqlite:///b.db', allowedHosts: ['c.example'] }
  expect(choose(typed, environment)).toMatchObject(typed)
  expect(choose({}, { MLFLOW_HOST: ' ', MLFLOW_PORT: '' })).toMatchObject({ host: '127.0.0.1', port: 5000 })
  expect(() => choose({}, { MLFLOW_PORT: 'five' })).toThrow('MLFLOW_PORT is "five"')
  expect(() => choose({}, { MLFLOW_PORT: '70000' })).toThrow('MLFLOW_PORT is "70000"')
})

test.each(['0.0.0.0', '::', '192.168.0.7', 'box.example', '128.0.0.1', '0', 'localhost.example', '2130706433'])(
  'listening on %s is refused unless it is said that it may, and why',
  (host) => {
    const refused = expect.objectContaining({
      code: 'BAD_INPUT',
      what: `the server does not listen on ${host}`,
      next: expect.stringContaining('--insecure'),
    })
    expect(() => adviceOn(choose({ host }))).toThrow(refused)
    expect(() => adviceOn(choose({ host }))).toThrow('there are no accounts yet')
    expect(adviceOn(choose({ host, insecure: true })).join('\n')).toContain('may read, change and delete everything')
  },
)

test.each(['127.0.0.1', '127.0.0.2', '::1', 'localhost'])(
  'listening on %s needs no leave, and nothing is said',
  (host) => {
    expect(adviceOn(choose({ host }))).toEqual([])
  },
)

test('who listens everywhere is told by which names clients may call the server', () => {
  expect(adviceOn(choose({ host: '0.0.0.0', insecure: true })).join('\n')).toContain(hostname())
  expect(adviceOn(choose({ allowedHosts: ['*'], corsAllowedOrigins: ['*'] }))).toHaveLength(2)
})

test('a store is named as SQLAlchemy has it', () => {
  expect(databaseFile('sqlite:///mlflow.db')).toBe(resolve('mlflow.db'))
  expect(databaseFile('sqlite:////var/lib/mlflow.db')).toBe('/var/lib/mlflow.db')
  for (const uri of [
    'sqlite://',
    'sqlite:///',
    'sqlite:///:memory:',
    'sqlite:///a.db?mode=ro',
    'mlflow.db',
    'file:///mlruns',
    './mlruns',
  ]) {
    expect(() => databaseFile(uri)).toThrow(`the store ${uri} cannot be opened`)
  }
  expect(() => databaseFile('postgresql+psycopg2://me:secret@db/mlflow')).toThrow(
    expect.objectContaining({
      what: 'the store postgresql+psycopg2://me:…@db/mlflow cannot be opened',
      why: expect.stringContaining('PostgreSQL comes with a later version'),
    }),
  )
})
