// Backups in tests: a shelf for them, the program without its launcher, and what it says.
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Ended, Program } from './program.ts'

export const SECONDS = 1000

/** A folder for backups, outside every home. */
export async function shelf(): Promise<string> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'understudy-shelf-'))
  onTestFinished(() => folder.remove())
  return folder.path
}

/** The program itself, without the launcher: half the time. */
export function run(
  program: Program,
  args: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return program.start(args, settings).ended
}
