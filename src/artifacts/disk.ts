// Artifacts as files below one folder, laid out as their paths say, so that MLflow and people can read them where they lie.
import type { Dirent, Stats } from 'node:fs'
import { lstat, mkdir, open, readdir, readFile, realpath, rename, rm, rmdir, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { systemClock } from '../kernel/clock.ts'
import { messageOf, PlannedError } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import { sha256 } from '../kernel/json.ts'
import { isGone, OWN_MARK } from '../kernel/process-mark.ts'
import { absent, checkPath, checkPrefix, fileAndFolder, isPath, PARTIAL_FOLDER } from './path.ts'
import type { ArtifactStore } from './port.ts'

/** A half-written file this old belongs to a process that died, on whatever machine. */
const ABANDONED_AFTER_MS = 86_400_000
/** Begins the names of this machine's half-written files; the process and an id follow. */
const MACHINE_PREFIX = `${sha256(hostname()).slice(0, 8)}-`

/** How often a put starts again when a delete next door takes its folder away. */
const PUT_TRIES = 20

/**
 * A store in a folder, which is made when first written to. A put is written and synced beside its target and then renamed over it, so a
 * reader, also one in another process, sees the old bytes or the new ones.
 */
export function diskArtifacts(folder: string): ArtifactStore {
  const root = resolve(folder)
  let swept: Promise<void> | null = null
  const placeOf = async (path: string): Promise<string> => {
    checkPath(path)
    await checkLinks(root, path)
    return join(root, path)
  }
  return {
    uri(path) {
      checkPrefix(path)
      return pathToFileURL(join(root, path)).href
    },
    pathOf: (uri) => pathInside(root, uri),
    async put(path, bytes) {
      const target = await placeOf(path)
      swept ??= sweep(join(root, PARTIAL_FOLDER))
      await swept
      const partial = await writePartial(root, path, bytes)
      await moveInto(partial, target).catch(async (error: unknown) => {
        await rm(partial, { force: true })
        throw worded(error, path, { conflict: ['EISDIR', 'EEXIST', 'ENOTDIR', 'ENOTEMPTY'] })
      })
      return { sha256: sha256(bytes), bytes: bytes.byteLength }
    },
    async get(path) {
      const target = await placeOf(path)
      const bytes = await readFile(target).catch((error: unknown) => {
        throw worded(error, path, { absent: ['ENOENT', 'ENOTDIR', 'EISDIR'] })
      })
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    },
    async list(prefix) {
      checkPrefix(prefix)
      if (prefix !== '') await checkLinks(root, prefix)
      const found = await filesBelow(root, prefix)
      return found.sort((a, b) => (a.path < b.path ? -1 : 1))
    },
    async delete(path) {
      const target = await placeOf(path)
      if ((await lookAt(target))?.isDirectory() !== false) throw absent(path)
      await rm(target).catch((error: unknown) => {
        throw worded(error, path, { absent: ['ENOENT'] })
      })
      await removeEmptyFolders(root, dirname(target))
    },
  }
}

function pathInside(root: string, uri: string): string | null {
  let place: string
  try {
    place = uri.startsWith('file:') ? fileURLToPath(uri) : uri
  } catch {
    return null // a file on another host, or no URL at all
  }
  const below = relative(root, place)
  const path = below.split(sep).join('/')
  return place === resolve(place) && (path === '' || isPath(path)) ? path : null
}

/** Walks down a path and refuses a link that leads out of the root, or to nothing. What does not exist yet cannot lead anywhere. */
async function checkLinks(root: string, path: string): Promise<void> {
  let place = root
  for (const part of path.split('/')) {
    place = join(place, part)
    const found = await lookAt(place)
    if (found === null) return
    if (!found.isSymbolicLink()) continue
    const home = await realpath(root)
    const target = await realpath(place).catch(() => null)
    if (target === null || !(target === home || target.startsWith(home + sep))) {
      throw new PlannedError(
        'BAD_INPUT',
        `the artifact path "${path}" goes through the link ${place}, which leads ${target === null ? 'nowhere' : `to ${target}`}, out of ${root}`,
        { next: 'remove the link' },
      )
    }
  }
}

/** What lies at a place, links not followed; null if nothing does. */
async function lookAt(place: string): Promise<Stats | null> {
  try {
    return await lstat(place)
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return null
    throw worded(error, place)
  }
}

/** Writes and syncs a file under a name of its own. Returns where it lies. */
async function writePartial(root: string, path: string, bytes: Uint8Array): Promise<string> {
  const partial = join(root, PARTIAL_FOLDER, `${MACHINE_PREFIX}${OWN_MARK}-${newId()}`)
  try {
    await mkdir(dirname(partial), { recursive: true })
    await using file = await open(partial, 'wx')
    await file.writeFile(bytes)
    await file.sync()
  } catch (error) {
    await rm(partial, { force: true }).catch(() => undefined) // the first failure is the one to tell
    throw worded(error, path)
  }
  return partial
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

async function removeEmptyFolders(root: string, from: string): Promise<void> {
  for (let folder = from; folder !== root; folder = dirname(folder)) {
    try {
      await rmdir(folder)
    } catch {
      return // something lies in it, or someone else removed it
    }
  }
}

async function filesBelow(root: string, prefix: string): Promise<{ path: string; bytes: number }[]> {
  const place = join(root, prefix)
  const start = await stat(place).catch(() => null)
  if (start === null) return []
  if (start.isFile()) return [{ path: prefix, bytes: start.size }]
  const found: { path: string; bytes: number }[] = []
  const waiting = [prefix]
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    for (const entry of await entriesOf(join(root, folder))) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (path === PARTIAL_FOLDER) continue
      if (entry.isDirectory()) waiting.push(path)
      const size = entry.isFile() ? await lookAt(join(root, path)) : null // null also if it was deleted meanwhile
      if (size !== null) found.push({ path, bytes: size.size })
    }
  }
  return found
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [] // absent, or deleted meanwhile
    throw worded(error, folder)
  }
}

/** Removes what processes that died left half-written. */
async function sweep(partials: string): Promise<void> {
  for (const { name } of await entriesOf(partials)) {
    const found = await lookAt(join(partials, name))
    if (found === null) continue
    const isOld = found.mtimeMs < systemClock.nowMs() - ABANDONED_AFTER_MS
    if (isOld || isLeft(name)) await rm(join(partials, name), { force: true })
  }
}

/** Whether a half-written file belongs to a process of this machine that is gone. */
function isLeft(name: string): boolean {
  return name.startsWith(MACHINE_PREFIX) && isGone(name.slice(MACHINE_PREFIX.length).replace(/-[0-9a-f]+$/, ''))
}

/** The planned error for a failed file operation, by the codes that mean there is nothing or something else in that place. */
function worded(
  error: unknown,
  path: string,
  codes: { absent?: readonly string[]; conflict?: readonly string[] } = {},
): PlannedError {
  const code = codeOf(error)
  if (codes.absent?.includes(code) === true) return absent(path)
  if (codes.conflict?.includes(code) === true) return fileAndFolder(path)
  return new PlannedError('UNAVAILABLE', `the artifact "${path}" cannot be reached`, {
    why: messageOf(error),
    next: 'check the disk and its permissions',
    cause: error,
  })
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
}
