// Where the files of a new version may lie: within the run or the logged model that is named with them, however the address is spelt.
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { diskArtifacts } from '../artifacts/disk.ts'
import { openEmbeddedTracking } from '../tracking/embedded.ts'
import type { WireLoggedModel, WireModelVersion, WireRunInfo } from '../tracking/wire.ts'
import { granted, newModel, newRun, newVersion, notFound, refused } from './registry-bed.ts'
import { type Answer, openServerBed, type ServerBed } from './server-bed.ts'

let bed: ServerBed
let run: WireRunInfo
let model: WireLoggedModel

async function open(rootIsFolder = false): Promise<void> {
  bed = await openServerBed({ artifactsIn: diskArtifacts, rootIsFolder })
  await newModel(bed, 'one')
  run = await newRun(bed)
  const body = { experiment_id: '0', name: 'logged', source_run_id: run.run_id }
  model = (await granted(bed, 'POST', 'logged-models', body)).model
}
afterEach(async () => bed[Symbol.asyncDispose]())

const create = (fields: object): Promise<Answer> => bed.ask('POST', 'model-versions/create', { name: 'one', ...fields })
const relative = (source: string) =>
  refused(
    400,
    `Invalid model version source: '${source}'. If supplying a source as an http, https, local file path, ftp, objectstore, or mlflow-artifacts uri, an absolute path must be provided without relative path references present. Please provide an absolute path.`,
  )
const outside = (source: string, field = 'run_id') =>
  refused(
    400,
    `Invalid model version source: '${source}'. The ${field} request parameter must identify the resource that contains the source.`,
  )
const local = (source: string, field = 'run_id', owner = 'run') =>
  refused(
    400,
    `Invalid model version source: '${source}'. To use a local path as a model version source, the ${field} request parameter has to be specified and the local path has to be contained within the artifact directory of the ${owner} specified by the ${field}.`,
  )

/** Every way out of a folder that has been tried on servers like this one, to be put behind an address. */
const WAYS_OUT = [
  '/..',
  '/../x',
  '/a/../../x',
  '/%2e%2e/x',
  '/%2E%2e/x',
  '/.%2e/x',
  '/%252e%252e/x',
  '/%25252e%25252e/x',
  '/..%2fx',
  '/..%252fx',
  '/%2%0952e%2%0952e/x',
  '/a%00',
  '/a\\..\\..\\x',
  '/a%5c..%5cx',
  '/a%255c..%255cx',
  '/./x',
  '/%2e/x',
  '/a\n',
]

describe('an address that goes through the server', () => {
  test('is taken with the run that it lies in', async () => {
    await open()
    for (const path of ['', '/model', '/model/', '//model///x', '/a%20b', '/..../x', '/a;b']) {
      const source = `${run.artifact_uri}${path}`
      expect(await create({ source, run_id: run.run_id })).toMatchObject({
        status: 200,
        body: { model_version: { source } },
      })
      expect(await create({ source })).toEqual(outside(source))
      expect(await create({ source, run_id: (await newRun(bed)).run_id })).toEqual(outside(source))
      expect(await create({ source, run_id: 'nobody' })).toEqual(outside(source))
    }
  })

  test('is refused where it leads out, in any spelling', async () => {
    await open()
    for (const way of WAYS_OUT) {
      const source = `${run.artifact_uri}${way}`
      expect(await create({ source, run_id: run.run_id }), source).toEqual(relative(source))
    }
    const above = run.artifact_uri.replace('/artifacts', '')
    for (const source of [
      above,
      `${run.artifact_uri}x`,
      'mlflow-artifacts:/0',
      `${run.artifact_uri}?a=b`,
      `${run.artifact_uri}#x`,
    ]) {
      expect(await create({ source, run_id: run.run_id }), source).toEqual(outside(source))
    }
    for (const source of ['mlflow-artifacts:/', 'mlflow-artifacts:', 'mlflow-artifacts:x']) {
      expect(await create({ source, run_id: run.run_id }), source).toEqual(relative(source))
    }
  })

  test('is found whichever way the run was stored: by its folder, by the lifecycle, or through the server', async () => {
    await open()
    const { databasePath, artifacts, clock } = bed
    await using tracking = await openEmbeddedTracking({ databasePath, artifacts, clock, user: 'tester' })
    const own = await tracking.startRun({ experimentId: '0', name: 'own' })
    await tracking.logArtifact(own.id, 'model/model.onnx', Uint8Array.of(7))
    await artifacts.put(`0/${run.run_id}/artifacts/model/model.onnx`, Uint8Array.of(8))
    const sources = [
      [`mlflow-artifacts:/0/${own.id}/artifacts/model`, own.id, 7],
      [`${own.artifactUri}/model`, own.id, 7],
      [`runs:/${own.id}/model`, own.id, 7],
      [`${run.artifact_uri}/model`, run.run_id, 8],
      [`${run.artifact_uri}//model/`, run.run_id, 8],
      [`runs:/${run.run_id}/model`, run.run_id, 8],
    ] as const
    for (const [source, run_id, byte] of sources) {
      const { version } = await newVersion(bed, 'one', { source, run_id })
      expect(await tracking.readModelFile('one', Number(version), 'model.onnx'), source).toEqual(Uint8Array.of(byte))
    }
  })
})

