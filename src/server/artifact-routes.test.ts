import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { diskArtifacts } from '../artifacts/disk.ts'
import { type ArtifactsBed, openArtifactsBed } from './artifacts-bed.ts'
import { granted, newModel, newRun, newVersion } from './registry-bed.ts'

let server: ArtifactsBed
let origin = ''

beforeAll(async () => {
  server = await openArtifactsBed({ artifactsIn: diskArtifacts })
  origin = `http://127.0.0.1:${server.port}`
})
afterAll(() => server[Symbol.asyncDispose]())

const put = (path: string, body: string) => fetch(`${server.artifacts}/${path}`, { method: 'PUT', body })
const json = async (url: string): Promise<unknown> => (await fetch(url)).json()
const refused = (message: string, code = 'INVALID_PARAMETER_VALUE') =>
  expect.objectContaining({ error_code: code, message })

test('what is put is got, listed by its folder and deleted, under both prefixes', async () => {
  const other = server.artifacts.replace('/api/', '/ajax-api/')
  expect(await (await put('s/a/one.txt', 'one')).json()).toEqual({})
  await fetch(`${other}/s/two.txt`, { method: 'PUT', body: 'second' })
  for (const base of [server.artifacts, other]) {
    expect(await (await fetch(`${base}/s/a/one.txt`)).text()).toBe('one')
    expect(await json(`${base}?path=s`)).toEqual({
      files: [
        { path: 'a', is_dir: true },
        { path: 'two.txt', is_dir: false, file_size: 6 },
      ],
    })
    expect(await json(`${base}/?path=s%2Fa`)).toEqual({ files: [{ path: 'one.txt', is_dir: false, file_size: 3 }] })
    expect(await json(`${base}?path=s/two.txt`)).toEqual({})
    expect(await json(`${base}?path=s/none`)).toEqual({})
  }
  await put('s/two.txt', 'other')
  expect(await (await fetch(`${other}/s/two.txt`)).text()).toBe('other')
  expect(await (await fetch(`${other}/s/a`, { method: 'DELETE' })).json()).toEqual({})
  expect(await json(`${server.artifacts}?path=s`)).toEqual({
    files: [{ path: 'two.txt', is_dir: false, file_size: 5 }],
  })
  for (const path of ['s/two.txt', 's', 's/never']) {
    expect((await fetch(`${server.artifacts}/${path}`, { method: 'DELETE' })).status, path).toBe(200)
  }
  expect(await json(server.artifacts)).toEqual({})
})

test('what is not there, or no file, is told in words', async () => {
  await put('f/dir/file', 'x')
  expect(await json(`${server.artifacts}/f/none`)).toEqual(
    refused("No such artifact: 'f/none'", 'RESOURCE_DOES_NOT_EXIST'),
  )
  expect((await fetch(`${server.artifacts}/f/none`)).status).toBe(404)
  expect(await json(`${server.artifacts}/f/dir`)).toEqual(
    refused("Artifact path refers to a directory, not a file: 'f/dir'"),
  )
  const asFolder = await put('f/dir/', 'x')
  expect([asFolder.status, await asFolder.json()]).toEqual([
    400,
    refused("Artifact path must include a filename (cannot end with '/')."),
  ])
  expect((await put('f/dir', 'x')).status).toBe(409)
  expect((await put('f/dir/file/below', 'x')).status).toBe(409)
  expect((await fetch(`${server.artifacts}/`, { method: 'DELETE' })).status).toBe(400)
  expect((await fetch(`${server.artifacts}/f/dir`, { method: 'PATCH' })).status).toBe(405)
  expect(await (await fetch(`${server.artifacts}/f/dir/file`)).text()).toBe('x')
})

