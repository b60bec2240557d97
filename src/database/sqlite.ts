// A SQLite file as a Database: opened with safe settings, shared by several processes.
import { AsyncLocalStorage } from 'node:async_hooks'
import { resolve } from 'node:path'
import { CompiledQuery, Kysely } from 'kysely'
import { groupedWrites } from './grouped-writes.ts'
import type { Database, RunScript } from './port.ts'
import { type Connection, connect, connectReader } from './sqlite-connection.ts'
import { type Side, SqliteDialect, type SqliteDialectOptions } from './sqlite-dialect.ts'
import { translateSqliteError, type Waiting } from './sqlite-errors.ts'
import { keepStatements } from './sqlite-statements.ts'

const DEFAULT_WAIT_MS = 20_000

/** For `waitMs`, see the port. A database opened `readOnly` must exist and is not created; it may lie where nothing can be written. */
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
  const opened = await connect(waiting, readOnly)
  try {
    return databaseOver<Schema>(opened, readOnly ? null : await connectReader(waiting), waiting, readOnly)
  } catch (error) {
    opened.close()
    throw error
  }
}

function databaseOver<Schema>(
  opened: Connection,
  reader: Connection | null,
  waiting: Waiting,
  isReadOnly: boolean,
): Database<Schema> {
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
  const sql = new Kysely<Schema>({
    dialect: dialectOver(opened, reader, { waiting, isReadOnly, beforeAcquire: refuseInside }),
  })
  let closing: Promise<void> | undefined

  const transaction: Database<Schema>['transaction'] = async (work) => {
    const scope = { isOpen: true }
    const script: RunScript = async (text) => {
      if (!scope.isOpen) throw new Error(`used after its transaction ended: ${text}`)
      runScript(opened, waiting, text)
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
    if (!isReadOnly) await sql.executeQuery(CompiledQuery.raw('pragma wal_checkpoint(passive)')).catch(() => undefined)
    await sql.destroy()
  }
  return {
    file: waiting.file,
    isReadOnly,
    sql,
    transaction,
    write: groupedWrites(transaction, refuseInside),
    script: (text) => transaction((_trx, run) => run(text)),
    async [Symbol.asyncDispose]() {
      closing ??= close()
      await closing
    },
  }
}

function dialectOver(
  opened: Connection,
  reader: Connection | null,
  options: Pick<SqliteDialectOptions, 'waiting' | 'isReadOnly' | 'beforeAcquire'>,
): SqliteDialect {
  return new SqliteDialect({
    ...options,
    main: sideOf(opened),
    reader: reader === null ? null : sideOf(reader),
    refuseMoved: opened.refuseMoved,
    close() {
      reader?.close() // first: only whoever may write can empty the log when the last one closes
      opened.close()
    },
  })
}

function sideOf({ sqlite }: Connection): Side {
  return { connection: sqlite, statements: keepStatements(sqlite) }
}

function runScript({ sqlite }: Connection, { file }: Waiting, text: string): void {
  try {
    sqlite.exec(text)
  } catch (error) {
    throw translateSqliteError(error, file)
  }
  if (!sqlite.isTransaction) {
    throw new Error('a script ended its own transaction; leave begin, commit and rollback out of it')
  }
}
