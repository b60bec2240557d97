// Artifacts as files below one folder, laid out as their paths say, so that MLflow and people can read them where they lie.
import { realpathSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { realpath, rm, rmdir } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { PlannedError } from '../kernel/errors.ts'
import { sha256 } from '../kernel/json.ts'
import { lookAt, worded } from './disk-errors.ts'
import { entriesIn, filesBelow, leadsInside, openToRead, readWhole } from './disk-read.ts'
import { pour, sweep, writeWhole } from './disk-write.ts'
import { absent, checkExpected, checkPath, checkPrefix, isPath } from './path.ts'
import type { ArtifactStore } from './port.ts'

/**
 * A store in a folder, which is made when first written to. A file is written and synced beside its target and then renamed over it, so a
 * reader, also one in another process, sees the old bytes or the new ones.
 */
export function diskArtifacts(folder: string): ArtifactStore {
  const root = resolve(folder)
  return { ...addressing(root), ...writing(root), ...reading(root) }
}

function addressing(root: string): Pick<ArtifactStore, 'uri' | 'pathOf'> {
  let realRoot: string | null = null
  return {
    uri(path) {
      checkPrefix(path)
      return pathToFileURL(join(root, path)).href
    },
    pathOf(uri) {
      const path = pathInside(root, uri)
      if (path !== null) return path
      realRoot ??= withoutLinks(root)
      return realRoot === null || realRoot === root ? null : pathInside(realRoot, uri)
    },
  }
}

function writing(root: string): Pick<ArtifactStore, 'put' | 'write' | 'delete' | 'deleteAll'> {
  let swept: Promise<void> | null = null
  const prepare = async (path: string): Promise<void> => {
    await placeOf(root, path)
    swept ??= sweep(root)
    await swept
  }
  return {
    async put(path, bytes) {
      await prepare(path)
      await writeWhole(root, path, (file) =>
        file.writeFile(bytes).catch((error) => Promise.reject(worded(error, path))),
      )
      return { sha256: sha256(bytes), bytes: bytes.byteLength }
    },
    async write(path, source, options = {}) {
      await prepare(path)
      const fill = async (file: FileHandle): Promise<number> => {
        const came = await pour(file, path, source, options)
        checkExpected(path, came, options.expectedBytes)
        return came
      }
      return { bytes: await writeWhole(root, path, fill, options.beforeVisible) }
    },
    async delete(path) {
      const target = await placeOf(root, path)
      if ((await lookAt(target))?.isDirectory() !== false) throw absent(path)
      await rm(target).catch((error: unknown) => {
        throw worded(error, path, { absent: ['ENOENT'] })
      })
      await removeEmptyFolders(root, dirname(target))
    },
    async deleteAll(path) {
      const target = await placeOf(root, path)
      if ((await lookAt(target)) === null) return false
      await rm(target, { recursive: true, force: true, maxRetries: 3 }).catch((error: unknown) => {
        throw worded(error, path)
      })
      await removeEmptyFolders(root, dirname(target))
      return true
    },
  }
}

function reading(root: string): Pick<ArtifactStore, 'get' | 'read' | 'list' | 'folder'> {
  const checkFolder = async (path: string): Promise<void> => {
    if (path !== '') await placeOf(root, path)
  }
  return {
    async get(path) {
      return readWhole(await placeOf(root, path), path)
    },
    async read(path, range) {
      return openToRead(await placeOf(root, path), path, range)
    },
    async list(prefix) {
      await checkFolder(prefix)
      const found = await filesBelow(root, prefix)
      return found.sort((a, b) => (a.path < b.path ? -1 : 1))
    },
    async folder(path) {
      await checkFolder(path)
      const found = await entriesIn(root, path)
      return found.sort((a, b) => (a.name < b.name ? -1 : 1))
    },
  }
}

/** Where a path lies. Throws `BAD_INPUT` for one that is none or leads out. */
async function placeOf(root: string, path: string): Promise<string> {
  checkPath(path)
  await checkLinks(root, path)
  return join(root, path)
}

/** A place as it is called when no part of the name is a link; null while nothing is there. */
function withoutLinks(place: string): string | null {
  try {
    return realpathSync(place)
  } catch {
    return null
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
    if (!found.isSymbolicLink() || (await leadsInside(root, place))) continue
    const target = await realpath(place).catch(() => null)
    throw new PlannedError(
      'BAD_INPUT',
      `the artifact path "${path}" goes through the link ${place}, which leads ${target === null ? 'nowhere' : `to ${target}`}, out of ${root}`,
      { next: 'remove the link', facts: { link: place } },
    )
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
