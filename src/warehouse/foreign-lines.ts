// In which line of a text file a value stands: DuckDB, which reads it in several places at once, does not say.
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { throwIfCancelled } from '../kernel/errors.ts'
import { splitHeadings, type TextFormat } from './foreign-format.ts'

/** A value further down is told without its line: looking through a whole large file would cost more than the import. */
const MOST_LINES = 3_000_000

/** A value and the column, counted from 0, it stands in. */
export interface Sought {
  readonly column: number
  readonly text: string
}

/**
 * The first line that has each value in its column, counted from 1; null where none is found. A value with a line break in it is not.
 */
export async function findLines(
  path: string,
  { compression, delimiter, skip }: TextFormat,
  sought: readonly Sought[],
  signal: AbortSignal | undefined,
): Promise<(number | null)[]> {
  const found: (number | null)[] = sought.map(() => null)
  if (sought.length === 0) return found
  const file = createReadStream(path, { highWaterMark: 1 << 20 })
  const input = compression === 'gzip' ? file.pipe(createGunzip()) : file
  let number = 0
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (++number > MOST_LINES) break
      if (number % 4096 === 0) throwIfCancelled(signal)
      if (number <= skip) continue
      for (const [i, { column, text }] of sought.entries()) {
        if (found[i] !== null || !line.includes(text.trim())) continue
        if (splitHeadings(line, delimiter)[column] === text.trim()) found[i] = number
      }
      if (!found.includes(null)) break
    }
  } finally {
    file.destroy()
  }
  return found
}
