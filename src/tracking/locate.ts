// Finds the artifacts that an address in the database stands for.
import type { ArtifactStore } from '../artifacts/port.ts'
import { PlannedError } from '../kernel/errors.ts'

/**
 * The path in the store of an address that MLflow or we wrote. An address that lies elsewhere but ends like a run's
 * (`<experiment>/<run>/artifacts/…`) is taken as ours: the folder was moved since, or a server handed it out by an address of its own.
 * Throws `NOT_FOUND` for any other; `what` says whose address it is.
 */
export function locate(artifacts: ArtifactStore, uri: string, what: string): string {
  const path = artifacts.pathOf(uri) ?? movedPath(uri)
  if (path !== null) return path
  throw new PlannedError('NOT_FOUND', `${what} lies at ${JSON.stringify(uri)}, outside the artifacts kept here`, {
    next: 'copy it in or open it where it is',
  })
}

function movedPath(uri: string): string | null {
  const match = /^(?:file:\/\/|mlflow-artifacts:)?\/(?:.*\/)?(\d+\/[0-9a-f]{32}\/artifacts(?:\/.*)?)$/.exec(uri)
  if (match?.[1] === undefined) return null
  try {
    return uri.startsWith('/') ? match[1] : decodeURIComponent(match[1])
  } catch {
    return null // a % that stands for nothing
  }
}

/** The path of a file in a folder. The store refuses it if the file's own path is empty or leads out. */
export function fileIn(folder: string, path: string): string {
  return folder === '' ? path : `${folder}/${path}`
}
