// The way into a home: made if absent, refused where it cannot be one, only read where it may not be written.
import { accessSync, constants, existsSync, lstatSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { diskFull, systemCode } from '../kernel/disk.ts'
import { messageOf, PlannedError } from '../kernel/errors.ts'
import { refuseEmptied } from './integrity.ts'
import { journalOf, type Place } from './place.ts'
import { enterHome, refuseDuringRestore } from './presence.ts'

/** A home that this process works in, until disposed of. */
export interface OpenHome extends Disposable {
  /** Whether what is kept can be looked at and nothing more. */
  readonly readOnly: boolean
}

/**
 * Enters the home.
 *
 * Throws  `BAD_INPUT` for a home that cannot be made, or can neither be written nor hold anything to read; `CONFLICT` while it is being
 *         restored; `BAD_DATA` for a database that was emptied; `UNAVAILABLE` for a full disk.
 */
export function openHome(place: Place): OpenHome {
  const { home } = place
  refuseDuringRestore(home) // before it is made: a restore may have moved it away
  makeFolder(home)
  const refusal = refusalToWrite(home)
  if (refusal !== null && !existsSync(journalOf(place))) {
    throw unusable(home, 'it may not be written, and nothing is kept in it', refusal)
  }
  refuseEmptied(place)
  const presence = refusal === null ? enterHome(home) : { [Symbol.dispose]: () => undefined }
  return { readOnly: refusal !== null, [Symbol.dispose]: () => presence[Symbol.dispose]() }
}

/** What writing to a home that was opened to be looked at comes to. */
export function onlyRead(home: string): PlannedError {
  return new PlannedError('BAD_INPUT', `what is kept in ${home} can only be read`, {
    why: 'the folder may not be written',
    next: 'make it writable, or set UNDERSTUDY_HOME to another folder',
    facts: { home },
  })
}

function makeFolder(home: string): void {
  const there = statSync(home, { throwIfNoEntry: false })
  if (there?.isDirectory() === true) return
  if (there !== undefined) throw unusable(home, 'it is a file, not a folder')
  if (isLink(home)) throw unusable(home, 'it is a link that leads nowhere')
  try {
    mkdirSync(home, { recursive: true })
  } catch (error) {
    if (['ENOSPC', 'EDQUOT'].includes(systemCode(error))) throw diskFull(home, error)
    const refusal = refusalToWrite(folderThere(home)) // asked for it: making several folders on a disk that can only be read is "no such file"
    throw unusable(home, messageOf(refusal ?? error), error)
  }
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink()
  } catch {
    return false // not there, or below a file
  }
}

function folderThere(path: string): string {
  return existsSync(path) ? path : folderThere(dirname(path))
}

/** Why the folder may not be written, and null if it may. */
function refusalToWrite(home: string): unknown {
  try {
    accessSync(home, constants.R_OK | constants.X_OK)
  } catch (error) {
    throw unusable(home, messageOf(error), error)
  }
  try {
    accessSync(home, constants.W_OK)
    return null
  } catch (error) {
    return error
  }
}

function unusable(home: string, why: string, cause?: unknown): PlannedError {
  return new PlannedError('BAD_INPUT', `UNDERSTUDY_HOME ${home} cannot be used`, {
    why,
    next: 'set UNDERSTUDY_HOME to a folder that may be written, or free the place',
    facts: { home },
    cause,
  })
}
