// Rows of a processed table as a trainer learns them: read from the warehouse, encoded.
import { type EncodedRows, encode } from '../features/encode.ts'
import type { FeatureSpecification } from '../features/specification.ts'
import { throwIfCancelled } from '../kernel/errors.ts'
import type { TimeWindow } from '../kernel/window.ts'
import type { Warehouse } from '../warehouse/port.ts'

/** Where rows come from and what is made of them. */
export interface WindowRows {
  readonly warehouse: Warehouse
  readonly table: string
  readonly specification: FeatureSpecification
  /** Whether numbers may be missing, as some trainers take them. */
  readonly takesMissing?: boolean
  readonly signal: AbortSignal
}

/** All rows of a window, in their order, in memory. Throws `BAD_DATA` for a value that nothing can be learnt from. */
export async function readRows(
  { warehouse, table, specification, takesMissing = false, signal }: WindowRows,
  window: TimeWindow,
): Promise<EncodedRows> {
  const columns = [specification.target, ...specification.features.map((feature) => feature.name)]
  const orderBy = specification.columns.map((column) => column.name)
  const batch = await warehouse.read(table, window, { columns, orderBy, signal })
  throwIfCancelled(signal)
  return encode(specification, batch, { from: 0, to: batch.rows }, { takesMissing })
}
