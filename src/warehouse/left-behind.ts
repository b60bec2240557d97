// What a process that was killed leaves in a warehouse: its locks and the folders it was writing. The next one that opens it clears them.
import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { newId } from '../kernel/ids.ts'
import { isGone, OWN_MARK } from '../kernel/process-mark.ts'
import { removeLeftLock } from './table-lock.ts'

const STAGING_PREFIX = '.writing-'

/** A name for a folder that this process writes parts of a table in. */
export function stagingName(): string {
  return `${STAGING_PREFIX}${OWN_MARK}-${newId()}`
}

export function isStaging(name: string): boolean {
  return name.startsWith(STAGING_PREFIX)
}

/** Whether a folder of staged parts belongs to a process that is gone. */
export function isLeftStaging(name: string): boolean {
  return isStaging(name) && isGone(name.slice(STAGING_PREFIX.length).replace(/-[0-9a-f]+$/, ''))
}

/** Clears a warehouse of it. What cannot be removed, in a place that can only be read, stays: it stands in nobody's way. */
export function removeLeftBehind(root: string): void {
  if (!existsSync(root)) return
  try {
    for (const entry of readdirSync(root, { withFileTypes: true })) {
      if (entry.isDirectory()) removeLeftStaging(join(root, entry.name))
      else removeLeftLock(join(root, entry.name))
    }
  } catch {
    // somebody else was quicker, or may and we may not
  }
}

function removeLeftStaging(folder: string): void {
  const left = readdirSync(folder).filter(isLeftStaging)
  for (const name of left) rmSync(join(folder, name), { recursive: true, force: true })
  if (left.length > 0 && readdirSync(folder).length === 0) rmdirSync(folder) // nothing ever came of the table
}
