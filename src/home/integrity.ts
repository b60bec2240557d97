// Whether what is kept is whole, and what a failure that nobody foresaw really was.
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { openSqlite } from '../database/sqlite.ts'
import { damaged } from '../database/sqlite-errors.ts'
import { integrityFaults } from '../database/sqlite-files.ts'
import { fileError } from '../kernel/disk.ts'
import { isPlanned, messageOf } from '../kernel/errors.ts'
import { checkHistory } from '../tracking/history.ts'
import type { TrackingSchema } from '../tracking/schema.ts'
import { readManifest } from '../warehouse/manifest.ts'
import { isTableName } from '../warehouse/rows.ts'
import { journalOf, type Place, WAREHOUSE } from './place.ts'

/** One part of what is kept, and what is wrong with it; null for nothing. */
export interface Inspection {
  readonly name: 'journal' | 'registry' | 'history' | 'tables'
  readonly fault: string | null
}

/** Reads both databases whole, the seals of the history, and whether every file that a table lists is there. Changes nothing. */
export async function inspect(place: Place): Promise<readonly Inspection[]> {
  const databases = [
    { name: 'journal', file: journalOf(place) },
    { name: 'registry', file: place.databasePath },
  ] as const
  const inspections: Inspection[] = []
  for (const { name, file } of databases) {
    if (existsSync(file)) inspections.push({ name, fault: await databaseFault(place, file) })
  }
  const registry = inspections.find(({ name }) => name === 'registry')
  if (registry?.fault === null) inspections.push({ name: 'history', fault: await historyFault(place.databasePath) })
  inspections.push({ name: 'tables', fault: await tablesFault(join(place.home, WAREHOUSE)) })
  return inspections
}

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

async function databaseFault(place: Place, file: string): Promise<string | null> {
  try {
    refuseEmptied(place)
  } catch (error) {
    if (isPlanned(error) && error.facts.file === file) return error.message
  }
  const [fault] = await integrityFaults(file)
  return fault === undefined ? null : fault.includes(file) ? fault : damaged(file, fault).message
}

async function historyFault(file: string): Promise<string | null> {
  try {
    await using database = await openSqlite<TrackingSchema>(file, { readOnly: true })
    const check = await checkHistory(database.sql)
    return check.kind === 'whole' ? null : `the history of stages in ${file} is not as it was written: ${check.reason}`
  } catch (error) {
    return messageOf(error)
  }
}

async function tablesFault(warehouse: string): Promise<string | null> {
  try {
    const tables = existsSync(warehouse) ? readdirSync(warehouse).filter(isTableName) : []
    for (const table of tables) {
      const manifest = await readManifest(join(warehouse, table, 'manifest.json'))
      const files = (manifest?.table?.partitions ?? []).flatMap((partition) => partition.files)
      const missing = files.find((file) => !existsSync(join(warehouse, table, file)))
      if (missing !== undefined) return `${join(warehouse, table, missing)} is missing, and table ${table} needs it`
    }
    return null
  } catch (error) {
    return messageOf(error)
  }
}