test('a name comes back however clients encode it', async () => {
  for (const [name, kept] of [
    ['a b.txt', 'a b.txt'],
    ['Ünïcødé 日本 🚕.txt', 'Ünïcødé 日本 🚕.txt'],
    ['100%.txt', '100%.txt'],
    ['step%100%timestamp%100.png', 'step%100%timestamp%100.png'],
    ['dog+step+1+timestamp+2.png', 'dog+step+1+timestamp+2.png'],
    ['a;b&c=d.txt', 'a;b&c=d.txt'],
    ['epoch:3.ckpt', 'epoch:3.ckpt'],
  ] as const) {
    await put(`names/${encodeURIComponent(name)}`, name)
    for (const path of [encodeURIComponent(name), encodeURIComponent(encodeURIComponent(name))]) {
      expect(await (await fetch(`${server.artifacts}/names/${path}`)).text(), name).toBe(name)
    }
    const listed = (await json(`${server.artifacts}?path=names`)) as { files: { path: string }[] } // as listed above
    expect(listed.files.map((file) => file.path)).toEqual([kept])
    await fetch(`${server.artifacts}/names`, { method: 'DELETE' })
  }
})

test("a run's artifacts are listed with their root, relative to it, and got by the run", async () => {
  const { run_id, artifact_uri } = await newRun(server.bed)
  expect(artifact_uri).toBe(`mlflow-artifacts:/0/${run_id}/artifacts`)
  const list = (path: string) => server.bed.ask('GET', `artifacts/list?run_id=${run_id}${path}`)
  expect(await list('')).toEqual({ status: 200, body: { root_uri: artifact_uri } })
  await put(`0/${run_id}/artifacts/d/x.txt`, 'hello')
  await put(`0/${run_id}/artifacts/q.txt`, 'q')
  expect(await list('')).toEqual({
    status: 200,
    body: {
      root_uri: artifact_uri,
      files: [
        { path: 'd', is_dir: true },
        { path: 'q.txt', is_dir: false, file_size: 1 },
      ],
    },
  })
  const inside = { root_uri: artifact_uri, files: [{ path: 'd/x.txt', is_dir: false, file_size: 5 }] }
  for (const path of ['d', 'd/', './d']) expect((await list(`&path=${path}`)).body, path).toEqual(inside)
  expect((await list('&path=none')).body).toEqual({ root_uri: artifact_uri })
  expect(await (await fetch(`${origin}/get-artifact?run_id=${run_id}&path=d/x.txt`)).text()).toBe('hello')
  expect(await (await fetch(`${origin}/get-artifact?run_uuid=${run_id}&path=d/x.txt`)).text()).toBe('hello')
  expect(await json(`${origin}/get-artifact?run_id=${run_id}&path=d`)).toEqual(
    refused("Artifact path refers to a directory, not a file: 'd'"),
  )
  expect(await json(`${origin}/get-artifact?run_id=${run_id}&path=z`)).toEqual(
    refused("No such artifact: 'z'", 'RESOURCE_DOES_NOT_EXIST'),
  )
  expect(await json(`${origin}/get-artifact?run_id=none&path=z`)).toEqual(
    refused('Run with id=none not found', 'RESOURCE_DOES_NOT_EXIST'),
  )
  expect(await json(`${origin}/get-artifact?run_id=${run_id}`)).toEqual(
    refused(expect.stringContaining("Missing value for required parameter 'path'")),
  )
  expect((await server.bed.ask('GET', 'artifacts/list')).body).toEqual(
    refused(expect.stringContaining("Missing value for required parameter 'run_id'")),
  )
})

