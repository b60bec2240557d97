// Files of runs and models: through the server that keeps them, or where they lie if that is a folder of this machine.
import { existsSync } from 'node:fs'
import { dirname, isAbsolute } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { absent, checkPath, checkPrefix } from '../artifacts/path.ts'
import type { ArtifactStore } from '../artifacts/port.ts'
import { isPlanned, PlannedError } from '../kernel/errors.ts'
import type { RemoteContext } from './remote-context.ts'

const PROXY = '/api/2.0/mlflow-artifacts/artifacts'

/** The files below one address. */
export type Files = Pick<ArtifactStore, 'get' | 'list'> & { put(path: string, bytes: Uint8Array): Promise<void> }

/** The files below an address as MLflow writes it. Throws `BAD_INPUT` for an address that cannot be reached from here; `what` says whose it is. */
export function filesAt(context: Pick<RemoteContext, 'rest' | 'folder'>, uri: string, what: string): Files {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(uri)?.[1]?.toLowerCase() ?? 'file'
  if (scheme === 'mlflow-artifacts' || scheme === 'http' || scheme === 'https') {
    return proxied(context, pathOnServer(context, uri, what))
  }
  if (scheme === 'file') return local(context, uri, what)
  throw new PlannedError('BAD_INPUT', `${what} lies at ${uri}, which cannot be reached from here`, {
    why: /^(s3|gs|gcs|abfss?|wasbs?|dbfs|r2|b2|hdfs)$/.test(scheme)
      ? 'artifacts straight in a cloud’s store come with a later version'
      : `${scheme}: is no address that is known here`,
    next: 'let the server pass artifacts on: mlflow server --artifacts-destination …, without --default-artifact-root and --no-serve-artifacts; it holds for experiments made from then on',
    facts: { uri },
  })
}

/** The path behind the server's own door for files: '' for all of them. */
function pathOnServer({ rest }: Pick<RemoteContext, 'rest'>, uri: string, what: string): string {
  const { base, host } = rest.door
  const ownDoor = `${base}${PROXY}/`
  if (uri.startsWith(ownDoor)) return plain(uri.slice(ownDoor.length))
  const match = /^mlflow-artifacts:(?:\/\/([^/]*))?\/*(.*)$/s.exec(uri)
  if (match !== null && ['', host].includes(match[1] ?? '')) return plain(match[2] ?? '')
  throw new PlannedError('BAD_INPUT', `${what} lies at ${uri}, on another server than ${base}`, {
    why: 'what opens one door is not shown at another',
    next: 'set MLFLOW_TRACKING_URI to the address by which that server knows itself',
    facts: { uri },
  })
}

function plain(path: string): string {
  return path.replace(/\/+$/, '')
}

function proxied({ rest }: Pick<RemoteContext, 'rest'>, root: string): Files {
  const whole = (path: string): string => [root, path].filter((part) => part !== '').join('/')
  const inside = (path: string): string => `${PROXY}/${whole(path).split('/').map(encodeURIComponent).join('/')}`
  return {
    async get(path) {
      checkPath(path)
      try {
        return await rest.download(inside(path))
      } catch (error) {
        throw isPlanned(error, 'NOT_FOUND') ? absent(path) : error
      }
    },
    async put(path, bytes) {
      checkPath(path)
      await rest.upload(inside(path), bytes)
    },
    async list(prefix) {
      checkPrefix(prefix)
      const found: { path: string; bytes: number }[] = []
      const folders = [prefix]
      for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
        for (const entry of (await rest.get(PROXY, { path: whole(folder) }, Listing)).files) {
          const path = folder === '' ? entry.path : `${folder}/${entry.path}`
          checkPath(path) // what a server says is no more trusted than what a person says
          if (entry.is_dir) folders.push(path)
          else found.push({ path, bytes: entry.file_size })
        }
      }
      return found.sort((a, b) => (a.path < b.path ? -1 : 1))
    },
  }
}

const Listing = z.object({
  files: z
    .array(
      z.object({
        path: z.string(),
        is_dir: z.boolean().default(false),
        file_size: z.union([z.number(), z.string().transform(Number)]).default(0),
      }),
    )
    .default([]),
})

/** A folder of this machine, which the server and we both see. */
function local({ folder, rest }: Pick<RemoteContext, 'rest' | 'folder'>, uri: string, what: string): Files {
  const path = uri.startsWith('file:') ? pathOfFile(uri) : uri
  const match = path === null ? null : /^(.+)\/([^/]+\/[^/]+\/artifacts(?:\/.*)?)$/.exec(plain(path)) // <experiment>/<run>/artifacts
  const [root, below] = match === null ? [path, ''] : [match[1] ?? '', match[2] ?? '']
  if (root === null || !isAbsolute(root) || !isThere(root, rest.door.isLocal)) {
    throw new PlannedError('BAD_INPUT', `${what} lies at ${uri}, and that is no folder of this machine`, {
      why: `the server at ${rest.door.base} keeps artifacts in a folder of its own and passes none on`,
      next: 'start it with --artifacts-destination, and without --default-artifact-root and --no-serve-artifacts; it holds for experiments made from then on',
      facts: { uri },
    })
  }
  const store = folder(root)
  const inside = (path: string): string => (below === '' ? path : `${below}/${path}`)
  return {
    async get(path) {
      checkPath(path)
      return await store.get(inside(path))
    },
    async put(path, bytes) {
      checkPath(path)
      await store.put(inside(path), bytes)
    },
    async list(prefix) {
      checkPrefix(prefix)
      const found = await store.list(prefix === '' ? below : inside(prefix))
      return found.map((file) => ({ ...file, path: below === '' ? file.path : file.path.slice(below.length + 1) }))
    },
  }
}

/** Whether a folder is one of this machine; a server of this machine may not have made it yet. */
function isThere(root: string, isServerHere: boolean): boolean {
  const above = dirname(root)
  return existsSync(root) || (isServerHere && dirname(above) !== above && existsSync(above))
}

function pathOfFile(uri: string): string | null {
  try {
    return fileURLToPath(uri)
  } catch {
    return null // a file of another host
  }
}
