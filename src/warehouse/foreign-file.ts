// Reads a person's own table of rows: CSV, CSV in gzip, Parquet. Streams, and counts what it could not take, and why.
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DuckDBDataChunk, DuckDBVarCharVector } from '@duckdb/node-api'
import { throwIfCancelled } from '../kernel/errors.ts'
import { doublesOf, quotePath, quoteText } from './duckdb-columns.ts'
import { type DuckdbSession, type Lane, openDuckdbSession } from './duckdb-session.ts'
import {
  type Aliases,
  countMatches,
  type FileColumn,
  type MatchedColumn,
  matchColumns,
  PROBLEMS,
  selectNumbers,
} from './foreign-columns.ts'
import { type ForeignFormat, inspectForeignFile, stateOf, type TextFormat } from './foreign-format.ts'
import { findLines } from './foreign-lines.ts'
import {
  Counts,
  changedMeanwhile,
  commaInside,
  type ImportReport,
  misplacedQuote,
  nothingTaken,
  unreadable,
} from './foreign-report.ts'
import type { Batch, TableSchema } from './port.ts'
import { checkSchema } from './rows.ts'

const BATCH_ROWS = 65_536
/** Buffers of a text file; a line longer than the second is no row. */
const TEXT_LIMITS = 'buffer_size = 8388608, max_line_size = 1048576'

export interface ForeignFileOptions {
  readonly schema: TableSchema
  /** Other headings a column may have in files, by its name in the schema. */
  readonly aliases?: Aliases
  readonly temporaryDirectory?: string
  readonly signal?: AbortSignal | undefined
}

