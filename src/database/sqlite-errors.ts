// What node:sqlite throws, in our words; and waiting for other processes without blocking the event loop.
import { accessSync, constants } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { diskFull, freeBytes } from '../kernel/disk.ts'
import { isPlanned, messageOf, PlannedError } from '../kernel/errors.ts'
import { recoveryAdvice } from './known-backups.ts'

/** Whose turn is waited for, and for how long at most. */
export interface Waiting {
  readonly file: string
  readonly waitMs: number
}

/** SQLite's primary result codes (https://sqlite.org/rescode.html); the extended ones carry them in their low byte. */
const BUSY = 5
const READONLY = 8
const IO_ERROR = 10
const CORRUPT = 11
const FULL = 13
const CANNOT_OPEN = 14
const NOT_A_DATABASE = 26

/** With less than this free, a write that failed without a reason failed for want of room: the log's index grows by 32 KiB. */
const FULL_BELOW_BYTES = 65_536

/** A waiter that looks more seldom is overtaken again and again where others write one transaction after another. */
const LONGEST_PAUSE_MS = 100

function sqliteCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null
  return error.errcode & 0xff
}

/**
 * A planned error where the fault lies with the file or its place; anything else (a constraint, wrong SQL) unchanged.
 */
export function translateSqliteError(error: unknown, file: string): unknown {
  const code = sqliteCode(error)
  const facts = { file, sqliteCode: code }
  const why = messageOf(error)
  switch (code) {
    case NOT_A_DATABASE:
      return damaged(file, 'it is no SQLite file, or its beginning was overwritten', error)
    case CORRUPT:
      return damaged(file, `SQLite says "${why}"`, error)
    case READONLY: {
      return new PlannedError('BAD_INPUT', `the database ${file} can only be read`, {
        why: 'it, or the place where it lies, may not be written',
        next: 'make it writable, or choose another place',
        facts,
        cause: error,
      })
    }
    case FULL:
      return diskFull(file, error)
    case CANNOT_OPEN: {
      if (isFull(file)) return diskFull(file, error)
      const next = 'see that its folder exists and may be written'
      return new PlannedError('BAD_INPUT', `the database ${file} cannot be opened`, { why, next, facts, cause: error })
    }
    case IO_ERROR: {
      if (isFull(file)) return diskFull(file, error) // the log's index is made by the page, and says only that it failed
      const next = 'check the disk, then run the same command again'
      const what = `the disk failed while the database ${file} was read or written`
      return new PlannedError('UNAVAILABLE', what, { why, next, facts, cause: error })
    }
    default:
      return error
  }
}

/** `BAD_DATA` that names a damaged file of a database and what to do: the newest backup, where one is known. */
export function damaged(file: string, why: string, cause?: unknown): PlannedError {
  const facts = { file, damaged: true, sqliteCode: sqliteCode(cause) }
  return new PlannedError('BAD_DATA', `the database file ${file} is damaged`, {
    why,
    next: recoveryAdvice(file),
    facts,
    cause,
  })
}

/** Whether a planned error says that a file could not be opened for want of somewhere to write. */
export function isRefusedPlace(error: unknown): boolean {
  return (
    isPlanned(error, 'BAD_INPUT') && (error.facts.sqliteCode === CANNOT_OPEN || error.facts.sqliteCode === READONLY)
  )
}

/** Whether there is no room where a file lies. A file system that can only be read has none either, and is not full. */
function isFull(file: string): boolean {
  const free = freeBytes(file)
  if (free === null || free >= FULL_BELOW_BYTES) return false
  try {
    accessSync(dirname(file), constants.W_OK)
    return true
  } catch {
    return false
  }
}

/**
 * Runs a SQLite call, and again while another process holds the file, with growing, jittered pauses. Gives up after
 * `waitMs`, counted from `sinceMs`, with `UNAVAILABLE`. The call must be one that leaves nothing behind when it fails: a `begin`, or one
 * statement of its own.
 */
export async function retryWhileBusy<T>(waiting: Waiting, call: () => T, sinceMs = performance.now()): Promise<T> {
  const deadline = sinceMs + waiting.waitMs
  for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    try {
      return call()
    } catch (error) {
      if (sqliteCode(error) !== BUSY) throw translateSqliteError(error, waiting.file)
      if (performance.now() >= deadline) throw stillBusy(waiting, error)
      // Unseeded on purpose: the jitter is there so that two processes do not wait in step. No result depends on it.
      await sleep(pauseMs * (0.5 + Math.random()))
    }
  }
}

/** Whether an error says that another process was waited for in vain. */
export function isStillBusy(error: unknown): boolean {
  return isPlanned(error, 'UNAVAILABLE') && error.facts.waitMs !== undefined
}

function stillBusy({ file, waitMs }: Waiting, cause: unknown): PlannedError {
  const next = 'see that none hangs, then try again'
  const what = `another process has been writing to ${file} for ${waitMs} ms`
  return new PlannedError('UNAVAILABLE', what, { next, facts: { file, waitMs }, cause })
}
