// What the lifecycle recorded stays as it is, whatever clients of MLflow's interface try.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { diskArtifacts } from '../artifacts/disk.ts'
import { type ArtifactsBed, openArtifactsBed } from './artifacts-bed.ts'
import { newModel, newVersion, granted as registered } from './registry-bed.ts'
import { byKey, granted, newRun, refused, runOf } from './runs-bed.ts'

let server: ArtifactsBed
beforeAll(async () => {
  server = await openArtifactsBed({ artifactsIn: diskArtifacts })
})
afterAll(() => server[Symbol.asyncDispose]())

const KIND = { key: 'understudy.kind', value: 'training' }
const SEALED = refused(/is sealed/)

/** A run as the lifecycle begins one. */
async function ownRun(experimentId = '0'): Promise<string> {
  const body = { experiment_id: experimentId, start_time: 1, tags: [KIND] }
  return (await granted(server.bed, 'POST', 'runs/create', body)).run.info.run_id
}

const end = (run_id: string) => granted(server.bed, 'POST', 'runs/update', { run_id, status: 'FINISHED', end_time: 2 })
const put = (path: string, body: string) => fetch(`${server.artifacts}/${path}`, { method: 'PUT', body })
const got = async (path: string) => (await fetch(`${server.artifacts}/${path}`)).text()
const pageOf = (run_id: string) =>
  `${new URL(server.artifacts).origin}/ajax-api/2.0/mlflow/upload-artifact?run_uuid=${run_id}&path=x.bin`

async function told(answer: Promise<Response>): Promise<object> {
  const { status, body } = await answer.then(async (one) => ({ status: one.status, body: await one.json() }))
  return { status, body }
}

/** A body whose second half waits until the first was sent and `meanwhile` was done. */
function inHalves(meanwhile: () => Promise<unknown>): ReadableStream<Uint8Array> {
  return ReadableStream.from(
    (async function* () {
      yield new TextEncoder().encode('ba')
      await new Promise((resolve) => setTimeout(resolve, 100)) // it arrives, and what comes next does not wait for it
      await meanwhile()
      yield new TextEncoder().encode('d!')
    })(),
  )
}

describe("a sealed run's files", () => {
  test('are not replaced by an upload that began before the run ended', async () => {
    const run_id = await ownRun()
    const path = `0/${run_id}/artifacts/model.onnx`
    expect((await put(path, 'good')).status).toBe(200)
    const late = { method: 'PUT', body: inHalves(() => end(run_id)), duplex: 'half' } as const
    expect(await told(fetch(`${server.artifacts}/${path}`, late))).toEqual(SEALED)
    expect(await got(path)).toBe('good')
    // Where large letters are as small ones this would be the same file.
    expect(await told(put(path.replace(run_id, run_id.toUpperCase()), 'bad!'))).toEqual(SEALED)
    const inTime = await ownRun()
    const free = `0/${inTime}/artifacts/model.onnx`
    const slow = { method: 'PUT', body: inHalves(async () => undefined), duplex: 'half' } as const
    expect((await fetch(`${server.artifacts}/${free}`, slow)).status).toBe(200)
    expect(await got(free)).toBe('bad!')
  })

  test('are not joined by those of an experiment that was put among them', async () => {
    const run_id = await ownRun()
    expect((await put(`0/${run_id}/artifacts/model/model.onnx`, 'good')).status).toBe(200)
    await end(run_id)
    const made = await granted(server.bed, 'POST', 'experiments/create', { name: 'below' })
    const artifact_location = `mlflow-artifacts:/0/${run_id}/artifacts/model` // as an older version let it be made
    const { database } = server.bed
    const its = database.sql.updateTable('experiments').where('experiment_id', '=', Number(made.experiment_id))
    await its.set({ artifact_location }).execute()
    const other = await newRun(server.bed, made.experiment_id)
    expect(await told(fetch(pageOf(other), { method: 'POST', body: 'zz' }))).toEqual(SEALED)
    expect(await told(put(`0/${run_id}/artifacts/model/${other}/artifacts/x`, 'zz'))).toEqual(SEALED)
    const { body } = await server.bed.ask('GET', `artifacts/list?run_id=${run_id}&path=model`)
    expect(body).toMatchObject({ files: [{ path: 'model/model.onnx' }] })
    const elsewhere = await newRun(server.bed)
    expect((await fetch(pageOf(elsewhere), { method: 'POST', body: 'zz' })).status).toBe(200)
    expect(await got(`0/${elsewhere}/artifacts/x.bin`)).toBe('zz')
  })

  test('no experiment is put among the files of a run or a logged model', async () => {
    const create = (artifact_location: string) =>
      server.bed.ask('POST', 'experiments/create', { name: artifact_location, artifact_location })
    const run_id = await newRun(server.bed)
    const { model } = await registered(server.bed, 'POST', 'logged-models', { experiment_id: '0', name: 'm' })
    const among = refused(/^Invalid artifact location: .* It lies among the files of a run or a logged model\./)
    const folder = server.bed.artifacts.uri('')
    for (const place of [`0/${run_id}`, `0/${run_id}/artifacts/a`, `0/models/${model.info.model_id}/artifacts`]) {
      expect(await create(`mlflow-artifacts:/${place}`), place).toEqual(among)
      expect(await create(`mlflow-artifacts:/./${place.replaceAll('/', '//')}`)).toMatchObject({ status: 400 })
      expect(await create(`${folder}/${place}`), place).toEqual(among)
    }
    const nobodys = '0123456789abcdef'.repeat(2)
    expect(await create(`mlflow-artifacts:/${nobodys}`)).toMatchObject({ status: 200 })
    expect(await create(`mlflow-artifacts:/m-${nobodys}`)).toMatchObject({ status: 200 })
  })
})

