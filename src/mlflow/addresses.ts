// Where artifacts lie, as the database keeps it and as clients are told.
import { existsSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ArtifactStore } from '../artifacts/port.ts'
import { movedPath } from '../tracking/locate.ts'
import { climbs, isSafePath, safePath } from './safe-path.ts'

/** How addresses of artifacts that go through the server begin. */
const PROXIED = 'mlflow-artifacts:'

/** Such an address without a host: the server that it was got from. */
const PROXIED_HERE = /^mlflow-artifacts:(?:\/\/(?=\/|$))?\/*(.*)$/
const PROXIED_ELSEWHERE = /^mlflow-artifacts:\/\/[^/]/
/** What older servers handed out instead: the same by HTTP. The path counts, not the host, which nobody asks. */
const PROXIED_BY_HTTP = /^https?:\/\/[^/?#]+\/(?:.*\/)?api\/2\.0\/mlflow-artifacts\/artifacts\/+(.*)$/

/** A path in one of the stores that a server has. */
interface Place {
  readonly artifacts: ArtifactStore
  readonly path: string
}

export interface Addresses {
  /** What new experiments lie below, as `--default-artifact-root` says it; null for the served store. */
  readonly defaultRoot: string | null
  /** Where an experiment made now keeps its artifacts. */
  experimentLocation(experimentId: string): string
  /**
   * An address as a client gets it. What lies in the served store is named by an address that goes through the server, wherever the
   * client is; anything else stays as it is.
   */
  shown(uri: string): string
  /** The path in the served store that an address stands for, '' for the whole of it; null for what lies elsewhere. */
  pathOf(uri: string): string | null
  /** Where an address leads, in the served store or the default root; null for what this server does not hold. */
  place(uri: string): Place | null
  /**
   * Where an address of the database leads, for reading: also a folder of this machine that is none of the server's roots, in which a
   * server of MLflow kept artifacts before. Clients of this one cannot bring such an address into the database.
   */
  placeToRead(uri: string): Place | null
  /** `place` for an address that somebody made up: one that was good before the store was moved counts for nothing. */
  placeNow(uri: string): Place | null
}

interface Folders {
  /** The default root, if it is a folder of this machine. */
  readonly rootArtifacts?: ArtifactStore | null
  /** Makes a store of any folder of this machine. Without it, only the roots are read. */
  readonly openFolder?: (folder: string) => ArtifactStore
}

/**
 * Addresses of a server. `artifacts` is the served store. `defaultRoot` is where new experiments lie: a folder's absolute path or
 * `file:` address, with `rootArtifacts` to reach it; another store's address; one that goes through the server; null for the served store.
 */
export function openAddresses(
  artifacts: ArtifactStore,
  defaultRoot: string | null,
  { rootArtifacts = null, openFolder }: Folders = {},
): Addresses {
  const root = (defaultRoot ?? `${PROXIED}/`).replace(/\/+$/, '')
  const pathNow = (uri: string): string | null => {
    const rest = proxiedRest(uri)
    if (rest === null) return artifacts.pathOf(uri)
    const path = rest.replace(/\/{2,}/g, '/')
    return isSafePath(path) ? safePath(path) : null
  }
  const pathOf = (uri: string): string | null => pathNow(uri) ?? movedInto(artifacts, uri)
  const placeIn = (path: string | null, uri: string): Place | null => {
    if (path !== null) return { artifacts, path }
    const below = rootArtifacts?.pathOf(uri) ?? null
    return rootArtifacts === null || below === null ? null : { artifacts: rootArtifacts, path: below }
  }
  return {
    defaultRoot,
    experimentLocation: (id) => `${root}/${id}`,
    shown(uri) {
      // A default root that clients reach themselves is shown as it is, also if it lies in the served store.
      if (uri.startsWith(PROXIED) || (rootArtifacts?.pathOf(uri) ?? null) !== null) return uri
      const path = pathOf(uri)
      return path === null ? uri : `${PROXIED}/${path.split('/').map(encoded).join('/')}`
    },
    pathOf,
    place: (uri) => placeIn(pathOf(uri), uri),
    placeToRead(uri) {
      const folder = folderAt(uri)
      const elsewhere = folder === null || openFolder === undefined ? null : { artifacts: openFolder(folder), path: '' }
      return placeIn(pathOf(uri), uri) ?? elsewhere
    },
    placeNow: (uri) => placeIn(pathNow(uri), uri),
  }
}

/** The folder of this machine that an address names: by an absolute path that does not climb; null for any other. */
function folderAt(uri: string): string | null {
  try {
    const folder = /^file:[^?#]*$/i.test(uri) && !climbs(uri) ? fileURLToPath(uri) : uri
    const plain = folder.length > 1 ? folder.replace(/\/$/, '') : folder
    return isAbsolute(plain) && plain === resolve(plain) ? plain : null
  } catch {
    return null // a file on another host
  }
}

/** What follows the server in an address that goes through it, still encoded; null for any other address. */
function proxiedRest(uri: string): string | null {
  if (uri.startsWith(PROXIED)) return PROXIED_ELSEWHERE.test(uri) ? null : (PROXIED_HERE.exec(uri)?.[1] ?? null)
  return PROXIED_BY_HTTP.exec(uri)?.[1] ?? null
}

/** The path of a run's file whose address names a folder that the store was in before it was moved here or copied. */
function movedInto(artifacts: ArtifactStore, uri: string): string | null {
  const path = movedPath(uri)
  if (path === null) return null
  const here = artifacts.uri(path)
  return here.startsWith('file:') && existsSync(fileURLToPath(here)) ? path : null
}

/** A part of a path as it stands in an address. What need not be encoded is not: people read it, and some clients do not decode it. */
function encoded(part: string): string {
  return part.replace(/[%?#;\\\s]/g, encodeURIComponent)
}
