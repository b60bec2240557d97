// Opens the warehouse of a home; the program and its training threads each open their own.
import { join } from 'node:path'
import { systemClock } from '../kernel/clock.ts'
import type { Warehouse } from '../warehouse/port.ts'

/** Throws as the adapter does. */
export async function openWarehouse(home: string): Promise<Warehouse> {
  const { openDuckdbWarehouse } = await import('../warehouse/duckdb.ts')
  return await openDuckdbWarehouse({
    directory: join(home, 'warehouse'),
    temporaryDirectory: join(home, 'tmp'),
    clock: systemClock,
  })
}
