// The way into a home: made if absent, refused where it cannot be one, only read where it may not be written.
import { accessSync, constants, existsSync, lstatSync, mkdirSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { diskFull, systemCode } from '../kernel/disk.ts'
import { isPlanned, messageOf, PlannedError } from '../kernel/errors.ts'
import { refuseEmptied } from './integrity.ts'
import { holdsSomething, isWithin, JOURNAL, journalOf, type Place, TEMPORARY } from './place.ts'
import { enterHome, refuseDuringRestore } from './presence.ts'

/** A home that this process works in, until disposed of. */
export interface OpenHome extends Disposable {
  /** Whether what is kept can be looked at and nothing more. */
  readonly readOnly: boolean
}

/**
 * Enters the home, and whatever other home the database or the artifacts lie in.
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
    const held = holdsSomething(place) ? 'only a server has worked in it' : 'nothing is kept in it'
    throw unusable(home, `it may not be written, and ${held}`, refusal)
  }
  refuseEmptied(place)
  using entered = new DisposableStack()
  if (refusal === null) {
    entered.use(enterHome(home))
    for (const other of otherHomesOf(place)) entered.use(enterOther(other))
  }
  const presence = entered.move()
  return { readOnly: refusal !== null, [Symbol.dispose]: () => presence.dispose() }
}

/** Homes of others that the database or the artifacts lie in: what replaces or empties one of them has to see who works there. */
function otherHomesOf({ home, databasePath, artifacts }: Place): ReadonlySet<string> {
  const own = realPath(home)
  const folders = [databasePath, artifacts].map((path) => realPath(dirname(path)))
  return new Set(folders.filter((folder) => !isWithin(own, folder) && isHome(folder)))
}

/** Whether a process has worked there as in a home. */
function isHome(folder: string): boolean {
  return [JOURNAL, TEMPORARY].some((name) => existsSync(join(folder, name)))
}

/** A home that cannot be written to can be worked with and not marked. Throws `CONFLICT` while it is being restored. */
function enterOther(home: string): Disposable {
  try {
    return enterHome(home)
  } catch (error) {
    if (!isPlanned(error, 'BAD_INPUT')) throw error
    return { [Symbol.dispose]: () => undefined }
  }
}

/** A path with the links on the way to it followed, if it is there. */
function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
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
