// Where the files of a new version may lie: within the run that is named with them, however the address is spelt.
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { diskArtifacts } from '../artifacts/disk.ts'
import { openEmbeddedTracking } from '../tracking/embedded.ts'
import { newRun, newVersion, refused } from './registry-bed.ts'
import { local, openSourceBed, outside, relative, type SourceBed, WAYS_OUT } from './source-bed.ts'

let bed: SourceBed
afterEach(async () => bed[Symbol.asyncDispose]())

describe('an address that goes through the server', () => {
  test('is taken with the run that it lies in', async () => {
    bed = await openSourceBed(diskArtifacts)
    for (const path of ['', '/model', '/model/', '//model///x', '/a%20b', '/..../x', '/a;b']) {
      const source = `${bed.run.artifact_uri}${path}`
      expect(await bed.create({ source, run_id: bed.run.run_id })).toMatchObject({
        status: 200,
        body: { model_version: { source } },
      })
      expect(await bed.create({ source })).toEqual(outside(source))
      expect(await bed.create({ source, run_id: (await newRun(bed)).run_id })).toEqual(outside(source))
      expect(await bed.create({ source, run_id: 'nobody' })).toEqual(outside(source))
    }
  })

  test('is refused where it leads out, in any spelling', async () => {
    bed = await openSourceBed(diskArtifacts)
    for (const way of WAYS_OUT) {
      const source = `${bed.run.artifact_uri}${way}`
      expect(await bed.create({ source, run_id: bed.run.run_id }), source).toEqual(relative(source))
    }
    const above = bed.run.artifact_uri.replace('/artifacts', '')
    for (const source of [
      above,
      `${bed.run.artifact_uri}x`,
      'mlflow-artifacts:/0',
      `${bed.run.artifact_uri}?a=b`,
      `${bed.run.artifact_uri}#x`,
    ]) {
      expect(await bed.create({ source, run_id: bed.run.run_id }), source).toEqual(outside(source))
    }
    for (const source of ['mlflow-artifacts:/', 'mlflow-artifacts:', 'mlflow-artifacts:x']) {
      expect(await bed.create({ source, run_id: bed.run.run_id }), source).toEqual(relative(source))
    }
  })

  test('is found whichever way the run was stored: by its folder, by the lifecycle, or through the server', async () => {
    bed = await openSourceBed(diskArtifacts)
    const { databasePath, artifacts, clock } = bed
    await using tracking = await openEmbeddedTracking({ databasePath, artifacts, clock, user: 'tester' })
    const own = await tracking.startRun({ experimentId: '0', name: 'own' })
    await tracking.logArtifact(own.id, 'model/model.onnx', Uint8Array.of(7))
    await artifacts.put(`0/${bed.run.run_id}/artifacts/model/model.onnx`, Uint8Array.of(8))
    const sources = [
      [`mlflow-artifacts:/0/${own.id}/artifacts/model`, own.id, 7],
      [`${own.artifactUri}/model`, own.id, 7],
      [`runs:/${own.id}/model`, own.id, 7],
      [`${bed.run.artifact_uri}/model`, bed.run.run_id, 8],
      [`${bed.run.artifact_uri}//model/`, bed.run.run_id, 8],
      [`runs:/${bed.run.run_id}/model`, bed.run.run_id, 8],
    ] as const
    for (const [source, run_id, byte] of sources) {
      const { version } = await newVersion(bed, 'one', { source, run_id })
      expect(await tracking.readModelFile('one', Number(version), 'model.onnx'), source).toEqual(Uint8Array.of(byte))
    }
  })
})

