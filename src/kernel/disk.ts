// The machine's disk in our words: how much is free, and what a failed file operation means for whoever met it.
import { existsSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { messageOf, PlannedError } from './errors.ts'

/** A quota is a full disk to its owner. */
const FULL = ['ENOSPC', 'EDQUOT']
const READ_ONLY = ['EROFS']
const FORBIDDEN = ['EACCES', 'EPERM']
const MISPLACED = ['ENOTDIR', 'EISDIR', 'ELOOP', 'ENAMETOOLONG']
const FAILING = ['EIO', 'ENXIO', 'ENODEV', 'ESTALE', 'EMFILE', 'ENFILE', 'EBUSY', 'ETXTBSY']

/** The system's name of a failed file operation (`ENOSPC`); '' for any other thrown value. */
export function systemCode(error: unknown): string {
  const isSystem = error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error
  return isSystem ? String(error.code) : ''
}

/** Bytes that can still be written at a path, or at its nearest folder that is there; null where the system does not tell. */
export function freeBytes(path: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(nearestThere(path))
    return bavail * bsize
  } catch {
    return null
  }
}

/** `UNAVAILABLE` that names a file on a full disk and how much is free there. */
export function diskFull(path: string, cause?: unknown): PlannedError {
  const free = freeBytes(path)
  return new PlannedError('UNAVAILABLE', 'the disk is full', {
    why: `${path} could not be written${free === null ? '' : `, and ${bytesText(free)} are free there`}`,
    next: 'make room, then run the same command again',
    facts: { path, freeBytes: free },
    cause,
  })
}

/**
 * The planned error for a file operation that the system refused (a full disk, a place that may not be written, a failing
 * device); null for anything else, a file that is absent included: that means something else to every caller. `place` names
 * the file where the error itself does not.
 */
export function fileError(error: unknown, place?: string): PlannedError | null {
  const code = systemCode(error)
  const named = (error as { path?: unknown } | null)?.path // read-only peek; checked beside it
  const path = typeof named === 'string' ? named : (place ?? 'a file')
  const options = { why: messageOf(error), facts: { path, code }, cause: error }
  if (FULL.includes(code)) return diskFull(path, error)
  if (READ_ONLY.includes(code)) {
    const next = 'make the place writable, or choose another one (UNDERSTUDY_HOME is where everything is kept)'
    return new PlannedError('BAD_INPUT', `${path} lies on a file system that can only be read`, { ...options, next })
  }
  if (FORBIDDEN.includes(code)) {
    const next = 'change its permissions, or choose another place'
    return new PlannedError('BAD_INPUT', `${path} may not be used by this user`, { ...options, next })
  }
  if (MISPLACED.includes(code)) {
    const next = 'move what is in the way, or choose another place'
    return new PlannedError('BAD_INPUT', `${path} cannot be used`, { ...options, next })
  }
  if (FAILING.includes(code)) {
    const next = 'check the disk and the limits of this machine, then run the same command again'
    return new PlannedError('UNAVAILABLE', `${path} cannot be reached just now`, { ...options, next })
  }
  return null
}

/**
 * A number of bytes as people read it.
 *
 * @example bytesText(1_234_567) // => '1.2 MB'
 * @example bytesText(812) // => '812 bytes'
 */
export function bytesText(bytes: number): string {
  const units = ['kB', 'MB', 'GB', 'TB']
  if (bytes < 1000) return `${bytes} bytes`
  const power = Math.min(Math.floor(Math.log10(bytes) / 3), units.length)
  return `${(bytes / 1000 ** power).toFixed(1)} ${units[power - 1]}`
}

function nearestThere(path: string): string {
  let there = path
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there)
  return there
}
