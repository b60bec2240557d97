// Large artifacts, slow and broken connections, and readers beside writers.
import { readdir } from 'node:fs/promises'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { diskArtifacts } from '../artifacts/disk.ts'
import { release } from '../kernel/release.ts'
import { type ArtifactsBed, openArtifactsBed } from './artifacts-bed.ts'

const MEBIBYTE = 1024 * 1024
const AT = '/api/2.0/mlflow-artifacts/artifacts'

let server: ArtifactsBed

beforeAll(async () => {
  server = await openArtifactsBed({ artifactsIn: diskArtifacts })
})
afterAll(() => server[Symbol.asyncDispose]())

/** The most memory that buffers take while something is done, beyond what they take before. */
async function peakBytes(work: () => Promise<void>): Promise<number> {
  const before = process.memoryUsage().arrayBuffers
  let peak = before
  const look = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().arrayBuffers)
  }, 5)
  await work().finally(() => clearInterval(look))
  return peak - before
}

async function putLarge(path: string, mebibytes: number): Promise<number> {
  const piece = Buffer.alloc(MEBIBYTE, 7)
  const headers = { 'content-length': mebibytes * MEBIBYTE }
  const asked = httpRequest(`${server.artifacts}/${path}`, { method: 'PUT', headers })
  const answered = new Promise<IncomingMessage>((resolve, reject) => asked.on('response', resolve).on('error', reject))
  for (let sentPieces = 0; sentPieces < mebibytes; sentPieces++) {
    if (!asked.write(piece)) await new Promise((resolve) => asked.once('drain', resolve))
  }
  asked.end()
  const answer = await answered
  answer.resume()
  return answer.statusCode ?? 0
}

/** Reads an artifact and says how many bytes came. By a socket: what an HTTP client leaves to the collector would count too. */
function sizeOf(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0
    let hasBegun = false
    const socket = connect(server.port, '127.0.0.1')
    socket.on('data', (piece) => {
      bytes += hasBegun ? piece.length : piece.length - piece.indexOf('\r\n\r\n') - 4
      hasBegun = true
      release(piece)
    })
    socket.on('error', reject).on('close', () => resolve(bytes))
    socket.write(`GET ${AT}/${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
  })
}

async function halfWritten(): Promise<readonly string[]> {
  return readdir(join(server.bed.folder, 'artifacts/.partial')).catch(() => [])
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200 && !(await isSo()); tries++) await pause(10)
  expect(await isSo()).toBe(true)
}

test('300 megabytes go up and down, and a few of them at a time are in memory', async () => {
  const up = await peakBytes(async () => {
    expect(await putLarge('large', 300)).toBe(200)
  })
  const down = await peakBytes(async () => {
    expect(await sizeOf('large')).toBe(300 * MEBIBYTE)
  })
  expect(up).toBeLessThan(40 * MEBIBYTE)
  expect(down).toBeLessThan(40 * MEBIBYTE)
  expect(await halfWritten()).toEqual([])
}, 60_000)

test('a client that does not read is not read ahead for, and its file is closed when it goes', async () => {
  await putLarge('unread', 64)
  const openFiles = async (): Promise<number> => (await readdir('/proc/self/fd').catch(() => [])).length
  const before = await openFiles()
  const peak = await peakBytes(async () => {
    const socket = connect(server.port, '127.0.0.1')
    socket.pause()
    socket.write(`GET ${AT}/unread HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    await pause(300)
    socket.destroy()
  })
  expect(peak).toBeLessThan(16 * MEBIBYTE)
  await until(async () => (await openFiles()) <= before)
  expect(server.bed.reported).toEqual([])
})

test('an upload that breaks off leaves nothing, and what was there before stays', async () => {
  await fetch(`${server.artifacts}/broken/old`, { method: 'PUT', body: 'before' })
  const head = (name: string, length: string): string =>
    `PUT ${AT}/broken/${name} HTTP/1.1\r\nHost: localhost\r\n${length}\r\n\r\n`
  for (const name of ['old', 'new']) {
    for (const length of ['Content-Length: 3000000', 'Transfer-Encoding: chunked']) {
      const socket = connect(server.port, '127.0.0.1')
      socket.on('error', () => undefined)
      const half = 'x'.repeat(2_000_000)
      socket.write(head(name, length) + (length.startsWith('T') ? `1e8480\r\n${half}` : half))
      await until(async () => (await halfWritten()).length > 0)
      socket.destroy()
      await until(async () => (await halfWritten()).length === 0)
    }
  }
  expect(await (await fetch(`${server.artifacts}?path=broken`)).json()).toEqual({
    files: [{ path: 'old', is_dir: false, file_size: 6 }],
  })
  expect(await (await fetch(`${server.artifacts}/broken/old`)).text()).toBe('before')
  expect(server.bed.reported).toEqual([])
})

test('half of an upload is seen by nobody', async () => {
  const socket = connect(server.port, '127.0.0.1')
  socket.write(`PUT ${AT}/slow/file HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12345`)
  await until(async () => (await halfWritten()).length > 0)
  expect(await (await fetch(`${server.artifacts}?path=slow`)).json()).toEqual({})
  expect((await fetch(`${server.artifacts}/slow/file`)).status).toBe(404)
  socket.write('67890')
  await until(async () => (await fetch(`${server.artifacts}/slow/file`)).status === 200)
  socket.destroy()
})

test('an upload in chunks of unknown length is stored whole', async () => {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let i = 0; i < 50; i++) controller.enqueue(new Uint8Array(70_000).fill(i))
      controller.close()
    },
  })
  const init: RequestInit & { duplex: 'half' } = { method: 'PUT', body, duplex: 'half' }
  expect((await fetch(`${server.artifacts}/chunked`, init)).status).toBe(200)
  const bytes = new Uint8Array(await (await fetch(`${server.artifacts}/chunked`)).arrayBuffer())
  expect(bytes).toHaveLength(3_500_000)
  expect([bytes[0], bytes[69_999], bytes[70_000], bytes.at(-1)]).toEqual([0, 0, 1, 49])
})

test('whoever reads while a file is replaced gets one of its versions whole', async () => {
  const versions = [1, 2, 3, 4].map((fill) => new Uint8Array(fill * 150_000).fill(fill))
  const put = (body: Uint8Array<ArrayBuffer>) => fetch(`${server.artifacts}/replaced`, { method: 'PUT', body })
  await put(versions[0]!)
  let isDone = false
  const read = async (): Promise<number> => {
    let reads = 0
    for (; !isDone; reads++) {
      const answer = await fetch(`${server.artifacts}/replaced`)
      const bytes = Buffer.from(await answer.arrayBuffer())
      expect(bytes.equals(Buffer.alloc(bytes[0]! * 150_000, bytes[0]))).toBe(true)
    }
    return reads
  }
  const readers = [read(), read(), read()]
  for (let round = 0; round < 2; round++) for (const version of versions) expect((await put(version)).status).toBe(200)
  isDone = true
  expect((await Promise.all(readers)).every((reads) => reads > 0)).toBe(true)
})
