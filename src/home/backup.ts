// Makes a backup: a folder that is whole and verified, or not there at all.
import { existsSync, readdirSync, statSync } from 'node:fs'
import { mkdir, open, readdir, realpath, rename, rm, rmdir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { BACKUP_RECORD, rememberBackups } from '../database/known-backups.ts'
import { bytesText, fileError, freeBytes } from '../kernel/disk.ts'
import { messageOf, PlannedError, throwIfCancelled } from '../kernel/errors.ts'
import { isGone, OWN_MARK } from '../kernel/process-mark.ts'
import { bytesOf, collect } from './collect.ts'
import type { Watch } from './copy.ts'
import { refuseEmptied } from './integrity.ts'
import { holdsSomething, isWithin, type Place, programVersion } from './place.ts'
import { enterHome, refuseDuringRestore } from './presence.ts'
import { recordText } from './record.ts'
import { readBack, type VerifiedBackup } from './verify.ts'

/** What is being done, and how much of it. */
export interface Progress {
  readonly step: 'copying' | 'checking'
  readonly bytes: number
  readonly ofBytes: number
}

export interface BackupOptions {
  readonly nowMs: number
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
}

export interface Backup extends VerifiedBackup {
  /** Links and the like, which were not followed. */
  readonly leftOut: readonly string[]
  /** Why the home does not remember this backup; null where it does. */
  readonly forgotten: string | null
}

const PARTIAL = '.partial-'

/**
 * Copies everything that is kept at a place into a new folder, while others go on writing, and reads it back.
 *
 * Throws  `NOT_FOUND` if nothing is kept there yet; `BAD_INPUT` for a folder that holds something or lies in the home; `UNAVAILABLE` for
 *         too little room; `CONFLICT` while the home is being restored; `BAD_DATA` if what is kept is damaged; `CANCELLED`.
 *         Nothing is left at `directory` then.
 */
export async function makeBackup(place: Place, directory: string, options: BackupOptions): Promise<Backup> {
  const target = resolve(directory)
  if (!existsSync(place.home) || !holdsSomething(place)) {
    throw new PlannedError('NOT_FOUND', `there is nothing to back up in ${place.home}`, {
      next: 'begin with ./understudy cycle or ./understudy server, or set UNDERSTUDY_HOME to the folder that you mean',
      facts: { home: place.home },
    })
  }
  refuseEmptied(place)
  await checkTarget(place, target)
  using _present = presentIn(place.home)
  const ofBytes = await bytesOf(place)
  const partial = `${target}${PARTIAL}${OWN_MARK}`
  try {
    await mkdir(dirname(target), { recursive: true })
    await sweepPartials(target)
    checkRoom(target, ofBytes)
    await mkdir(partial)
    const { files, leftOut } = await collect(place, partial, watchOf(options, 'copying', ofBytes))
    const { home, databasePath, artifacts } = place
    const outside = [
      ...(isWithin(home, databasePath) ? [] : (['tracking'] as const)),
      ...(isWithin(home, artifacts) ? [] : (['artifacts'] as const)),
    ]
    const madeAt = new Date(options.nowMs).toISOString()
    const record = { program: programVersion(), madeAt, home, databasePath, artifacts, outside, faults: [], files }
    await writeSynced(join(partial, BACKUP_RECORD), recordText(record))
    const copied = files.reduce((sum, { bytes }) => sum + bytes, 0)
    const verified = await readBack(partial, watchOf(options, 'checking', copied))
    const { faults } = verified
    if (faults.length > 0)
      await writeSynced(join(partial, BACKUP_RECORD), recordText({ ...record, faults: [...faults] }))
    throwIfCancelled(options.signal)
    await rmdir(target).catch(() => undefined) // it may be there, empty
    await rename(partial, target)
    await syncFolder(dirname(target))
    const forgotten = remember(place, { path: target, atMs: options.nowMs })
    return { ...verified, directory: target, leftOut, forgotten }
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => undefined) // the first failure is the one to tell
    throw fileError(error, target) ?? error
  }
}

/** Pieces as they are read, as sums. */
export function watchOf(
  { signal, onProgress }: Omit<BackupOptions, 'nowMs'>,
  step: Progress['step'],
  ofBytes: number,
): Watch {
  let bytes = 0
  return {
    signal,
    onBytes(more) {
      bytes += more
      onProgress?.({ step, bytes, ofBytes })
    },
  }
}

async function checkTarget(place: Place, target: string): Promise<void> {
  const stat = statSync(target, { throwIfNoEntry: false })
  if (stat !== undefined && !stat.isDirectory()) {
    throw new PlannedError('BAD_INPUT', `${target} is a file`, { next: 'name a folder that is not there yet' })
  }
  if (stat !== undefined && readdirSync(target).length > 0) {
    const isBackup = existsSync(join(target, BACKUP_RECORD))
    throw new PlannedError('BAD_INPUT', `${target} ${isBackup ? 'is a backup already' : 'is not empty'}`, {
      next: `name a folder that is not there yet, for example ${target}-2`,
      facts: { directory: target },
    })
  }
  const parts = [place.home, place.artifacts]
  const real = await realPlace(target)
  for (const part of parts) {
    if (!isWithin(await realPlace(part), real)) continue
    throw new PlannedError('BAD_INPUT', `${target} lies in ${part}`, {
      why: 'a backup that lies in what it is a copy of goes with it',
      next: 'name a folder elsewhere, on another disk if you can',
      facts: { directory: target },
    })
  }
}

/** A path with the links on the way to it followed, as far as it exists. */
async function realPlace(path: string): Promise<string> {
  const there = await realpath(path).catch(() => null)
  if (there !== null) return there
  return dirname(path) === path ? path : join(await realPlace(dirname(path)), basename(path))
}

/** A home that can only be read is nobody's to work in, and cannot be marked. */
function presentIn(home: string): Disposable {
  try {
    return enterHome(home)
  } catch (error) {
    if (error instanceof PlannedError && error.code === 'BAD_INPUT') {
      refuseDuringRestore(home)
      return { [Symbol.dispose]: () => undefined }
    }
    throw error
  }
}

function checkRoom(target: string, bytes: number): void {
  const free = freeBytes(target)
  if (free === null || free > bytes) return
  throw new PlannedError('UNAVAILABLE', `there is no room for the backup in ${dirname(target)}`, {
    why: `it takes ${bytesText(bytes)}, and ${bytesText(free)} are free`,
    next: 'make room there, or name a folder elsewhere',
    facts: { directory: target, bytes, freeBytes: free },
  })
}

/** Removes what backups to the same place that were killed have left. */
async function sweepPartials(target: string): Promise<void> {
  const prefix = `${basename(target)}${PARTIAL}`
  for (const name of await readdir(dirname(target))) {
    if (!name.startsWith(prefix) || !isGone(name.slice(prefix.length))) continue
    await rm(join(dirname(target), name), { recursive: true, force: true })
  }
}

/** Keeps the backup in mind beside each database. Null, or why that could not be. */
function remember({ home, databasePath }: Place, backup: { path: string; atMs: number }): string | null {
  try {
    for (const folder of new Set([home, dirname(databasePath)])) rememberBackups(folder, [backup])
    return null
  } catch (error) {
    return messageOf(error)
  }
}

async function writeSynced(path: string, text: string): Promise<void> {
  await using file = await open(path, 'w')
  await file.writeFile(text)
  await file.sync()
}

/** Flushes a folder's list of names to the disk, where the system lets a folder be opened. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  await using folder = await open(path, 'r')
  await folder.sync()
}