test("a version's and a logged model's files are got by them", async () => {
  const { run_id } = await newRun(server.bed)
  const source = `mlflow-artifacts:/0/${run_id}/artifacts/model`
  await put(`0/${run_id}/artifacts/model/MLmodel`, 'of the version')
  await newModel(server.bed, 'm')
  await newVersion(server.bed, 'm', { source, run_id })
  const version = `${origin}/model-versions/get-artifact?name=m&version=`
  expect(await (await fetch(`${version}1&path=MLmodel`)).text()).toBe('of the version')
  expect((await fetch(`${version}2&path=MLmodel`)).status).toBe(404)

  const { model } = await granted(server.bed, 'POST', 'logged-models', { experiment_id: '0', name: 'lm' })
  const { model_id, artifact_uri } = model.info
  await put(`${artifact_uri.replace('mlflow-artifacts:/', '')}/sub/MLmodel`, model_id)
  const base = `logged-models/${model_id}/artifacts`
  expect((await server.bed.ask('GET', `${base}/directories`)).body).toEqual({
    root_uri: artifact_uri,
    files: [{ path: 'sub', is_dir: true }],
  })
  expect((await server.bed.ask('GET', `${base}/directories?artifact_directory_path=sub`)).body).toEqual({
    root_uri: artifact_uri,
    files: [{ path: 'sub/MLmodel', is_dir: false, file_size: model_id.length }],
  })
  const files = `${origin}/ajax-api/2.0/mlflow/${base}/files`
  expect(await (await fetch(`${files}?artifact_file_path=sub/MLmodel`)).text()).toBe(model_id)
  expect(await json(files)).toEqual(
    refused('Request must include the "artifact_file_path" query parameter.', 'BAD_REQUEST'),
  )
  expect((await server.bed.ask('GET', 'logged-models/m-none/artifacts/directories')).body).toEqual(
    refused("Logged model with ID 'm-none' not found.", 'RESOURCE_DOES_NOT_EXIST'),
  )
})

test('artifacts that lie where the server cannot reach are told to lie there', async () => {
  await newModel(server.bed, 'far')
  await newVersion(server.bed, 'far', { source: 's3://bucket/model' })
  const answer = await fetch(`${origin}/model-versions/get-artifact?name=far&version=1&path=MLmodel`)
  expect([answer.status, await answer.json()]).toEqual([400, refused(expect.stringContaining("'s3://bucket/model'"))])
})

test('the page for browsers uploads up to ten megabytes to a run', async () => {
  const { run_id } = await newRun(server.bed)
  const send = async (query: string, body: string | Uint8Array<ArrayBuffer> | undefined) => {
    const init = body === undefined ? { method: 'POST' } : { method: 'POST', body }
    const answer = await fetch(`${origin}/ajax-api/2.0/mlflow/upload-artifact${query}`, init)
    return [answer.status, await answer.json()]
  }
  const good = `?run_uuid=${run_id}&path=a/b.txt`
  expect(await send('', 'x')).toEqual([400, refused('Request must specify run_id or run_uuid.')])
  expect(await send(`?run_uuid=${run_id}`, 'x')).toEqual([400, refused('Request must specify path.')])
  expect(await send(`?run_uuid=${run_id}&path=`, 'x')).toEqual([400, refused('Request must specify path.')])
  expect(await send(`?run_uuid=${run_id}&path=../a`, 'x')).toEqual([400, refused('Invalid path')])
  expect(await send(good, undefined)).toEqual([400, refused('Request must specify data.')])
  expect((await send('?run_uuid=none&path=a', 'x'))[0]).toBe(404)
  const limit = 10 * 1024 * 1024
  const tooLarge = [400, refused('Artifact size is too large. Max size is 10MB.')]
  expect(await send(good, new Uint8Array(limit + 1))).toEqual(tooLarge)
  expect(await send(good, new Uint8Array(limit))).toEqual([200, {}])
  expect(await send(`?run_id=${run_id}&path=a/b.txt`, 'hello world')).toEqual([200, {}])
  expect(await (await fetch(`${origin}/get-artifact?run_uuid=${run_id}&path=a/b.txt`)).text()).toBe('hello world')
})

test("a client that asks for an upload in parts, or for a store's own address, is told to send the file whole", async () => {
  const at = `${origin}/api/2.0/mlflow-artifacts`
  const told = async (method: string, url: string) => {
    const answer = await fetch(url, { method })
    return [answer.status, ((await answer.json()) as { message: string }).message] // as every refusal has it
  }
  const words = (what: string) => [501, `${what} is not supported for the current artifact repository`]
  for (const step of ['create', 'complete', 'abort']) {
    expect(await told('POST', `${at}/mpu/${step}/0/r/artifacts`)).toEqual(words('Multipart upload'))
  }
  expect(await told('GET', `${at}/presigned/0/r/artifacts/x`)).toEqual(words('Multipart download'))
  const api = `${origin}/api/2.0/mlflow/artifacts`
  expect(await told('POST', `${api}/presigned-upload-url`)).toEqual(words('Presigned upload'))
  expect(await told('POST', `${api}/presigned-download-url`)).toEqual(words('Presigned download'))
})

