// Kysely's dialect for node:sqlite. Kysely brings one for another driver; its compiler and adapter are reused here.
import type { DatabaseSync, SQLInputValue, SQLOutputValue } from 'node:sqlite'
import {
  type CompiledQuery,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  type QueryCompiler,
  type QueryResult,
  SelectQueryNode,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import { retryWhileBusy, type Waiting } from './sqlite-errors.ts'
import type { Prepared, Statements } from './sqlite-statements.ts'

export interface SqliteDialectOptions {
  readonly connection: DatabaseSync
  readonly statements: Statements
  readonly waiting: Waiting
  readonly isReadOnly: boolean
  /** Called before a statement or transaction queues for the connection; throws to refuse it. */
  readonly beforeAcquire: () => void
  /** Throws once the file that is open was moved away. Asked before every statement outside a transaction, before `begin` and before `commit`. */
  readonly refuseMoved: () => void
  /** Closes the connection. */
  readonly close: () => void
}

export class SqliteDialect implements Dialect {
  readonly #options: SqliteDialectOptions

  constructor(options: SqliteDialectOptions) {
    this.#options = options
  }
  createDriver(): Driver {
    return new SqliteDriver(this.#options)
  }
  createQueryCompiler(): QueryCompiler {
    return new SqliteQueryCompiler()
  }
  createAdapter(): DialectAdapter {
    return new SqliteAdapter()
  }
  // Kysely's own signature: an introspector reads the schema of any database.
  // biome-ignore lint/suspicious/noExplicitAny: prescribed by the interface
  createIntrospector(db: Kysely<any>): DatabaseIntrospector {
    return new SqliteIntrospector(db)
  }
}

/** Hands the one connection to one caller at a time, in the order they came. */
class SqliteDriver implements Driver {
  readonly #options: SqliteDialectOptions
  #lastInLine: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(options: SqliteDialectOptions) {
    this.#options = options
  }
  async init(): Promise<void> {}

  async acquireConnection(): Promise<Turn> {
    this.#options.beforeAcquire()
    const { promise: turnEnds, resolve: endTurn } = Promise.withResolvers<void>()
    const before = this.#lastInLine
    this.#lastInLine = before.then(() => turnEnds)
    await before
    if (this.#isClosed) {
      endTurn()
      throw new Error(`the database ${this.#options.waiting.file} was closed`)
    }
    return new Turn(this.#options, endTurn)
  }
  async releaseConnection(turn: Turn): Promise<void> {
    turn.end()
  }
  async beginTransaction(turn: Turn): Promise<void> {
    // A plain begin that writes later fails at once when another process wrote in between, whatever the time-out.
    await turn.command(this.#options.isReadOnly ? 'begin' : 'begin immediate')
  }
  async commitTransaction(turn: Turn): Promise<void> {
    this.#options.refuseMoved()
    await turn.command('commit')
  }
  async rollbackTransaction(turn: Turn): Promise<void> {
    // After some failures (a full disk) SQLite has rolled back already; saying it again would hide the first error.
    if (this.#options.connection.isTransaction) await turn.command('rollback')
  }
  async destroy(): Promise<void> {
    await this.#lastInLine
    this.#isClosed = true
    this.#options.close()
  }
}

/** The connection as one caller holds it. Kysely sees to it that a transaction that ended uses it no more. */
class Turn implements DatabaseConnection {
  readonly #options: SqliteDialectOptions
  /** Lets the next in line have it. */
  readonly end: () => void

  constructor(options: SqliteDialectOptions, end: () => void) {
    this.#options = options
    this.end = end
  }
  async command(sql: string): Promise<void> {
    await retryWhileBusy(this.#options.waiting, () => {
      this.#refuseMoved()
      this.#options.connection.exec(sql)
    })
  }
  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const parameters = query.parameters.map((value, index) => bindable(value, index, query.sql))
    return retryWhileBusy(this.#options.waiting, () => {
      this.#refuseMoved()
      const prepared = this.#options.statements.prepared(query.sql)
      if (prepared.hasRows) {
        const rows = SelectQueryNode.is(query.query)
          ? readSelect(prepared, parameters)
          : readExact(prepared, parameters)
        return { rows: rows as R[] } // the caller's schema says what a row is; Kysely's types hold it to that
      }
      const { changes, lastInsertRowid } = prepared.statement.run(...parameters)
      return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
    })
  }
  #refuseMoved(): void {
    if (!this.#options.connection.isTransaction) this.#options.refuseMoved()
  }
  // biome-ignore lint/correctness/useYield: it only refuses
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('a stream would hold the only connection for as long as its reader likes; read pages instead')
  }
}

type Row = Record<string, SQLOutputValue>

/**
 * Integers as numbers, which is quick; where one is beyond 2^53 node:sqlite throws, and a select can simply be read
 * again.
 */
function readSelect(prepared: Prepared, parameters: SQLInputValue[]): Row[] {
  try {
    return rowsOf(prepared, parameters)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return readExact(prepared, parameters)
  }
}

/** Integers as numbers where a number holds them, as bigints elsewhere. For statements that must not run twice. */
function readExact(prepared: Prepared, parameters: SQLInputValue[]): Row[] {
  const { statement } = prepared
  statement.setReadBigInts(true)
  let rows: Row[]
  try {
    rows = rowsOf(prepared, parameters)
  } finally {
    statement.setReadBigInts(false) // it is kept for the next caller
  }
  for (const row of rows) {
    for (const [name, value] of Object.entries(row)) {
      if (typeof value === 'bigint' && Number.isSafeInteger(Number(value))) row[name] = Number(value)
    }
  }
  return rows
}

/** The rows as objects, which all have the same shape. */
function rowsOf({ statement, columns }: Prepared, parameters: SQLInputValue[]): Row[] {
  const lists = statement.all(...parameters) as unknown as SQLOutputValue[][] // it was told to return arrays
  const names = columns()
  return lists.map((list) => {
    const row: Row = {}
    for (let column = 0; column < names.length; column++) row[names[column]!] = list[column]!
    return row
  })
}

function bindable(value: unknown, index: number, sql: string): SQLInputValue {
  switch (typeof value) {
    case 'string':
    case 'bigint':
      return value
    case 'boolean':
      return value ? 1 : 0
    case 'number':
      if (!Number.isNaN(value)) return value // SQLite would store NaN as null
      break
    case 'object':
      if (value === null || value instanceof Uint8Array) return value
  }
  const shown = typeof value === 'object' ? 'an object' : String(value)
  throw new TypeError(`parameter ${index + 1} is ${shown}, which SQLite cannot hold: ${sql}`)
}
