// Rows in a new order for every pass: held in memory, or spilled to a file where they are too many.
import type { Random } from '../kernel/random.ts'
import type { RowSource } from './port.ts'
import { allRows } from './rows.ts'
import { type ShuffledRows, shuffledInMemory } from './shuffled-rows.ts'
import { bytesOfRow, spillRows } from './spilled-rows.ts'

/** What is held in memory as it is, at most: kernels have a copy of it. */
const HELD_BYTES = 128 * 2 ** 20
const BUCKET_BYTES = 48 * 2 ** 20

export interface Shuffling {
  readonly batchSize: number
  readonly random: Random
  /** A folder for the file; without one, all is held in memory. */
  readonly scratch?: string | undefined
  readonly signal?: AbortSignal | undefined
  readonly heldBytes?: number
  /** The size of the buckets of rows that are not held. */
  readonly bucketBytes?: number
}

/**
 * Reads all rows of a source, once. Up to `heldBytes` of them are held in memory; more go to buckets in a file (`spillRows`), of
 * which two are in memory at a time. The same rows, random numbers and sizes give the same orders.
 *
 * Throws what reading the rows does, `UNAVAILABLE` if the disk is full, `CANCELLED` on the signal.
 */
export async function openShuffledRows(source: RowSource, shuffling: Shuffling): Promise<ShuffledRows> {
  const { batchSize, random, scratch, signal, heldBytes = HELD_BYTES, bucketBytes = BUCKET_BYTES } = shuffling
  if (scratch === undefined || source.rows * bytesOfRow(source) <= heldBytes) {
    return shuffledInMemory(await allRows(source), random)
  }
  return await spillRows(source, { batchSize, random, scratch, signal, bucketBytes })
}
