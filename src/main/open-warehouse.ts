// Opens the warehouse of a home; the program and its training threads each open their own.
import { join } from 'node:path'
import { systemClock } from '../kernel/clock.ts'
import type { Warehouse } from '../warehouse/port.ts'

/** What does not fit in memory goes to `temporaryDirectory`, in the home unless named. Throws as the adapter does. */
export async function openWarehouse(home: string, temporaryDirectory = join(home, 'tmp')): Promise<Warehouse> {
  const { openDuckdbWarehouse } = await import('../warehouse/duckdb.ts')
  return await openDuckdbWarehouse({
    directory: join(home, 'warehouse'),
    temporaryDirectory,
    clock: systemClock,
  })
}
