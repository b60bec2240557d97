// One connection to a SQLite file: checked before it is opened, opened with safe settings, readable also where nothing may be written.
import {
  accessSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { fileError } from '../kernel/disk.ts'
import { messageOf, PlannedError } from '../kernel/errors.ts'
import { damaged, isRefusedPlace, retryWhileBusy, translateSqliteError, type Waiting } from './sqlite-errors.ts'

/** How long one SQLite call may block the event loop waiting for another process. Longer waits are asynchronous. */
const BLOCKING_WAIT_MS = 10

/** Pages kept in memory; SQLite's own default of 2 MiB is little for several indices that are written to at once. */
const CACHE_KIB = 16_384

/** The first bytes of a write-ahead log (https://sqlite.org/fileformat2.html#walformat); the last bit tells the byte order. */
const LOG_MAGIC = 0x377f0682

/** An open file, and how it is closed again. */
export interface Connection {
  readonly sqlite: DatabaseSync
  /** Throws `UNAVAILABLE` once the file no longer lies where it was opened: what is written to it then is lost. */
  refuseMoved(): void
  close(): void
}

/** Opens the file of `waiting`. Throws as `openSqlite` says. */
export async function connect(waiting: Waiting, readOnly: boolean): Promise<Connection> {
  const { file } = waiting
  if (file !== ':memory:') {
    checkPlace(file, readOnly)
    checkLog(file)
  }
  if (!readOnly) {
    const connection = await opened(waiting, () => new DatabaseSync(file, { timeout: BLOCKING_WAIT_MS }), 'write')
    return { ...connection, refuseMoved: file === ':memory:' ? neverMoved : movedCheck(file) }
  }
  try {
    return await opened(waiting, () => new DatabaseSync(file, { readOnly, timeout: BLOCKING_WAIT_MS }), 'read')
  } catch (error) {
    if (!isRefusedPlace(error)) throw error
    return await openWhereNothingMayBeWritten(waiting)
  }
}

/** A second connection, for reading alone, to a file that is open to be written. In memory there is none: each would be another database. */
export async function connectReader(waiting: Waiting): Promise<Connection | null> {
  const { file } = waiting
  if (file === ':memory:') return null
  return await opened(waiting, () => new DatabaseSync(file, { readOnly: true, timeout: BLOCKING_WAIT_MS }), 'read')
}

/**
 * SQLite reads a file with a write-ahead log only where it may put an index beside the log. Where it may not, a file whose log is
 * empty is read as one that nobody changes; any other is copied to where writing is allowed, log and all.
 */
async function openWhereNothingMayBeWritten(waiting: Waiting): Promise<Connection> {
  const { file } = waiting
  if ((statSync(logOf(file), { throwIfNoEntry: false })?.size ?? 0) === 0) {
    const asItIs = new URL(`${pathToFileURL(file).href}?immutable=1`)
    return await opened(waiting, () => new DatabaseSync(asItIs, { readOnly: true }), 'read')
  }
  const folder = mkdtempSync(join(tmpdir(), 'understudy-read-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  try {
    const copy = join(folder, basename(file))
    copyFileSync(file, copy)
    copyFileSync(logOf(file), logOf(copy))
    const { sqlite, close } = await opened(waiting, () => new DatabaseSync(copy), 'read')
    sqlite.exec('pragma query_only = on')
    return {
      sqlite,
      refuseMoved: neverMoved,
      close() {
        close()
        remove()
      },
    }
  } catch (error) {
    remove()
    throw fileError(error, folder) ?? error
  }
}

async function opened(waiting: Waiting, open: () => DatabaseSync, mode: 'read' | 'write'): Promise<Connection> {
  let connection: DatabaseSync | undefined
  try {
    const sqlite = open()
    connection = sqlite
    await retryWhileBusy(waiting, () => {
      // The first read finds a damaged file. Asking before setting matters: only the change of mode needs the whole
      // file for itself.
      const journal = sqlite.prepare('pragma journal_mode').get()?.journal_mode
      if (mode === 'write' && journal !== 'wal') sqlite.exec('pragma journal_mode = wal')
      sqlite.exec('pragma synchronous = full; pragma foreign_keys = on; pragma case_sensitive_like = on')
      // What one statement or savepoint would undo is kept in memory: a file for it costs more than most statements do.
      sqlite.exec(`pragma temp_store = memory; pragma cache_size = ${-CACHE_KIB}`)
      sqlite.prepare('select count(*) from sqlite_schema').get()
    })
    return { sqlite, refuseMoved: neverMoved, close: () => sqlite.close() }
  } catch (error) {
    connection?.close()
    throw translateSqliteError(error, waiting.file)
  }
}

function neverMoved(): void {}

/** SQLite goes on with the file that it opened, wherever that was moved, and also when it was removed. */
function movedCheck(file: string): () => void {
  const first = statSync(file, { bigint: true, throwIfNoEntry: false })
  return () => {
    const now = statSync(file, { bigint: true, throwIfNoEntry: false })
    if (now !== undefined && now.ino === first?.ino && now.dev === first.dev) return
    throw new PlannedError('UNAVAILABLE', `the database ${file} was moved away`, {
      why: now === undefined ? 'no file lies there any more' : 'another file lies in its place now',
      next: 'stop this program and start it again: it still holds the file that lay there',
      facts: { file },
    })
  }
}

function checkPlace(file: string, readOnly: boolean): void {
  const exists = existsSync(file)
  if (readOnly && !exists) throw new PlannedError('NOT_FOUND', `there is no database at ${file}`, { facts: { file } })
  if (exists && statSync(file).isDirectory()) {
    const next = 'name a file in it'
    throw new PlannedError('BAD_INPUT', `${file} is a folder, not a database file`, { next, facts: { file } })
  }
  try {
    if (!readOnly) mkdirSync(dirname(file), { recursive: true })
    accessSync(exists ? file : dirname(file), readOnly ? constants.R_OK : constants.R_OK | constants.W_OK)
  } catch (cause) {
    const wish = readOnly ? 'read' : 'written'
    throw new PlannedError('BAD_INPUT', `the database ${file} cannot be ${wish}`, {
      why: messageOf(cause),
      next: 'free the place or choose another one',
      facts: { file },
      cause,
    })
  }
}

/** SQLite passes over a log that it cannot read, and with it over whatever was committed there alone. */
function checkLog(file: string): void {
  const log = logOf(file)
  const head = Buffer.alloc(4)
  try {
    const handle = openSync(log, 'r')
    try {
      if (readSync(handle, head, 0, 4, 0) < 4) return
    } finally {
      closeSync(handle)
    }
  } catch {
    return // no log, or one that SQLite will name
  }
  const magic = head.readUInt32BE()
  if (magic === 0 || (magic & ~1) >>> 0 === LOG_MAGIC) return // zeros are room that was never written to
  throw damaged(log, 'it is no write-ahead log of SQLite, so the last changes cannot be read')
}

/** The write-ahead log beside a database file. */
function logOf(file: string): string {
  return `${file}-wal`
}