test('a run that the lifecycle made is sealed when it ends, its files included', async () => {
  const tags = [{ key: 'understudy.kind', value: 'training' }]
  const { run } = await granted(server.bed, 'POST', 'runs/create', { experiment_id: '0', start_time: 1, tags })
  const { run_id } = run.info
  expect((await put(`0/${run_id}/artifacts/model`, 'as it was')).status).toBe(200)
  await granted(server.bed, 'POST', 'runs/update', { run_id, status: 'FINISHED', end_time: 2 })
  const sealed = [400, refused(expect.stringContaining('is sealed'))]
  const told = async (answer: Response) => [answer.status, await answer.json()]
  expect(await told(await put(`0/${run_id}/artifacts/model`, 'changed'))).toEqual(sealed)
  for (const path of [`0/${run_id}/artifacts/model`, `0/${run_id}`, '0']) {
    expect(await told(await fetch(`${server.artifacts}/${path}`, { method: 'DELETE' })), path).toEqual(sealed)
  }
  const page = `${origin}/ajax-api/2.0/mlflow/upload-artifact?run_uuid=${run_id}&path=model`
  expect(await told(await fetch(page, { method: 'POST', body: 'changed' }))).toEqual(sealed)
  expect(await (await fetch(`${server.artifacts}/0/${run_id}/artifacts/model`)).text()).toBe('as it was')
})

test('with a folder as the default root clients go there themselves, and the server reads it too', async () => {
  await using other = await openArtifactsBed({ artifactsIn: diskArtifacts, rootIsFolder: true })
  const { run_id, artifact_uri } = await newRun(other.bed)
  expect(artifact_uri).toBe(other.bed.artifacts.uri(`0/${run_id}/artifacts`))
  await other.bed.artifacts.put(`0/${run_id}/artifacts/x`, Buffer.from('by the client'))
  const { body } = await other.bed.ask('GET', `artifacts/list?run_id=${run_id}`)
  expect(body).toEqual({ root_uri: artifact_uri, files: [{ path: 'x', is_dir: false, file_size: 13 }] })
  const got = await fetch(`http://127.0.0.1:${other.port}/get-artifact?run_id=${run_id}&path=x`)
  expect(await got.text()).toBe('by the client')
})

test('what a server of MLflow kept in a folder of this machine is read where it lies, and not written to', async () => {
  const { database, folder } = server.bed
  const { run_id } = await newRun(server.bed)
  const before = join(folder, 'mlruns/1/artifacts')
  await mkdir(before, { recursive: true })
  await writeFile(join(before, 'old.txt'), 'from before')
  await symlink(join(folder, 'mlflow.db'), join(before, 'out'))
  await database.sql.updateTable('runs').set({ artifact_uri: before }).where('run_uuid', '=', run_id).execute()
  const { body } = await server.bed.ask('GET', `artifacts/list?run_id=${run_id}`)
  expect(body).toEqual({ root_uri: before, files: [{ path: 'old.txt', is_dir: false, file_size: 11 }] })
  const get = (path: string) => fetch(`${origin}/get-artifact?run_id=${run_id}&path=${path}`)
  expect(await (await get('old.txt')).text()).toBe('from before')
  expect((await get('out')).status).toBe(400)
  const page = `${origin}/ajax-api/2.0/mlflow/upload-artifact?run_uuid=${run_id}&path=new`
  expect((await fetch(page, { method: 'POST', body: 'x' })).status).toBe(400)
  expect((await readdir(before)).sort()).toEqual(['old.txt', 'out'])
})

test('an application that is asked without a connection answers the same', async () => {
  const at = '/api/2.0/mlflow-artifacts/artifacts/direct.txt'
  expect((await server.bed.app.request(at, { method: 'PUT', body: 'direct' })).status).toBe(200)
  expect(await (await server.bed.app.request(at)).text()).toBe('direct')
  expect((await server.bed.app.request(at, { method: 'HEAD' })).headers.get('content-length')).toBe('6')
})
