// What lies in a home: which of it is Understudy's, how much there is of it, and since when.
import { type Dirent, lstatSync } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative } from 'node:path'
import { bytesText } from '../kernel/disk.ts'
import { addressOf } from '../tracking/rest-address.ts'
import type { Settings } from './command.ts'
import { timeText } from './when.ts'

/** The recipe's own folders, below `training_outputs/`. */
export const OUTPUT_FOLDERS = ['metrics', 'models', 'params'] as const
export const OUTPUTS = 'training_outputs'

/** Without it a folder is no home: every command makes it there. */
const JOURNAL = 'flow.db'
const FOLDERS = ['artifacts', 'warehouse', 'tmp', OUTPUTS]
/** The list of backups, and what a file browser leaves behind. */
const SMALL_FILES = /^(understudy-backups\.json(\.\d+\.new)?|\.DS_Store)$/

/** One file, or everything below one folder. */
export interface HomeEntry {
  readonly name: string
  readonly files: number
  readonly bytes: number
  readonly changedAtMs: number
  /** Whether it is Understudy's: nothing else is ever removed. */
  readonly isOurs: boolean
}

/** Entries of a home, the journal last; none if it is not there. Links are counted, never followed. */
export async function readHome({ home, databasePath, artifacts }: Settings): Promise<readonly HomeEntry[]> {
  const databases = [JOURNAL, 'mlflow.db', ...(dirname(databasePath) === home ? [basename(databasePath)] : [])]
  const ours = new Set([
    ...FOLDERS,
    ...(dirname(artifacts) === home ? [basename(artifacts)] : []),
    ...databases.flatMap((name) => ['', '-wal', '-shm', '-journal'].map((end) => name + end)),
  ])
  const entries = await entriesOf(home)
  return await Promise.all(
    entries
      .toSorted((a, b) => Number(a.name === JOURNAL) - Number(b.name === JOURNAL) || (a.name < b.name ? -1 : 1))
      .map(async ({ name }) => ({
        name,
        ...(await weigh(join(home, name))),
        isOurs: ours.has(name) || SMALL_FILES.test(name),
      })),
  )
}

/** Where everything is kept, in words. */
export function placeText({ home, server }: Pick<Settings, 'home' | 'server'>): string {
  return server === null ? home : `${addressOf(server)}; rows and journal in ${home}`
}

/** Whether a folder is a home. */
export function isHome(folder: string): boolean {
  return lstatSync(join(folder, JOURNAL), { throwIfNoEntry: false })?.isFile() === true
}

/** Whether a path lies below a folder. */
export function isInside(folder: string, path: string): boolean {
  const inside = relative(folder, path)
  return inside !== '' && !inside.startsWith('..') && !isAbsolute(inside)
}

/** Entries as the lines of a table: name, files, size, when it last changed. */
export function entryRows(entries: readonly HomeEntry[]): string[][] {
  return entries.map(({ name, files, bytes, changedAtMs, isOurs }) => [
    `  ${name}`,
    files === 1 ? '1 file' : `${files} files`,
    bytesText(bytes),
    timeText(changedAtMs),
    isOurs ? '' : "not Understudy's",
  ])
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

/** Files, bytes and last change below a path. What vanishes meanwhile counts for nothing. */
export async function weigh(path: string): Promise<Pick<HomeEntry, 'files' | 'bytes' | 'changedAtMs'>> {
  const none = { files: 0, bytes: 0, changedAtMs: 0 }
  const stat = await lstat(path).catch(() => null)
  if (stat === null) return none
  if (!stat.isDirectory()) return { files: 1, bytes: stat.size, changedAtMs: stat.mtimeMs }
  let sum = { ...none, changedAtMs: stat.mtimeMs }
  for (const { name } of await entriesOf(path).catch(() => [])) {
    const part = await weigh(join(path, name))
    sum = {
      files: sum.files + part.files,
      bytes: sum.bytes + part.bytes,
      changedAtMs: Math.max(sum.changedAtMs, part.changedAtMs),
    }
  }
  return sum
}
