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
import { isStillBusy, retryWhileBusy, translateSqliteError, type Waiting } from './sqlite-errors.ts'
import type { Prepared, Statements } from './sqlite-statements.ts'

/** A connection and its statements. */
export interface Side {
  readonly connection: DatabaseSync
  readonly statements: Statements
}

export interface SqliteDialectOptions {
  /** Takes everything that is not the reader's. */
  readonly main: Side
  /** Takes selects outside transactions, which so wait for no writer; null if the main one takes them too. */
  readonly reader: Side | null
  readonly waiting: Waiting
  readonly isReadOnly: boolean
  /** Called before a statement or transaction queues for the connection; throws to refuse it. */
  readonly beforeAcquire: () => void
  /** Throws once the file that is open was moved away. Asked before every statement outside a transaction, before `begin` and before `commit`. */
  readonly refuseMoved: () => void
  /** Closes the connections. */
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

/** Hands each of the two connections to one caller at a time, in the order they came. */
class SqliteDriver implements Driver {
  readonly #options: SqliteDialectOptions
  readonly #lines: Lines = { main: new Line(), reader: new Line(), busySinceMs: null }
  readonly #held = new Set<Held>()
  #isClosed = false

  constructor(options: SqliteDialectOptions) {
    this.#options = options
  }
  async init(): Promise<void> {}

  async acquireConnection(): Promise<Held> {
    this.#options.beforeAcquire()
    if (this.#isClosed) throw new Error(`the database ${this.#options.waiting.file} was closed`)
    const held = new Held(this.#options, this.#lines)
    this.#held.add(held)
    return held
  }
  async releaseConnection(held: Held): Promise<void> {
    await held.end()
    this.#held.delete(held)
  }
  async beginTransaction(held: Held): Promise<void> {
    // A plain begin that writes later fails at once when another process wrote in between, whatever the time-out.
    await held.command(this.#options.isReadOnly ? 'begin' : 'begin immediate')
  }
  async commitTransaction(held: Held): Promise<void> {
    this.#options.refuseMoved()
    await held.command('commit')
  }
  async rollbackTransaction(held: Held): Promise<void> {
    // After some failures (a full disk) SQLite has rolled back already; saying it again would hide the first error.
    if (this.#options.main.connection.isTransaction) await held.command('rollback')
  }
  async destroy(): Promise<void> {
    while (this.#held.size > 0) await Promise.all([...this.#held].map(({ ended }) => ended))
    this.#isClosed = true
    this.#options.close()
  }
}

/** One at a time, in the order they came. */
class Line {
  #last: Promise<void> = Promise.resolve()

  /** Waits for a turn. Returns how it is ended. */
  async turn(): Promise<() => void> {
    const { promise: turnEnds, resolve: endTurn } = Promise.withResolvers<void>()
    const before = this.#last
    this.#last = before.then(() => turnEnds)
    await before
    return endTurn
  }
}

interface Lines {
  readonly main: Line
  readonly reader: Line
  /** Since when another process has been waited for in vain; null while none is known to be in the way. */
  busySinceMs: number | null
}

/**
 * What one caller holds: nothing until it is needed, then a turn at the reader while it selects, and at the main connection from the first
 * other statement on. Kysely sees to it that a transaction that ended uses it no more.
 */
class Held implements DatabaseConnection {
  readonly #options: SqliteDialectOptions
  readonly #lines: Lines
  readonly #ended = Promise.withResolvers<void>()
  /** The turns it has or waits for, as what ends them. */
  #main: Promise<() => void> | null = null
  #reader: Promise<() => void> | null = null
  #isOver = false
  /** From when on this caller counts as one that waits for another process. */
  #sinceMs = 0

  constructor(options: SqliteDialectOptions, lines: Lines) {
    this.#options = options
    this.#lines = lines
  }
  /** Kept once the connection was handed back. */
  get ended(): Promise<void> {
    return this.#ended.promise
  }
  /** Lets the next in line have what this one held. */
  async end(): Promise<void> {
    this.#isOver = true
    await this.#leaveReader()
    const endTurn = await this.#main
    endTurn?.()
    this.#ended.resolve()
  }
  async command(sql: string): Promise<void> {
    await this.#onMain(() => this.#options.main.connection.exec(sql))
  }
  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const parameters = query.parameters.map((value, index) => bindable(value, index, query.sql))
    const { main, reader, waiting } = this.#options
    if (reader === null || this.#main !== null || !SelectQueryNode.is(query.query)) {
      return await this.#onMain(() => run<R>(main, query, parameters))
    }
    this.#reader ??= this.#enterReader(reader)
    await this.#reader
    this.#refuseOver()
    return await retryWhileBusy(waiting, () => run<R>(reader, query, parameters))
  }
  // biome-ignore lint/correctness/useYield: it only refuses
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('a stream would hold the only connection for as long as its reader likes; read pages instead')
  }

  /** All that one caller reads in its turn is of one moment. */
  async #enterReader({ connection }: Side): Promise<() => void> {
    const endTurn = await this.#lines.reader.turn()
    try {
      this.#options.refuseMoved()
      connection.exec('begin')
    } catch (error) {
      endTurn()
      throw translateSqliteError(error, this.#options.waiting.file)
    }
    return () => {
      if (connection.isTransaction) connection.exec('rollback') // nothing was written
      endTurn()
    }
  }
  async #leaveReader(): Promise<void> {
    const endTurn = await this.#reader?.catch(() => null) // who waited for it was told
    this.#reader = null
    endTurn?.()
  }
  async #onMain<T>(call: () => T): Promise<T> {
    const { main, waiting, refuseMoved } = this.#options
    this.#main ??= this.#enterMain()
    await this.#main
    this.#refuseOver()
    const attempt = (): T => {
      if (!main.connection.isTransaction) refuseMoved()
      return call()
    }
    try {
      const result = await retryWhileBusy(waiting, attempt, this.#sinceMs)
      this.#lines.busySinceMs = null
      return result
    } catch (error) {
      if (isStillBusy(error)) this.#lines.busySinceMs ??= this.#sinceMs
      throw error
    } finally {
      this.#sinceMs = performance.now()
    }
  }
  /** Whoever stood in line while those before waited for another process in vain has waited for it too. */
  async #enterMain(): Promise<() => void> {
    const askedMs = performance.now()
    await this.#leaveReader() // whoever held both while it waits could be waited for by whom it waits for
    const endTurn = await this.#lines.main.turn()
    this.#sinceMs = Math.max(askedMs, this.#lines.busySinceMs ?? performance.now())
    return endTurn
  }
  /** A statement that nobody waited for would run in the turn of another. */
  #refuseOver(): void {
    if (this.#isOver) throw new Error('a connection was used after it was handed back')
  }
}

function run<R>({ statements }: Side, query: CompiledQuery, parameters: SQLInputValue[]): QueryResult<R> {
  const prepared = statements.prepared(query.sql)
  if (prepared.hasRows) {
    const rows = SelectQueryNode.is(query.query) ? readSelect(prepared, parameters) : readExact(prepared, parameters)
    return { rows: rows as R[] } // the caller's schema says what a row is; Kysely's types hold it to that
  }
  const { changes, lastInsertRowid } = prepared.statement.run(...parameters)
  return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
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
