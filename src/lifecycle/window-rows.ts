// Rows of a processed table as a trainer learns them: read from the warehouse block by block, encoded.
import { type EncodedRows, encode } from '../features/encode.ts'
import type { FeatureSpecification } from '../features/specification.ts'
import { PlannedError, throwIfCancelled } from '../kernel/errors.ts'
import { monthWindow, type TimeWindow } from '../kernel/window.ts'
import type { RowSource } from '../learning/port.ts'
import { allRows, makeRows } from '../learning/rows.ts'
import type { TableInfo, Warehouse } from '../warehouse/port.ts'

/** How many rows are read at once, more or less: with the next ones, which are read ahead, some 100 MB. */
const BLOCK_ROWS = 300_000

/** Where rows come from and what is made of them. */
export interface WindowRows {
  readonly warehouse: Warehouse
  readonly table: string
  readonly specification: FeatureSpecification
  /** Whether numbers may be missing, as some trainers take them. */
  readonly takesMissing?: boolean
  readonly signal: AbortSignal
  /** Rows of a block, unless it is to be some other number. */
  readonly blockRows?: number
}

/**
 * All rows of a window, in their order. They are counted at once and read when they are asked for, a few months or a part of a month
 * at a time: blocks follow each other in time, so that the order of all is that of each.
 *
 * Throws `NOT_FOUND` if there is no such table. Reading throws `BAD_DATA` for a value that nothing can be learnt from, `CONFLICT` if
 * rows came or went meanwhile, `CANCELLED` on the signal.
 */
export async function openWindowRows(source: WindowRows, window: TimeWindow): Promise<RowSource> {
  const { warehouse, table, specification, blockRows = BLOCK_ROWS } = source
  const rows = await warehouse.count(table, window)
  const partitions = (await warehouse.describe(table))?.partitions ?? []
  const spans = spansOf(partitions, window, blockRows)
  const isNumber = specification.features.map(({ kind }) => kind === 'number')
  return {
    rows,
    numberCount: isNumber.filter(Boolean).length,
    categoryCount: isNumber.filter((is) => !is).length,
    async *blocks() {
      let came = 0
      for await (const block of readAhead(spans, (span) => readSpan(source, span))) {
        came += block.rows
        if (block.rows > 0 && came <= rows) yield block
      }
      if (came !== rows) throw changedMeanwhile(table, rows, came)
    },
  }
}

/** Rows in memory, of which there are never more than `atMost`: of more, every second, or third, … is taken. */
export async function sampleInMemory(source: RowSource, atMost: number): Promise<{ rows: EncodedRows; every: number }> {
  const every = Math.max(1, Math.ceil(source.rows / atMost))
  if (every === 1) return { rows: await allRows(source), every }
  const { numberCount, categoryCount } = source
  const sample = makeRows(source, Math.ceil(source.rows / every))
  let taken = 0
  let seen = 0
  for await (const block of source.blocks()) {
    for (let row = (every - (seen % every)) % every; row < block.rows; row += every, taken++) {
      sample.numbers.set(block.numbers.subarray(row * numberCount, (row + 1) * numberCount), taken * numberCount)
      sample.codes.set(block.codes.subarray(row * categoryCount, (row + 1) * categoryCount), taken * categoryCount)
      sample.target[taken] = block.target[row]! // row < block.rows
    }
    seen += block.rows
  }
  return { rows: sample, every }
}

/** A window in spans of about so many rows each, one after the other: months, several small ones together, parts of a large one. */
function spansOf(partitions: TableInfo['partitions'], window: TimeWindow, blockRows: number): TimeWindow[] {
  const cuts: number[] = []
  let gathered = 0
  for (const { month, rows } of partitions) {
    const { fromMs, toMs } = within(monthWindow(month), window)
    if (toMs <= fromMs) continue
    const parts = Math.ceil(rows / blockRows)
    if (gathered + rows > blockRows) {
      cuts.push(fromMs)
      gathered = 0
    }
    for (let part = 1; part < parts; part++) cuts.push(fromMs + Math.floor(((toMs - fromMs) * part) / parts))
    gathered += rows
  }
  const edges = [...new Set([window.fromMs, ...cuts, window.toMs])]
  return edges.slice(1).map((toMs, i) => ({ fromMs: edges[i]!, toMs })) // one edge before each
}

function within(span: TimeWindow, window: TimeWindow): TimeWindow {
  return { fromMs: Math.max(span.fromMs, window.fromMs), toMs: Math.min(span.toMs, window.toMs) }
}

async function readSpan(
  { warehouse, table, specification, takesMissing = false, signal }: WindowRows,
  span: TimeWindow,
): Promise<EncodedRows> {
  const columns = [specification.target, ...specification.features.map((feature) => feature.name)]
  const orderBy = specification.columns.map((column) => column.name)
  const batch = await warehouse.read(table, span, { columns, orderBy, signal })
  throwIfCancelled(signal)
  return encode(specification, batch, { from: 0, to: batch.rows }, { takesMissing })
}

/** What is read of each item, in order; the next one is being read while whoever asked works on the last. */
async function* readAhead<Item, Read>(
  items: readonly Item[],
  read: (item: Item) => Promise<Read>,
): AsyncGenerator<Read> {
  let reading: Promise<Read> | null = null
  const begin = (at: number): Promise<Read> | null => {
    const item = items[at]
    if (item === undefined) return null
    const begun = read(item)
    begun.catch(() => undefined) // it is awaited below; until then nobody listens, which would end the process
    return begun
  }
  try {
    reading = begin(0)
    for (let at = 1; reading !== null; at++) {
      const found: Read = await reading
      reading = begin(at)
      yield found
    }
  } finally {
    await reading?.catch(() => undefined) // nothing is read on when nobody wants it any more
  }
}

function changedMeanwhile(table: string, rows: number, came: number): PlannedError {
  return new PlannedError('CONFLICT', `${table} was changed while it was read: it had ${rows} rows, and ${came} came`, {
    next: 'run this again, when nothing writes the table',
    facts: { rows, came },
  })
}
