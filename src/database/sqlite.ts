// A SQLite file as a Database: opened with safe settings, shared by several processes.
import { AsyncLocalStorage } from 'node:async_hooks'
import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { CompiledQuery, Kysely } from 'kysely'
import { messageOf, PlannedError } from '../kernel/errors.ts'
import type { Database, RunScript } from './port.ts'
import { SqliteDialect } from './sqlite-dialect.ts'
import { retryWhileBusy, translateSqliteError, type Waiting } from './sqlite-errors.ts'

/** How long one SQLite call may block the event loop waiting for another process. Longer waits are asynchronous. */
const BLOCKING_WAIT_MS = 250
const DEFAULT_WAIT_MS = 20_000

/** For `waitMs`, see the port. A database opened `readOnly` must exist and is not created. */
export interface SqliteOptions {
  readonly readOnly?: boolean
  readonly waitMs?: number
}

/**
 * Opens the SQLite file at `path`, making it and its folder if absent (`:memory:` is a private one in memory).
 *
 * Throws  `NOT_FOUND` for an absent file under `readOnly`; `BAD_INPUT` for a folder, or a place that cannot be
 *          written; `BAD_DATA` for a file that is damaged or not SQLite's; `UNAVAILABLE` if other processes hold it
 *          for longer than `waitMs`.
 */
export async function openSqlite<Schema>(path: string, options: SqliteOptions = {}): Promise<Database<Schema>> {
  const readOnly = options.readOnly ?? false
  const file = path === ':memory:' ? path : resolve(path)
  const waiting = { file, waitMs: options.waitMs ?? DEFAULT_WAIT_MS }
  if (file !== ':memory:') checkPlace(file, readOnly)
  const connection = await connect(file, readOnly, waiting)
  return databaseOver<Schema>(connection, waiting)
}

function checkPlace(file: string, readOnly: boolean): void {
  const exists = existsSync(file)
  if (readOnly && !exists) throw new PlannedError('NOT_FOUND', `there is no database at ${file}`, { facts: { file } })
  if (exists && statSync(file).isDirectory()) {
    throw new PlannedError('BAD_INPUT', `${file} is a folder, not a database file; name a file in it`, {
      facts: { file },
    })
  }
  try {
    if (!readOnly) mkdirSync(dirname(file), { recursive: true })
    accessSync(exists ? file : dirname(file), readOnly ? constants.R_OK : constants.R_OK | constants.W_OK)
  } catch (cause) {
    const wish = readOnly ? 'read' : 'written'
    const message = `the database ${file} cannot be ${wish} (${messageOf(cause)}); free the place or choose another one`
    throw new PlannedError('BAD_INPUT', message, { facts: { file }, cause })
  }
}

async function connect(file: string, readOnly: boolean, waiting: Waiting): Promise<DatabaseSync> {
  let connection: DatabaseSync | undefined
  try {
    const opened = new DatabaseSync(file, { readOnly, timeout: BLOCKING_WAIT_MS })
    connection = opened
    await retryWhileBusy(waiting, () => {
      // The first read finds a damaged file. Asking before setting matters: only the change of mode needs the whole
      // file for itself.
      const mode = opened.prepare('pragma journal_mode').get()?.journal_mode
      if (!readOnly && mode !== 'wal') opened.exec('pragma journal_mode = wal')
      opened.exec('pragma synchronous = full; pragma foreign_keys = on; pragma case_sensitive_like = on')
      opened.prepare('select count(*) from sqlite_schema').get()
    })
    return opened
  } catch (error) {
    connection?.close()
    throw translateSqliteError(error, file)
  }
}

function databaseOver<Schema>(connection: DatabaseSync, waiting: Waiting): Database<Schema> {
  // Which transaction the running code belongs to, so that a statement that would wait for its own transaction is told
  // so.
  const current = new AsyncLocalStorage<{ isOpen: boolean }>()
  const refuseInside = (): void => {
    if (current.getStore()?.isOpen === true) {
      throw new Error(
        'inside a transaction use the trx it hands over: anything else would wait for the transaction for ever',
      )
    }
  }
  const sql = new Kysely<Schema>({ dialect: new SqliteDialect({ connection, waiting, beforeAcquire: refuseInside }) })
  let closing: Promise<void> | undefined

  const runScript = async (text: string): Promise<void> => {
    try {
      connection.exec(text)
    } catch (error) {
      throw translateSqliteError(error, waiting.file)
    }
    if (!connection.isTransaction) {
      throw new Error('a script ended its own transaction; leave begin, commit and rollback out of it')
    }
  }
  const transaction: Database<Schema>['transaction'] = async (work) => {
    const scope = { isOpen: true }
    const script: RunScript = async (text) => {
      if (!scope.isOpen) throw new Error(`used after its transaction ended: ${text}`)
      await runScript(text)
    }
    return sql.transaction().execute(async (trx) => {
      try {
        return await current.run(scope, () => work(trx, script))
      } finally {
        scope.isOpen = false
      }
    })
  }
  const close = async (): Promise<void> => {
    // Passive never waits for anybody; the last process to close empties the write-ahead log anyway.
    await sql.executeQuery(CompiledQuery.raw('pragma wal_checkpoint(passive)')).catch(() => undefined)
    await sql.destroy()
  }
  return {
    sql,
    transaction,
    script: (text) => transaction((_trx, run) => run(text)),
    async [Symbol.asyncDispose]() {
      closing ??= close()
      await closing
    },
  }
}
