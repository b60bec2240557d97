// The folders of a warehouse on disk. Files never change once listed; a table changes by the swap of its manifest, under its lock.
import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Clock } from '../kernel/clock.ts'
import { isPlanned } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import type { Month } from '../kernel/window.ts'
import { sizeOf, syncFile, syncFolder, writeSafely } from './durable-files.ts'
import { isLeftStaging, isStaging, stagingName } from './left-behind.ts'
import {
  emptyManifest,
  joinFingerprints,
  type Manifest,
  readManifest,
  type StoredPartition,
  type StoredTable,
} from './manifest.ts'
import type { TableSchema } from './port.ts'
import { checkDerived, checkSameKind, checkTableName, isSameKind, isTableName } from './rows.ts'
import { LOCK_SUFFIX, withLock } from './table-lock.ts'

/** A reader may hold the list it read this long; then the files that went from it are removed. */
const RETIREMENT_MS = 3_600_000

/** A month's rows that are written but not yet part of a table. `path` is null for no rows. */
export interface StagedPart {
  readonly month: Month
  readonly path: string | null
  readonly rows: number
  readonly fingerprint: string
  readonly basis: string | null
}

/** A part whose file lies safely on the disk: `bytes` is its size, 0 for none. */
interface SyncedPart extends StagedPart {
  readonly bytes: number
}

/** How staged parts join the table that is there. */
interface Publication {
  readonly origin: string
  readonly schema: TableSchema
  readonly parts: readonly StagedPart[]
  /** `keepIfSame` is for derived rows: months of another origin or schema go, months of rows as they came are never touched. */
  readonly others: 'keep' | 'drop' | 'keepIfSame'
  readonly within: 'replace' | 'append'
}

export interface TableFiles {
  /** Names of the tables that may be there, in order. */
  names(): Promise<string[]>
  /** The table as it is now, or null. */
  read(table: string): Promise<StoredTable | null>
  /** Full path of a listed file. */
  pathOf(table: string, file: string): string
  /** A folder for one writer's parts, on the same file system as the table. */
  makeStaging(table: string): Promise<string>
  /** Removes it, and the table's folder if nothing came of it. */
  removeStaging(staging: string): Promise<void>
  /** Bytes of each of a partition's files as it lies on the disk; null for one that is not there. */
  sizesOf(table: string, partition: StoredPartition): Promise<(number | null)[]>
  /** Moves staged parts in and swaps the manifest: all of them or none. Throws `CONFLICT` if the rows may not stand together. */
  publish(table: string, publication: Publication, signal?: AbortSignal): Promise<StoredTable>
  /** Removes a table, also one whose manifest is damaged: what it was made of is not known then, and all of it goes. */
  drop(table: string): Promise<void>
}

export function openTableFiles(root: string, clock: Clock): TableFiles {
  const folderOf = (table: string): string => join(root, table)

  return {
    names: () => tableNames(root),
    async read(table) {
      checkTableName(table)
      const manifest = await readManifest(manifestIn(folderOf(table)))
      return manifest === null || manifest.table === null ? null : { name: table, ...manifest.table }
    },
    pathOf: (table, file) => join(folderOf(table), file),
    async makeStaging(table) {
      const staging = join(folderOf(table), stagingName())
      await mkdir(staging, { recursive: true })
      return staging
    },
    async removeStaging(staging) {
      await rm(staging, { recursive: true, force: true })
      await rmdir(dirname(staging)).catch(() => {}) // not empty, as a table's folder should be
    },
    sizesOf: (table, { files }) => Promise.all(files.map((file) => sizeOf(join(folderOf(table), file)))),
    async publish(table, publication, signal) {
      const parts = await Promise.all(publication.parts.map(syncPart))
      const manifest = await change(folderOf(table), clock, signal, async (current) => {
        const next = merge(table, current, { ...publication, parts }, clock.nowMs())
        await moveIn(folderOf(table), publication.parts)
        return next
      })
      await removeDropped(root, clock, table)
      // `merge` always leaves a table.
      return { name: table, ...manifest.table! }
    },
    async drop(table) {
      checkTableName(table)
      if ((await readDroppable(manifestIn(folderOf(table)))) === null) return
      const next = async (current: Manifest): Promise<Manifest> => ({
        ...current,
        table: null,
        retired: [...current.retired, ...retire(current.table?.partitions ?? [], clock.nowMs())],
      })
      await change(folderOf(table), clock, undefined, next, readDroppable)
      await removeDropped(root, clock, null)
    },
  }
}

const manifestIn = (folder: string): string => join(folder, 'manifest.json')
const lockOf = (folder: string): string => `${folder}${LOCK_SUFFIX}`

async function tableNames(root: string): Promise<string[]> {
  const entries = existsSync(root) ? await readdir(root, { withFileTypes: true }) : []
  const folders = entries.filter((entry) => entry.isDirectory() && isTableName(entry.name))
  return folders.map(({ name }) => name).sort()
}

/** Swaps a table's manifest for the next one, under its lock; then removes what nobody can be reading any more. */
async function change(
  folder: string,
  clock: Clock,
  signal: AbortSignal | undefined,
  next: (manifest: Manifest) => Promise<Manifest>,
  read: (path: string) => Promise<Manifest | null> = readManifest,
): Promise<Manifest> {
  return await withLock(lockOf(folder), { signal }, async (stillHeld) => {
    const manifest = await next((await read(manifestIn(folder))) ?? emptyManifest())
    const expiredMs = clock.nowMs() - RETIREMENT_MS
    const kept = { ...manifest, retired: manifest.retired.filter(({ atMs }) => atMs > expiredMs) }
    stillHeld()
    await writeSafely(manifestIn(folder), `${JSON.stringify(kept, null, 1)}\n`)
    // The table has changed. What cannot be removed just now (a reader on Windows has it open) goes next time.
    await sweep(folder, kept).catch(() => {})
    return kept
  })
}

