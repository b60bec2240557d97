// Long lists of keys, read in pieces of a few sizes only: each size is one statement, prepared once.

const SIZES = [1, 8, 64, 256] as const

/** Rows that `read` finds for the keys, in pieces; a piece is filled up by naming its last key again. No keys, no rows. */
export async function readInPieces<Key, Row>(
  keys: readonly Key[],
  read: (piece: readonly Key[]) => Promise<readonly Row[]>,
): Promise<Row[]> {
  const rows: Row[] = []
  for (let from = 0; from < keys.length; from += SIZES.at(-1)!) {
    const piece = keys.slice(from, from + SIZES.at(-1)!)
    for (const row of await read(filled(piece))) rows.push(row)
  }
  return rows
}

/** The list, as long as the next of the sizes. */
export function filled<Key>(keys: readonly Key[]): readonly Key[] {
  const size = SIZES.find((some) => some >= keys.length) ?? keys.length
  return [...keys, ...Array<Key>(size - keys.length).fill(keys.at(-1)!)]
}
