// Where a server's artifacts lie: the store that it serves, and the root that new experiments are given.
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ArtifactStore } from '../artifacts/port.ts'
import { messageOf, PlannedError } from '../kernel/errors.ts'

export interface ArtifactRoots {
  /** The store that the server hands out and takes in. */
  readonly artifacts: ArtifactStore
  /** What new experiments lie below; null for the served store. */
  readonly defaultRoot: string | null
  /** The default root, if it is a folder of this machine. */
  readonly rootArtifacts: ArtifactStore | null
}

interface Places {
  readonly destination: string
  readonly defaultRoot: string | undefined
}

/** Opens both. Throws `BAD_INPUT` for a destination that is no folder, and for a `file:` address that names none. */
export function openArtifactRoots(
  { destination, defaultRoot }: Places,
  openFolder: (folder: string) => ArtifactStore,
): ArtifactRoots {
  const served = folderAt(destination)
  if (served === null) {
    throw new PlannedError('BAD_INPUT', `the server cannot keep artifacts at ${destination}`, {
      why: 'only folders of this machine are served',
      next: 'give --artifacts-destination a folder, or have clients reach the store themselves by --default-artifact-root',
      facts: { destination },
    })
  }
  const folder = defaultRoot === undefined ? null : folderAt(defaultRoot)
  return {
    artifacts: openFolder(served),
    // A path stays a path and an address an address: clients compare what they are told with what they were told before.
    defaultRoot:
      folder === null ? (defaultRoot ?? null) : /^file:/i.test(defaultRoot ?? '') ? (defaultRoot ?? null) : folder,
    rootArtifacts: folder === null ? null : openFolder(folder),
  }
}

/** The folder that a path or a `file:` address names, made absolute; null for another scheme's address. */
function folderAt(place: string): string | null {
  if (/^file:/i.test(place)) {
    try {
      return fileURLToPath(place)
    } catch (error) {
      throw new PlannedError('BAD_INPUT', `${place} names no folder of this machine`, {
        why: messageOf(error),
        next: 'write it like file:///absolute/path',
        facts: { place },
        cause: error,
      })
    }
  }
  return /^[a-z][a-z0-9+.-]+:/i.test(place) ? null : resolve(place)
}
