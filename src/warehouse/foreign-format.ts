// What kind of table a person's own file is, judged by its content: names of files lie.
import { createReadStream, type Stats } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { messageOf, PlannedError, throwIfCancelled } from '../kernel/errors.ts'
import { isGzip, isParquet, refuseBinary, refuseOtherText, refusePacked } from './foreign-kinds.ts'

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
  if (isParquet(head)) {
    await checkParquetEnd(path)
    return { kind: 'parquet' }
  }
  if (isGzip(head)) {
    const content = await gunzipThrough(path, signal)
    refusePacked(path, content)
    return textFormat(path, content, 'gzip', countKnown)
  }
  refuseBinary(path, head)
  return textFormat(path, head, 'none', countKnown)
}

/** What tells one state of a file from the next; null if there is no file. */
export async function stateOf(path: string): Promise<string | null> {
  const found = await stat(path).catch(() => null)
  return found === null ? null : `${found.dev} ${found.ino} ${found.size} ${found.mtimeMs}`
}

/** Looks at what a path names. Throws `NOT_FOUND` if that is nothing, `BAD_INPUT` if it is no file with something in it. */
async function statFile(path: string): Promise<Stats> {
  let found: Stats
  try {
    found = await stat(path)
  } catch (error) {
    throw notReachable(path, error)
  }
  const refuse = (what: string, next: string, why?: string): PlannedError =>
    new PlannedError('BAD_INPUT', `${path} is ${what}`, {
      ...(why === undefined ? {} : { why }),
      next,
      facts: { path },
    })
  if (found.isDirectory()) throw refuse('a folder', 'name the file in it')
  if (!found.isFile()) {
    const next = 'write what it gives to a file, and import that file'
    throw refuse('a pipe or a device, not a file', next, 'it has to be read twice, first to see that it is whole')
  }
  if (found.size === 0) throw refuse('empty', 'see whether it was written to its end, or name another file')
  return found
}

function notReachable(path: string, error: unknown): PlannedError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const facts = { path }
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new PlannedError('NOT_FOUND', `there is no file ${path}`, {
      next: 'name it from the folder you are in, or from /',
      facts,
      cause: error,
    })
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new PlannedError('BAD_INPUT', `${path} may not be read`, {
      why: 'this user lacks the right to the file or to a folder above it',
      next: `grant it (chmod u+r), or name a copy that may be read`,
      facts,
      cause: error,
    })
  }
  return new PlannedError('BAD_INPUT', `${path} cannot be opened`, {
    why: messageOf(error),
    next: 'name another file',
    facts,
    cause: error,
  })
}

async function readHead(path: string): Promise<Buffer> {
  await statFile(path)
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw notReachable(path, cause)
  })
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
    return buffer.subarray(0, bytesRead)
  } catch (cause) {
    throw notReachable(path, cause)
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
      throw new PlannedError('BAD_DATA', `${path} is a Parquet file that was cut off`, {
        why: 'it begins like one and does not end like one',
        next: 'fetch it again',
        facts: { path },
      })
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
    throw damagedGzip(path, cause)
  } finally {
    source.destroy()
  }
  if (bytes === 0) {
    throw new PlannedError('BAD_INPUT', `${path} is a gzip of an empty file`, {
      next: 'see whether it was written to its end, or name another file',
      facts: { path },
    })
  }
  return Buffer.concat(head).subarray(0, HEAD_BYTES)
}

function damagedGzip(path: string, cause: unknown): PlannedError {
  // The file begins with a gzip's header, so this is said of what follows its end.
  if (messageOf(cause) === 'incorrect header check') return moreThanGzip(path, cause)
  return new PlannedError('BAD_DATA', `${path} is a gzip that is cut off or damaged`, {
    why: messageOf(cause),
    next: 'fetch it again',
    facts: { path },
    cause,
  })
}

/** A gzip that other bytes follow: its own rows would be read, but nobody can say whether they are all there were meant to be. */
export function moreThanGzip(path: string, cause: unknown): PlannedError {
  return new PlannedError('BAD_DATA', `${path} is a gzip with something else behind its end`, {
    next: 'unpack it (gunzip), look whether all rows are there, and import the file inside',
    facts: { path },
    cause,
  })
}

function textFormat(path: string, head: Buffer, compression: TextFormat['compression'], countKnown: Fit): TextFormat {
  const text = head.toString('utf8').replace(/^\ufeff/, '')
  const lines = text.split(/\r\n|\n|\r/)
  const first = lines.findIndex((line) => line.trim() !== '')
  if (first === -1) {
    const next = 'see whether it was written to its end, or name another file'
    throw new PlannedError('BAD_INPUT', `${path} holds nothing but blank lines`, { next, facts: { path } })
  }
  const line = lines[first]!
  const candidates = [',', ';', '\t', '|'].map((delimiter) => ({ delimiter, headings: splitHeadings(line, delimiter) }))
  const score = ({ headings }: { headings: readonly string[] }): number => countKnown(headings) * 1000 + headings.length
  const best = candidates.reduce((left, right) => (score(right) > score(left) ? right : left))
  if (countKnown(best.headings) === 0) refuseOtherText(path, text)
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
