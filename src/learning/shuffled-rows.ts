// Rows in a new order for every pass over them.
import type { EncodedRows } from '../features/encode.ts'
import { type Random, shuffle } from '../kernel/random.ts'

/** Rows of one block, and the order to learn them in. */
export interface ShuffledBlock {
  readonly rows: EncodedRows
  /** (rows) Numbers of the block's rows. */
  readonly order: Int32Array
}

/**
 * The rows of a source, as often as wanted, each time in another order. A pass hands them out block by block; batches are taken
 * within a block, so that every block but one has a multiple of the batch size: a pass has as many batches as there would be
 * without blocks. A block's arrays stay as they are until the next block is asked for. A pass may be left at any time; the next
 * one begins after that. Open them with `openShuffledRows`.
 */
export interface ShuffledRows {
  readonly rows: number
  /** No block has more rows. */
  readonly blockRows: number
  pass(): AsyncIterable<ShuffledBlock>
  /** Removes what lies on the disk. */
  [Symbol.asyncDispose](): Promise<void>
}

/** Rows in memory: one block, the same object in every pass, whose order is shuffled anew. */
export function shuffledInMemory(rows: EncodedRows, random: Random): ShuffledRows {
  const order = Int32Array.from({ length: rows.rows }, (_, row) => row)
  return {
    rows: rows.rows,
    blockRows: rows.rows,
    async *pass() {
      shuffle(order, random)
      yield { rows, order }
    },
    async [Symbol.asyncDispose]() {},
  }
}
