// Where copies of a database are: a small file beside it, so that an error about a damaged one can name the newest.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'

export const KNOWN_BACKUPS_FILE = 'understudy-backups.json'
/** Every backup holds this file: a folder without it is none, or none any more. */
export const BACKUP_RECORD = 'backup.json'
const KEPT = 20

const KnownBackup = z.object({ path: z.string().min(1), atMs: z.number() })
/** A backup that was made and verified once. */
export type KnownBackup = z.infer<typeof KnownBackup>

/** The backups that a folder remembers, oldest first, also those that are gone by now. None if the file is absent or no such list. */
export function knownBackups(folder: string): readonly KnownBackup[] {
  try {
    return z.array(KnownBackup).parse(JSON.parse(readFileSync(join(folder, KNOWN_BACKUPS_FILE), 'utf8')))
  } catch {
    return []
  }
}

/** Adds backups to what a folder remembers. Throws what the file system throws. */
export function rememberBackups(folder: string, added: readonly KnownBackup[]): void {
  const byPath = new Map([...knownBackups(folder), ...added].map((backup) => [backup.path, backup]))
  const all = [...byPath.values()].sort((a, b) => a.atMs - b.atMs).slice(-KEPT)
  const beside = join(folder, `${KNOWN_BACKUPS_FILE}.${process.pid}.new`)
  writeFileSync(beside, `${JSON.stringify(all, null, 1)}\n`)
  renameSync(beside, join(folder, KNOWN_BACKUPS_FILE))
}

/** What to do about a damaged file of a database: the newest backup that is still there, or that there is none. */
export function recoveryAdvice(file: string): string {
  const newest = knownBackups(dirname(file)).findLast(({ path }) => existsSync(join(path, BACKUP_RECORD)))
  if (newest === undefined) {
    return `no backup is known here: restore one you have (./understudy restore DIR --replace), or move ${file} away to go on without what it held`
  }
  const made = new Date(newest.atMs).toISOString().slice(0, 16).replace('T', ' ')
  return `the newest backup is of ${made} UTC: ./understudy restore ${shellWord(newest.path)} --replace`
}

/** A path as a shell takes it. */
function shellWord(path: string): string {
  return /^[\w./:@%+=-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`
}
