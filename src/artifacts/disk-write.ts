// Writes files beside their place and renames them into it, so that half a file is never seen.
import type { FileHandle } from 'node:fs/promises'
import { mkdir, open, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { systemClock } from '../kernel/clock.ts'
import { newId } from '../kernel/ids.ts'
import { sha256 } from '../kernel/json.ts'
import { isGone, OWN_MARK } from '../kernel/process-mark.ts'
import { release } from '../kernel/release.ts'
import { codeOf, lookAt, worded } from './disk-errors.ts'
import { PARTIAL_FOLDER } from './path.ts'
import type { WriteOptions } from './port.ts'

/** A half-written file this old belongs to a process that died, on whatever machine. */
const ABANDONED_AFTER_MS = 86_400_000
/** Begins the names of this machine's half-written files; the process and an id follow. */
const MACHINE_PREFIX = `${sha256(hostname()).slice(0, 8)}-`

/** How often a put starts again when a delete next door takes its folder away. */
const PUT_TRIES = 20

/** Bytes that are collected before they are written, while the next ones come: few calls, little memory. */
const BATCH_BYTES = 1024 * 1024

/** Bytes after which the disk is told to begin on what was written while more comes, so that little is left to wait for at the end. */
const SYNC_BYTES = 16 * 1024 * 1024

/**
 * Has `fill` write a file of its own name, syncs it, asks `beforeVisible` and renames it to its place. Throws what these two throw and
 * `CONFLICT` if the place is a folder's or below a file; nothing is left behind then.
 */
export async function writeWhole<T>(
  root: string,
  path: string,
  fill: (file: FileHandle) => Promise<T>,
  beforeVisible?: () => Promise<void>,
): Promise<T> {
  const partial = join(root, PARTIAL_FOLDER, `${MACHINE_PREFIX}${OWN_MARK}-${newId()}`)
  try {
    const filled = await fillPartial(partial, path, fill)
    await beforeVisible?.()
    await moveInto(partial, join(root, path)).catch((error: unknown) => {
      throw worded(error, path, { conflict: ['EISDIR', 'EEXIST', 'ENOTDIR', 'ENOTEMPTY'] })
    })
    return filled
  } catch (error) {
    await rm(partial, { force: true }).catch(() => undefined) // the first failure is the one to tell
    throw error
  }
}

async function fillPartial<T>(partial: string, path: string, fill: (file: FileHandle) => Promise<T>): Promise<T> {
  const orUnavailable = (error: unknown): never => {
    throw worded(error, path)
  }
  await mkdir(dirname(partial), { recursive: true }).catch(orUnavailable)
  await using file = await open(partial, 'wx').catch(orUnavailable)
  const filled = await fill(file)
  await file.sync().catch(orUnavailable)
  return filled
}

/**
 * Writes what comes into a file, a batch at a time while the next one comes, and returns how many bytes they were. At most two batches
 * are in memory, whose memory is given back if they are the store's own. Throws what the source throws.
 */
export async function pour(
  file: FileHandle,
  path: string,
  source: AsyncIterable<Uint8Array>,
  { takesPieces = false }: WriteOptions = {},
): Promise<number> {
  let total = 0
  let batch: Uint8Array[] = []
  let batchBytes = 0
  let writing = Promise.resolve()
  const early = syncingEarly(file)
  const flush = async (): Promise<void> => {
    await writing
    const pieces = batch
    const bytes = batchBytes
    writing = writeBatch(file, pieces, bytes).then(
      () => {
        early.wrote(bytes)
        if (takesPieces) for (const piece of pieces) release(piece)
      },
      (error: unknown) => {
        throw worded(error, path)
      },
    )
    writing.catch(() => undefined) // it is awaited before the next batch, or at the end
    batch = []
    batchBytes = 0
  }
  for await (const chunk of source) {
    batch.push(chunk)
    batchBytes += chunk.byteLength
    total += chunk.byteLength
    if (batchBytes >= BATCH_BYTES) await flush()
  }
  if (batchBytes > 0) await flush()
  await writing
  await early.finish().catch((error: unknown) => {
    throw worded(error, path)
  })
  return total
}

/** Syncs a file now and then while it is written. `finish` throws what failed: the system tells a failure once, so it must not be lost. */
function syncingEarly(file: FileHandle): { wrote(bytes: number): void; finish(): Promise<void> } {
  let unsynced = 0
  let syncing: Promise<void> | null = null
  const failures: unknown[] = []
  return {
    wrote(bytes) {
      unsynced += bytes
      if (unsynced < SYNC_BYTES || syncing !== null) return
      unsynced = 0
      syncing = file
        .datasync()
        .catch((error: unknown) => void failures.push(error))
        .finally(() => {
          syncing = null
        })
    },
    async finish() {
      await syncing
      if (failures.length > 0) throw failures[0]
    },
  }
}

async function writeBatch(file: FileHandle, batch: readonly Uint8Array[], bytes: number): Promise<void> {
  const { bytesWritten } = await file.writev(batch)
  if (bytesWritten < bytes) await file.writeFile(Buffer.concat(batch).subarray(bytesWritten)) // goes on where it stands
}

/** Renames a synced file into its place and syncs the folders that had to be made for it. */
async function moveInto(partial: string, target: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      const firstMade = await mkdir(dirname(target), { recursive: true })
      await rmdir(target).catch(() => undefined) // a folder that a crash left empty; one with files in it stays
      await rename(partial, target)
      await syncFolders(dirname(target), firstMade === undefined ? dirname(target) : dirname(firstMade))
      return
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || tries === PUT_TRIES) throw error // a delete next door removed the folder: again
    }
  }
}

async function syncFolders(from: string, upTo: string): Promise<void> {
  if (process.platform === 'win32') return // a folder cannot be synced there; its journal does it
  for (let folder = from; ; folder = dirname(folder)) {
    await using handle = await open(folder, 'r')
    await handle.sync()
    if (folder === upTo) return
  }
}

/** Removes what processes that died left half-written. */
export async function sweep(root: string): Promise<void> {
  const partials = join(root, PARTIAL_FOLDER)
  for (const name of await namesIn(partials)) {
    const found = await lookAt(join(partials, name))
    if (found === null) continue
    const isOld = found.mtimeMs < systemClock.nowMs() - ABANDONED_AFTER_MS
    if (isOld || isLeft(name)) await rm(join(partials, name), { force: true })
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw worded(error, folder)
  }
}

/** Whether a half-written file belongs to a process of this machine that is gone. */
function isLeft(name: string): boolean {
  return name.startsWith(MACHINE_PREFIX) && isGone(name.slice(MACHINE_PREFIX.length).replace(/-[0-9a-f]+$/, ''))
}
