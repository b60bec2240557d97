// What a file operation that failed means, and what lies at a place.
import type { Stats } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { isPlanned, messageOf, PlannedError } from '../kernel/errors.ts'
import { absent, fileAndFolder } from './path.ts'

/** What lies at a place, links not followed; null if nothing does. */
export async function lookAt(place: string): Promise<Stats | null> {
  try {
    return await lstat(place)
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return null
    throw worded(error, place)
  }
}

/** The planned error for a failed file operation, by the codes that mean there is nothing or something else in that place. */
export function worded(
  error: unknown,
  path: string,
  codes: { absent?: readonly string[]; conflict?: readonly string[] } = {},
): PlannedError {
  if (isPlanned(error)) return error
  const code = codeOf(error)
  if (codes.absent?.includes(code) === true) return absent(path)
  if (codes.conflict?.includes(code) === true) return fileAndFolder(path)
  return new PlannedError('UNAVAILABLE', `the artifact "${path}" cannot be reached`, {
    why: messageOf(error),
    next: 'check the disk and its permissions',
    cause: error,
  })
}

export function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
}