export interface ForeignFile {
  readonly format: 'csv' | 'csv in gzip' | 'parquet'
  /** The file's heading of each of the schema's columns. */
  readonly headings: Readonly<Record<string, string>>
  readonly ignoredColumns: readonly string[]
  /**
   * The rows, in no promised order: a large file is read in several places at once. Throws `BAD_INPUT` if numbers have commas, and `BAD_DATA` if the file turns out damaged
   * or no row at all could be taken: after part of the rows, so write them where a failed write leaves nothing.
   */
  batches(): AsyncGenerator<Batch>
  /** What was taken and left; complete when the batches have come to their end. */
  report(): ImportReport
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Opens a file and finds the schema's columns in it. Times with a zone are converted to UTC, without one they are taken as UTC.
 *
 * Throws `NOT_FOUND` if there is no such file, `BAD_INPUT` if it is no table or lacks columns, `BAD_DATA` if it is damaged.
 */
export async function readForeignFile(path: string, options: ForeignFileOptions): Promise<ForeignFile> {
  const { schema, aliases = {}, signal, temporaryDirectory = join(tmpdir(), 'understudy') } = options
  checkSchema(schema)
  const state = await stateOf(path)
  const format = await inspectForeignFile(path, (headings) => countMatches(schema, aliases, headings), signal)
  const session = await openDuckdbSession({ temporaryDirectory, threads: 2, memoryLimitMb: 200 })
  try {
    const columns = format.kind === 'csv' ? textColumns(format) : await parquetColumns(session, path, state)
    const matched = matchColumns(path, schema, aliases, columns)
    const ignoredColumns = columns
      .filter((column) => !matched.some(({ from }) => from === column))
      .map(({ heading }) => heading)
    const counts = new Counts()
    return {
      format: format.kind === 'parquet' ? 'parquet' : format.compression === 'gzip' ? 'csv in gzip' : 'csv',
      headings: Object.fromEntries(matched.map(({ column, from }) => [column.name, from.heading])),
      ignoredColumns,
      batches: () => readBatches({ path, state, format, schema, matched, columns, session, counts, signal }),
      report: () => ({ ...counts.report(), ignoredColumns }),
      async [Symbol.asyncDispose]() {
        session.close()
      },
    }
  } catch (error) {
    session.close()
    throw error
  }
}

interface Reading {
  readonly path: string
  /** The file's, when it was first looked at. */
  readonly state: string | null
  readonly format: ForeignFormat
  readonly schema: TableSchema
  readonly matched: readonly MatchedColumn[]
  readonly columns: readonly FileColumn[]
  readonly session: DuckdbSession
  readonly counts: Counts
  readonly signal: AbortSignal | undefined
}

function textColumns({ headings }: TextFormat): FileColumn[] {
  return headings.map((heading, i) => ({ heading, type: 'VARCHAR', sql: `c${i}` }))
}

async function parquetColumns(session: DuckdbSession, path: string, state: string | null): Promise<FileColumn[]> {
  try {
    const rows = await session.use(undefined, async (lane) => {
      const result = await lane.run(
        `describe select * from read_parquet(${quotePath(path)}, hive_partitioning = false)`,
      )
      return await result.getRowsJson()
    })
    return rows.map(([name, type]) => ({
      heading: String(name),
      type: String(type),
      sql: `"${String(name).replaceAll('"', '""')}"`,
    }))
  } catch (error) {
    throw await unreadable(path, state, error)
  }
}

function relationOf({ path, format, columns }: Reading): string {
  if (format.kind === 'parquet') return `read_parquet(${quotePath(path)}, hive_partitioning = false)`
  const types = columns.map(({ sql }) => `'${sql}': 'VARCHAR'`).join(', ')
  // Everything is told, nothing is guessed from a sample; lines that do not fit are remembered, not fatal.
  return `read_csv(${quotePath(path)}, auto_detect = false, header = false, skip = ${format.skip}, columns = {${types}},
    delim = ${quoteText(format.delimiter)}, quote = '"', escape = '"', compression = '${format.compression}', ${TEXT_LIMITS}, store_rejects = true)`
}

async function* readBatches(reading: Reading): AsyncGenerator<Batch> {
  const { path, state, format, schema, matched, session, counts, signal } = reading
  const { lane, giveBack } = await session.borrow(signal)
  try {
    const result = await lane.stream(selectNumbers(schema, matched, relationOf(reading)))
    let batch = emptyBatch(matched)
    for (
      let chunk = await result.fetchChunk();
      chunk !== null && chunk.rowCount > 0;
      chunk = await result.fetchChunk()
    ) {
      throwIfCancelled(signal)
      // Chunks differ in size: a file's parts end with short ones, so the last chunk says nothing of the next.
      if (batch.rows + chunk.rowCount > BATCH_ROWS) {
        yield cut(matched, batch)
        batch = emptyBatch(matched)
      }
      batch.rows = await takeChunk(reading, chunk, batch)
    }
    if (batch.rows > 0) yield cut(matched, batch)
    if (format.kind === 'csv') {
      await countBrokenLines(path, lane, counts)
      await counts.addLines((sought) => findLines(path, format, sought, signal))
    }
    if ((await stateOf(path)) !== state) throw changedMeanwhile(path)
  } catch (error) {
    throwIfCancelled(signal)
    throw await unreadable(path, state, error)
  } finally {
    giveBack()
  }
  if (counts.taken === 0) throw nothingTaken(path, counts.report())
}

interface OpenBatch {
  rows: number
  readonly columns: readonly Float64Array[]
}

function emptyBatch(matched: readonly MatchedColumn[]): OpenBatch {
  return { rows: 0, columns: matched.map(() => new Float64Array(BATCH_ROWS)) }
}

function cut(matched: readonly MatchedColumn[], { rows, columns }: OpenBatch): Batch {
  return {
    rows,
    columns: Object.fromEntries(matched.map(({ column }, i) => [column.name, columns[i]!.subarray(0, rows)])),
  }
}

/** Copies a chunk's rows that have no problem behind those of the batch, and counts the others; gives the batch's new size. */
async function takeChunk(reading: Reading, chunk: DuckDBDataChunk, { rows, columns }: OpenBatch): Promise<number> {
  const { matched, counts } = reading
  const problems = doublesOf(chunk, matched.length)
  const kept = Array.from(problems.keys()).filter((row) => problems[row] === 0)
  const isWhole = kept.length === problems.length
  for (const [i, column] of columns.entries()) {
    const values = doublesOf(chunk, i)
    if (isWhole) column.set(values, rows)
    else for (const [at, row] of kept.entries()) column[rows + at] = values[row]!
  }
  counts.taken += kept.length
  if (!isWhole) await leaveRows(reading, problems, chunk.getColumnVector(matched.length + 1))
  return rows + kept.length
}

/** Counts the rows of a chunk that have a problem. Throws what a problem that says something of the whole file is told as. */
async function leaveRows(reading: Reading, problems: Float64Array, texts: object): Promise<void> {
  const { path, format, matched, columns, counts, signal } = reading
  for (const [row, code] of problems.entries()) {
    if (code === 0) continue
    const { from } = matched[Math.floor(code / 10)]!
    const problem = PROBLEMS[code % 10]
    const text = (): string => (texts instanceof DuckDBVarCharVector ? (texts.getItem(row) ?? '') : '')
    const column = format.kind === 'csv' ? columns.indexOf(from) : null
    if (problem === 'a comma inside a number') {
      const [line = null] =
        format.kind === 'csv' && column !== null
          ? await findLines(path, format, [{ column, text: text() }], signal)
          : []
      throw commaInside(path, from.heading, text(), line)
    }
    if (problem === 'a line break inside a value' && format.kind === 'csv') {
      throw misplacedQuote(path, `in column ${from.heading}: "${text()}`)
    }
    counts.leave(`${from.heading}: ${problem}`, 1, text, column)
  }
}

/** Adds the lines that have another number of fields than the headings, or are no text. */
async function countBrokenLines(path: string, lane: Lane, counts: Counts): Promise<void> {
  const result = await lane.run(`select kind, count(*)::varchar, min(line)::varchar, min_by(example, line) from (
      select line, min(error_type::varchar) as kind, min(left(csv_line, 200)) as example from reject_errors group by line
    ) group by kind order by 2 desc`)
  for (const [kind, rows, line, text] of await result.getRowsJson()) {
    const example = `line ${line}: ${String(text ?? '').trim()}`
    if (kind === 'UNQUOTED VALUE' || example.includes('\n')) throw misplacedQuote(path, example)
    counts.leave(
      BROKEN_LINES[String(kind)] ?? `unreadable line (${String(kind).toLowerCase()})`,
      Number(rows),
      () => example,
      null,
    )
  }
}

const BROKEN_LINES: Readonly<Record<string, string>> = {
  'TOO MANY COLUMNS': 'more fields than headings',
  'MISSING COLUMNS': 'fewer fields than headings',
  'INVALID ENCODING': 'not UTF-8 text',
  'LINE SIZE OVER MAXIMUM': 'a line longer than 1 MB',
}
