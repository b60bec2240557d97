// Columns of one Parquet file that somebody sent, as plain values: numbers, texts, and times with or without a zone.
import { messageOf, PlannedError } from '../kernel/errors.ts'
import { quoteName, quotePath } from './duckdb-columns.ts'
import { type DuckdbSession, openDuckdbSession } from './duckdb-session.ts'

/** What a file may need to be read: no more than a few row groups of a few columns. */
const MEMORY_MB = 256
/** Bytes of one text at most: a number or a time takes fewer than fifty. A small file can say one long text very often. */
const LONGEST_TEXT = 1000

interface ParquetColumns {
  readonly rows: number
  readonly columns: Readonly<Record<string, readonly unknown[]>>
}

export interface ParquetReader {
  /**
   * The file's columns of these names, those that it has; null where there is none. An instant is ms since 1970, a time without a zone the
   * text `YYYY-MM-DD HH:MM:SS.fff`. Of a file with more rows than `maxRows` only their number is told. Throws `BAD_INPUT` if it cannot be read,
   * needs too much memory, or holds a text of more than `LONGEST_TEXT` bytes.
   */
  read(path: string, names: readonly string[], maxRows: number): Promise<ParquetColumns>
  close(): void
}

export async function openParquetReader(temporaryDirectory: string): Promise<ParquetReader> {
  const session = await openDuckdbSession({ temporaryDirectory, threads: 1, memoryLimitMb: MEMORY_MB })
  let before: Promise<unknown> = Promise.resolve()
  return {
    read(path, names, maxRows) {
      const reading = before.then(() => readColumns(session, path, names, maxRows))
      before = reading.catch(() => undefined) // one at a time: what one needs does not count for another
      return reading
    },
    close: () => session.close(),
  }
}

async function readColumns(
  session: DuckdbSession,
  path: string,
  names: readonly string[],
  maxRows: number,
): Promise<ParquetColumns> {
  const relation = `read_parquet(${quotePath(path)}, hive_partitioning = false)`
  try {
    return await session.use(undefined, async ({ run }) => {
      const described = await (await run(`describe select * from ${relation}`)).getRowsJson()
      const types = new Map(described.map(([name, type]) => [String(name), String(type)]))
      const [counted] = await (await run(`select count(*)::double from ${relation}`)).getRowsJson()
      const rows = Number(counted?.[0])
      const there = names.filter((name) => types.has(name))
      if (rows > maxRows || there.length === 0) return { rows, columns: {} }
      const texts = there.filter((name) => types.get(name) === 'VARCHAR')
      const [longest] = await (
        await run(`select ${[0, ...texts.map(longestText)].join(', ')} from ${relation}`)
      ).getRowsJson()
      const tooLong = texts.find((_, i) => Number(longest?.[i + 1]) > LONGEST_TEXT)
      if (tooLong !== undefined) throw longText(tooLong)
      const values = there.map((name) => plainValue(name, types.get(name) ?? ''))
      const read = await (await run(`select ${values.join(', ')} from ${relation}`)).getColumnsJS()
      return { rows, columns: Object.fromEntries(there.map((name, i) => [name, read[i] ?? []])) }
    })
  } catch (error) {
    if (messageOf(causeOf(error)).startsWith('Out of Memory Error')) throw tooMuchMemory(error)
    throw error instanceof PlannedError ? error : unreadable(error)
  }
}

/** SQL: a column as doubles or texts. */
function plainValue(name: string, type: string): string {
  const column = quoteName(name)
  if (type === 'TIMESTAMP WITH TIME ZONE') return `epoch_us(${column})::double / 1000::double`
  if (/^(TIMESTAMP|DATE)/.test(type)) return `strftime(${column}::timestamp, '%Y-%m-%d %H:%M:%S.%g')`
  if (/^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DOUBLE|FLOAT|DECIMAL\(.*\))$/.test(type)) return `${column}::double`
  if (type === 'VARCHAR' || type === '"NULL"') return `${column}::varchar`
  throw new PlannedError('BAD_INPUT', `the column ${name} is of type ${type}`, {
    next: 'write it as a number, a time or text',
  })
}

/** SQL: the bytes of a column's longest text, counted before any is copied out. */
function longestText(name: string): string {
  return `max(strlen(${quoteName(name)}))::double`
}

function longText(name: string): PlannedError {
  return new PlannedError('BAD_INPUT', `the column ${name} holds a text of more than ${LONGEST_TEXT} bytes`, {
    next: 'write numbers and times',
  })
}

function tooMuchMemory(cause: unknown): PlannedError {
  return new PlannedError('BAD_INPUT', `this Parquet file needs more than ${MEMORY_MB} MB of memory to be read`, {
    next: 'write it again with less in each of its row groups',
    cause,
  })
}

function causeOf(error: unknown): unknown {
  return error instanceof PlannedError ? error.cause : error
}

function unreadable(error: unknown): PlannedError {
  const why = (messageOf(error).split('\n')[0] ?? '').replaceAll(/'[^']*'|"[^"]*\/[^"]*"/g, 'the file')
  return new PlannedError('BAD_INPUT', 'this Parquet file cannot be read', {
    why,
    next: 'write it again',
    cause: error,
  })
}
