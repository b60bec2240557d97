// One writer at a time for a table, across threads and processes of one machine: a file that exists while somebody writes.
import { randomInt } from 'node:crypto'
import { closeSync, openSync, readFileSync, statSync, unlinkSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { PlannedError, throwIfCancelled } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import { isGone, OWN_MARK } from '../kernel/process-mark.ts'

const WAIT_MS = 20_000
/** What is done under a lock takes milliseconds: one this old was left by a thread that was ended, or by a machine put to sleep. */
const ABANDONED_MS = 300_000
const UNNAMED_MS = 1_000
export const LOCK_SUFFIX = '.lock'
const BREAKING = '-breaking-'

export interface LockOptions {
  readonly signal?: AbortSignal | undefined
  /** How long to wait for another writer. */
  readonly waitMs?: number
}

/**
 * Runs `work` while holding the lock. Waits for another holder, with longer and longer pauses, up to 20 s; the lock of a
 * process that is gone is broken. `work` is given a check to call right before it commits.
 *
 * Throws `CONFLICT` naming the holder if it does not let go.
 */
export async function withLock<T>(
  path: string,
  { signal, waitMs = WAIT_MS }: LockOptions,
  work: (stillHeld: () => void) => Promise<T>,
): Promise<T> {
  const token = `${OWN_MARK} ${newId()}`
  const startedAt = performance.now()
  for (let pauseMs = 2; !take(path, token); pauseMs = Math.min(pauseMs * 1.5, 250)) {
    throwIfCancelled(signal)
    const holder = readIfThere(path)
    if (holder === null || breakIfLeft(path, holder)) continue
    if (performance.now() - startedAt > waitMs) throw heldElsewhere(path, holder)
    await sleep(pauseMs + randomInt(5))
  }
  try {
    return await work(() => {
      if (readIfThere(path) !== token) throw heldElsewhere(path, readIfThere(path) ?? 'nobody')
    })
  } finally {
    if (readIfThere(path) === token) unlinkSync(path)
  }
}

/** Of the files beside the tables of a warehouse, removes this one if it is a lock whose holder is gone. */
export function removeLeftLock(path: string): void {
  const holder = readIfThere(path)
  if (path.includes(BREAKING)) removeLeftBreaker(path)
  else if (path.endsWith(LOCK_SUFFIX) && holder !== null) breakIfLeft(path, holder)
}

function removeLeftBreaker(path: string): void {
  if (isGone(readIfThere(path) ?? '') || ageOf(path) > ABANDONED_MS) unlinkIfThere(path)
}

function take(path: string, token: string): boolean {
  try {
    const file = openSync(path, 'wx')
    writeSync(file, token)
    closeSync(file)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/**
 * Removes a lock whose holder is gone; says whether it may be tried again at once. Of several who notice, only the one that
 * makes the file named after this very lock removes it, and looks once more before: or it would remove the next holder's.
 */
function breakIfLeft(path: string, holder: string): boolean {
  const [mark = '', id = ''] = holder.split(' ')
  const ageMs = ageOf(path)
  // An empty file is a lock whose holder is just about to write its name, or was killed before it did. Should it only be slow, it finds
  // itself without the lock when it commits.
  const isLeft = holder === '' ? ageMs > UNNAMED_MS : isGone(mark) || ageMs > ABANDONED_MS
  if (!isLeft) return false
  const breaker = `${path}${BREAKING}${id}`
  if (!take(breaker, OWN_MARK)) {
    removeLeftBreaker(breaker)
    return false
  }
  if (readIfThere(path) === holder) unlinkIfThere(path)
  unlinkIfThere(breaker)
  return true
}

function heldElsewhere(path: string, holder: string): PlannedError {
  const pid = holder.split('-')[0] ?? ''
  return new PlannedError('CONFLICT', `process ${pid} is writing this table and did not finish in time`, {
    why: `it holds ${path}`,
    next: 'wait for it, or end it and run this again',
    facts: { path, holder },
  })
}

/** Age of a file by the machine's clock, on which both its dates are; 0 if it is not there. */
function ageOf(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat === undefined ? 0 : Date.now() - stat.mtimeMs
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
}
