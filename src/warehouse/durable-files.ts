// Files that are on the disk once a call returns: written whole or not at all, flushed, and their folder's list of names too.
import { open, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Writes a file whole or not at all: beside it, flushed, then renamed over it. */
export async function writeSafely(path: string, text: string): Promise<void> {
  const beside = `${path}.new`
  const file = await open(beside, 'w')
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(beside, path)
  await syncFolder(dirname(path))
}

/** Flushes a folder's list of names to the disk, where the system lets a folder be opened. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform !== 'win32') await syncFile(path, 'r')
}

export async function syncFile(path: string, flags = 'r+'): Promise<void> {
  const file = await open(path, flags)
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Bytes of a file; null if there is none. */
export async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return null
    throw error
  }
}
