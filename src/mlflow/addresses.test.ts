import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { diskArtifacts } from '../artifacts/disk.ts'
import { memoryArtifacts } from '../artifacts/memory.ts'
import { openAddresses } from './addresses.ts'

let scratch = ''
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'understudy-addresses-'))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

const RUN = '0123456789abcdef0123456789abcdef'
const served = diskArtifacts('/srv/art #é')

test('new experiments lie in the served store by addresses that go through the server', () => {
  expect(openAddresses(served, null).experimentLocation('7')).toBe('mlflow-artifacts:/7')
  expect(openAddresses(served, 'mlflow-artifacts:/').experimentLocation('7')).toBe('mlflow-artifacts:/7')
  expect(openAddresses(served, 'mlflow-artifacts:/team/').experimentLocation('7')).toBe('mlflow-artifacts:/team/7')
})

test('a default root that is a folder or a store in a cloud is written as it was given', () => {
  const root = diskArtifacts('/runs')
  expect(openAddresses(served, '/runs', { rootArtifacts: root }).experimentLocation('7')).toBe('/runs/7')
  expect(openAddresses(served, 'file:///runs/', { rootArtifacts: root }).experimentLocation('7')).toBe('file:///runs/7')
  expect(openAddresses(served, 's3://bucket/x').experimentLocation('7')).toBe('s3://bucket/x/7')
})

test('a file in the served store is shown to clients by an address that goes through the server, and that leads back to it', () => {
  const addresses = openAddresses(served, null)
  for (const [path, shown] of [
    ['', 'mlflow-artifacts:/'],
    [`1/${RUN}/artifacts/model`, `mlflow-artifacts:/1/${RUN}/artifacts/model`],
    ['epoch:3/日本', 'mlflow-artifacts:/epoch:3/日本'],
    ['a b', 'mlflow-artifacts:/a%20b'],
    ['100%/x?y', 'mlflow-artifacts:/100%25/x%3Fy'],
  ] as const) {
    expect(addresses.shown(served.uri(path)), path).toBe(shown)
    expect(addresses.pathOf(shown), path).toBe(path)
    expect(addresses.place(shown), path).toEqual({ artifacts: served, path })
  }
})

test('what lies elsewhere is shown as it is, and the server does not hold it', () => {
  const addresses = openAddresses(served, null)
  for (const uri of [
    's3://bucket/a',
    'file:///etc/passwd',
    '/etc/passwd',
    'models:/m-1',
    'mlflow-artifacts://other-host/a',
    'mlflow-artifacts:/../a',
    'mlflow-artifacts:/%252e%252e/a',
    'mlflow-artifacts:/.partial/../../a',
    'https://host/a',
    '',
  ]) {
    expect(addresses.shown(uri), uri).toBe(uri)
    expect(addresses.place(uri), uri).toBeNull()
  }
})

test('the spellings that servers of MLflow have handed out stand for the served store', () => {
  const { pathOf } = openAddresses(served, null)
  for (const uri of [
    'mlflow-artifacts:/1/x',
    'mlflow-artifacts:///1/x',
    'mlflow-artifacts:/1//x/',
    'http://any-host:5000/api/2.0/mlflow-artifacts/artifacts/1/x',
    'https://host/behind/api/2.0/mlflow-artifacts/artifacts/1/x',
  ]) {
    expect(pathOf(uri), uri).toBe('1/x')
  }
})

test('clients reach a default root by its own address, also if it lies within the served store', () => {
  const root = diskArtifacts('/srv/runs')
  const addresses = openAddresses(diskArtifacts('/srv'), '/srv/runs', { rootArtifacts: root })
  expect(addresses.shown('/srv/runs/1/x')).toBe('/srv/runs/1/x')
  expect(addresses.shown('file:///srv/runs/1/x')).toBe('file:///srv/runs/1/x')
  expect(addresses.shown('/srv/other/x')).toBe('mlflow-artifacts:/other/x')
  const apart = openAddresses(served, '/srv/runs', { rootArtifacts: root })
  expect(apart.place('file:///srv/runs/1/x')).toEqual({ artifacts: root, path: '1/x' })
  expect(apart.pathOf('file:///srv/runs/1/x')).toBeNull()
})

test("a run's files are found in a store that was moved since, if they are there", async () => {
  const store = diskArtifacts(join(scratch, 'here'))
  const path = `1/${RUN}/artifacts`
  await store.put(`${path}/model`, Uint8Array.of(1))
  const addresses = openAddresses(store, null)
  const before = pathToFileURL(join(scratch, 'before', path)).href
  expect(addresses.shown(before)).toBe(`mlflow-artifacts:/${path}`)
  expect(addresses.place(before)).toEqual({ artifacts: store, path })
  expect(addresses.placeNow(before)).toBeNull()
  const absent = pathToFileURL(join(scratch, 'before', `2/${RUN}/artifacts`)).href
  expect(addresses.shown(absent)).toBe(absent)
})

test('a store that is no folder moves nowhere', () => {
  const addresses = openAddresses(memoryArtifacts(), null)
  expect(addresses.shown(`file:///before/1/${RUN}/artifacts`)).toBe(`file:///before/1/${RUN}/artifacts`)
})

test('folders that a server of MLflow kept artifacts in are read, and nothing but folders', () => {
  const opened: string[] = []
  const openFolder = (folder: string) => {
    opened.push(folder)
    return memoryArtifacts()
  }
  const addresses = openAddresses(served, null, { openFolder })
  for (const uri of ['/mlruns/0/r/artifacts', 'file:///mlruns/0/r/artifacts/', 'file:///ml%20runs/0']) {
    expect(addresses.placeToRead(uri)?.path, uri).toBe('')
    expect(addresses.place(uri), uri).toBeNull()
  }
  expect(opened).toEqual(['/mlruns/0/r/artifacts', '/mlruns/0/r/artifacts', '/ml runs/0'])
  for (const uri of [
    'mlruns/0',
    'dummy-source',
    '/a/../b',
    'file:///a/%2e%2e/b',
    'file:///a?b',
    'file://host/a',
    's3://b/a',
    '',
  ]) {
    expect(addresses.placeToRead(uri), uri).toBeNull()
  }
  expect(openAddresses(served, null).placeToRead('/mlruns/0')).toBeNull()
})
