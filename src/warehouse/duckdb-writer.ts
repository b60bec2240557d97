// Rows from memory to Parquet files, one per month, in bounded memory: they gather in a table of DuckDB's and go out when it is full.
import type { DuckDBAppender } from '@duckdb/node-api'
import { throwIfCancelled } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import { appendColumns, asStored, quoteName } from './duckdb-columns.ts'
import { copyToFile, forEachOnLanes, type WrittenFile } from './duckdb-parts.ts'
import type { DuckdbSession, Lane } from './duckdb-session.ts'
import type { Batch, TableSchema } from './port.ts'
import { monthNumbers, monthOfNumber, storableColumns } from './rows.ts'

/** Values gathered before they are written out, per MB of the memory limit: a sixth of it, in doubles. */
const GATHERED_PER_MB = 20_000
/** Rows appended between two looks at the event loop and the signal: a few milliseconds. */
const STEP_ROWS = 65_536
/** Not the name of any column of a table. */
const MONTH = `month ${newId()}`

/** Writes all rows into files of the staging folder, one or more per month. */
export async function writeBatches(
  session: DuckdbSession,
  staging: string,
  schema: TableSchema,
  batches: AsyncIterable<Batch> | Iterable<Batch>,
  signal: AbortSignal | undefined,
): Promise<WrittenFile[]> {
  const files: WrittenFile[] = []
  const gatheredRows = Math.ceil((session.memoryLimitMb * GATHERED_PER_MB) / (schema.columns.length + 1))
  const timeIndex = schema.columns.findIndex(({ name }) => name === schema.timeColumn)
  await session.use(signal, async (lane) => {
    let gathered = await openGathering(lane, schema)
    try {
      for await (const batch of batches) {
        const columns = storableColumns(schema, batch)
        const months = monthNumbers(columns[timeIndex]!)
        for (let at = 0; at < batch.rows; at += STEP_ROWS) {
          const to = Math.min(at + STEP_ROWS, batch.rows)
          appendColumns(gathered.appender, [months, ...columns], at, to)
          for (let row = at; row < to; row++) gathered.months.add(months[row]!)
          gathered.rows += to - at
          await new Promise(setImmediate)
          throwIfCancelled(signal)
          if (gathered.rows < gatheredRows) continue
          files.push(...(await writeOut(session, staging, schema, gathered, signal)))
          await closeGathering(session, gathered)
          gathered = await openGathering(lane, schema)
        }
      }
      files.push(...(await writeOut(session, staging, schema, gathered, signal)))
    } finally {
      await closeGathering(session, gathered)
    }
  })
  return files
}

interface Gathering {
  readonly table: string
  readonly appender: DuckDBAppender
  readonly months: Set<number>
  rows: number
}

async function openGathering({ connection }: Lane, schema: TableSchema): Promise<Gathering> {
  const table = `gathering_${newId()}`
  const columns = [MONTH, ...schema.columns.map(({ name }) => name)].map((name) => `${quoteName(name)} double`)
  await connection.run(`create table ${table} (${columns.join(', ')})`)
  return { table, appender: await connection.createAppender(table), months: new Set(), rows: 0 }
}

async function writeOut(
  session: DuckdbSession,
  staging: string,
  schema: TableSchema,
  { table, appender, months }: Gathering,
  signal: AbortSignal | undefined,
): Promise<WrittenFile[]> {
  appender.flushSync()
  const files: WrittenFile[] = []
  const columns = schema.columns.map(asStored).join(', ')
  await forEachOnLanes(
    session,
    signal,
    [...months].sort((a, b) => a - b),
    async (lane, number) => {
      const rows = `select ${columns} from ${table} where ${quoteName(MONTH)} = ${number}`
      files.push(await copyToFile(lane, staging, monthOfNumber(number), rows))
    },
  )
  return files
}

/** On a connection that no signal interrupts: it has to happen after a cancellation too. */
async function closeGathering(session: DuckdbSession, { table, appender }: Gathering): Promise<void> {
  try {
    appender.closeSync()
  } catch {
    // It writes out what it still holds, which an interruption stops. The table goes anyway, with all that is in it.
  }
  await session.use(undefined, (lane) => lane.run(`drop table ${table}`))
}
