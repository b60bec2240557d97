// Numbered changes of a database's schema, applied once each and remembered in a ledger table.
import { type Kysely, sql } from 'kysely'
import { PlannedError } from '../kernel/errors.ts'
import { sha256 } from '../kernel/json.ts'
import type { Database } from './port.ts'

/** One change of the schema. Once released it is never edited: what it should have said goes into the next one. */
export interface Migration {
  readonly number: number
  readonly name: string
  /** Whether a build that does not know this migration would do harm on the new schema. */
  readonly breaking: boolean
  readonly sql: string
}

interface LedgerRow {
  readonly number: number
  readonly name: string
  readonly breaking: number
  readonly digest: string
}

/**
 * Applies the migrations the ledger does not hold yet, in order, in one transaction, each after its own ledger row.
 * Nothing happens when all are there; processes that start together apply them once.
 *
 * Throws  `CONFLICT` if a newer build has changed the schema in a breaking way, if a migration was edited after it
 *          was applied, or if one is missing in a database that is only read.
 */
export async function migrate<Schema>(
  database: Database<Schema>,
  ledgerTable: string,
  migrations: readonly Migration[],
): Promise<void> {
  checkNumbers(migrations)
  if (database.isReadOnly) return await checkMigrated(database, ledgerTable, migrations)
  await database.transaction(async (trx, script) => {
    const ledger = sql.table(ledgerTable)
    await sql`create table if not exists ${ledger} (
      number integer primary key, name text not null, breaking integer not null check (breaking in (0, 1)),
      digest text not null, applied_at text not null default current_timestamp)`.execute(trx)
    const missing = notApplied(await readLedger(trx, ledgerTable), migrations, database.file)
    for (const { number, name, breaking, sql: text } of missing) {
      await sql`insert into ${ledger} (number, name, breaking, digest)
        values (${number}, ${name}, ${breaking ? 1 : 0}, ${sha256(text)})`.execute(trx)
      await script(text)
    }
  })
}

async function checkMigrated<Schema>(
  database: Database<Schema>,
  ledgerTable: string,
  migrations: readonly Migration[],
): Promise<void> {
  const { file } = database
  const tables = await database.sql.introspection.getTables()
  const hasLedger = tables.some(({ name }) => name === ledgerTable)
  const [missing] = notApplied(hasLedger ? await readLedger(database.sql, ledgerTable) : [], migrations, file)
  if (missing === undefined) return
  throw new PlannedError('CONFLICT', `${file} is of an older build and has to be brought up to date first`, {
    why: `its schema lacks number ${missing.number} (${missing.name}), and nothing can be written here`,
    next: 'copy it to where it may be written and run any command on it once',
    facts: { file, ledgerTable, missing: missing.number },
  })
}

/** The migrations that a ledger does not hold yet. Throws `CONFLICT` for a ledger that this build must keep its hands off. */
function notApplied(
  applied: readonly LedgerRow[],
  migrations: readonly Migration[],
  file: string,
): readonly Migration[] {
  refuseNewer(applied, migrations, file)
  return migrations.filter((migration) => {
    const row = applied.find(({ number }) => number === migration.number)
    if (row !== undefined) refuseEdited(row, migration, file)
    return row === undefined
  })
}

function checkNumbers(migrations: readonly Migration[]): void {
  for (const [index, { number, name }] of migrations.entries()) {
    if (number !== index + 1) throw new Error(`migration ${number} (${name}) should be number ${index + 1}`)
  }
}

async function readLedger<Schema>(trx: Kysely<Schema>, ledgerTable: string): Promise<readonly LedgerRow[]> {
  const query = sql<LedgerRow>`select number, name, breaking, digest from ${sql.table(ledgerTable)} order by number`
  return (await query.execute(trx)).rows
}

function refuseNewer(applied: readonly LedgerRow[], known: readonly Migration[], file: string): void {
  const newer = applied.find((row) => row.breaking === 1 && row.number > known.length)
  if (newer === undefined) return
  throw new PlannedError('CONFLICT', `${file} was changed by a newer build of Understudy`, {
    why:
      `this build knows its schema up to number ${known.length}, and number ${newer.number} (${newer.name}) is one ` +
      'that older builds must not work on',
    next: 'use the newer build, or restore a backup made before it (./understudy restore DIR --replace)',
    facts: { file, known: known.length, found: newer.number },
  })
}

function refuseEdited(row: LedgerRow, { name, sql: text }: Migration, file: string): void {
  const expected = sha256(text)
  if (row.digest === expected) return
  throw new PlannedError('CONFLICT', `${file} was made by a build whose schema is another one`, {
    why: `number ${row.number} was applied as "${row.name}" with other SQL than this build's "${name}"`,
    next: 'use the build that made it, or start with a new one',
    facts: { file, number: row.number, applied: row.digest, expected },
  })
}
