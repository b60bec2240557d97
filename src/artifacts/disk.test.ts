import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { artifactsContract } from './artifacts.contract.ts'
import { diskArtifacts } from './disk.ts'
import type { ArtifactStore } from './port.ts'

let scratch = ''
let opened = 0
const freshRoot = (): string => join(scratch, `store ${opened++} #é`)
const bytes = Uint8Array.of(1, 2, 3)
async function* someBytes(): AsyncGenerator<Uint8Array> {
  yield bytes
}

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'understudy-artifacts-'))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

artifactsContract('the disk store', async () => diskArtifacts(freshRoot()))

test('a file lies where its path says, and other programs can read it there', async () => {
  const root = freshRoot()
  const store = diskArtifacts(root)
  await store.put('1/run/artifacts/model.onnx', bytes)
  expect(new Uint8Array(await readFile(join(root, '1/run/artifacts/model.onnx')))).toEqual(bytes)
  expect(await readdir(join(root, '.partial'))).toEqual([])
  expect(new Uint8Array(await readFile(new URL(store.uri('1/run/artifacts/model.onnx'))))).toEqual(bytes)
  expect(store.pathOf(join(root, '1/run'))).toBe('1/run')
})

test('opening and reading makes no folder', async () => {
  const root = freshRoot()
  const store = diskArtifacts(root)
  expect(await store.list('')).toEqual([])
  await expect(store.get('a')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(readdir(root)).rejects.toThrow('ENOENT')
})

test('a pipe or a socket is no file, and nobody waits for one', async () => {
  const root = freshRoot()
  const store = diskArtifacts(root)
  await store.put('a/file', bytes)
  execFileSync('sh', ['-c', 'mkfifo "$0"', join(root, 'a/pipe')])
  await using socket = createServer().listen(join(root, 'a/socket'))
  await once(socket, 'listening')
  for (const path of ['a/pipe', 'a/socket']) {
    // More of them than there are threads for files.
    const asked = Array.from({ length: 6 }, () => [store.get(path), store.read(path)]).flat()
    const refused = { status: 'rejected', reason: expect.objectContaining({ code: 'NOT_FOUND' }) }
    expect(await Promise.allSettled(asked)).toEqual(asked.map(() => refused))
  }
  expect(await store.get('a/file')).toEqual(bytes)
  expect(await store.list('a')).toEqual([{ path: 'a/file', bytes: 3 }])
})

test('no link out of the root is followed, to a file, a folder or nothing', async () => {
  const root = freshRoot()
  const outside = freshRoot()
  await mkdir(join(outside, 'deep'), { recursive: true })
  await mkdir(join(root, 'a'), { recursive: true })
  await writeFile(join(outside, 'secret'), 'secret')
  await symlink(join(outside, 'secret'), join(root, 'a/file'))
  await symlink(outside, join(root, 'a/folder'))
  await symlink(join(outside, 'absent'), join(root, 'a/nothing'))
  await symlink('../../..', join(root, 'a/up'))
  const store = diskArtifacts(root)
  for (const path of [
    'a/file',
    'a/folder',
    'a/folder/secret',
    'a/folder/deep/new',
    'a/nothing',
    'a/nothing/x',
    'a/up/x',
  ]) {
    const refusal = { code: 'BAD_INPUT', message: expect.stringContaining('link') }
    await expect(store.get(path), path).rejects.toMatchObject(refusal)
    await expect(store.put(path, bytes), path).rejects.toMatchObject(refusal)
    await expect(store.delete(path), path).rejects.toMatchObject(refusal)
    await expect(store.list(path), path).rejects.toMatchObject(refusal)
    await expect(store.read(path), path).rejects.toMatchObject(refusal)
    await expect(store.write(path, someBytes()), path).rejects.toMatchObject(refusal)
    await expect(store.folder(path), path).rejects.toMatchObject(refusal)
    await expect(store.deleteAll(path), path).rejects.toMatchObject(refusal)
  }
  expect(await store.folder('a')).toEqual([])
  expect(await store.deleteAll('a')).toBe(true) // the links go, not what they lead to
  expect(await store.list('')).toEqual([])
  expect((await readdir(outside)).sort()).toEqual(['deep', 'secret'])
  expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('secret')
})

test('a root that is itself a link is a root like any other', async () => {
  const real = freshRoot()
  const root = freshRoot()
  await mkdir(real)
  await symlink(real, root)
  const store = diskArtifacts(root)
  await store.put('a/b', bytes)
  await symlink('b', join(real, 'a/alias'))
  expect(await store.get('a/b')).toEqual(bytes)
  expect(await store.get('a/alias')).toEqual(bytes)
  expect(await store.folder('a')).toEqual([
    { name: 'alias', bytes: 3 },
    { name: 'b', bytes: 3 },
  ])
  expect([store.pathOf(join(real, 'a/b')), store.pathOf(join(root, 'a/b'))]).toEqual(['a/b', 'a/b'])
  expect(await store.list('')).toEqual([{ path: 'a/b', bytes: 3 }])
})

test('half a file that says nothing of its process is not seen, and goes after a day', async () => {
  const root = freshRoot()
  await mkdir(join(root, '.partial'), { recursive: true })
  for (const name of ['old', 'young']) await writeFile(join(root, '.partial', name), 'half')
  const twoDaysAgo = new Date(Date.now() - 2 * 86_400_000)
  await utimes(join(root, '.partial/old'), twoDaysAgo, twoDaysAgo)
  const store = diskArtifacts(root)
  expect(await store.list('')).toEqual([])
  await store.put('a', bytes)
  expect(await readdir(join(root, '.partial'))).toEqual(['young'])
  expect(await store.list('')).toEqual([{ path: 'a', bytes: 3 }])
})

test('a process killed in the middle of a put leaves the old bytes', async () => {
  const root = freshRoot()
  const store: ArtifactStore = diskArtifacts(root)
  await store.put('model', bytes)
  const script = `
    import { readdirSync, statSync } from 'node:fs'
    import { diskArtifacts } from ${JSON.stringify(new URL('./disk.ts', import.meta.url).href)}
    const root = ${JSON.stringify(root)}
    const isWriting = () => readdirSync(root, { recursive: true, withFileTypes: true })
      .some((entry) => entry.isFile() && statSync(entry.parentPath + '/' + entry.name).size > 3)
    setInterval(() => isWriting() && process.kill(process.pid, 'SIGKILL'), 0)
    await diskArtifacts(root).put('model', new Uint8Array(300_000_000))`
  expect(() => execFileSync(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'pipe' })).toThrow()
  expect(await store.get('model')).toEqual(bytes)
  expect(await store.list('')).toEqual([{ path: 'model', bytes: 3 }])
  expect(await readdir(join(root, '.partial'))).toHaveLength(1)
  await diskArtifacts(root).put('other', bytes) // the next process
  expect(await readdir(join(root, '.partial'))).toEqual([])
})

