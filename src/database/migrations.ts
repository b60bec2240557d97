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
 * Throws  `CONFLICT` if a newer build has changed the schema in a breaking way, or if a migration was edited after it
 *          was applied.
 */
export async function migrate<Schema>(
  database: Database<Schema>,
  ledgerTable: string,
  migrations: readonly Migration[],
): Promise<void> {
  checkNumbers(migrations)
  await database.transaction(async (trx, script) => {
    const ledger = sql.table(ledgerTable)
    await sql`create table if not exists ${ledger} (
      number integer primary key, name text not null, breaking integer not null check (breaking in (0, 1)),
      digest text not null, applied_at text not null default current_timestamp)`.execute(trx)
    const applied = await readLedger(trx, ledgerTable)
    refuseNewer(applied, migrations, ledgerTable)
    for (const { number, name, breaking, sql: text } of migrations) {
      const digest = sha256(text)
      const row = applied.find((found) => found.number === number)
      if (row !== undefined) refuseEdited(row, name, digest)
      else {
        await sql`insert into ${ledger} (number, name, breaking, digest)
          values (${number}, ${name}, ${breaking ? 1 : 0}, ${digest})`.execute(trx)
        await script(text)
      }
    }
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

function refuseNewer(applied: readonly LedgerRow[], known: readonly Migration[], ledgerTable: string): void {
  const newer = applied.find((row) => row.breaking === 1 && row.number > known.length)
  if (newer === undefined) return
  const message =
    `this build knows the schema up to number ${known.length}, but a newer one changed it to number ${newer.number} ` +
    `(${newer.name}), which older builds must not write to; use the newer build`
  throw new PlannedError('CONFLICT', message, { facts: { ledgerTable, known: known.length, found: newer.number } })
}

function refuseEdited(row: LedgerRow, name: string, digest: string): void {
  if (row.digest === digest) return
  const message =
    `migration ${row.number} was applied as "${row.name}" with other SQL than this build's "${name}"; ` +
    'use the build that made this database, or start with a new one'
  throw new PlannedError('CONFLICT', message, { facts: { number: row.number, applied: row.digest, expected: digest } })
}
