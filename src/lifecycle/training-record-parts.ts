// Digests of the rows learnt of months that a training's window cuts: what came into the rest of such a month later is no matter to it.
import { createHash } from 'node:crypto'
import type { FeatureSpecification } from '../features/specification.ts'
import { type Month, monthsOf, monthWindow, type TimeWindow } from '../kernel/window.ts'
import type { Warehouse } from '../warehouse/port.ts'

/** The learnt part of one month. */
export type LearntPart = {
  readonly month: Month
  readonly fromMs: number
  readonly toMs: number
  readonly rows: number
  readonly sha256: string
}

/** Where the learnt rows are, and which of their columns a training rests on. */
export interface LearntRows {
  readonly warehouse: Warehouse
  readonly table: string
  readonly specification: FeatureSpecification
}

/** The months of a window of which it takes a part only: none, its first, its last, or both. */
export function cutMonths(window: TimeWindow): TimeWindow[] {
  return monthsOf(window)
    .map((month) => monthWindow(month))
    .filter(({ fromMs, toMs }) => fromMs < window.fromMs || toMs > window.toMs)
    .map(({ fromMs, toMs }) => ({ fromMs: Math.max(fromMs, window.fromMs), toMs: Math.min(toMs, window.toMs) }))
}

/** Rows that are in memory at once, more or less. */
const BLOCK_ROWS = 300_000

/**
 * The digest of a part of a month: of the time and the values, as they were cleaned, and of the features, in the rows' total order. It is
 * the same for any size of blocks.
 */
export async function digestPart(
  { warehouse, table, specification }: LearntRows,
  { fromMs, toMs }: TimeWindow,
): Promise<LearntPart> {
  const raw = specification.columns.map(({ name }) => name)
  const columns = [...new Set([...raw, ...specification.features.map(({ name }) => name)])]
  const digests = columns.map(() => createHash('sha256'))
  const blocks = Math.max(1, Math.ceil((await warehouse.count(table, { fromMs, toMs })) / BLOCK_ROWS))
  const edge = (block: number): number => fromMs + Math.floor(((toMs - fromMs) * block) / blocks)
  let rows = 0
  for (let block = 0; block < blocks; block++) {
    const span = { fromMs: edge(block), toMs: edge(block + 1) }
    const batch = await warehouse.read(table, span, { columns, orderBy: raw })
    rows += batch.rows
    for (const [i, name] of columns.entries()) {
      const { buffer, byteOffset, byteLength } = batch.columns[name]! // it was asked for
      digests[i]!.update(new Uint8Array(buffer, byteOffset, byteLength))
    }
  }
  const all = createHash('sha256')
  for (const [i, name] of columns.entries()) all.update(`${name} ${digests[i]!.digest('hex')}\n`)
  const [month] = monthsOf({ fromMs, toMs })
  if (month === undefined) throw new Error('a part of a month has no month')
  return { month, fromMs, toMs, rows, sha256: all.digest('hex') }
}
