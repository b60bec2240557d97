// A stored table as a query sees it: which of its files a window needs.
import { PlannedError } from '../kernel/errors.ts'
import { monthWindow, type TimeWindow } from '../kernel/window.ts'
import type { DuckdbSession } from './duckdb-session.ts'
import type { StoredPartition, StoredTable } from './manifest.ts'
import type { Select } from './port.ts'
import { noTable } from './rows.ts'
import type { TableFiles } from './table-files.ts'

/** What every operation of the warehouse works with. */
export interface DuckdbRooms {
  readonly session: DuckdbSession
  readonly files: TableFiles
}

/** The table, or `NOT_FOUND`. */
export async function existingTable(files: TableFiles, table: string): Promise<StoredTable> {
  const stored = await files.read(table)
  if (stored === null) throw noTable(table)
  return stored
}

export function partitionsIn(table: StoredTable, window: TimeWindow): StoredPartition[] {
  return table.partitions.filter(({ month }) => {
    const { fromMs, toMs } = monthWindow(month)
    return fromMs < window.toMs && toMs > window.fromMs
  })
}

/** The SQL of a query, or `BAD_INPUT` if it is in another language. */
export function sqlOf(select: Select): string {
  if (select.dialect === 'duckdb') return select.sql
  throw new PlannedError('BAD_INPUT', `this warehouse runs duckdb SQL and was given ${select.dialect}`, {
    next: 'ask for its dialect first',
  })
}
