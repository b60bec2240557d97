// A small disk of one's own, mounted for a test: full in no time, or one that can only be read.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Disk extends Disposable {
  readonly folder: string
  /** Bytes it may hold from now on. */
  resize(bytes: number): void
  makeReadOnly(): void
}

/** Mounts an empty disk. Says why that cannot be done here: it takes the superuser, and a system that lets even that one mount. */
export function mountDisk(bytes: number): Disk | { readonly refusal: string } {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-disk-'))
  const system = (command: string, ...args: string[]): void => void execFileSync(command, args, { stdio: 'pipe' })
  const mount = (...args: string[]): void => system('mount', ...args)
  try {
    mount('-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder)
  } catch (error) {
    rmSync(folder, { recursive: true })
    return { refusal: `no disk can be mounted here: ${String(error).split('\n')[0]}` }
  }
  return {
    folder,
    resize: (size) => mount('-o', `remount,size=${size}`, folder),
    makeReadOnly: () => mount('-o', 'remount,ro', folder),
    [Symbol.dispose]() {
      system('umount', folder)
      rmSync(folder, { recursive: true })
    },
  }
}