/** Removes the folders of tables that were dropped, once nobody can be reading them. */
async function removeDropped(root: string, clock: Clock, except: string | null): Promise<void> {
  for (const name of await tableNames(root)) {
    const folder = join(root, name)
    const manifest = name === except ? null : await readManifest(manifestIn(folder)).catch(() => null)
    if (manifest === null || manifest.table !== null) continue
    if (manifest.retired.some(({ atMs }) => atMs > clock.nowMs() - RETIREMENT_MS)) continue
    // If somebody is writing there, it is theirs again, or goes another time.
    await withLock(lockOf(folder), { waitMs: 0 }, async () => {
      if ((await readManifest(manifestIn(folder)))?.table !== null) return
      await sweep(folder, emptyManifest())
      await rm(manifestIn(folder))
      await rmdir(folder) // not if it holds a writer's staging
    }).catch(() => {})
  }
}

/** The manifest with a publication's parts in it. Pure; throws `CONFLICT`. */
function merge(
  table: string,
  manifest: Manifest,
  publication: Publication & { readonly parts: readonly SyncedPart[] },
  nowMs: number,
): Manifest {
  const { origin, schema, parts } = publication
  const current = manifest.table === null ? null : { name: table, ...manifest.table }
  const before = current?.partitions ?? []
  if (current !== null && publication.others === 'keep') checkSameKind(current, origin, schema)
  if (current !== null && publication.others === 'keepIfSame') checkDerived(current)
  const keeps =
    publication.others === 'keep' ||
    (publication.others === 'keepIfSame' && current !== null && isSameKind(current, origin, schema))
  const after = new Map<Month, StoredPartition>(keeps ? before.map((partition) => [partition.month, partition]) : [])
  for (const part of parts) {
    const { month, rows, fingerprint, basis } = part
    const existing = publication.within === 'append' ? after.get(month) : undefined
    const files = part.path === null ? [] : [placeOf(part)]
    const bytes = part.path === null ? [] : [part.bytes]
    after.set(
      month,
      existing === undefined
        ? { month, files, bytes, rows, fingerprint, basis }
        : {
            month,
            files: [...existing.files, ...files],
            bytes: [...existing.files.map((_, i) => existing.bytes[i] ?? null), ...bytes],
            rows: existing.rows + rows,
            fingerprint: joinFingerprints(existing.fingerprint, fingerprint),
            basis,
          },
    )
  }
  const partitions = [...after.values()].sort((a, b) => (a.month < b.month ? -1 : 1))
  const listed = new Set(partitions.flatMap(({ files }) => files))
  const gone = retire(before, nowMs).filter(({ file }) => !listed.has(file))
  return {
    ...manifest,
    table: { origin, schema: { timeColumn: schema.timeColumn, columns: [...schema.columns] }, partitions },
    retired: [...manifest.retired, ...gone],
  }
}

function retire(partitions: readonly StoredPartition[], atMs: number): { file: string; atMs: number }[] {
  return partitions.flatMap(({ files }) => files.map((file) => ({ file, atMs })))
}

/** Where a part belongs in its table's folder. The staged name holds its fingerprint and an id, so no two are the same. */
function placeOf({ month, path, fingerprint }: StagedPart): string {
  const id = /([0-9a-f]{8})\.parquet$/.exec(path ?? '')?.[1] ?? newId().slice(0, 8)
  return `month=${month}/part-${fingerprint.split('-')[1]}-${id}.parquet`
}

async function moveIn(folder: string, parts: readonly StagedPart[]): Promise<void> {
  const folders = new Set<string>()
  for (const part of parts) {
    if (part.path === null) continue
    const target = join(folder, placeOf(part))
    if (!folders.has(dirname(target))) await mkdir(dirname(target), { recursive: true })
    folders.add(dirname(target))
    await rename(part.path, target)
  }
  await Promise.all([folder, ...folders].map(syncFolder))
}

/**
 * Removes files that are neither listed nor waiting, and the staging of writers that are gone. Called under the lock: a file
 * is moved in and listed under one and the same lock, so what is not listed now was left by a crash.
 */
async function sweep(folder: string, manifest: Manifest): Promise<void> {
  const listed = (manifest.table?.partitions ?? []).flatMap(({ files }) => files)
  const known = new Set([...listed, ...manifest.retired.map(({ file }) => file)])
  await Promise.all(
    (await readdir(folder)).map(async (name) => {
      const path = join(folder, name)
      if (isStaging(name)) {
        if (isLeftStaging(name)) await rm(path, { recursive: true, force: true })
      } else if (name.startsWith('month=')) {
        const files = await readdir(path)
        const gone = files.filter((file) => !known.has(`${name}/${file}`))
        await Promise.all(gone.map((file) => rm(join(path, file), { force: true })))
        if (gone.length === files.length) await rmdir(path)
      }
    }),
  )
}

/** The manifest that a table is dropped with: an empty one for one that is damaged, but not for one that a newer build wrote. */
async function readDroppable(path: string): Promise<Manifest | null> {
  try {
    return await readManifest(path)
  } catch (error) {
    if (isPlanned(error, 'BAD_DATA') && error.facts.newerFormat === false) return emptyManifest()
    throw error
  }
}

async function syncPart(part: StagedPart): Promise<SyncedPart> {
  if (part.path === null) return { ...part, bytes: 0 }
  await syncFile(part.path)
  return { ...part, bytes: (await sizeOf(part.path)) ?? 0 }
}