describe('a path on this machine', () => {
  test('is taken as path or file: address, within the folder of its run', async () => {
    await open(true)
    const folder = fileURLToPath(run.artifact_uri)
    for (const source of [
      run.artifact_uri,
      `${run.artifact_uri}/model`,
      `${run.artifact_uri}/.`,
      `${run.artifact_uri}/model/..`,
      run.artifact_uri.replace('file://', 'file://localhost'),
      folder,
      `${folder}/a%20b`,
    ]) {
      expect(await create({ source, run_id: run.run_id }), source).toMatchObject({ status: 200 })
      expect(await create({ source }), source).toEqual(local(source))
    }
  })

  test('is refused where it leads out, in any spelling, and where a link leads out', async () => {
    await open(true)
    const folder = fileURLToPath(run.artifact_uri)
    const outsideIt = [
      ...['/etc', '/', 'etc', '', '~'].map((path) => `file:${path === '' ? '///' : path}`),
      '/etc/passwd',
      'file:///proc/self/environ',
      'file://./etc',
      `${folder}x`,
      ...['/..', '/a/../../x', '/%2e%2e/x', '/%252e%252e/x', '/..%2fx', '/a%00', '/a\\..\\x'].flatMap((way) => [
        `${folder}${way}`,
        `${run.artifact_uri}${way}`,
      ]),
    ]
    for (const source of outsideIt) {
      const answer = await create({ source, run_id: run.run_id })
      expect(answer, source).toMatchObject({ status: 400, body: { error_code: 'INVALID_PARAMETER_VALUE' } })
      expect(answer.body, source).toMatchObject({ message: expect.stringContaining('To use a local path') })
    }
    const secret = join(bed.folder, 'secret')
    await mkdir(secret)
    await writeFile(join(secret, 'model.onnx'), 'x')
    await mkdir(folder, { recursive: true })
    await symlink(secret, join(folder, 'link'))
    for (const source of [`${folder}/link`, `${run.artifact_uri}/link/model.onnx`, `${folder}/link/not-there`]) {
      expect(await create({ source, run_id: run.run_id }), source).toMatchObject({ status: 400 })
    }
  })

  test('is refused for a run whose files go through the server', async () => {
    await open()
    expect(await create({ source: '/etc/passwd', run_id: run.run_id })).toEqual(local('/etc/passwd'))
    expect(await create({ source: 'file:///etc', run_id: run.run_id })).toEqual(local('/etc'))
    expect(await create({ source: 'file:///etc' })).toEqual(local('file:///etc'))
    const served = bed.artifacts.uri(`0/${run.run_id}/artifacts`)
    expect(await create({ source: served, run_id: run.run_id })).toMatchObject({ status: 400 })
  })

  test("is none on another machine; MLflow's tests want a server's error there", async () => {
    await open()
    const answer = await create({ source: 'file://123.456.789.123/path', run_id: run.run_id })
    expect(answer).toMatchObject({
      status: 500,
      body: { message: expect.stringContaining('is not a valid remote uri') },
    })
  })
})

