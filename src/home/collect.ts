// Copies everything that is kept into a backup's folder, in the order that makes the copy one that can be gone on from.
import type { Dirent } from 'node:fs'
import { mkdir, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PARTIAL_FOLDER } from '../artifacts/path.ts'
import { KNOWN_BACKUPS_FILE } from '../database/known-backups.ts'
import { copyDatabase } from '../database/sqlite-files.ts'
import { fileError, systemCode } from '../kernel/disk.ts'
import { PlannedError, throwIfCancelled } from '../kernel/errors.ts'
import { readManifest } from '../warehouse/manifest.ts'
import { isTableName } from '../warehouse/rows.ts'
import { copyFile, hashFile, type Watch } from './copy.ts'
import { isWithin, JOURNAL, journalOf, type Place, TEMPORARY, WAREHOUSE } from './place.ts'
import { type BackupFile, PARTS, TRACKING_COPY } from './record.ts'

const SQLITE_MAGIC = 'SQLite format 3\0'
const BESIDE_DATABASE = /-(wal|shm|journal)$/
/** How often a table is begun anew because files that its list named went meanwhile. */
const TABLE_TRIES = 5

export interface Collected {
  readonly files: readonly BackupFile[]
  /** Links and other things that are no files; they are not followed. */
  readonly leftOut: readonly string[]
}

/**
 * Copies the state to `to`. The journal comes first and the registry after it: the registry knows which effects have happened, so a journal
 * that is a little older is gone on from, and a younger one would believe in effects that the copy does not have. Then what the registry
 * names: artifacts are written before they are registered, and never again. Then tables, by the list of their files, which go no sooner
 * than an hour after they were listed last.
 */
export async function collect(place: Place, to: string, watch: Watch): Promise<Collected> {
  const files: BackupFile[] = []
  const leftOut: string[] = []
  const work: Work = { place, to, watch, files, leftOut, taken: new Set() }
  if (await isFile(journalOf(place))) await takeDatabase(work, journalOf(place), `${PARTS.home}/${JOURNAL}`)
  const isInside = isWithin(place.home, place.databasePath)
  const tracking = isInside ? inHome(place, place.databasePath) : TRACKING_COPY
  if (await isFile(place.databasePath)) await takeDatabase(work, place.databasePath, tracking)
  const artifacts = isWithin(place.home, place.artifacts) ? inHome(place, place.artifacts) : PARTS.artifacts
  await takeArtifacts(work, artifacts)
  await takeTables(work)
  await takeRest(work, place.home)
  return { files, leftOut }
}

interface Work {
  readonly place: Place
  readonly to: string
  readonly watch: Watch
  readonly files: BackupFile[]
  readonly leftOut: string[]
  /** Databases that were copied already. */
  readonly taken: Set<string>
}

/** The path in a backup of something in the home. */
function inHome({ home }: Place, path: string): string {
  return `${PARTS.home}${path.slice(home.length).replaceAll('\\', '/')}`
}

async function takeDatabase({ to, watch, files, taken }: Work, from: string, path: string): Promise<void> {
  throwIfCancelled(watch.signal)
  const copy = join(to, path)
  await mkdir(join(copy, '..'), { recursive: true })
  await copyDatabase(from, copy)
  await using file = await open(copy, 'r+')
  await file.sync()
  files.push({ path, ...(await hashFile(copy, watch)) })
  taken.add(from)
}

async function takeFile({ to, watch, files }: Work, from: string, path: string): Promise<void> {
  files.push({ path, ...(await copyFile(from, join(to, path), watch)) })
}

async function takeArtifacts(work: Work, path: string): Promise<void> {
  const { artifacts } = work.place
  const takeFolder = async (below: string): Promise<void> => {
    for (const entry of await entriesOf(join(artifacts, below))) {
      const inside = below === '' ? entry.name : `${below}/${entry.name}`
      if (inside === PARTIAL_FOLDER) continue
      if (entry.isDirectory()) await takeFolder(inside)
      else if (entry.isFile()) await takeUnlessGone(work, join(artifacts, inside), `${path}/${inside}`)
      else work.leftOut.push(join(artifacts, inside))
    }
  }
  await takeFolder('')
}

async function takeTables(work: Work): Promise<void> {
  const warehouse = join(work.place.home, WAREHOUSE)
  for (const entry of await entriesOf(warehouse)) {
    if (!isTableName(entry.name)) continue
    for (let tries = 1; !(await takeTable(work, entry.name)); tries++) {
      if (tries < TABLE_TRIES) continue
      throw new PlannedError(
        'UNAVAILABLE',
        `table ${entry.name} was written anew again and again while it was copied`,
        {
          next: 'wait until the writing has ended, then run this again',
          facts: { table: entry.name },
        },
      )
    }
  }
}

