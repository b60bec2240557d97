// Finds the artifacts that an address in the database stands for.
import { isPath } from '../artifacts/path.ts'
import type { ArtifactStore } from '../artifacts/port.ts'
import { PlannedError } from '../kernel/errors.ts'

/** Where runs and logged models keep their files, from the experiment's folder on. */
const OWN_FOLDER = String.raw`\d+\/(?:[0-9a-f]{32}|models\/m-[0-9a-f]{32})\/artifacts(?:\/.*)?`
const ENDS_LIKE_OURS = new RegExp(String.raw`^(?:file:\/\/|mlflow-artifacts:)?\/(?:.*\/)?(${OWN_FOLDER})$`)
/** An address that goes through a server, without the server's name: what follows is a path in the store that the server has. */
const THROUGH_SERVER = /^mlflow-artifacts:\/+(.+)$/

/**
 * The path in the store of an address that MLflow or we wrote: its own address, one that goes through the server, or one that lies
 * elsewhere but ends like a run's or a logged model's (`<experiment>/<run>/artifacts/…`): the folder was moved since, or another server
 * handed it out. Throws `NOT_FOUND` for any other; `what` says whose address it is.
 */
export function locate(artifacts: ArtifactStore, uri: string, what: string): string {
  const path = artifacts.pathOf(uri) ?? movedPath(uri) ?? servedPath(uri)
  if (path !== null) return path
  throw new PlannedError('NOT_FOUND', `${what} lies at ${JSON.stringify(uri)}, outside the artifacts kept here`, {
    next: 'copy it in or open it where it is',
    facts: { elsewhere: uri },
  })
}

/** The path, in whatever store, that an address of a run's or a logged model's files ends with; null if it does not end like one. */
export function movedPath(uri: string): string | null {
  const path = ENDS_LIKE_OURS.exec(uri)?.[1]
  if (path === undefined) return null
  const plain = path.replace(/\/+$/, '')
  const meant = uri.startsWith('/') ? plain : decoded(plain)
  return meant !== null && isPath(meant) ? meant : null
}

/** The path that an address through the server stands for; null for one that names its server. */
function servedPath(uri: string): string | null {
  if (/^mlflow-artifacts:\/\/[^/]/.test(uri)) return null
  const path = decoded(THROUGH_SERVER.exec(uri)?.[1] ?? '')
    ?.replace(/\/{2,}/g, '/')
    .replace(/\/$/, '')
  return path !== undefined && isPath(path) ? path : null
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null // a % that stands for nothing
  }
}

/** The path of a file in a folder. The store refuses it if the file's own path is empty or leads out. */
export function fileIn(folder: string, path: string): string {
  return folder === '' ? path : `${folder}/${path}`
}
