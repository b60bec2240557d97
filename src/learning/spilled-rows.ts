// Rows that are too many for the memory, shuffled by way of a file of buckets.
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { EncodedRows } from '../features/encode.ts'
import { messageOf, PlannedError, throwIfCancelled } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import { type Random, shuffle } from '../kernel/random.ts'
import type { RowSource } from './port.ts'
import { makeRows, type RowShape } from './rows.ts'
import type { ShuffledBlock, ShuffledRows } from './shuffled-rows.ts'

/** What the rows wait in, all buckets together, before they are written. */
const WAITING_BYTES = 32 * 2 ** 20

/** A part of the file: the rows `[from, from + rows)` of all, numbers first, then codes, then targets. */
interface Bucket {
  readonly from: number
  readonly rows: number
}

export interface Spilling {
  readonly batchSize: number
  readonly random: Random
  readonly scratch: string
  readonly signal: AbortSignal | undefined
  readonly bucketBytes: number
}

/** Bytes of one encoded row. */
export function bytesOfRow({ numberCount, categoryCount }: RowShape): number {
  return 4 * numberCount + 2 * categoryCount + 4
}

/**
 * Writes each row to one of several buckets at random, once; a pass takes the buckets in a random order and shuffles within each.
 * Every way of filling the buckets is equally likely, so the first pass is one of all orders of the rows, each equally likely; in
 * later passes the rows of one bucket, a random sample of all, stay near each other. The next bucket is read while one is learnt.
 */
