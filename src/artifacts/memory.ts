// Artifacts in memory: the reference for what a store does, and a store for tests that need no disk.
import { sha256 } from '../kernel/json.ts'
import { absent, checkPath, checkPrefix, fileAndFolder, isPath } from './path.ts'
import type { ArtifactStore } from './port.ts'

const SCHEME = 'memory:///'

/** An empty store that lives as long as the process. */
export function memoryArtifacts(): ArtifactStore {
  const files = new Map<string, Uint8Array>()
  const isFolder = (path: string): boolean => files.keys().some((key) => key.startsWith(`${path}/`))
  const liesBelowAFile = (path: string): boolean => files.keys().some((key) => path.startsWith(`${key}/`))
  return {
    uri(path) {
      checkPrefix(path)
      return SCHEME + path.split('/').map(encodeURIComponent).join('/')
    },
    pathOf(uri) {
      if (!uri.startsWith(SCHEME)) return null
      try {
        const path = uri.slice(SCHEME.length).split('/').map(decodeURIComponent).join('/')
        return path === '' || isPath(path) ? path : null
      } catch {
        return null // a % that stands for nothing
      }
    },
    async put(path, bytes) {
      checkPath(path)
      if (isFolder(path) || liesBelowAFile(path)) throw fileAndFolder(path)
      files.set(path, Uint8Array.from(bytes))
      return { sha256: sha256(bytes), bytes: bytes.byteLength }
    },
    async get(path) {
      checkPath(path)
      const bytes = files.get(path)
      if (bytes === undefined) throw absent(path)
      return Uint8Array.from(bytes)
    },
    async list(prefix) {
      checkPrefix(prefix)
      return [...files]
        .filter(([path]) => prefix === '' || path === prefix || path.startsWith(`${prefix}/`))
        .map(([path, bytes]) => ({ path, bytes: bytes.byteLength }))
        .sort((a, b) => (a.path < b.path ? -1 : 1))
    },
    async delete(path) {
      checkPath(path)
      if (!files.delete(path)) throw absent(path)
    },
  }
}
