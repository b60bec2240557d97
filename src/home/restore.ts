// Puts a backup in the place of what is there. All of it is made ready beside, and then swapped in by renaming.
import { existsSync, readdirSync, statSync } from 'node:fs'
import { mkdir, realpath, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { KNOWN_BACKUPS_FILE, knownBackups, rememberBackups } from '../database/known-backups.ts'
import { openJournal } from '../flow/journal.ts'
import type { Clock } from '../kernel/clock.ts'
import { bytesText, fileError, freeBytes } from '../kernel/disk.ts'
import { PlannedError, throwIfCancelled } from '../kernel/errors.ts'
import { isGone, OWN_MARK } from '../kernel/process-mark.ts'
import { openStore } from '../tracking/open-store.ts'
import { movedAddress, relocate } from './addresses.ts'
import { type BackupOptions, syncFolder, watchOf } from './backup.ts'
import { copyFile, type Watch } from './copy.ts'
import { isWithin, JOURNAL, type Place, TEMPORARY } from './place.ts'
import { lockForRestore } from './presence.ts'
import { type BackupRecord, PARTS, partsOf, TRACKING_COPY } from './record.ts'
import { type VerifiedBackup, verifyBackup } from './verify.ts'

export interface RestoreOptions extends Omit<BackupOptions, 'nowMs'> {
  readonly clock: Clock
  /** Whether what is there may give way. It is kept beside, under another name. */
  readonly replace: boolean
}

export interface Restored extends VerifiedBackup {
  /** Where what was there before lies now. */
  readonly kept: readonly { readonly place: string; readonly at: string }[]
}

/** One part of the state on its way to its place. */
interface Part {
  readonly name: 'home' | 'tracking' | 'artifacts'
  /** Where it goes, links followed. */
  readonly to: string
  /** Where it is made ready: beside, so that it can be renamed. */
  readonly staged: string
  /** Where what is there goes. */
  readonly kept: string
}

const STAGED = '.restoring-'
/** The files that SQLite keeps beside a database: a log that stays behind would be taken for the new one's. */
const BESIDE_DATABASE = ['', '-wal', '-shm', '-journal']

/**
 * Restores a backup to a place: reads it back first, makes it ready beside, then swaps. Nothing there is opened: it may be damaged.
 *
 * Throws  as `verifyBackup` does; `CONFLICT` while a process works there, or if something is there and may not be replaced; `BAD_INPUT` if
 *         the place and the backup are of other shapes; `UNAVAILABLE` for too little room; `CANCELLED`. Nothing has changed then.
 */
export async function restoreBackup(place: Place, directory: string, options: RestoreOptions): Promise<Restored> {
  const { signal, clock, replace } = options
  const from = resolve(directory)
  const verified = await verifyBackup(from, watchOf(options, 'checking', 0))
  const { record } = verified
  checkShape(place, record)
  const home = await realPath(place.home)
  using lock = lockForRestore(home, from)
  const parts = await partsFor({ ...place, home }, record, clock.nowMs())
  if (!replace) for (const part of parts) refuseOccupied(part)
  checkRoom(home, verified.bytes)
  try {
    await makeReady(parts, verified, watchOf(options, 'copying', verified.bytes))
    await settleIn({ ...place, home }, parts, record, clock)
    rememberBackups(stagedPath(parts, 'home'), [...knownBackups(home), { path: from, atMs: Date.parse(record.madeAt) }])
    throwIfCancelled(signal)
    lock.beginSwap()
    return { ...verified, kept: await swap(parts) }
  } catch (error) {
    for (const { staged } of parts) await rm(staged, { recursive: true, force: true }).catch(() => undefined)
    throw fileError(error, home) ?? error
  }
}

/** Whether settings and backup agree on what lies outside the home. */
function checkShape({ home, databasePath, artifacts }: Place, { outside, ...record }: BackupRecord): void {
  const disagree = (what: string, wasOutside: boolean, was: string, next: string): PlannedError =>
    new PlannedError('BAD_INPUT', `the backup and the settings keep ${what} in different places`, {
      why: wasOutside ? `in the backup it lay outside the home, at ${was}` : 'in the backup it lay in the home',
      next,
      facts: { outside: wasOutside },
    })
  if (outside.includes('tracking') === isWithin(home, databasePath)) {
    const next = outside.includes('tracking')
      ? `set MODEL_TARGET=mlflow and MLFLOW_TRACKING_URI=sqlite:///${record.databasePath}, or to another file outside the home`
      : 'set MODEL_TARGET=local, or MLFLOW_TRACKING_URI empty'
    throw disagree('the tracking database', outside.includes('tracking'), record.databasePath, next)
  }
  if (outside.includes('artifacts') === isWithin(home, artifacts)) {
    const next = outside.includes('artifacts')
      ? `set ARTIFACTS=${record.artifacts}, or to another folder`
      : 'set ARTIFACTS empty'
    throw disagree('the artifacts', outside.includes('artifacts'), record.artifacts, next)
  }
}

async function partsFor(place: Place, { outside }: BackupRecord, nowMs: number): Promise<readonly Part[]> {
  const stamp = new Date(nowMs).toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15)
  const part = async (name: Part['name'], path: string): Promise<Part> => {
    const to = await realPath(path)
    let kept = `${to}.before-restore-${stamp}`
    for (let copy = 1; existsSync(kept); copy++) kept = `${to}.before-restore-${stamp}-${copy}`
    await sweepStaged(to)
    return { name, to, staged: `${to}${STAGED}${OWN_MARK}`, kept }
  }
  const parts = [await part('home', place.home)]
  if (outside.includes('tracking')) parts.push(await part('tracking', place.databasePath))
  if (outside.includes('artifacts')) parts.push(await part('artifacts', place.artifacts))
  for (const { to } of parts) refuseMountPoint(to)
  return parts
}