export async function spillRows(source: RowSource, spilling: Spilling): Promise<ShuffledRows> {
  const { random, scratch, bucketBytes, batchSize } = spilling
  const batchesABucket = Math.max(1, Math.floor(bucketBytes / bytesOfRow(source) / batchSize))
  const buckets = cut(source.rows, batchesABucket * batchSize)
  const path = join(scratch, `rows-${newId()}`)
  await using undoing = new AsyncDisposableStack()
  undoing.defer(() => rm(path, { force: true }))
  await fillBuckets(source, buckets, path, spilling)
  const file = undoing.use(await open(path, 'r'))
  const opened = undoing.move()
  const blockRows = Math.min(batchesABucket * batchSize, source.rows)
  const slots = [makeRows(source, blockRows), makeRows(source, blockRows)] as const
  const order = Int32Array.from({ length: buckets.length }, (_, bucket) => bucket)
  return {
    rows: source.rows,
    blockRows,
    async *pass() {
      shuffle(order, random)
      yield* inTurn(
        file,
        Array.from(order, (bucket) => buckets[bucket]!),
        slots,
        random,
      )
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

/** All rows in buckets of so many; the last one has what is left. */
function cut(rows: number, bucketRows: number): Bucket[] {
  return Array.from({ length: Math.ceil(rows / bucketRows) }, (_, bucket) => ({
    from: bucket * bucketRows,
    rows: Math.min(bucketRows, rows - bucket * bucketRows),
  }))
}

/** Bucket after bucket, each shuffled, while the next one is read into the other slot. */
async function* inTurn(
  file: FileHandle,
  buckets: readonly Bucket[],
  slots: readonly [EncodedRows, EncodedRows],
  random: Random,
): AsyncGenerator<ShuffledBlock> {
  const read = (at: number): Promise<EncodedRows | null> => {
    const bucket = buckets[at]
    const reading = bucket === undefined ? Promise.resolve(null) : readBucket(file, bucket, slots[at % 2 === 0 ? 0 : 1])
    reading.catch(() => undefined) // it is awaited below; until then nobody listens, which would end the process
    return reading
  }
  let next = read(0)
  try {
    for (let at = 0; ; at++) {
      const rows = await next
      if (rows === null) return
      next = read(at + 1)
      const order = Int32Array.from({ length: rows.rows }, (_, row) => row)
      shuffle(order, random)
      yield { rows, order }
    }
  } finally {
    await next.catch(() => undefined) // a pass that was left reads no further into a slot of the next one
  }
}

/** A bucket's rows, in the first rows of a slot. */
async function readBucket(file: FileHandle, { from, rows }: Bucket, slot: EncodedRows): Promise<EncodedRows> {
  const bucket = firstRows(slot, rows)
  let position = from * bytesOfRow(slot)
  const parts = [bucket.numbers, bucket.codes, bucket.target].map((part) => {
    const at = position
    position += part.byteLength
    return { part, at }
  })
  await Promise.all(
    parts.map(async ({ part, at }) => {
      const bytes = new Uint8Array(part.buffer, part.byteOffset, part.byteLength)
      for (let done = 0; done < bytes.byteLength; ) {
        const { bytesRead } = await file.read(bytes, done, bytes.byteLength - done, at + done)
        if (bytesRead === 0) throw new Error(`a file of spilled rows ends before ${at + done}`)
        done += bytesRead
      }
    }),
  )
  return bucket
}

async function fillBuckets(
  source: RowSource,
  buckets: readonly Bucket[],
  path: string,
  { random, signal }: Spilling,
): Promise<void> {
  const file = openSync(path, 'wx')
  try {
    ftruncateSync(file, source.rows * bytesOfRow(source))
    const waitingRows = Math.max(16, Math.floor(WAITING_BYTES / bytesOfRow(source) / buckets.length))
    const filling = buckets.map((bucket) => openBucket(file, bucket, source, waitingRows))
    const choose = openChoice(
      buckets.map(({ rows }) => rows),
      random,
    )
    let taken = 0
    for await (const block of source.blocks()) {
      throwIfCancelled(signal)
      taken += block.rows
      if (taken > source.rows) break
      for (let row = 0; row < block.rows; row++) filling[choose()]!.add(block, row)
    }
    if (taken !== source.rows) throw new Error(`${source.rows} rows were announced and ${taken} came`)
    for (const bucket of filling) bucket.flush()
  } catch (error) {
    throw explain(error)
  } finally {
    closeSync(file)
  }
}

/** Takes a bucket's rows and writes them where they belong, many at a time. */
function openBucket(file: number, { from, rows }: Bucket, layout: RowShape, waitingRows: number) {
  const waiting = makeRows(layout, Math.min(waitingRows, rows))
  const { numberCount, categoryCount } = layout
  const numbersAt = from * bytesOfRow(layout)
  const codesAt = numbersAt + 4 * rows * numberCount
  const targetAt = codesAt + 2 * rows * categoryCount
  let count = 0
  let written = 0
  const flush = (): void => {
    const some = firstRows(waiting, count)
    write(file, some.numbers, numbersAt + 4 * written * numberCount)
    write(file, some.codes, codesAt + 2 * written * categoryCount)
    write(file, some.target, targetAt + 4 * written)
    written += count
    count = 0
  }
  return {
    add(block: EncodedRows, row: number): void {
      for (let i = 0; i < numberCount; i++)
        waiting.numbers[count * numberCount + i] = block.numbers[row * numberCount + i]!
      for (let i = 0; i < categoryCount; i++)
        waiting.codes[count * categoryCount + i] = block.codes[row * categoryCount + i]!
      waiting.target[count] = block.target[row]! // row < block.rows, i < its counts
      count++
      if (count === waiting.rows) flush()
    },
    flush,
  }
}

function write(file: number, values: Float32Array | Int16Array, position: number): void {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  for (let done = 0; done < bytes.byteLength; ) {
    done += writeSync(file, bytes, done, bytes.byteLength - done, position + done)
  }
}

/**
 * Returns a function that draws the bucket of the next row, each as likely as it has room left: so every way of filling them is
 * equally likely. Drawn by rejection: any bucket, taken with the chance `room / most room`; the most is looked up anew as often as
 * there are buckets, and too high a one in between only means a few draws more.
 */
function openChoice(sizes: readonly number[], random: Random): () => number {
  const room = Int32Array.from(sizes)
  let most = 0
  let drawn = 0
  return () => {
    if (drawn++ % room.length === 0) most = room.reduce((max, left) => Math.max(max, left), 0)
    for (;;) {
      const bucket = random.below(room.length)
      if (random.below(most) >= room[bucket]!) continue
      room[bucket]!--
      return bucket
    }
  }
}

function firstRows(of: EncodedRows, rows: number): EncodedRows {
  return {
    ...of,
    rows,
    numbers: of.numbers.subarray(0, rows * of.numberCount),
    codes: of.codes.subarray(0, rows * of.categoryCount),
    target: of.target.subarray(0, rows),
  }
}

/** A full disk, in words; any other error as it is. */
function explain(error: unknown): unknown {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) return error
  return new PlannedError('UNAVAILABLE', 'the disk is full', {
    why: messageOf(error),
    next: 'free some space and run this again, or train on a shorter window',
    cause: error,
  })
}
