// From rows as they came to cleaned rows with their features: one partition per month, replaced whole.
import { processedSchema, selectCleaningReport, selectProcessed } from '../features/select.ts'
import { encodedWidth, type FeatureSpecification, specificationDigest } from '../features/specification.ts'
import { isPlanned, PlannedError } from '../kernel/errors.ts'
import { digestOf, type JsonObject } from '../kernel/json.ts'
import { type Month, monthsOf, type TimeWindow } from '../kernel/window.ts'
import type { TableInfo, Warehouse } from '../warehouse/port.ts'
import { type Project, recipeSpecification, type TimeReading, tablesOf } from './project.ts'
import { OWN, RECIPE } from './recipe-lines.ts'

interface Rooms {
  readonly project: Project
  readonly warehouse: Warehouse
}

/** What cleaning took and left of a window. */
export interface Preprocessed {
  readonly months: readonly { readonly month: Month; readonly rows: number }[]
  readonly rawRows: number
  readonly keptRows: number
  /** Rows left out, by the first rule they failed. */
  readonly left: Readonly<Record<string, number>>
  /** Digest of the processed rows of the months touched. */
  readonly fingerprint: string
}

/**
 * Brings the processed table up to date for a window's months: those it touches are rebuilt whole where `rebuild` is `all`,
 * and where their raw rows or the specification have changed otherwise. Other months stay as they are.
 */
export async function preprocess(
  { project, warehouse }: Rooms,
  options: {
    size: string
    /** What the caller takes the rows to be: others by now is `CONFLICT`. */
    origin: string
    timeReading: TimeReading
    window: TimeWindow
    rebuild: 'all' | 'stale'
    signal?: AbortSignal | undefined
    /** Hears the recipe's lines; nothing where no month was rebuilt. */
    log?: ((line: string) => void) | undefined
  },
): Promise<Preprocessed> {
  const tables = tablesOf(project, options)
  const raw = await describeRaw(warehouse, tables.raw)
  if (raw.origin !== options.origin) {
    throw new PlannedError(
      'CONFLICT',
      `${tables.raw} held ${options.origin} rows when this began and holds ${raw.origin} ones now`,
      { next: 'give the command again' },
    )
  }
  const specification = project.specification(options.timeReading)
  const known = await processedTable(warehouse, tables.processed, raw.origin)
  const months = monthsOf(options.window).map((month) => {
    const source = raw.partitions.find((partition) => partition.month === month)
    const basis = digestOf({ raw: source?.fingerprint ?? null, specification: specificationDigest(specification) })
    return { month, basis }
  })
  const rebuilt = options.rebuild === 'all' ? months : await staleOf(warehouse, known, months)
  // Months without rows that were never looked at before are nothing to speak of, unless they were asked for.
  const isWorthTelling = options.rebuild === 'all' || rebuilt.some(({ month }) => hasRows(raw, month))
  const log = isWorthTelling ? options.log : undefined
  if (rebuilt.length > 0) {
    log?.(RECIPE.useCase('preprocess'))
    await warehouse.derive(
      {
        from: tables.raw,
        to: tables.processed,
        months: rebuilt,
        select: selectProcessed(specification, warehouse.dialect),
        schema: processedSchema(specification),
        separable: true, // even duplicates share their time, so no row knows one of another month
      },
      options.signal,
    )
  }
  const found = {
    ...(await processedMonths(warehouse, tables.processed, options.window)),
    ...(await countCleaned(warehouse, tables.raw, options.window, specification)),
  }
  const told = recipeSpecification(project, options.timeReading)
  if (rebuilt.length === months.length) sayWhole(project, told, found, log)
  else if (rebuilt.length > 0) sayPart(told, raw, found, { rebuilt, log })
  return found
}

/** What cleaning takes and leaves of a window's raw rows. */
async function countCleaned(
  warehouse: Warehouse,
  raw: string,
  window: TimeWindow,
  specification: FeatureSpecification,
): Promise<Pick<Preprocessed, 'rawRows' | 'keptRows' | 'left'>> {
  const report = await warehouse.query(raw, window, selectCleaningReport(specification, warehouse.dialect))
  const { source, kept, ...others } = report.columns
  const left: Record<string, number> = {}
  for (const [name, [count]] of Object.entries(others)) left[name] = count ?? 0
  return { rawRows: source?.[0] ?? 0, keptRows: kept?.[0] ?? 0, left }
}

