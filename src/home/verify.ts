// Reads a backup back: every file by its digest, both databases by SQLite's own check, the history by its seals, and whether all is there
// that the registry and the lists of tables name.
import { join } from 'node:path'
import { openSqlite } from '../database/sqlite.ts'
import { integrityFaults } from '../database/sqlite-files.ts'
import { systemCode } from '../kernel/disk.ts'
import { messageOf, PlannedError } from '../kernel/errors.ts'
import { checkHistory } from '../tracking/history.ts'
import type { TrackingSchema } from '../tracking/schema.ts'
import { readManifest } from '../warehouse/manifest.ts'
import { pathOfAddress } from './addresses.ts'
import { hashFile, type Watch } from './copy.ts'
import { JOURNAL, WAREHOUSE } from './place.ts'
import { type BackupRecord, PARTS, partsOf, readRecord } from './record.ts'

/** Faults that are told of one by one. */
const MOST_FAULTS = 5

/** A backup that was read back and found whole. */
export interface VerifiedBackup {
  readonly directory: string
  readonly record: BackupRecord
  readonly bytes: number
  readonly models: readonly { readonly name: string; readonly versions: number }[]
  /** Moves in the history. */
  readonly moves: number
  readonly tables: readonly { readonly name: string; readonly rows: number }[]
  /** What was wrong already when it was made. */
  readonly faults: readonly string[]
  /** Versions whose files lie elsewhere, in no backup. */
  readonly elsewhere: readonly string[]
}

/** Throws `NOT_FOUND`, `CONFLICT` and `BAD_DATA` as `readRecord` does; `BAD_DATA` that names what is damaged or missing. */
export async function verifyBackup(directory: string, watch: Watch): Promise<VerifiedBackup> {
  const verified = await readBack(directory, watch)
  const since = verified.faults.filter((fault) => !verified.record.faults.includes(fault))
  if (since.length > 0) throw unsound(directory, since)
  return verified
}

/** The same for a copy that was just made: what it lacks is what was lacking where it was made. */
export async function readBack(directory: string, watch: Watch): Promise<VerifiedBackup> {
  const record = await readRecord(directory)
  const faults = await faultyFiles(directory, record, watch)
  if (faults.length > 0) throw unsound(directory, faults) // what is damaged cannot tell what is missing
  const databases = await faultyDatabases(directory, record)
  if (databases.length > 0) throw unsound(directory, databases)
  const registry = await readRegistry(directory, record)
  const warehouse = await readTables(directory, record)
  if (warehouse.faults.length > 0) throw unsound(directory, warehouse.faults)
  const { models, moves, elsewhere } = registry
  const bytes = record.files.reduce((sum, file) => sum + file.bytes, 0)
  return { directory, record, bytes, models, moves, elsewhere, tables: warehouse.tables, faults: registry.faults }
}

async function faultyFiles(directory: string, { files }: BackupRecord, watch: Watch): Promise<string[]> {
  const faults: string[] = []
  for (const { path, bytes, sha256 } of files) {
    const found = await hashFile(join(directory, path), watch).catch((error: unknown) => {
      if (systemCode(error) === '') throw error
      return messageOf(error)
    })
    if (typeof found === 'string') faults.push(`${path} cannot be read (${found})`)
    else if (found.bytes !== bytes) faults.push(`${path} has ${found.bytes} bytes and had ${bytes}`)
    else if (found.sha256 !== sha256) faults.push(`${path} is not what was written`)
  }
  return faults
}

async function faultyDatabases(directory: string, record: BackupRecord): Promise<string[]> {
  const names = [`${PARTS.home}/${JOURNAL}`, partsOf(record).tracking]
  const there = names.filter((name) => record.files.some(({ path }) => path === name))
  const found = await Promise.all(
    there.map(async (name) => (await integrityFaults(join(directory, name))).map((fault) => `${name}: ${fault}`)),
  )
  return found.flat()
}

interface Registry {
  readonly faults: readonly string[]
  readonly models: readonly { name: string; versions: number }[]
  readonly moves: number
  readonly elsewhere: readonly string[]
}

/** What the tracking database knows, and which files of its versions the backup does not have. */
async function readRegistry(directory: string, record: BackupRecord): Promise<Registry> {
  const { tracking, artifacts } = partsOf(record)
  const none = { faults: [], models: [], moves: 0, elsewhere: [] }
  if (!record.files.some(({ path }) => path === tracking)) return none
  await using database = await openSqlite<TrackingSchema>(join(directory, tracking), { readOnly: true })
  const tables = await database.sql.introspection.getTables()
  if (!tables.some(({ name }) => name === 'understudy_transitions')) return none // a file of MLflow's that no command has opened yet
  const history = await checkHistory(database.sql)
  const sealFaults =
    history.kind === 'whole' ? [] : [`the history of stages is not as it was written (${history.reason})`]
  const rows = await database.sql
    .selectFrom('model_versions')
    .select(['name', 'version', 'source', 'storage_location', 'current_stage', 'user_id'])
    .execute()
  const versions = rows.filter(({ current_stage }) => current_stage !== 'Deleted_Internal') // MLflow's word for one that was deleted
  const elsewhere: string[] = []
  const missing = versions.flatMap(({ name, version, source, storage_location, user_id }) => {
    const what = `${name} v${version}`
    const folder = pathOfAddress(record, storage_location ?? source ?? '')
    const path = `${artifacts}/${folder}/`
    if (folder !== null && record.files.some((file) => file.path.startsWith(path))) return []
    // Understudy registers what is there, in somebody's name; MLflow's clients may name a folder that never had anything in it.
    if (folder !== null && user_id !== null) return [`of ${what} the files are missing (${path})`]
    elsewhere.push(what)
    return []
  })
  const models = Map.groupBy(versions, ({ name }) => name)
  return {
    faults: [...sealFaults, ...missing],
    models: [...models].map(([name, all]) => ({ name, versions: all.length })),
    moves: history.kind === 'whole' ? history.rows : 0,
    elsewhere,
  }
}

async function readTables(
  directory: string,
  { files }: BackupRecord,
): Promise<{ faults: readonly string[]; tables: { name: string; rows: number }[] }> {
  const listed = new Set(files.map(({ path }) => path))
  const faults: string[] = []
  const tables: { name: string; rows: number }[] = []
  for (const { path } of files) {
    const [, name] = new RegExp(`^${PARTS.home}/${WAREHOUSE}/([^/]+)/manifest\\.json$`).exec(path) ?? []
    if (name === undefined) continue
    const partitions = (await readManifest(join(directory, path)))?.table?.partitions ?? []
    const needed = partitions.flatMap((partition) => partition.files)
    const missing = needed.filter((file) => !listed.has(`${PARTS.home}/${WAREHOUSE}/${name}/${file}`))
    faults.push(...missing.map((file) => `${file} of table ${name} is missing`))
    tables.push({ name, rows: partitions.reduce((sum, { rows }) => sum + rows, 0) })
  }
  return { faults, tables }
}

function unsound(directory: string, faults: readonly string[]): PlannedError {
  const more = faults.length > MOST_FAULTS ? ` and ${faults.length - MOST_FAULTS} more` : ''
  return new PlannedError('BAD_DATA', `the backup ${directory} is not whole`, {
    why: `${faults.slice(0, MOST_FAULTS).join('; ')}${more}`,
    next: 'use another backup',
    facts: { directory, faults: faults.length },
  })
}
