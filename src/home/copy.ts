// Copying and hashing files in pieces: a stop is heeded between two of them, and progress is told.
import { createHash } from 'node:crypto'
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileError } from '../kernel/disk.ts'
import { throwIfCancelled } from '../kernel/errors.ts'
import type { BackupFile } from './record.ts'

const PIECE_BYTES = 1 << 20

/** Who watches: may stop it, and is told of every piece. */
export interface Watch {
  readonly signal?: AbortSignal | undefined
  readonly onBytes?: ((bytes: number) => void) | undefined
}

type Content = Pick<BackupFile, 'bytes' | 'sha256'>

/** Copies a file to a new one, whose folder is made, and flushes it to the disk. Says what was written. */
export async function copyFile(from: string, to: string, watch: Watch): Promise<Content> {
  await using source = await open(from, 'r')
  try {
    await mkdir(dirname(to), { recursive: true })
    await using target = await open(to, 'wx')
    const content = await readThrough(source, watch, async (piece) => {
      for (let at = 0; at < piece.length; ) at += (await target.write(piece, at)).bytesWritten
    })
    await target.sync()
    return content
  } catch (error) {
    throw fileError(error, to) ?? error
  }
}

/** Reads a file from its beginning to its end. */
export async function hashFile(path: string, watch: Watch): Promise<Content> {
  await using file = await open(path, 'r')
  return await readThrough(file, watch, async () => undefined)
}

async function readThrough(
  file: Awaited<ReturnType<typeof open>>,
  { signal, onBytes }: Watch,
  take: (piece: Uint8Array) => Promise<void>,
): Promise<Content> {
  const hash = createHash('sha256')
  const buffer = new Uint8Array(PIECE_BYTES)
  let bytes = 0
  while (true) {
    throwIfCancelled(signal)
    const { bytesRead } = await file.read(buffer, 0, buffer.length)
    if (bytesRead === 0) return { bytes, sha256: hash.digest('hex') }
    const piece = buffer.subarray(0, bytesRead)
    hash.update(piece)
    await take(piece)
    bytes += bytesRead
    onBytes?.(bytesRead)
  }
}
