// Opens the database file: makes MLflow's schema in an empty one, refuses one that is not what this build knows, adds our tables.
import { readFileSync } from 'node:fs'
import { type Migration, migrate } from '../database/migrations.ts'
import type { Database, RunScript } from '../database/port.ts'
import { openSqlite } from '../database/sqlite.ts'
import { PlannedError } from '../kernel/errors.ts'
import { type Sql, type TrackingSchema, WORKSPACE } from './schema.ts'

/** The alembic revision of `mlflow-schema.sql`: MLflow 3.17.2's. */
const OUR_REVISION = 'dc11669786a5'

/** MLflow's revisions from 3.11 to 3.18, oldest first: the tables used here are the same in all of them. */
const KNOWN_REVISIONS: readonly string[] = [
  ...['c3d6457b6d8a', 'a5b4c3d2e1f0', 'ae8bbe7743c9'], // the first is MLflow 3.11's; then come indexes, and tables not used here
  ...['7d34483879f0', 'da6fb0208061', '89d3d66ed43f', 'b7e4c1a90f23', 'a8b9c0d1e2f3', 'c1d2e3f4a5b6'],
  ...['c3d9e7f1a2b4', '6f8d9c3b2a1e', '1971f2d9a75b', '17e22815139b', 'b7e2c1a4d9f3', '75868b020152'],
  ...[OUR_REVISION, 'e7d1f4b2a9c6', '8b6ad64cb8f5', 'f4a9b2c7d1e6'],
]

const LEDGER = 'understudy_schema'
const MIGRATIONS: readonly Migration[] = [
  { number: 1, name: 'history and effects', breaking: true, sql: read('./0001-history-and-effects.sql') },
]

/** What a new database starts with. */
interface Beginning {
  readonly nowMs: number
  /** Where experiment 0, which MLflow expects, keeps its artifacts. */
  readonly defaultLocation: string
}

/**
 * Opens MLflow's database at a path and makes it if absent. Several processes may do so at once. One that is `readOnly` must be
 * there and up to date, and is only looked at.
 *
 * Throws  `BAD_DATA` for a damaged file or another program's database; `CONFLICT` for a revision of MLflow's schema, or of ours, that this build does not know.
 */
export async function openStore(
  path: string,
  beginning: Beginning,
  { readOnly = false }: { readonly readOnly?: boolean } = {},
): Promise<Database<TrackingSchema>> {
  const database = await openSqlite<TrackingSchema>(path, { readOnly })
  try {
    await database.transaction(async (trx, script) => {
      const tables = await tablesOf(trx)
      if (tables.length === 0 && !readOnly) await createSchema(trx, script, beginning)
      else await checkRevision(trx, path, tables)
    })
    await migrate(database, LEDGER, MIGRATIONS)
    return database
  } catch (error) {
    await database[Symbol.asyncDispose]()
    throw error
  }
}

async function tablesOf(trx: Sql): Promise<readonly string[]> {
  const tables = await trx.introspection.getTables()
  return tables.map((table) => table.name)
}

async function createSchema(trx: Sql, script: RunScript, { nowMs, defaultLocation }: Beginning): Promise<void> {
  await script(read('./mlflow-schema.sql'))
  await trx.insertInto('alembic_version').values({ version_num: OUR_REVISION }).execute()
  await trx
    .insertInto('workspaces')
    .values({ name: WORKSPACE, description: 'Default workspace for legacy resources' }) // MLflow's own words
    .execute()
  await trx
    .insertInto('experiments')
    .values({
      experiment_id: 0,
      name: 'Default',
      artifact_location: defaultLocation,
      lifecycle_stage: 'active',
      creation_time: nowMs,
      last_update_time: nowMs,
    })
    .execute()
}

async function checkRevision(sql: Sql, path: string, tables: readonly string[]): Promise<void> {
  if (!tables.includes('alembic_version') || !tables.includes('runs')) {
    throw new PlannedError('BAD_DATA', `${path} is not a database of MLflow's`, {
      why: tables.length === 0 ? 'it has no tables' : `its tables are ${tables.slice(0, 5).join(', ')}`,
      next: 'name another file',
      facts: { path },
    })
  }
  const rows = await sql.selectFrom('alembic_version').select('version_num').execute()
  const revisions = rows.map((row) => row.version_num)
  if (revisions.length === 1 && KNOWN_REVISIONS.includes(revisions[0] ?? '')) return
  const found = revisions.length === 0 ? 'none' : revisions.join(', ')
  throw new PlannedError(
    'CONFLICT',
    `the schema of ${path} is at MLflow's revision ${found}, which this build does not know`,
    {
      why: `it knows ${KNOWN_REVISIONS[0]} (MLflow 3.11) to ${KNOWN_REVISIONS.at(-1)} (3.18)`,
      next:
        'bring the file of an older MLflow up to date with "mlflow db upgrade"; for one of a newer MLflow use a newer build of ' +
        'Understudy, or a copy made before the upgrade',
      facts: { path, found },
    },
  )
}

function read(file: string): string {
  return readFileSync(new URL(file, import.meta.url), 'utf8')
}
