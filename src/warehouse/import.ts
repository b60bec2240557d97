// A person's own file into a table of the warehouse, whole or not at all.
import { PlannedError } from '../kernel/errors.ts'
import { type ForeignFileOptions, readForeignFile } from './foreign-file.ts'
import type { ImportReport } from './foreign-report.ts'
import type { Batch, TableInfo, Warehouse } from './port.ts'

export interface ImportOptions extends ForeignFileOptions {
  readonly origin: string
  /** What happens to a table that is there: the import is refused, or its rows all go, or the new rows join them. */
  readonly existing: 'refuse' | 'replace' | 'append'
  /** Hears how many rows were taken so far. */
  readonly onProgress?: (taken: number) => void
}

export interface Imported extends ImportReport {
  readonly format: string
  readonly table: TableInfo
}

/**
 * Imports a file. Throws what `readForeignFile` and `Warehouse.write` throw, and `CONFLICT` if the table is there and is to be
 * neither replaced nor appended to, or holds rows of another origin; nothing is written then.
 */
export async function importFile(
  warehouse: Warehouse,
  table: string,
  path: string,
  options: ImportOptions,
): Promise<Imported> {
  const { schema, origin, existing, signal } = options
  const current = await warehouse.describe(table)
  if (current !== null && existing === 'refuse') {
    throw new PlannedError('CONFLICT', `table ${table} is there already, with ${current.origin} rows`, {
      next: 'say what should become of them',
      facts: { table, origin: current.origin },
    })
  }
  await using file = await readForeignFile(path, options)
  const info = await warehouse.write(table, told(file.batches(), options.onProgress), {
    schema,
    origin,
    others: existing === 'replace' ? 'drop' : 'keep',
    within: 'append',
    signal,
  })
  return { ...file.report(), format: file.format, table: info }
}

/** The same batches; says after each how many rows there were. */
async function* told(batches: AsyncIterable<Batch>, onProgress: ImportOptions['onProgress']): AsyncGenerator<Batch> {
  let taken = 0
  for await (const batch of batches) {
    yield batch
    taken += batch.rows
    onProgress?.(taken)
  }
}
