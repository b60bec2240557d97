// Columns of one Parquet file that somebody sent, as plain values: numbers, texts, and times with or without a zone.
import { messageOf, PlannedError } from '../kernel/errors.ts'
import { quoteName, quotePath } from './duckdb-columns.ts'
import { type DuckdbSession, openDuckdbSession } from './duckdb-session.ts'

/** What a file may need to be read: no more than a few row groups of a few columns. */
const MEMORY_MB = 256

interface ParquetColumns {
  readonly rows: number
  readonly columns: Readonly<Record<string, readonly unknown[]>>
}

export interface ParquetReader {
  /**
   * The file's columns of these names, those that it has; null where there is none. An instant is ms since 1970, a time without a zone the
   * text `YYYY-MM-DD HH:MM:SS.fff`. Of a file with more rows than `maxRows` only their number is told. Throws `BAD_INPUT` if it cannot be read.
   */
  read(path: string, names: readonly string[], maxRows: number): Promise<ParquetColumns>
  close(): void
}

export async function openParquetReader(temporaryDirectory: string): Promise<ParquetReader> {
  const session = await openDuckdbSession({ temporaryDirectory, threads: 1, memoryLimitMb: MEMORY_MB })
  return {
    read: (path, names, maxRows) => readColumns(session, path, names, maxRows),
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
      const values = there.map((name) => plainValue(name, types.get(name) ?? ''))
      const read = await (await run(`select ${values.join(', ')} from ${relation}`)).getColumnsJS()
      return { rows, columns: Object.fromEntries(there.map((name, i) => [name, read[i] ?? []])) }
    })
  } catch (error) {
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

function unreadable(error: unknown): PlannedError {
  const why = (messageOf(error).split('\n')[0] ?? '').replaceAll(/'[^']*'|"[^"]*\/[^"]*"/g, 'the file')
  return new PlannedError('BAD_INPUT', 'this Parquet file cannot be read', {
    why,
    next: 'write it again',
    cause: error,
  })
}
