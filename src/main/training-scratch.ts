// Folders for the files of one training each, in the home. What a killed process left of them goes when the next one looks.
import { mkdir, mkdtempDisposable, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isGone, OWN_MARK } from '../kernel/process-mark.ts'

const PREFIX = 'understudy-training-'

/** A new folder, which goes with all that is in it. */
export async function makeTrainingScratch(home: string): Promise<{ readonly path: string } & AsyncDisposable> {
  const folder = folderIn(home)
  await mkdir(folder, { recursive: true })
  return await mkdtempDisposable(join(folder, `${PREFIX}${OWN_MARK}-`))
}

/** Removes the folders of processes that are gone. What cannot be removed stays: it stands in nobody's way. */
export async function removeLeftScratch(home: string): Promise<void> {
  const names = await readdir(folderIn(home)).catch(() => [])
  const left = names.filter((name) => name.startsWith(PREFIX) && isGone(markOf(name)))
  for (const name of left) await rm(join(folderIn(home), name), { recursive: true, force: true }).catch(() => undefined)
}

function folderIn(home: string): string {
  return join(home, 'tmp')
}

/** `mkdtemp` puts six letters and digits behind what it is given. */
function markOf(name: string): string {
  return name.slice(PREFIX.length).replace(/-[A-Za-z0-9]+$/, '')
}
