// What node:sqlite throws, in our words; and waiting for other processes without blocking the event loop.
import { setTimeout as sleep } from 'node:timers/promises'
import { PlannedError } from '../kernel/errors.ts'

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
  const planned = (kind: ConstructorParameters<typeof PlannedError>[0], message: string): PlannedError =>
    new PlannedError(kind, message, { facts, cause: error })
  switch (code) {
    case NOT_A_DATABASE:
      return planned('BAD_DATA', `${file} is not a SQLite database; move it away, or name another file`)
    case CORRUPT:
      return planned(
        'BAD_DATA',
        `the database ${file} is damaged; restore it from a copy, or move it away to start anew`,
      )
    case READONLY:
      return planned('BAD_INPUT', `the database ${file} can only be read; make it writable, or choose another place`)
    case CANNOT_OPEN:
      return planned(
        'BAD_INPUT',
        `the database ${file} cannot be opened; see that its folder exists and may be written`,
      )
    case FULL:
      return planned('UNAVAILABLE', `the disk is full, so nothing can be written to ${file}; make room and try again`)
    case IO_ERROR:
      return planned('UNAVAILABLE', `the disk failed while ${file} was read or written (${(error as Error).message})`) // sqliteCode proved it
    default:
      return error
  }
}

/**
 * Runs a SQLite call, and again while another process holds the file, with growing, jittered pauses. Gives up after
 * `waitMs` with `UNAVAILABLE`. The call must be one that leaves nothing behind when it fails: a `begin`, or one
 * statement of its own.
 */
export async function retryWhileBusy<T>(waiting: Waiting, call: () => T): Promise<T> {
  const deadline = performance.now() + waiting.waitMs
  for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 2, 250)) {
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

function stillBusy({ file, waitMs }: Waiting, cause: unknown): PlannedError {
  const message = `another process has been writing to ${file} for ${waitMs} ms; see that none hangs, then try again`
  return new PlannedError('UNAVAILABLE', message, { facts: { file, waitMs }, cause })
}
