// The error of weights on rows that come after those they were learnt from: what a search judges settings by.
import type { FeatureSpecification } from '../features/specification.ts'
import { PlannedError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Tensor, Trainer } from '../learning/port.ts'
import type { Warehouse } from '../warehouse/port.ts'
import type { TrainingRequest } from './rooms.ts'
import { openWindowRows } from './window-rows.ts'

/** What was learnt, and by what. */
interface Learnt {
  readonly trainer: Trainer<JsonObject>
  readonly specification: FeatureSpecification
  readonly weights: readonly Tensor[]
}

/**
 * Mean absolute error on the rows of the request's `validate`, block by block; null where it names none.
 * Throws `BAD_DATA` if there are no such rows, or if some prediction is no number.
 */
export async function validate(
  warehouse: Warehouse,
  { table, validate: window }: Pick<TrainingRequest, 'table' | 'validate'>,
  { trainer, specification, weights }: Learnt,
  signal: AbortSignal,
): Promise<{ readonly mae: number; readonly rows: number } | null> {
  if (window === undefined) return null
  const takesMissing = trainer.takesMissing ?? false
  const source = await openWindowRows({ warehouse, table, specification, takesMissing, signal }, window)
  let sum = 0
  for await (const block of source.blocks()) {
    const predicted = trainer.predictEncoded(specification, weights, block)
    for (let row = 0; row < block.rows; row++) sum += Math.abs(predicted[row]! - block.target[row]!)
  }
  const mae = sum / source.rows
  if (Number.isFinite(mae)) return { mae, rows: source.rows }
  const what =
    source.rows === 0 ? 'there are no rows to judge on' : `${trainer.name} gives no number for some rows to judge on`
  throw new PlannedError('BAD_DATA', what, { next: 'take a longer window, or other settings' })
}
