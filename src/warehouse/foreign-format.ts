// What kind of table a person's own file is, judged by its content: names of files lie.
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { messageOf, PlannedError, throwIfCancelled } from '../kernel/errors.ts'

/** Headings and the first rows fit in this much of any sensible file. */
const HEAD_BYTES = 65_536

export interface TextFormat {
  readonly kind: 'csv'
  readonly compression: 'none' | 'gzip'
  readonly delimiter: string
  readonly headings: readonly string[]
  /** Lines up to and with the headings. */
  readonly skip: number
}
export type ForeignFormat = TextFormat | { readonly kind: 'parquet' }

/** How well headings fit what is looked for: the delimiter that gives the best fit is the file's. */
export type Fit = (headings: readonly string[]) => number

/**
 * Looks into a file. A gzip is read through once, as DuckDB does not notice one that was cut off or damaged.
 *
 * Throws `NOT_FOUND` for no file, `BAD_INPUT` for what is no table, `BAD_DATA` for a damaged one.
 */
export async function inspectForeignFile(
  path: string,
  countKnown: Fit,
  signal: AbortSignal | undefined,
): Promise<ForeignFormat> {
  const head = await readHead(path)
  const starts = (...bytes: number[]): boolean => bytes.every((byte, i) => head[i] === byte)
  if (starts(0x50, 0x41, 0x52, 0x31)) {
    await checkParquetEnd(path)
    return { kind: 'parquet' }
  }
  if (starts(0x50, 0x4b, 0x03, 0x04))
    throw new PlannedError('BAD_INPUT', `${path} is a zip archive; unpack it and import the file inside`)
  if (starts(0x28, 0xb5, 0x2f, 0xfd))
    throw new PlannedError('BAD_INPUT', `${path} is packed with zstd; unpack it first (unzstd)`)
  if (starts(0x1f, 0x8b)) return textFormat(path, await gunzipThrough(path, signal), 'gzip', countKnown)
  return textFormat(path, head, 'none', countKnown)
}

async function readHead(path: string): Promise<Buffer> {
  let size: number
  try {
    const found = await stat(path)
    if (found.isDirectory()) throw new PlannedError('BAD_INPUT', `${path} is a folder; name the file in it`)
    size = found.size
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')))
      throw error
    throw new PlannedError('NOT_FOUND', `there is no file ${path}`, { facts: { path }, cause: error })
  }
  if (size === 0) throw new PlannedError('BAD_INPUT', `${path} is empty`)
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw new PlannedError('BAD_INPUT', `${path} cannot be opened: ${messageOf(cause)}`, { cause })
  })
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

async function checkParquetEnd(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, Math.max(0, size - 4))
    if (size < 12 || buffer.toString('latin1', 0, bytesRead) !== 'PAR1') {
      throw new PlannedError(
        'BAD_DATA',
        `${path} begins like a Parquet file but does not end like one: it was cut off. Fetch it again`,
      )
    }
  } finally {
    await file.close()
  }
}

/** The first bytes of what a gzip holds, once all of it was found sound. */
async function gunzipThrough(path: string, signal: AbortSignal | undefined): Promise<Buffer> {
  const head: Buffer[] = []
  let bytes = 0
  const source = createReadStream(path, { highWaterMark: 1 << 20 })
  const content = source.pipe(createGunzip({ chunkSize: 1 << 20 }))
  source.on('error', (error) => content.destroy(error))
  try {
    for await (const chunk of content) {
      throwIfCancelled(signal)
      if (!Buffer.isBuffer(chunk)) throw new Error('a gunzip stream gave something else than bytes')
      if (bytes < HEAD_BYTES) head.push(chunk)
      bytes += chunk.length
    }
  } catch (cause) {
    throwIfCancelled(signal)
    const text = `${path} is a gzip that is cut off or damaged (${messageOf(cause)}). Fetch it again`
    throw new PlannedError('BAD_DATA', text, { facts: { path }, cause })
  } finally {
    source.destroy()
  }
  if (bytes === 0) throw new PlannedError('BAD_INPUT', `${path} is a gzip of an empty file`)
  return Buffer.concat(head).subarray(0, HEAD_BYTES)
}

function textFormat(path: string, head: Buffer, compression: TextFormat['compression'], countKnown: Fit): TextFormat {
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)) {
    throw new PlannedError('BAD_INPUT', `${path} is UTF-16 text; save it as UTF-8`)
  }
  if (head.includes(0)) {
    throw new PlannedError(
      'BAD_INPUT',
      `${path} is neither text nor Parquet; CSV, CSV in gzip and Parquet can be imported`,
    )
  }
  const lines = head
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .split(/\r\n|\n|\r/)
  const first = lines.findIndex((line) => line.trim() !== '')
  if (first === -1) throw new PlannedError('BAD_INPUT', `${path} holds nothing but blank lines`)
  const line = lines[first]!
  const candidates = [',', ';', '\t', '|'].map((delimiter) => ({ delimiter, headings: splitHeadings(line, delimiter) }))
  const score = ({ headings }: { headings: readonly string[] }): number => countKnown(headings) * 1000 + headings.length
  const best = candidates.reduce((left, right) => (score(right) > score(left) ? right : left))
  return { kind: 'csv', compression, ...best, skip: first + 1 }
}

/**
 * The headings of a line, without their quotes.
 *
 * @example splitHeadings('a,"b, ""c""", d ', ',') // => ['a', 'b, "c"', 'd']
 */
export function splitHeadings(line: string, delimiter: string): string[] {
  const headings: string[] = []
  let heading = ''
  let isQuoted = false
  for (let i = 0; i < line.length; i++) {
    const character = line[i]!
    if (character === '"' && isQuoted && line[i + 1] === '"') heading += line[i++]
    else if (character === '"') isQuoted = !isQuoted
    else if (character === delimiter && !isQuoted) {
      headings.push(heading.trim())
      heading = ''
    } else heading += character
  }
  return [...headings, heading.trim()]
}
