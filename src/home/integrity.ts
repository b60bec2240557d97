// Databases that were emptied, and what a failure that nobody foresaw really was.
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { damaged } from '../database/sqlite-errors.ts'
import { integrityFaults } from '../database/sqlite-files.ts'
import { fileError } from '../kernel/disk.ts'
import { isPlanned } from '../kernel/errors.ts'
import { journalOf, type Place, WAREHOUSE } from './place.ts'

/**
 * What a thrown value is to a person: a planned error as it is, a file operation that the system refused in words, and a failure that
 * nobody foresaw, where a database is damaged, as that damage. Anything else is a bug and comes back as it was.
 */
export async function clarify(error: unknown, place: Place | null): Promise<unknown> {
  if (isPlanned(error)) return error
  const refused = fileError(error, place?.home)
  if (refused !== null || place === null) return refused ?? error
  for (const file of [journalOf(place), place.databasePath]) {
    if (!existsSync(file)) continue
    const [fault] = await integrityFaults(file)
    if (fault !== undefined) return damaged(file, fault, error)
  }
  return error
}

/**
 * Throws `BAD_DATA` for a database without a byte in it though work was kept beside it: SQLite would take it for a new one, and everything
 * in it for forgotten.
 */
export function refuseEmptied(place: Place): void {
  if (!holdsWork(place)) return
  for (const file of [journalOf(place), place.databasePath]) {
    const stat = statSync(file, { throwIfNoEntry: false })
    if (stat?.isFile() === true && stat.size === 0 && !hasLog(file)) throw damaged(file, 'it is empty, and was not')
  }
}

/** Whether a command has gone further than opening its databases. */
function holdsWork({ home, artifacts }: Place): boolean {
  return [artifacts, join(home, WAREHOUSE)].some((folder) => existsSync(folder) && readdirSync(folder).length > 0)
}

function hasLog(file: string): boolean {
  return (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0
}
