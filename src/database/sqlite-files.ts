// SQLite files as a whole: a consistent copy of one that others write to, and whether one is whole.
import { rmSync, statSync } from 'node:fs'
import { backup, DatabaseSync } from 'node:sqlite'
import { messageOf } from '../kernel/errors.ts'
import { connect } from './sqlite-connection.ts'
import { translateSqliteError } from './sqlite-errors.ts'

const WAIT_MS = 20_000
/** All pages in one step: between two steps others could write, and the copy would begin anew. */
const ALL_PAGES = 2 ** 31 - 1
/** Faults that the check looks for before it stops. */
const MOST_FAULTS = 10

/**
 * Writes a copy of the database at `from`, as it was at one moment, to a new file at `to`: one file, with no log beside it.
 * Others may read and write meanwhile. Throws as `openSqlite` does, also for damage that the copying runs into.
 */
export async function copyDatabase(from: string, to: string): Promise<void> {
  const source = await connect({ file: from, waitMs: WAIT_MS }, true)
  try {
    await backup(source.sqlite, to, { rate: ALL_PAGES }).catch((error: unknown) => {
      throw translateSqliteError(error, to)
    })
    const copy = new DatabaseSync(to)
    try {
      copy.exec('pragma journal_mode = delete') // the copied header says there is a log; a file that stands alone needs none
    } finally {
      copy.close()
    }
  } catch (error) {
    for (const file of [to, `${to}-wal`, `${to}-shm`, `${to}-journal`]) rmSync(file, { force: true })
    throw translateSqliteError(error, to)
  } finally {
    source.close()
  }
}

/** What SQLite's own check finds wrong with a file, in its words; nothing for a whole one. Reads all of it, without letting go of the event loop. */
export async function integrityFaults(file: string): Promise<readonly string[]> {
  try {
    if (bytesOf(file) === 0 && (bytesOf(`${file}-wal`) ?? 0) === 0) return ['the file is empty']
    const { sqlite, close } = await connect({ file, waitMs: WAIT_MS }, true)
    try {
      const rows = sqlite.prepare(`pragma integrity_check(${MOST_FAULTS})`).all()
      const found = rows.map((row) => String(Object.values(row)[0]))
      return found.length === 1 && found[0] === 'ok' ? [] : found
    } finally {
      close()
    }
  } catch (error) {
    return [messageOf(translateSqliteError(error, file))]
  }
}

/** Null for a file that is not there. */
function bytesOf(file: string): number | null {
  return statSync(file, { throwIfNoEntry: false })?.size ?? null
}
