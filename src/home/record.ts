// backup.json: what a backup is made of, file by file, and who made it when.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { BACKUP_RECORD } from '../database/known-backups.ts'
import { fileError, systemCode } from '../kernel/disk.ts'
import { messageOf, PlannedError } from '../kernel/errors.ts'

/** Raised when an older build could misread what a newer one writes. */
const FORMAT = 1

/** A path below the backup's folder; the pattern keeps a damaged record from naming files elsewhere. */
const FilePath = z.string().regex(/^(?!\/)(?!(?:.*\/)?\.\.?(?:\/|$))[^\0\\]+$/)

const BackupFile = z.object({
  path: FilePath,
  bytes: z.int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})
export type BackupFile = z.infer<typeof BackupFile>

const BackupRecord = z.object({
  format: z.literal(FORMAT),
  /** The version of the program that made it. */
  program: z.string(),
  madeAt: z.iso.datetime(),
  /** Where everything was. */
  home: z.string(),
  databasePath: z.string(),
  artifacts: z.string(),
  /** What lay outside the home then, and is kept beside it in the backup. */
  outside: z.array(z.enum(['tracking', 'artifacts'])),
  /** What was wrong already with what was copied: files of versions that were gone, seals that were broken. */
  faults: z.array(z.string()),
  files: z.array(BackupFile),
})
export type BackupRecord = z.infer<typeof BackupRecord>

/** The folders of a backup. */
export const PARTS = { home: 'home', tracking: 'tracking', artifacts: 'artifacts' } as const
/** The tracking database in its folder, whatever its name was. */
export const TRACKING_COPY = `${PARTS.tracking}/tracking.db`

/** The record of a backup, but for its format. */
export function recordText(record: Omit<BackupRecord, 'format' | 'files'> & { files: readonly BackupFile[] }): string {
  return `${JSON.stringify({ format: FORMAT, ...record }, null, 1)}\n`
}

/**
 * Reads the record of the backup in a folder.
 *
 * Throws  `NOT_FOUND` for a folder that is no backup; `CONFLICT` for one that a newer build made; `BAD_DATA` for a damaged record.
 */
export async function readRecord(directory: string): Promise<BackupRecord> {
  const path = join(directory, BACKUP_RECORD)
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (!['ENOENT', 'ENOTDIR'].includes(systemCode(error))) throw fileError(error, path) ?? error
    throw new PlannedError('NOT_FOUND', `${directory} is no backup`, {
      why: `there is no ${BACKUP_RECORD} in it`,
      next: 'name a folder that ./understudy backup made',
      facts: { directory },
    })
  })
  const json = parsed(text, path)
  const format = typeof json === 'object' && json !== null && 'format' in json ? json.format : undefined
  if (typeof format === 'number' && format > FORMAT) {
    throw new PlannedError('CONFLICT', `the backup ${directory} was made by a newer build of Understudy`, {
      why: `it is of format ${format}, and this build reads ${FORMAT}`,
      next: 'use the newer build',
      facts: { directory, format },
    })
  }
  const record = BackupRecord.safeParse(json)
  if (record.success) return record.data
  throw damagedRecord(path, z.prettifyError(record.error).replaceAll(/\s+/g, ' '), record.error)
}

/** Where a backup keeps its tracking database and its artifacts, as paths below its folder. */
export function partsOf({ outside, home, databasePath, artifacts }: BackupRecord): {
  tracking: string
  artifacts: string
} {
  const inHome = (path: string): string => `${PARTS.home}${path.slice(home.length).replaceAll('\\', '/')}`
  return {
    tracking: outside.includes('tracking') ? TRACKING_COPY : inHome(databasePath),
    artifacts: outside.includes('artifacts') ? PARTS.artifacts : inHome(artifacts),
  }
}

function parsed(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw damagedRecord(path, messageOf(error), error)
  }
}

function damagedRecord(path: string, why: string, cause: unknown): PlannedError {
  return new PlannedError('BAD_DATA', `${path} is damaged`, { why, next: 'use another backup', facts: { path }, cause })
}
