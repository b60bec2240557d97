// Paths that strangers send, as they send them: over a socket, since every HTTP library tidies an address first.
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { diskArtifacts } from '../artifacts/disk.ts'
import { type ArtifactsBed, openArtifactsBed } from './artifacts-bed.ts'

let server: ArtifactsBed

beforeAll(async () => {
  server = await openArtifactsBed({ artifactsIn: diskArtifacts })
  await server.bed.artifacts.put('a/b.txt', Buffer.from('inside'))
  await writeFile(join(server.bed.folder, 'secret'), 'the secret')
  await mkdir(join(server.bed.folder, 'outside'))
  await writeFile(join(server.bed.folder, 'outside/secret'), 'the secret')
})
afterAll(() => server[Symbol.asyncDispose]())

/** As they stand in an address. */
const BAD = [
  '../secret',
  'a/../../secret',
  'a/..',
  './../secret',
  '..',
  '/etc/passwd',
  '//etc/passwd',
  'a//b.txt',
  '%2e%2e/secret',
  '%2e%2e%2fsecret',
  '%2E%2E%2Fsecret',
  '.%2e/secret',
  '%252e%252e/secret',
  '%252e%252e%252fsecret',
  '%25252e%25252e%25252fsecret',
  '%2%0952e%2%0952e/secret',
  '%2%0952e%2%0952e/%2%0A52e%2%0A52e/secret',
  '.%09./secret',
  '%2fetc%2fpasswd',
  '%252fetc%252fpasswd',
  'a%23b',
  'a%2523b',
  'a/..%23/..//secret',
  'file:///etc/passwd',
  'file:%2f%2f/etc/passwd',
  '/file://etc/passwd',
  'file://a%23/..//tmp',
  'http://host/x',
  'C:/x',
  'c%3a/x',
  'C:%5cx',
  '/etc/passwd%00.jpg',
  'etc/passwd%00.html',
  'a%00b',
  'a%2500b',
  '..%5csecret',
  '..%5c..%5csecret',
  '..%255csecret',
  '%5c%5chost%5cshare',
  '.partial/x',
  'a/%2epartial/../../secret',
]

/** Where a path goes that stands in the address itself. */
const IN_PATH = [
  ['GET', '/mlflow-artifacts/artifacts/'],
  ['HEAD', '/mlflow-artifacts/artifacts/'],
  ['PUT', '/mlflow-artifacts/artifacts/'],
  ['DELETE', '/mlflow-artifacts/artifacts/'],
  ['POST', '/mlflow-artifacts/mpu/create/'],
  ['POST', '/mlflow-artifacts/mpu/complete/'],
  ['POST', '/mlflow-artifacts/mpu/abort/'],
  ['GET', '/mlflow-artifacts/presigned/'],
] as const

/** Where it goes that stands in the query. */
const IN_QUERY = [
  ['GET', '/api/2.0/mlflow-artifacts/artifacts?path='],
  ['GET', '/ajax-api/2.0/mlflow-artifacts/artifacts?path='],
  ['GET', '/api/2.0/mlflow/artifacts/list?run_id=x&path='],
  ['GET', '/ajax-api/2.0/mlflow/artifacts/list?run_id=x&path='],
  ['GET', '/get-artifact?run_id=x&path='],
  ['GET', '//get-artifact?run_uuid=x&path='],
  ['GET', '/model-versions/get-artifact?name=m&version=1&path='],
  ['GET', '//model-versions/get-artifact?name=m&version=1&path='],
  ['POST', '/ajax-api/2.0/mlflow/upload-artifact?run_uuid=x&path='],
  ['GET', '/ajax-api/2.0/mlflow/logged-models/m-1/artifacts/files?artifact_file_path='],
  ['GET', '/ajax-api/2.0/mlflow/logged-models/m-1/artifacts/directories?artifact_directory_path='],
] as const

async function everything(): Promise<readonly string[]> {
  return (await readdir(server.bed.folder, { recursive: true })).filter((name) => !name.startsWith('mlflow.db')).sort()
}

test('no bad path in an address is taken, under either prefix, whatever is asked', async () => {
  const before = await everything()
  for (const bad of BAD) {
    for (const [method, route] of IN_PATH) {
      for (const prefix of ['/api/2.0', '/ajax-api/2.0']) {
        if (bad === '.partial/x' && route.includes('/mpu/')) continue // no path of a store, but one without danger
        if (bad === '.partial/x' && route.includes('/presigned/')) continue
        const { status, text } = await server.raw(method, `${prefix}${route}${bad}`, method === 'PUT' ? 'mine' : '')
        expect(status, `${method} ${prefix}${route}${bad}: ${text}`).toBe(400)
        if (method !== 'HEAD') expect(text).toContain('"message":"Invalid path"')
        expect(text).not.toContain('secret"')
      }
    }
  }
  expect(await everything()).toEqual(before)
  expect(await readFile(join(server.bed.folder, 'secret'), 'utf8')).toBe('the secret')
})

test('no bad path in a query is taken, encoded once or twice', async () => {
  const before = await everything()
  for (const bad of BAD) {
    if (bad === '.partial/x') continue // it lies in the run's folder there, where it means nothing
    for (const [method, target] of IN_QUERY) {
      for (const path of [bad, encodeURIComponent(bad)]) {
        const { status, text } = await server.raw(method, target + path, method === 'POST' ? 'mine' : '')
        expect(status, `${method} ${target}${path}: ${text}`).toBe(400)
        expect(text, target + path).toContain('"message":"Invalid path"')
      }
    }
  }
  expect(await everything()).toEqual(before)
})

