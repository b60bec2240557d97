import { mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { diskArtifacts } from '../artifacts/disk.ts'
import type { Database } from '../database/port.ts'
import { openStore } from '../tracking/open-store.ts'
import type { TrackingSchema } from '../tracking/schema.ts'
import { type Addresses, openAddresses } from './addresses.ts'
import { checkedArtifactLocation as check } from './artifact-location.ts'

let scratch = ''
let addresses: Addresses
let database: Database<TrackingSchema>

beforeAll(async () => {
  scratch = await realpath(await mkdtemp(join(tmpdir(), 'understudy-location-')))
  await mkdir(join(scratch, 'runs/deep'), { recursive: true })
  await mkdir(join(scratch, 'outside'))
  await symlink(join(scratch, 'outside'), join(scratch, 'runs/out'))
  await symlink('deep', join(scratch, 'runs/in'))
  await symlink(join(scratch, 'runs'), join(scratch, 'alias'))
  const root = join(scratch, 'runs')
  addresses = openAddresses(diskArtifacts(join(scratch, 'served')), root, {
    rootArtifacts: diskArtifacts(root),
  })
  database = await openStore(join(scratch, 'mlflow.db'), { nowMs: 1, defaultLocation: 'mlflow-artifacts:/0' })
})
afterAll(async () => {
  await database[Symbol.asyncDispose]()
  await rm(scratch, { recursive: true, force: true })
})

const checkedArtifactLocation = (location: string, addresses: Addresses): Promise<string> =>
  check(location, { addresses, database })

const refused = (message: string) =>
  expect.objectContaining({ code: 'INVALID_PARAMETER_VALUE', message: expect.stringContaining(message) })
const HOST = "scheme addresses a host other than the tracking server's configured artifact storage"

test.each([
  ['s3://bucket/a#b', "'artifact_location' URL can't include fragments or params."],
  ['mlflow-artifacts:/a#b', "'artifact_location' URL can't include fragments or params."],
  ['mlflow-artifacts:/a;b', "'artifact_location' URL can't include fragments or params."],
  ['/a;b', "'artifact_location' URL can't include fragments or params."],
  ['http://host/a;b', "'artifact_location' URL can't include fragments or params."],
  ['s3://bucket/a?x=../b', 'Invalid query string'],
  ['s3://bucket/a?x=%2e%2e/b', 'Invalid query string'],
  ['s3://bucket/a?x=%25252e%25252e/b', 'Invalid query string'],
  ['runs:/1/a', "Artifact location cannot be a runs:/ URI. Given: 'runs:/1/a'"],
  ['http://host/a', `'artifact_location' cannot use the 'http' scheme: the 'http' ${HOST}`],
  ['HTTPS://host/a', `'artifact_location' cannot use the 'https' scheme: the 'https' ${HOST}`],
  ['ftp://host/a', HOST],
  ['sftp://host/a', HOST],
  ['hdfs://host/a', HOST],
  ['hdfs:///a', HOST],
  ['viewfs://host/a', HOST],
  ['abfss://files@account.host/a', HOST],
  ['r2://bucket@host/a', HOST],
  ['b2://bucket@host/a', HOST],
  ['mlflow-artifacts://host:1/a', `'artifact_location' cannot use the 'mlflow-artifacts' scheme`],
  [
    `s3://bucket/${'a'.repeat(2048)}`,
    'Invalid artifact path length. The length of the artifact path cannot be greater than 2048',
  ],
  ['models:/m/1', 'Invalid artifact location'],
  ['javascript:alert(1)', 'Invalid artifact location'],
  [' file:///etc', 'Invalid artifact location'],
  ['file:///e\ntc', 'Invalid artifact location'],
])('refuses %s in the words of MLflow', async (location, message) => {
  await expect(checkedArtifactLocation(location, addresses)).rejects.toThrow(refused(message))
})

test.each([
  '/etc',
  'file:///etc',
  'FILE:///etc',
  'file:/etc',
  'file:etc',
  'file://host/a',
  'my_location',
  './a',
  '../a',
  'C:\\a',
  'c:/a',
  'mlflow-artifacts:/../../etc',
  'mlflow-artifacts:/a/../b',
  'mlflow-artifacts:/%2e%2e/etc',
  'mlflow-artifacts:/%252e%252e/etc',
  'mlflow-artifacts:/a\\..\\b',
  'mlflow-artifacts:/.partial/x',
  'mlflow-artifacts:../etc',
])('refuses %s, which MLflow takes', async (location) => {
  await expect(checkedArtifactLocation(location, addresses)).rejects.toThrow(
    refused('below its own artifact roots only'),
  )
})

test('folders of this machine are taken below the roots only, links followed', async () => {
  const take = (path: string) => checkedArtifactLocation(join(scratch, path), addresses)
  const takeUri = (path: string) => checkedArtifactLocation(pathToFileURL(join(scratch, path)).href, addresses)
  expect(await take('runs/a')).toBe(join(scratch, 'runs/a'))
  expect(await take('runs/in/a')).toBe(join(scratch, 'runs/in/a'))
  expect(await takeUri('runs/a b')).toBe(pathToFileURL(join(scratch, 'runs/a b')).href)
  expect(await takeUri('served/a')).toBe(pathToFileURL(join(scratch, 'served/a')).href)
  for (const path of ['runs/out', 'runs/out/a', 'outside/a', 'runs-not/a', '']) {
    await expect(take(path), path).rejects.toThrow(refused('artifact roots'))
    await expect(takeUri(path), path).rejects.toThrow(refused('artifact roots'))
  }
  await expect(checkedArtifactLocation(`${scratch}/runs/../outside`, addresses)).rejects.toThrow(refused('roots'))
  await expect(checkedArtifactLocation(`file://${scratch}/runs/%2e%2e/outside`, addresses)).rejects.toThrow(
    refused('roots'),
  )
  await expect(checkedArtifactLocation(`file://${scratch}/runs/a?b`, addresses)).rejects.toThrow(refused('roots'))
})

test('a root that is reached by a link has both names', async () => {
  const linked = openAddresses(diskArtifacts(join(scratch, 'served')), join(scratch, 'alias'), {
    rootArtifacts: diskArtifacts(join(scratch, 'alias')),
  })
  for (const name of ['alias', 'runs']) {
    const location = join(scratch, name, 'a')
    expect(await checkedArtifactLocation(location, linked)).toBe(location)
  }
})

test.each([
  'mlflow-artifacts:/team/a',
  'mlflow-artifacts:/',
  's3://bucket/a',
  's3://bucket/a?versionId=1',
  's3a://bucket/a;b',
  'gs://bucket/a',
  'wasbs://box@account.blob.core.windows.net/a',
  'dbfs:/a',
])('takes %s as it is', async (location) => {
  expect(await checkedArtifactLocation(location, addresses)).toBe(location)
})

test("the host of the server's own default root may be named", async () => {
  const own = openAddresses(diskArtifacts(join(scratch, 'served')), 'hdfs://name:9000/runs')
  expect(await checkedArtifactLocation('viewfs://NAME:9000/other', own)).toBe('viewfs://NAME:9000/other')
  for (const other of ['hdfs://name:9001/a', 'hdfs://name/a', 'hdfs://name.evil:9000/a', 'hdfs://name:9000\\@evil/a']) {
    await expect(checkedArtifactLocation(other, own), other).rejects.toThrow(refused(HOST))
  }
  const http = openAddresses(diskArtifacts(join(scratch, 'served')), 'http://host/api/2.0/mlflow-artifacts/artifacts')
  expect(await checkedArtifactLocation('http://host:80/a', http)).toBe('http://host:80/a')
  await expect(checkedArtifactLocation('https://host/a', http)).rejects.toThrow(refused(HOST))
})
