// Rows to learn from: all in memory, or block by block.
import type { EncodedRows } from '../features/encode.ts'
import type { RowSource } from './port.ts'

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
  const { rows, numberCount, categoryCount } = source
  let all: EncodedRows | null = null
  let from = 0
  for await (const block of source.blocks()) {
    if (all === null && block.rows === rows) return block
    all ??= {
      rows,
      numberCount,
      categoryCount,
      numbers: new Float32Array(rows * numberCount),
      codes: new Int16Array(rows * categoryCount),
      target: new Float32Array(rows),
    }
    all.numbers.set(block.numbers, from * numberCount)
    all.codes.set(block.codes, from * categoryCount)
    all.target.set(block.target, from)
    from += block.rows
  }
  if (from !== rows) throw new Error(`${rows} rows were announced and ${from} came`)
  return (
    all ?? {
      rows,
      numberCount,
      categoryCount,
      numbers: new Float32Array(),
      codes: new Int16Array(),
      target: new Float32Array(),
    }
  )
}
