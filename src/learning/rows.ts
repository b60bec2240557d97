// Rows to learn from: all in memory, or block by block.
import type { EncodedRows } from '../features/encode.ts'
import type { RowSource } from './port.ts'

/** How many values a row has. */
export type RowShape = Pick<EncodedRows, 'numberCount' | 'categoryCount'>

/** Room for so many rows. */
export function makeRows({ numberCount, categoryCount }: RowShape, rows: number): EncodedRows {
  return {
    rows,
    numberCount,
    categoryCount,
    numbers: new Float32Array(rows * numberCount),
    codes: new Int16Array(rows * categoryCount),
    target: new Float32Array(rows),
  }
}

/** Rows that are in memory already, as the one block they are. */
export function rowsInMemory(rows: EncodedRows): RowSource {
  const { numberCount, categoryCount } = rows
  return {
    rows: rows.rows,
    numberCount,
    categoryCount,
    async *blocks() {
      yield rows
    },
  }
}

/** All rows of a source, in memory. Throws what reading them does. */
export async function allRows(source: RowSource): Promise<EncodedRows> {
  let all: EncodedRows | null = null
  let from = 0
  for await (const block of source.blocks()) {
    if (all === null && block.rows === source.rows) return block
    all ??= makeRows(source, source.rows)
    from += block.rows
    if (from > source.rows) break
    all.numbers.set(block.numbers, (from - block.rows) * source.numberCount)
    all.codes.set(block.codes, (from - block.rows) * source.categoryCount)
    all.target.set(block.target, from - block.rows)
  }
  if (from !== source.rows) throw new Error(`${source.rows} rows were announced and ${from} came`)
  return all ?? makeRows(source, 0)
}
