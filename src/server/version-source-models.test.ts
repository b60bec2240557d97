// Versions made of logged models and of other versions, and prompts, which have no files.
import { afterEach, describe, expect, test } from 'vitest'
import { diskArtifacts } from '../artifacts/disk.ts'
import type { WireModelVersion } from '../tracking/wire.ts'
import { granted, newModel, newVersion, notFound, refused } from './registry-bed.ts'
import { local, openSourceBed, outside, relative, type SourceBed, WAYS_OUT } from './source-bed.ts'

let bed: SourceBed
afterEach(async () => bed[Symbol.asyncDispose]())

describe('a logged model', () => {
  const named = () => ({ model_id: bed.model.info.model_id })

  test('is taken with its id; its run is filled in, its files are found, and it tells of the version', async () => {
    bed = await openSourceBed(diskArtifacts)
    const { model_id, artifact_uri } = bed.model.info
    const made: WireModelVersion[] = []
    for (const source of [`models:/${model_id}`, artifact_uri, `${artifact_uri}/data`]) {
      made.push(await newVersion(bed, 'one', { source, ...named() }))
    }
    expect(made.map(({ run_id }) => run_id)).toEqual([bed.run.run_id, bed.run.run_id, bed.run.run_id])
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
    bed = await openSourceBed(diskArtifacts)
    const { model_id, artifact_uri } = bed.model.info
    const other = (await granted(bed, 'POST', 'logged-models', { experiment_id: '0' })).model.info
    expect(await bed.create({ source: `models:/${model_id}` })).toEqual(outside(`models:/${model_id}`, 'model_id'))
    for (const source of [
      `models:/${other.model_id}`,
      other.artifact_uri,
      bed.run.artifact_uri,
      `models://${model_id}`,
    ]) {
      expect(await bed.create({ source, ...named() }), source).toMatchObject({ status: 400 })
    }
    for (const way of WAYS_OUT) {
      expect(await bed.create({ source: `${artifact_uri}${way}`, ...named() }), way).toEqual(
        relative(`${artifact_uri}${way}`),
      )
    }
    expect(await bed.create({ source: '/etc', ...named() })).toEqual(local('/etc', 'model_id', 'model'))
    const missing = { source: artifact_uri, model_id: 'm-none' }
    expect(await bed.create(missing)).toEqual(outside(artifact_uri, 'model_id'))
    const elsewhere = { source: 's3://b/x', model_id: 'm-none' }
    expect(await bed.create(elsewhere)).toEqual(notFound("Logged model with ID 'm-none' not found."))
    await granted(bed, 'DELETE', `logged-models/${model_id}`)
    expect(await bed.create({ source: `models:/${model_id}`, ...named() })).toMatchObject({ status: 404 })
  })
})

describe('a copy of a version', () => {
  test('leads to the same files, and has the same run', async () => {
    bed = await openSourceBed(diskArtifacts)
    const source = `models:/${bed.model.info.model_id}`
    await newVersion(bed, 'one', { source, model_id: bed.model.info.model_id })
    await granted(bed, 'POST', 'registered-models/alias', { name: 'one', version: '1', alias: 'best' })
    await newModel(bed, 'two')
    for (const named of ['models:/one/1', 'models:/one/latest', 'models:/one/None', 'models:/one@best']) {
      const copied = await newVersion(bed, 'two', { source: named })
      expect(copied, named).toMatchObject({ source: 'models:/one/1', run_id: bed.run.run_id })
      const { version } = copied
      const read = await granted(bed, 'GET', `model-versions/get-download-uri?name=two&version=${version}`)
      expect(read).toEqual({ artifact_uri: bed.model.info.artifact_uri })
    }
    const copyOfCopy = await newVersion(bed, 'one', { source: 'models:/two/1', run_id: bed.run.run_id })
    expect(copyOfCopy).toMatchObject({ source: 'models:/two/1', version: '2' })
  })

  test('of what is not there, or with a run that is not its own, is refused', async () => {
    bed = await openSourceBed(diskArtifacts)
    await newVersion(bed, 'one')
    const copy = (source: string, fields: object = {}) => bed.create({ source, ...fields })
    expect(await copy('models:/none/1')).toEqual(notFound('Registered Model with name=none not found'))
    expect(await copy('models:/one/9')).toEqual(notFound('Model Version (name=one, version=9) not found'))
    expect(await copy('models:/one/Production')).toMatchObject({ status: 404 })
    expect(await copy('models:/one@none')).toEqual(refused(400, 'Registered model alias none not found.'))
    expect(await copy('models:/one/Nope')).toMatchObject({ status: 400 })
    for (const source of ['models:/', 'models:/one/1/2', 'models:/one/']) {
      expect(await copy(source), source).toEqual(outside(source, 'model_id'))
    }
    expect(await copy('models:/one/1', { run_id: bed.run.run_id })).toEqual(
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
    bed = await openSourceBed(diskArtifacts)
    await granted(bed, 'POST', 'registered-models/create', { name: 'prompt', tags })
    expect(await bed.create({ name: 'prompt', source: 'dummy-source', tags })).toMatchObject({ status: 200 })
    for (const source of [
      '/etc/passwd',
      'file:///etc',
      'http://h/x',
      's3://b/x',
      bed.run.artifact_uri,
      'models:/one/1',
    ]) {
      expect(await bed.create({ name: 'prompt', source, tags, run_id: bed.run.run_id }), source).toEqual(
        refused(400, `Invalid prompt source: '${source}'. Prompt sources must use an MLflow placeholder.`),
      )
    }
    expect(await bed.create({ source: 'models:/prompt/1' })).toMatchObject({ status: 400 })
    expect(await bed.create({ source: 'dummy-source' })).toEqual(local('dummy-source'))
    const lastCounts = [...tags, { key: 'mlflow.prompt.is_prompt', value: 'false' }]
    expect(await bed.create({ source: 'dummy-source', tags: lastCounts })).toEqual(local('dummy-source'))
  })
})