describe('the tag of runs that the lifecycle made', () => {
  const write = (path: string, body: object) => server.bed.ask('POST', `runs/${path}`, body)

  test('stays on a run while it goes on, so that it is sealed when it ends', async () => {
    const run_id = await ownRun()
    const stays = refused(/^The tag understudy\.kind of run \w+ is 'training' and stays so/)
    const other = { ...KIND, value: 'another' }
    const plain = { key: 'note', value: 'n' }
    expect(await write('delete-tag', { run_id, key: KIND.key })).toEqual(stays)
    expect(await write('set-tag', { run_id, ...other })).toEqual(stays)
    expect(await write('log-batch', { run_id, tags: [plain, other] })).toEqual(stays)
    expect(await write('set-tag', { run_id, ...KIND })).toMatchObject({ status: 200 })
    expect(await write('log-batch', { run_id, tags: [KIND, plain] })).toMatchObject({ status: 200 })
    await end(run_id)
    expect(await write('log-metric', { run_id, key: 'm', value: 1, timestamp: 1 })).toEqual(SEALED)
    expect(byKey((await runOf(server.bed, run_id)).data.tags)).toMatchObject({ [KIND.key]: KIND.value, note: 'n' })
  })

  test('is given to a run that goes on, once, and to none that has ended', async () => {
    const run_id = await newRun(server.bed)
    const twice = [KIND, { ...KIND, value: 'another' }]
    expect(await write('log-batch', { run_id, tags: twice })).toEqual(refused(/stays so/))
    expect(await write('delete-tag', { run_id, key: KIND.key })).toMatchObject({ status: 404 })
    await end(run_id)
    const ended = refused(/has ended as FINISHED, so the tag understudy\.kind cannot be given to it/)
    expect(await write('set-tag', { run_id, ...KIND })).toEqual(ended)
    expect(await write('log-batch', { run_id, tags: [KIND] })).toEqual(ended)
    expect(await write('log-metric', { run_id, key: 'm', value: 1, timestamp: 1 })).toMatchObject({ status: 200 })
    const going = await newRun(server.bed)
    expect(await write('set-tag', { run_id: going, ...KIND })).toMatchObject({ status: 200 })
  })
})

test('what the lifecycle says of its versions is neither changed nor taken away by clients', async () => {
  const { bed } = server
  const [trained, verdict] = ['understudy.trained_to', 'understudy.verdict']
  const tags = [
    { key: trained, value: '2020-01-01' },
    { key: verdict, value: 'keep' },
  ]
  await newModel(bed, 'own')
  const { version } = await newVersion(bed, 'own', { run_id: await ownRun(), tags })
  const set = (key: string, value: string) =>
    bed.ask('POST', 'model-versions/set-tag', { name: 'own', version, key, value })
  const remove = (key: string) => bed.ask('DELETE', 'model-versions/delete-tag', { name: 'own', version, key })
  const stays = (key: string) => refused(new RegExp(`^The tag ${key} of version 1 of own is .* and stays so`))
  expect(await set(trained, '1999-01-01')).toEqual(stays(trained))
  for (const key of [trained, verdict]) expect(await remove(key)).toEqual(stays(key))
  for (const value of ['2020-01-01', '2020-01-01']) expect(await set(trained, value)).toMatchObject({ status: 200 })
  expect(await set(verdict, 'promote')).toMatchObject({ status: 200 }) // the lifecycle decides anew, through a server too
  expect(await set('understudy.later', 'yes')).toMatchObject({ status: 200 })
  expect(await set('understudy.later', 'no')).toEqual(stays('understudy.later'))
  for (const value of ['a', 'b']) expect(await set('note', value)).toMatchObject({ status: 200 })
  expect(await remove('note')).toMatchObject({ status: 200 })
  const read = await registered(bed, 'GET', `model-versions/get?name=own&version=${version}`)
  const kept = { [trained]: '2020-01-01', [verdict]: 'promote', 'understudy.later': 'yes' }
  expect(byKey(read.model_version.tags)).toEqual(kept)
})

test('what people say of their own versions they may say again', async () => {
  const { bed } = server
  const tag = { key: 'understudy.trained_to', value: '2020-01-01' }
  await newModel(bed, 'theirs')
  const named = { name: 'theirs', version: '1' }
  await newVersion(bed, 'theirs', { run_id: await newRun(bed), tags: [tag] })
  await registered(bed, 'POST', 'model-versions/set-tag', { ...named, ...tag, value: '2021-01-01' })
  await registered(bed, 'DELETE', 'model-versions/delete-tag', { ...named, key: tag.key })
})
