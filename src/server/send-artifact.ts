// Sends a file: whole or in part, always to be saved and never to be run by a browser.
import type { OpenArtifact } from '../artifacts/port.ts'
import type { ByteRange } from '../mlflow/artifacts.ts'
import { attachment } from './content-disposition.ts'
import { mimeTypeOf } from './mime-types.ts'

/** What of a request decides which bytes are sent. */
export interface FileRequest {
  readonly method: string
  readonly header: (name: string) => string | undefined
}

/**
 * Answers with a file that `open` opens, or with what the request wants of it: HEAD its headers, Range a part, and nothing if it has
 * what is there already. Throws what `open` throws.
 */
export async function sendArtifact(
  { method, header }: FileRequest,
  name: string,
  open: (range?: ByteRange) => Promise<OpenArtifact>,
): Promise<Response> {
  const wanted = rangeIn(header('range'))
  let file = await open(wanted ?? {})
  let range = wanted
  if (range !== null && !isSame(file, header('if-range'))) {
    await file.content.cancel()
    range = null
    file = await open()
  }
  const { bytes, content } = file
  const headers = headersOf(file, name)
  const without = async (status: number, more: Record<string, string>): Promise<Response> => {
    await content.cancel()
    return new Response(null, { status, headers: { ...headers, ...more } })
  }
  if (isKnown(header('if-none-match'), headers.etag)) return without(304, {})
  const { from, to } = placesOf(range, bytes)
  if (range !== null && from >= to) return without(416, { 'content-range': `bytes */${bytes}`, 'content-length': '0' })
  const part = {
    'content-length': String(to - from),
    ...(range === null ? {} : { 'content-range': `bytes ${from}-${to - 1}/${bytes}` }),
  }
  const status = range === null ? 200 : 206
  if (method === 'HEAD') return without(status, part)
  return new Response(content, { status, headers: { ...headers, ...part } })
}

function headersOf({ version, changedAtMs }: OpenArtifact, name: string) {
  return {
    'content-type': mimeTypeOf(name),
    'content-disposition': attachment(name),
    'x-content-type-options': 'nosniff',
    'content-security-policy': "sandbox; default-src 'none'",
    'accept-ranges': 'bytes',
    'cache-control': 'no-cache',
    etag: `"${version}"`,
    'last-modified': new Date(changedAtMs).toUTCString(),
  }
}

/** The one range that a header asks for, as `slice` counts; null for none, several, or what cannot be read, which all mean the whole. */
function rangeIn(header: string | undefined): ByteRange | null {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.replaceAll(' ', '') ?? '') ?? []
  if (first === '' && last === '') return null
  if (first === '') return Number(last) === 0 ? { from: 0, to: 0 } : { from: -Number(last) }
  if (last === '') return { from: Number(first) }
  return Number(last) < Number(first) ? null : { from: Number(first), to: Number(last) + 1 }
}

function placesOf(range: ByteRange | null, bytes: number): { from: number; to: number } {
  const { from = 0, to = bytes } = range ?? {}
  return { from: from < 0 ? Math.max(0, bytes + from) : from, to: Math.min(to, bytes) }
}

/** Whether the file is the one that a request to go on (`If-Range`) began with. */
function isSame({ version, changedAtMs }: OpenArtifact, condition: string | undefined): boolean {
  if (condition === undefined) return true
  return condition === `"${version}"` || condition === new Date(changedAtMs).toUTCString()
}

function isKnown(condition: string | undefined, etag: string): boolean {
  return condition?.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag) === true
}