test('what a sender that broke off has sent is gone at once', async () => {
  const root = freshRoot()
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(2_000_000)
    expect(await readdir(join(root, '.partial'))).toHaveLength(1)
    throw new Error('the sender is gone')
  }
  await expect(diskArtifacts(root).write('a/b', broken())).rejects.toThrow('the sender is gone')
  expect(await readdir(root)).toEqual(['.partial'])
  expect(await readdir(join(root, '.partial'))).toEqual([])
})

test('a file is closed once it is read to its end, cancelled, or found to be none', async () => {
  const store = diskArtifacts(freshRoot())
  await store.put('a/b', new Uint8Array(2_000_000))
  const openFiles = async (): Promise<number> => (await readdir('/proc/self/fd').catch(() => [])).length
  const before = await openFiles()
  for (let i = 0; i < 20; i++) {
    await new Response((await store.read('a/b')).content).bytes()
    await (await store.read('a/b', { from: -1 })).content.cancel()
    await expect(store.read('a')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  }
  expect(await openFiles()).toBeLessThan(before + 5)
})

test('a disk that refuses is UNAVAILABLE and says why', async () => {
  const root = freshRoot()
  await writeFile(root, 'a file where the root should be')
  const refusal = { code: 'UNAVAILABLE', message: expect.stringContaining('check the disk') }
  await expect(diskArtifacts(root).put('a', bytes)).rejects.toMatchObject(refusal)
})
