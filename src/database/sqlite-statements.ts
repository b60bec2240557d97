// Prepared statements of one connection, kept by their text: preparing costs more than most statements take to run.
import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** Statements kept at a time; the one used longest ago goes first. */
const KEPT = 256
/** Longer texts (thousands of bound values) come once and are not worth the room. */
const LONGEST_KEPT = 8_192

/** A statement whose rows come as arrays: node:sqlite's own objects take longer to make, and much longer to read. */
export interface Prepared {
  readonly statement: StatementSync
  /** Whether running it gives rows. */
  readonly hasRows: boolean
  /** The names of its columns, in their order. To be asked for once its rows are read. */
  columns(): readonly string[]
}

export interface Statements {
  prepared(sql: string): Prepared
}

export function keepStatements(connection: DatabaseSync): Statements {
  const kept = new Map<string, Prepared>()
  return {
    prepared(sql) {
      const found = kept.get(sql)
      if (found !== undefined) {
        kept.delete(sql)
        kept.set(sql, found) // the newest again
        return found
      }
      const statement = connection.prepare(sql)
      statement.setReturnArrays(true)
      const prepared = described(statement, sql)
      if (sql.length <= LONGEST_KEPT) kept.set(sql, prepared)
      if (kept.size > KEPT) kept.delete(kept.keys().next().value ?? '')
      return prepared
    },
  }
}

/** SQLite prepares a statement anew when it runs and the schema has changed: `select *` may then have other columns than before. */
function described(statement: StatementSync, sql: string): Prepared {
  const names = (): readonly string[] => statement.columns().map((column) => column.name)
  const first = names()
  return { statement, hasRows: first.length > 0, columns: sql.includes('*') ? names : () => first }
}