describe('a path on this machine', () => {
  test('is taken as path or file: address, within the folder of its run', async () => {
    bed = await openSourceBed(diskArtifacts, { rootIsFolder: true })
    const folder = fileURLToPath(bed.run.artifact_uri)
    for (const source of [
      bed.run.artifact_uri,
      `${bed.run.artifact_uri}/model`,
      `${bed.run.artifact_uri}/.`,
      `${bed.run.artifact_uri}/model/..`,
      bed.run.artifact_uri.replace('file://', 'file://localhost'),
      folder,
      `${folder}/a%20b`,
    ]) {
      expect(await bed.create({ source, run_id: bed.run.run_id }), source).toMatchObject({ status: 200 })
      expect(await bed.create({ source }), source).toEqual(local(source))
    }
  })

  test('is refused where it leads out, in any spelling, and where a link leads out', async () => {
    bed = await openSourceBed(diskArtifacts, { rootIsFolder: true })
    const folder = fileURLToPath(bed.run.artifact_uri)
    const outsideIt = [
      ...['/etc', '/', 'etc', '', '~'].map((path) => `file:${path === '' ? '///' : path}`),
      '/etc/passwd',
      'file:///proc/self/environ',
      'file://./etc',
      `${folder}x`,
      ...['/..', '/a/../../x', '/%2e%2e/x', '/%252e%252e/x', '/..%2fx', '/a%00', '/a\\..\\x'].flatMap((way) => [
        `${folder}${way}`,
        `${bed.run.artifact_uri}${way}`,
      ]),
    ]
    for (const source of outsideIt) {
      const answer = await bed.create({ source, run_id: bed.run.run_id })
      expect(answer, source).toMatchObject({ status: 400, body: { error_code: 'INVALID_PARAMETER_VALUE' } })
      expect(answer.body, source).toMatchObject({ message: expect.stringContaining('To use a local path') })
    }
    const secret = join(bed.folder, 'secret')
    await mkdir(secret)
    await writeFile(join(secret, 'model.onnx'), 'x')
    await mkdir(folder, { recursive: true })
    await symlink(secret, join(folder, 'link'))
    for (const source of [`${folder}/link`, `${bed.run.artifact_uri}/link/model.onnx`, `${folder}/link/not-there`]) {
      expect(await bed.create({ source, run_id: bed.run.run_id }), source).toMatchObject({ status: 400 })
    }
  })

  test('is refused for a run whose files go through the server', async () => {
    bed = await openSourceBed(diskArtifacts)
    expect(await bed.create({ source: '/etc/passwd', run_id: bed.run.run_id })).toEqual(local('/etc/passwd'))
    expect(await bed.create({ source: 'file:///etc', run_id: bed.run.run_id })).toEqual(local('/etc'))
    expect(await bed.create({ source: 'file:///etc' })).toEqual(local('file:///etc'))
    const served = bed.artifacts.uri(`0/${bed.run.run_id}/artifacts`)
    expect(await bed.create({ source: served, run_id: bed.run.run_id })).toMatchObject({ status: 400 })
  })

  test("is none on another machine; MLflow's tests want a server's error there", async () => {
    bed = await openSourceBed(diskArtifacts)
    const answer = await bed.create({ source: 'file://123.456.789.123/path', run_id: bed.run.run_id })
    expect(answer).toMatchObject({
      status: 500,
      body: { message: expect.stringContaining('is not a valid remote uri') },
    })
  })
})

describe('an address elsewhere', () => {
  test('in an object store is taken as it is, unless it hides a way', async () => {
    bed = await openSourceBed(diskArtifacts)
    for (const source of [
      's3://b/x',
      'gs://b/x',
      'dbfs:/x/y',
      's3://b//x/',
      'wasbs://c@a.blob/x',
      'S3://b/x',
      'custom://h/x',
    ]) {
      expect(await bed.create({ source }), source).toMatchObject({ status: 200, body: { model_version: { source } } })
    }
    for (const way of WAYS_OUT)
      expect(await bed.create({ source: `gs://b${way}` }), way).toEqual(relative(`gs://b${way}`))
    for (const source of ['s3://b', 's3:b', 's3://b/x/..?y', 'C:\\x'])
      expect(await bed.create({ source }), source).toEqual(relative(source))
  })

  test.each(['http', 'https', 'ftp', 'sftp', 'hdfs', 'viewfs', 'r2', 'b2', 'abfss', 'mlflow-artifacts'])(
    'at a host by %s: is refused, since the server would ask that host',
    async (scheme) => {
      bed = await openSourceBed(diskArtifacts)
      const source = `${scheme}://host:9000/0/${bed.run.run_id}/artifacts`
      expect(await bed.create({ source, run_id: bed.run.run_id })).toMatchObject({
        status: 400,
        body: { message: expect.stringContaining(`'source' cannot use the '${scheme}' scheme`) },
      })
    },
  )

  test('longer than the column holds is refused in words', async () => {
    bed = await openSourceBed(diskArtifacts)
    const source = `s3://b/${'x'.repeat(494)}`
    expect(await bed.create({ source })).toEqual(refused(400, "'source' exceeds the maximum length of 500 characters"))
    expect(await bed.create({ source: source.slice(0, 500) })).toMatchObject({ status: 200 })
  })
})

describe('runs:/', () => {
  test('is taken with the run it names', async () => {
    bed = await openSourceBed(diskArtifacts)
    const source = `runs:/${bed.run.run_id}/model`
    expect(await bed.create({ source, run_id: bed.run.run_id })).toMatchObject({ status: 200 })
    for (const fields of [
      { source },
      { source, run_id: 'other' },
      { source: `runs://${bed.run.run_id}/x`, run_id: bed.run.run_id },
    ]) {
      expect(await bed.create(fields), fields.source).toEqual(outside(fields.source))
    }
    expect(await bed.create({ source, model_id: bed.model.info.model_id })).toEqual(outside(source, 'model_id'))
  })
})