describe('an address elsewhere', () => {
  test('in an object store is taken as it is, unless it hides a way', async () => {
    await open()
    for (const source of [
      's3://b/x',
      'gs://b/x',
      'dbfs:/x/y',
      's3://b//x/',
      'wasbs://c@a.blob/x',
      'S3://b/x',
      'custom://h/x',
    ]) {
      expect(await create({ source }), source).toMatchObject({ status: 200, body: { model_version: { source } } })
    }
    for (const way of WAYS_OUT) expect(await create({ source: `gs://b${way}` }), way).toEqual(relative(`gs://b${way}`))
    for (const source of ['s3://b', 's3:b', 's3://b/x/..?y', 'C:\\x'])
      expect(await create({ source }), source).toEqual(relative(source))
  })

  test.each(['http', 'https', 'ftp', 'sftp', 'hdfs', 'viewfs', 'r2', 'b2', 'abfss', 'mlflow-artifacts'])(
    'at a host by %s: is refused, since the server would ask that host',
    async (scheme) => {
      await open()
      const source = `${scheme}://host:9000/0/${run.run_id}/artifacts`
      expect(await create({ source, run_id: run.run_id })).toMatchObject({
        status: 400,
        body: { message: expect.stringContaining(`'source' cannot use the '${scheme}' scheme`) },
      })
    },
  )

  test('longer than the column holds is refused in words', async () => {
    await open()
    const source = `s3://b/${'x'.repeat(494)}`
    expect(await create({ source })).toEqual(refused(400, "'source' exceeds the maximum length of 500 characters"))
    expect(await create({ source: source.slice(0, 500) })).toMatchObject({ status: 200 })
  })
})

describe('runs:/', () => {
  test('is taken with the run it names', async () => {
    await open()
    const source = `runs:/${run.run_id}/model`
    expect(await create({ source, run_id: run.run_id })).toMatchObject({ status: 200 })
    for (const fields of [
      { source },
      { source, run_id: 'other' },
      { source: `runs://${run.run_id}/x`, run_id: run.run_id },
    ]) {
      expect(await create(fields), fields.source).toEqual(outside(fields.source))
    }
    expect(await create({ source, model_id: model.info.model_id })).toEqual(outside(source, 'model_id'))
  })
})

describe('a logged model', () => {
  const named = () => ({ model_id: model.info.model_id })

  test('is taken with its id; its run is filled in, its files are found, and it tells of the version', async () => {
    await open()
    const { model_id, artifact_uri } = model.info
    const made: WireModelVersion[] = []
    for (const source of [`models:/${model_id}`, artifact_uri, `${artifact_uri}/data`]) {
      made.push(await newVersion(bed, 'one', { source, ...named() }))
    }
    expect(made.map(({ run_id }) => run_id)).toEqual([run.run_id, run.run_id, run.run_id])
    expect(made[0]).toMatchObject({ source: `models:/${model_id}`, model_id })
    const read = await granted(bed, 'GET', 'model-versions/get-download-uri?name=one&version=1')
    expect(read).toEqual({ artifact_uri })
    const { tags, registrations } = (await granted(bed, 'GET', `logged-models/${model_id}`)).model.info
    const versions = [1, 2, 3].map((version) => `{"name": "one", "version": ${version}}`).join(', ')
    expect(tags).toEqual([{ key: 'mlflow.modelVersions', value: `[${versions}]` }])
    expect(registrations).toEqual([
      { name: 'one', version: '1' },
      { name: 'one', version: '2' },
    ])
  })

  test('is refused by another id, or none, and where the address leads out of it', async () => {
    await open()
    const { model_id, artifact_uri } = model.info
    const other = (await granted(bed, 'POST', 'logged-models', { experiment_id: '0' })).model.info
    expect(await create({ source: `models:/${model_id}` })).toEqual(outside(`models:/${model_id}`, 'model_id'))
    for (const source of [`models:/${other.model_id}`, other.artifact_uri, run.artifact_uri, `models://${model_id}`]) {
      expect(await create({ source, ...named() }), source).toMatchObject({ status: 400 })
    }
    for (const way of WAYS_OUT) {
      expect(await create({ source: `${artifact_uri}${way}`, ...named() }), way).toEqual(
        relative(`${artifact_uri}${way}`),
      )
    }
    expect(await create({ source: '/etc', ...named() })).toEqual(local('/etc', 'model_id', 'model'))
    const missing = { source: artifact_uri, model_id: 'm-none' }
    expect(await create(missing)).toEqual(outside(artifact_uri, 'model_id'))
    const elsewhere = { source: 's3://b/x', model_id: 'm-none' }
    expect(await create(elsewhere)).toEqual(notFound("Logged model with ID 'm-none' not found."))
    await granted(bed, 'DELETE', `logged-models/${model_id}`)
    expect(await create({ source: `models:/${model_id}`, ...named() })).toMatchObject({ status: 404 })
  })
})

