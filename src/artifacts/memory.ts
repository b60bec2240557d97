// Artifacts in memory: the reference for what a store does, and a store for tests that need no disk.
import { systemClock } from '../kernel/clock.ts'
import { sha256 } from '../kernel/json.ts'
import { absent, checkExpected, checkPath, checkPrefix, fileAndFolder, isPath } from './path.ts'
import type { ArtifactStore, FolderEntry } from './port.ts'
import { sliceOf } from './range.ts'

const SCHEME = 'memory:///'

interface Stored {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly changedAtMs: number
  readonly version: string
}

/** An empty store that lives as long as the process. */
export function memoryArtifacts(): ArtifactStore {
  const files = new Map<string, Stored>()
  let writes = 0
  const isBelow = (below: string, folder: string): boolean => below.startsWith(`${folder}/`)
  const keep = (path: string, bytes: Uint8Array<ArrayBuffer>): void => {
    if (files.keys().some((key) => isBelow(key, path) || isBelow(path, key))) throw fileAndFolder(path)
    files.set(path, { bytes, changedAtMs: systemClock.nowMs(), version: String(++writes) })
  }
  const stored = (path: string): Stored => {
    checkPath(path)
    const found = files.get(path)
    if (found === undefined) throw absent(path)
    return found
  }
  return {
    uri,
    pathOf,
    async put(path, bytes) {
      checkPath(path)
      keep(path, Uint8Array.from(bytes))
      return { sha256: sha256(bytes), bytes: bytes.byteLength }
    },
    async write(path, source, { expectedBytes, beforeVisible } = {}) {
      checkPath(path)
      const bytes = Uint8Array.from(Buffer.concat(await Array.fromAsync(source)))
      checkExpected(path, bytes.byteLength, expectedBytes)
      await beforeVisible?.()
      keep(path, bytes)
      return { bytes: bytes.byteLength }
    },
    get: async (path) => Uint8Array.from(stored(path).bytes),
    async read(path, range) {
      const { bytes, changedAtMs, version } = stored(path)
      const { from, to } = sliceOf(bytes.byteLength, range)
      const content = new Blob([bytes.subarray(from, to)]).stream()
      return { bytes: bytes.byteLength, changedAtMs, version, content }
    },
    async list(prefix) {
      checkPrefix(prefix)
      return [...files]
        .filter(([path]) => prefix === '' || path === prefix || path.startsWith(`${prefix}/`))
        .map(([path, { bytes }]) => ({ path, bytes: bytes.byteLength }))
        .sort((a, b) => (a.path < b.path ? -1 : 1))
    },
    async folder(path) {
      checkPrefix(path)
      return entriesBelow(files, path === '' ? '' : `${path}/`)
    },
    async delete(path) {
      stored(path)
      files.delete(path)
    },
    async deleteAll(path) {
      checkPath(path)
      const gone = [...files.keys()].filter((key) => key === path || key.startsWith(`${path}/`))
      for (const key of gone) files.delete(key)
      return gone.length > 0
    },
  }
}

function uri(path: string): string {
  checkPrefix(path)
  return SCHEME + path.split('/').map(encodeURIComponent).join('/')
}

function pathOf(uri: string): string | null {
  if (!uri.startsWith(SCHEME)) return null
  try {
    const path = uri.slice(SCHEME.length).split('/').map(decodeURIComponent).join('/')
    return path === '' || isPath(path) ? path : null
  } catch {
    return null // a % that stands for nothing
  }
}

function entriesBelow(files: ReadonlyMap<string, Stored>, start: string): readonly FolderEntry[] {
  const found = new Map<string, FolderEntry>()
  for (const [path, { bytes }] of files) {
    if (!path.startsWith(start)) continue
    const [name, ...below] = path.slice(start.length).split('/')
    found.set(name!, { name: name!, bytes: below.length > 0 ? null : bytes.byteLength }) // splitting gives at least one part
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}