test('an address with a fragment, a backslash or a control character in it is refused', async () => {
  for (const path of ['a#b', 'a/b.txt#', 'a\\b', '..\\secret']) {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const { status } = await server.raw(method, `/api/2.0/mlflow-artifacts/artifacts/${path}`)
      expect(status, `${method} ${path}`).toBe(400)
    }
  }
  expect((await server.raw('GET', '/api/2.0/mlflow-artifacts/artifacts/a\0b')).status).toBe(400)
  expect(await server.bed.artifacts.list('')).toEqual([{ path: 'a/b.txt', bytes: 6 }])
})

test('dots that lead to another route lead nowhere', async () => {
  for (const target of [
    '/api/2.0/mlflow-artifacts/artifacts/../../../../health',
    '/api/2.0/mlflow-artifacts/artifacts/%2e%2e/%2e%2e/%2e%2e/%2e%2e/health',
    '/api/2.0/mlflow-artifacts/../mlflow-artifacts/artifacts/a/b.txt',
    '/api/2.0/mlflow-artifacts/artifacts/../artifacts/a/b.txt',
  ]) {
    const { status, text } = await server.raw('GET', target)
    expect([400, 404], target).toContain(status)
    expect(text).not.toContain('inside')
  }
})

test('a whole URL as the target is read by its path', async () => {
  const base = `http://127.0.0.1:${server.port}/api/2.0/mlflow-artifacts/artifacts`
  expect((await server.raw('GET', `${base}/a/b.txt`)).text).toContain('inside')
  expect((await server.raw('GET', `${base}/a/../../secret`)).status).toBe(400)
})

test('a link that leads out is followed by nothing, and where it leads is told to nobody', async () => {
  const root = join(server.bed.folder, 'artifacts')
  await mkdir(join(root, 'links'))
  await symlink(join(server.bed.folder, 'outside'), join(root, 'links/out'))
  await symlink(join(server.bed.folder, 'secret'), join(root, 'links/file'))
  await symlink('../a', join(root, 'links/in'))
  const at = '/api/2.0/mlflow-artifacts/artifacts'
  const message = 'Invalid path: resolved path is outside the artifact directory'
  for (const path of ['links/out/secret', 'links/out', 'links/file', 'links/out/new', 'links/out/deep/new']) {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const { status, text } = await server.raw(method, `${at}/${path}`, method === 'PUT' ? 'mine' : '')
      expect(status, `${method} ${path}`).toBe(400)
      expect(text).toContain(`"message":"${message}"`)
    }
    const { status, text } = await server.raw('GET', `${at}?path=${path}`)
    expect([status, text.includes(message), text.includes(server.bed.folder)]).toEqual([400, true, false])
  }
  expect((await server.raw('GET', `${at}/links/in/b.txt`)).text).toContain('inside')
  expect((await server.raw('GET', `${at}?path=links`)).text).toContain('{"files":[{"path":"in","is_dir":true}]}')
  expect((await server.raw('DELETE', `${at}/links`)).status).toBe(200)
  expect(await readdir(join(server.bed.folder, 'outside'))).toEqual(['secret'])
  expect(await readFile(join(server.bed.folder, 'secret'), 'utf8')).toBe('the secret')
})

test('a page that was uploaded is saved by a browser and not run by it', async () => {
  const at = '/api/2.0/mlflow-artifacts/artifacts/page.html'
  await server.raw('PUT', at, '<script>alert(1)</script>')
  const { text } = await server.raw('GET', at)
  expect(text.toLowerCase()).toContain('content-disposition: attachment; filename=page.html')
  expect(text.toLowerCase()).toContain('x-content-type-options: nosniff')
  expect(text.toLowerCase()).toContain("content-security-policy: sandbox; default-src 'none'")
})

test('experiments keep their artifacts below the roots, whatever a client asks for', async () => {
  for (const [location, words] of [
    ['/etc', 'artifact roots'],
    ['file:///etc', 'artifact roots'],
    ['my_location', 'artifact roots'],
    ['mlflow-artifacts:/../../etc', 'artifact roots'],
    ['mlflow-artifacts:/a#b', "'artifact_location' URL can't include fragments or params."],
    ['s3://b/a?x=..', 'Invalid query string'],
    ['http://127.0.0.1/a', "'artifact_location' cannot use the 'http' scheme"],
    ['runs:/1/a', 'Artifact location cannot be a runs:/ URI'],
  ]) {
    const answer = await server.bed.ask('POST', 'experiments/create', { name: location, artifact_location: location })
    expect(answer, location).toMatchObject({
      status: 400,
      body: { error_code: 'INVALID_PARAMETER_VALUE', message: expect.stringContaining(words!) },
    })
  }
  const taken = { name: 'taken', artifact_location: 'mlflow-artifacts:/team/a' }
  expect((await server.bed.ask('POST', 'experiments/create', taken)).status).toBe(200)
})

test('nothing of all that was an error of the server', () => {
  expect(server.bed.reported).toEqual([])
})