describe('a copy of a version', () => {
  test('leads to the same files, and has the same run', async () => {
    await open()
    const source = `models:/${model.info.model_id}`
    await newVersion(bed, 'one', { source, model_id: model.info.model_id })
    await granted(bed, 'POST', 'registered-models/alias', { name: 'one', version: '1', alias: 'best' })
    await newModel(bed, 'two')
    for (const named of ['models:/one/1', 'models:/one/latest', 'models:/one/None', 'models:/one@best']) {
      const copied = await newVersion(bed, 'two', { source: named })
      expect(copied, named).toMatchObject({ source: 'models:/one/1', run_id: run.run_id })
      const { version } = copied
      const read = await granted(bed, 'GET', `model-versions/get-download-uri?name=two&version=${version}`)
      expect(read).toEqual({ artifact_uri: model.info.artifact_uri })
    }
    const copyOfCopy = await newVersion(bed, 'one', { source: 'models:/two/1', run_id: run.run_id })
    expect(copyOfCopy).toMatchObject({ source: 'models:/two/1', version: '2' })
  })

  test('of what is not there, or with a run that is not its own, is refused', async () => {
    await open()
    await newVersion(bed, 'one')
    const copy = (source: string, fields: object = {}) => create({ source, ...fields })
    expect(await copy('models:/none/1')).toEqual(notFound('Registered Model with name=none not found'))
    expect(await copy('models:/one/9')).toEqual(notFound('Model Version (name=one, version=9) not found'))
    expect(await copy('models:/one/Production')).toMatchObject({ status: 404 })
    expect(await copy('models:/one@none')).toEqual(refused(400, 'Registered model alias none not found.'))
    expect(await copy('models:/one/Nope')).toMatchObject({ status: 400 })
    for (const source of ['models:/', 'models:/one/1/2', 'models:/one/']) {
      expect(await copy(source), source).toEqual(outside(source, 'model_id'))
    }
    expect(await copy('models:/one/1', { run_id: run.run_id })).toEqual(
      refused(
        400,
        "Invalid model version source: 'models:/one/1'. The run_id and model_id request parameters must match the referenced model version.",
      ),
    )
  })
})

describe('a prompt', () => {
  const tags = [{ key: 'mlflow.prompt.is_prompt', value: 'true' }]

  test('has no files, so its source is a word; any other is refused like everybody’s', async () => {
    await open()
    await granted(bed, 'POST', 'registered-models/create', { name: 'prompt', tags })
    expect(await create({ name: 'prompt', source: 'dummy-source', tags })).toMatchObject({ status: 200 })
    for (const source of ['/etc/passwd', 'file:///etc', 'http://h/x', 's3://b/x', run.artifact_uri, 'models:/one/1']) {
      expect(await create({ name: 'prompt', source, tags, run_id: run.run_id }), source).toEqual(
        refused(400, `Invalid prompt source: '${source}'. Prompt sources must use an MLflow placeholder.`),
      )
    }
    expect(await create({ source: 'models:/prompt/1' })).toMatchObject({ status: 400 })
    expect(await create({ source: 'dummy-source' })).toEqual(local('dummy-source'))
    const lastCounts = [...tags, { key: 'mlflow.prompt.is_prompt', value: 'false' }]
    expect(await create({ source: 'dummy-source', tags: lastCounts })).toEqual(local('dummy-source'))
  })
})
