// Prepared statements of one connection, kept by their text: preparing costs more than most statements take to run.
import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** Statements kept at a time; the one used longest ago goes first. */
const KEPT = 256
/** Longer texts (thousands of bound values) come once and are not worth the room. */
const LONGEST_KEPT = 8_192

export interface Prepared {
  readonly statement: StatementSync
  /** Whether running it gives rows. */
  readonly hasRows: boolean
}

export interface Statements {
  prepared(sql: string): Prepared
}

/** SQLite prepares a kept statement anew by itself when the schema changes; its columns may then be others, so `select *` is asked again. */
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
      const prepared = { statement, hasRows: statement.columns().length > 0 }
      if (sql.length <= LONGEST_KEPT) kept.set(sql, prepared)
      if (kept.size > KEPT) kept.delete(kept.keys().next().value ?? '')
      return prepared
    },
  }
}