/** Whether the files that the table's list names could all be copied; if not, they were replaced meanwhile. */
async function takeTable(work: Work, table: string): Promise<boolean> {
  const { place, to, watch } = work
  const from = join(place.home, WAREHOUSE, table)
  const path = `${PARTS.home}/${WAREHOUSE}/${table}`
  const list = `${path}/manifest.json`
  const text = await readFile(join(from, 'manifest.json')).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return null
    throw fileError(error) ?? error
  })
  if (text === null) return true // dropped, or about to be made: nothing that anybody could read
  await mkdir(join(to, path), { recursive: true })
  await writeFile(join(to, list), text)
  const manifest = await readManifest(join(to, list))
  const taken: BackupFile[] = []
  for (const { files } of manifest?.table?.partitions ?? []) {
    for (const file of files) {
      const copied = await copyFile(join(from, file), join(to, path, file), watch).catch((error: unknown) => {
        if (systemCode(error) === 'ENOENT') return null
        throw error
      })
      if (copied === null) {
        await rm(join(to, path), { recursive: true, force: true })
        return await isReplaced(join(from, 'manifest.json'), text, join(from, file))
      }
      taken.push({ path: `${path}/${file}`, ...copied })
    }
  }
  if (taken.length === 0 && manifest?.table === null) {
    await rm(join(to, path), { recursive: true, force: true })
    return true
  }
  await using file = await open(join(to, list), 'r+')
  await file.sync()
  work.files.push({ path: list, ...(await hashFile(join(to, list), watch)) }, ...taken)
  return true
}

/** False if a table's list has changed since it was read, so that it must be begun anew. Throws `BAD_DATA` if it has not: the file is missing. */
async function isReplaced(list: string, text: Buffer, file: string): Promise<false> {
  const now = await readFile(list).catch(() => null)
  if (now === null || !now.equals(text)) return false
  throw new PlannedError('BAD_DATA', `${file} is missing, and its table needs it`, {
    next: 'restore an earlier backup, or drop the table and make or import it again (./understudy data)',
    facts: { file },
  })
}

/** What else lies in the home: training_outputs, other databases, and files that are not ours. */
async function takeRest(work: Work, folder: string): Promise<void> {
  const { place, taken } = work
  for (const entry of await entriesOf(folder)) {
    const from = join(folder, entry.name)
    const own = [join(place.home, TEMPORARY), join(place.home, WAREHOUSE), place.artifacts]
    if (own.includes(from) || from === join(place.home, KNOWN_BACKUPS_FILE) || taken.has(from)) continue
    if (BESIDE_DATABASE.test(entry.name) && (await isDatabase(from.replace(BESIDE_DATABASE, '')))) continue
    if (entry.isDirectory()) await takeRest(work, from)
    else if (!entry.isFile()) work.leftOut.push(from)
    else if (await isDatabase(from)) await takeDatabase(work, from, inHome(place, from))
    else await takeUnlessGone(work, from, inHome(place, from))
  }
}

/** A file that its owner removed meanwhile is no part of the state. */
async function takeUnlessGone(work: Work, from: string, path: string): Promise<void> {
  await takeFile(work, from, path).catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT') throw error
  })
}

async function isDatabase(path: string): Promise<boolean> {
  try {
    await using file = await open(path, 'r')
    const head = Buffer.alloc(SQLITE_MAGIC.length)
    await file.read(head, 0, head.length, 0)
    return head.toString('latin1') === SQLITE_MAGIC
  } catch {
    return false
  }
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isFile() === true
}

/** In order of name; none if the folder is not there. */
async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw fileError(error, folder) ?? error
  }
}

/** Bytes below a path, roughly: what comes and goes meanwhile is not looked for again. */
async function bytesBelow(path: string, except: readonly string[] = []): Promise<number> {
  if (except.includes(path)) return 0
  const found = await stat(path).catch(() => null)
  if (found === null) return 0
  if (!found.isDirectory()) return found.size
  let sum = 0
  for (const entry of await entriesOf(path)) {
    if (entry.isDirectory() || entry.isFile()) sum += await bytesBelow(join(path, entry.name), except)
  }
  return sum
}

/** How much a backup of a place will be, at the most. */
export async function bytesOf(place: Place): Promise<number> {
  const outside = [place.databasePath, place.artifacts].filter((path) => !isWithin(place.home, path))
  const sizes = await Promise.all(
    [place.home, ...outside].map((path) => bytesBelow(path, [join(place.home, TEMPORARY)])),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