function hasRows(table: TableInfo, month: Month): boolean {
  return table.partitions.some((partition) => partition.month === month && partition.rows > 0)
}

/** The months whose raw rows or specification have changed since they were processed, or whose stored rows were damaged. */
async function staleOf<Wanted extends { readonly month: Month; readonly basis: string }>(
  warehouse: Warehouse,
  known: TableInfo | null,
  months: readonly Wanted[],
): Promise<readonly Wanted[]> {
  if (known === null) return months
  const damaged = await warehouse.damagedMonths(known.name)
  const bases = new Map(known.partitions.map(({ month, basis }) => [month, basis]))
  return months.filter(({ month, basis }) => damaged.includes(month) || bases.get(month) !== basis)
}

type Log = ((line: string) => void) | undefined

/** Says what became of a window that was processed whole. */
function sayWhole({ row }: Project, specification: FeatureSpecification, found: Preprocessed, log: Log): void {
  if (found.rawRows === 0) {
    log?.(OWN.nothingThere(row.many))
  } else {
    log?.(RECIPE.dataLoaded(found.rawRows, specification.columns.length))
    log?.(RECIPE.dataCleaned())
    log?.(OWN.leftOut(found.rawRows, found.keptRows, found.left, row.many))
    if (found.keptRows > 0) log?.(RECIPE.processed(found.keptRows, encodedWidth(specification)))
  }
  log?.(RECIPE.done('preprocess'))
}

/** The same of a window some of whose months were up to date: the figures are those of the others. */
function sayPart(
  specification: FeatureSpecification,
  raw: TableInfo,
  found: Preprocessed,
  { rebuilt, log }: { rebuilt: readonly { readonly month: Month }[]; log: Log },
): void {
  const rowsIn = (parts: readonly { readonly month: Month; readonly rows: number }[]): number =>
    parts.reduce((sum, part) => sum + (rebuilt.some(({ month }) => month === part.month) ? part.rows : 0), 0)
  log?.(RECIPE.dataLoaded(rowsIn(raw.partitions), specification.columns.length))
  log?.(RECIPE.dataCleaned())
  const kept = rowsIn(found.months)
  if (kept > 0) log?.(RECIPE.processed(kept, encodedWidth(specification)))
  log?.(RECIPE.done('preprocess'))
}

/** The raw table, or `NOT_FOUND` with what to type. */
async function describeRaw(warehouse: Warehouse, name: string): Promise<TableInfo> {
  const raw = await warehouse.describe(name)
  if (raw === null) {
    throw new PlannedError('NOT_FOUND', `there is no table ${name}`, {
      next: `make or bring one: ./understudy preprocess, or ./understudy data import FILE --table ${name}`,
    })
  }
  return raw
}

/** Digest of a table's rows in the months of a window: equal exactly when those rows are. */
export async function fingerprintOf(warehouse: Warehouse, table: string, window: TimeWindow): Promise<string> {
  const months = new Set(monthsOf(window))
  const info = await warehouse.describe(table)
  const facts: JsonObject[] = (info?.partitions ?? [])
    .filter((partition) => months.has(partition.month))
    .map(({ month, fingerprint }) => ({ month, fingerprint }))
  return digestOf({ origin: info?.origin ?? null, facts })
}

/**
 * The processed table, unless it was made of rows of another origin, or nobody can read what it is made of: then it goes, and is made again
 * of the rows as they came.
 */
async function processedTable(warehouse: Warehouse, name: string, origin: string): Promise<TableInfo | null> {
  const known = await warehouse.describe(name).catch((error: unknown) => {
    if (isPlanned(error, 'BAD_DATA') && error.facts.newerFormat === false) return 'damaged' as const
    throw error
  })
  if (known === null || (known !== 'damaged' && known.origin === origin)) return known
  await warehouse.drop(name)
  return null
}

async function processedMonths(warehouse: Warehouse, table: string, window: TimeWindow) {
  const touched = new Set(monthsOf(window))
  const info = await warehouse.describe(table)
  const months = (info?.partitions ?? [])
    .filter(({ month }) => touched.has(month))
    .map(({ month, rows }) => ({ month, rows }))
  return { months, fingerprint: await fingerprintOf(warehouse, table, window) }
}
