// Prepared statements of one connection, kept by their text: preparing costs more than most statements take to run.
import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** Statements kept at a time; the one used longest ago goes first. */
const KEPT = 256
/** Longer texts (thousands of bound values) come once and are not worth the room. */
const LONGEST_KEPT = 8_192

/** A statement whose rows come as arrays: node:sqlite's own objects take longer to make, and much longer to read. */
export interface Prepared {
  readonly statement: StatementSync
  /** The names of its columns, in their order; none for a statement that gives no rows. */
  readonly columns: readonly string[]
}

export interface Statements {
  prepared(sql: string): Prepared
}

/** SQLite prepares a kept statement anew by itself when the schema changes. The columns of `select *` may then be others, so they are asked for again. */
export function keepStatements(connection: DatabaseSync): Statements {
  const kept = new Map<string, Prepared>()
  return {
    prepared(sql) {
      const found = kept.get(sql)
      if (found !== undefined) {
        kept.delete(sql)
        kept.set(sql, found) // the newest again
        return sql.includes('*') && found.columns.length > 0 ? described(found.statement) : found
      }
      const statement = connection.prepare(sql)
      statement.setReturnArrays(true)
      const prepared = described(statement)
      if (sql.length <= LONGEST_KEPT) kept.set(sql, prepared)
      if (kept.size > KEPT) kept.delete(kept.keys().next().value ?? '')
      return prepared
    },
  }
}

function described(statement: StatementSync): Prepared {
  return { statement, columns: statement.columns().map((column) => column.name) }
}