/** Renaming moves a link, not what it leads to. */
async function realPath(path: string): Promise<string> {
  return await realpath(path).catch(() => path)
}

function refuseMountPoint(path: string): void {
  const own = statSync(path, { throwIfNoEntry: false })
  const parent = statSync(dirname(path), { throwIfNoEntry: false })
  if (own === undefined || parent === undefined || own.dev === parent.dev) return
  throw new PlannedError('BAD_INPUT', `${path} cannot be replaced`, {
    why: 'a file system is mounted there, and a backup is put in place by renaming',
    next: `set UNDERSTUDY_HOME to a folder in it, for example ${join(path, 'understudy')}`,
    facts: { path },
  })
}

/** Throws `CONFLICT` if anything is kept there that somebody could miss. */
function refuseOccupied({ name, to }: Part): void {
  const stat = statSync(to, { throwIfNoEntry: false })
  if (stat === undefined || (stat.isDirectory() && namesOfState(to).length === 0)) return
  throw new PlannedError('CONFLICT', `${to} is not empty`, {
    why: name === 'home' ? `it holds ${namesOfState(to).slice(0, 4).join(', ')}` : 'restoring would replace it too',
    next: 'add --replace: what is there is kept beside it, under another name',
    facts: { place: to },
  })
}

function namesOfState(folder: string): readonly string[] {
  return readdirSync(folder).filter((name) => name !== TEMPORARY && name !== KNOWN_BACKUPS_FILE)
}

function checkRoom(path: string, bytes: number): void {
  const free = freeBytes(path)
  if (free === null || free > bytes) return
  throw new PlannedError('UNAVAILABLE', `there is no room for the backup beside ${path}`, {
    why: `it takes ${bytesText(bytes)}, and ${bytesText(free)} are free; what is there now is kept until you remove it`,
    next: 'make room, then run the same command again',
    facts: { path, bytes, freeBytes: free },
  })
}

/** Copies every file to where it is made ready, and holds it to its digest once more. */
async function makeReady(parts: readonly Part[], { directory, record }: VerifiedBackup, watch: Watch): Promise<void> {
  for (const { path, sha256 } of record.files) {
    const copied = await copyFile(join(directory, path), stagedFile(parts, path), watch)
    if (copied.sha256 === sha256) continue
    const next = 'check the disk, then use another backup'
    throw new PlannedError('BAD_DATA', `${join(directory, path)} changed while it was restored`, { next })
  }
  await mkdir(stagedPath(parts, 'home'), { recursive: true })
}

function stagedFile(parts: readonly Part[], path: string): string {
  if (path === TRACKING_COPY) return stagedPath(parts, 'tracking')
  const name = path.startsWith(`${PARTS.artifacts}/`) ? 'artifacts' : 'home'
  return join(stagedPath(parts, name), path.slice(PARTS[name].length + 1))
}

function stagedPath(parts: readonly Part[], name: Part['name']): string {
  const part = parts.find((one) => one.name === name)
  if (part === undefined) throw new Error(`the backup holds ${name}, which its record does not say`)
  return part.staged
}

/** Opens both databases as the program will, which brings those of an older build up to date, and tells the registry where its files lie now. */
async function settleIn(place: Place, parts: readonly Part[], record: BackupRecord, clock: Clock): Promise<void> {
  const journal = await openJournal(join(stagedPath(parts, 'home'), JOURNAL), clock, 10_000)
  await journal.database[Symbol.asyncDispose]()
  const { tracking, artifacts } = partsOf(record)
  if (!record.files.some(({ path }) => path === tracking)) return
  const beginning = { nowMs: clock.nowMs(), defaultLocation: pathToFileURL(join(place.artifacts, '0')).href }
  await using database = await openStore(stagedFile(parts, tracking), beginning)
  await relocate(database, (address) => movedAddress(record, artifacts, address, place.artifacts))
}

/** Renames what is there away and the new parts in; all of them, or none. */
async function swap(parts: readonly Part[]): Promise<Restored['kept']> {
  const done: [from: string, to: string][] = []
  const move = async (from: string, to: string): Promise<void> => {
    await rename(from, to)
    done.push([from, to])
  }
  const kept: { place: string; at: string }[] = []
  try {
    for (const { name, to, staged, kept: at } of parts) {
      const ends = name === 'tracking' ? BESIDE_DATABASE : ['']
      for (const end of ends) if (existsSync(`${to}${end}`)) await move(`${to}${end}`, `${at}${end}`)
      if (existsSync(at)) kept.push({ place: to, at })
      await move(staged, to)
      await syncFolder(dirname(to))
    }
  } catch (error) {
    for (const [from, to] of done.reverse()) await rename(to, from)
    throw error
  }
  const worthKeeping: typeof kept = []
  for (const one of kept) {
    if (statSync(one.at).isDirectory() && namesOfState(one.at).length === 0) await rm(one.at, { recursive: true })
    else worthKeeping.push(one)
  }
  return worthKeeping
}

/** Removes what restores to the same place that were killed have left. */
async function sweepStaged(to: string): Promise<void> {
  const prefix = `${basename(to)}${STAGED}`
  const folder = dirname(to)
  if (!existsSync(folder)) return
  for (const name of readdirSync(folder)) {
    if (name.startsWith(prefix) && isGone(name.slice(prefix.length).replace(/-(wal|shm|journal)$/, ''))) {
      await rm(join(folder, name), { recursive: true, force: true })
    }
  }
}
