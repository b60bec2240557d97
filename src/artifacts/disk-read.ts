// Opens files to be read piece by piece, and looks into folders.
import { type BigIntStats, constants, type Dirent } from 'node:fs'
import { type FileHandle, open, readdir, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { codeOf, lookAt, worded } from './disk-errors.ts'
import { absent, PARTIAL_FOLDER } from './path.ts'
import type { FolderEntry, OpenArtifact } from './port.ts'
import { sliceOf } from './range.ts'

/** Bytes that are read at once: few calls, and a socket takes them whole. */
const PIECE_BYTES = 512 * 1024
/** Pieces that are read before they are asked for, so that the disk and the reader work at the same time. */
const PIECES_AHEAD = 2

/** Opens a file as `ArtifactStore.read` has it. What is read is the file as it was when opened, also if another takes its place. */
export async function openToRead(
  place: string,
  path: string,
  range: { readonly from?: number; readonly to?: number } | undefined,
): Promise<OpenArtifact> {
  const { file, found } = await openFile(place, path)
  try {
    const bytes = Number(found.size)
    return {
      bytes,
      changedAtMs: Number(found.mtimeMs),
      version: [found.ino, found.mtimeNs, found.size].map((part) => part.toString(36)).join('-'),
      content: contentOf(file, path, sliceOf(bytes, range)),
    }
  } catch (error) {
    await file.close()
    throw worded(error, path)
  }
}

/** All of a file. */
export async function readWhole(place: string, path: string): Promise<Uint8Array> {
  const { file } = await openFile(place, path)
  try {
    const { buffer, byteOffset, byteLength } = await file.readFile()
    return new Uint8Array(buffer, byteOffset, byteLength)
  } catch (error) {
    throw worded(error, path)
  } finally {
    await file.close()
  }
}

/** Opens what is a file. A pipe that nobody writes to would be waited for without end, and take a thread from all other files meanwhile. */
async function openFile(place: string, path: string): Promise<{ file: FileHandle; found: BigIntStats }> {
  const file = await open(place, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    throw worded(error, path, { absent: ['ENOENT', 'ENOTDIR', 'EISDIR', 'ENXIO'] })
  })
  try {
    const found = await file.stat({ bigint: true })
    if (!found.isFile()) throw absent(path)
    return { file, found }
  } catch (error) {
    await file.close()
    throw worded(error, path)
  }
}

function contentOf(
  file: FileHandle,
  path: string,
  { from, to }: { from: number; to: number },
): ReadableStream<Uint8Array> {
  let at = from
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const size = Math.min(PIECE_BYTES, to - at)
          // Not from the pool that small buffers share, and not zeroed: what is read fills it.
          const { bytesRead, buffer } =
            size === 0 ? { bytesRead: 0, buffer: null } : await file.read(Buffer.allocUnsafeSlow(size), 0, size, at)
          if (buffer !== null && bytesRead === 0) throw new Error('the file became shorter while it was read')
          at += bytesRead
          if (buffer !== null) controller.enqueue(buffer.subarray(0, bytesRead))
          if (at < to) return
          await file.close()
          controller.close()
        } catch (error) {
          await file.close().catch(() => undefined) // the first failure is the one to tell
          throw worded(error, path)
        }
      },
      cancel: () => file.close(),
    },
    { highWaterMark: PIECES_AHEAD },
  )
}

/** Every file below a prefix, in no order. */
export async function filesBelow(root: string, prefix: string): Promise<{ path: string; bytes: number }[]> {
  const start = await stat(join(root, prefix)).catch(() => null)
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

/** What lies directly in a folder. A link is what it leads to, and left out if that is not below the root. */
export async function entriesIn(root: string, folder: string): Promise<FolderEntry[]> {
  const place = join(root, folder)
  const entries = await entriesOf(place)
  const found = await Promise.all(
    entries.map(async (entry): Promise<FolderEntry | null> => {
      const { name } = entry
      if (folder === '' && name === PARTIAL_FOLDER) return null
      if (entry.isDirectory()) return { name, bytes: null }
      if (entry.isSymbolicLink() && !(await leadsInside(root, join(place, name)))) return null
      const target = await stat(join(place, name)).catch(() => null) // null if it was deleted meanwhile
      if (target?.isDirectory() === true) return { name, bytes: null }
      return target?.isFile() === true ? { name, bytes: target.size } : null
    }),
  )
  return found.filter((entry) => entry !== null)
}

/** Whether what lies at a place, all links followed, is the root or below it. */
export async function leadsInside(root: string, place: string): Promise<boolean> {
  const [home, target] = await Promise.all([realpath(root), realpath(place)].map((found) => found.catch(() => null)))
  return typeof home === 'string' && typeof target === 'string' && (target === home || target.startsWith(home + sep))
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return [] // absent, deleted meanwhile, or a file
    throw worded(error, folder)
  }
}
