// Many requests at once: a table from JSON, CSV or a file of another kind, as raw columns.
import { PlannedError } from '../kernel/errors.ts'
import type { RequestField } from './project.ts'
import { type FieldFault, type RequestTimes, readCell } from './request-row.ts'

/** Rows as they came: for each column its values, texts or what JSON has. `undefined` where a row does not name the column at all. */
export interface RequestTable {
  readonly rows: number
  readonly columns: Readonly<Record<string, readonly unknown[]>>
}

/** Reads a Parquet file's columns of these names; of one with more rows than `maxRows` only how many there are. Throws `BAD_INPUT`. */
export type ReadParquet<File> = (file: File, names: readonly string[], maxRows: number) => Promise<RequestTable>

/** What is wrong with one value. The row is null where the whole column is missing; the first row is 0. */
export interface CellFault {
  readonly row: number | null
  readonly field: RequestField
  readonly fault: FieldFault
  readonly value: unknown
}

/** Raw columns, or what is wrong with them: the first faults of them, a hundred at most. A value that is none (null, NaN) is NaN. */
export type ReadTable =
  | { readonly kind: 'read'; readonly columns: Record<string, Float64Array> }
  | { readonly kind: 'faults'; readonly faults: readonly CellFault[] }

const MOST_FAULTS = 100
/** Columns of a CSV text: many more than anybody asks for. */
const MOST_COLUMNS = 2000

export function readTable(fields: readonly RequestField[], table: RequestTable, times: RequestTimes): ReadTable {
  const faults: CellFault[] = []
  const columns: Record<string, Float64Array> = {}
  for (const field of fields) {
    const cells = Object.hasOwn(table.columns, field.name) ? table.columns[field.name] : undefined
    const values = new Float64Array(table.rows)
    columns[field.name] = values
    if (cells === undefined && table.rows > 0) faults.push({ row: null, field, fault: 'missing', value: null })
    for (let row = 0; cells !== undefined && row < table.rows && faults.length < MOST_FAULTS; row++) {
      const value = readCell(field, cells[row], times)
      if (typeof value === 'number') values[row] = value
      else faults.push({ row, field, fault: value, value: cells[row] ?? null })
    }
  }
  return faults.length === 0 ? { kind: 'read', columns } : { kind: 'faults', faults }
}

/**
 * The table in a JSON text: a list of objects; an object of columns, each a list or an object by row as pandas writes it; an object that is
 * one row; or what MLflow's clients send, `dataframe_records` and `dataframe_split`. NaN and infinities may stand bare, as Python writes them.
 * Throws `BAD_INPUT` for anything else.
 */
export function tableFromJson(text: string, names: readonly string[]): RequestTable {
  const value = parse(text)
  if (Array.isArray(value)) return fromRecords(value, names)
  if (!isObject(value)) throw noTable('it is neither a list of rows nor an object of columns')
  if (Array.isArray(value.dataframe_records)) return fromRecords(value.dataframe_records, names)
  if (isObject(value.dataframe_split)) return fromSplit(value.dataframe_split, names)
  return fromColumns(value, names)
}

/**
 * The table in a CSV text (RFC 4180): headings in the first line, commas between, quotes where needed. Of one with more rows than `maxRows`
 * the first of these only, and one more: nobody waits for the rest. Throws `BAD_INPUT`.
 */
export function tableFromCsv(text: string, names: readonly string[], maxRows = Number.POSITIVE_INFINITY): RequestTable {
  const [headings, ...lines] = csvLines(text.replace(/^\uFEFF/, ''), maxRows + 2)
  if (headings === undefined) throw noTable('it has no headings')
  const trimmed = headings.map((heading) => heading.trim())
  const repeated = names.find((name) => trimmed.indexOf(name) !== trimmed.lastIndexOf(name))
  if (repeated !== undefined) throw noTable(`it has two columns called ${repeated}`)
  const there = names.filter((name) => trimmed.includes(name))
  const columns = there.map((name) => {
    const at = trimmed.indexOf(name)
    return [name, lines.map((line) => line[at])] as const
  })
  return { rows: lines.length, columns: Object.fromEntries(columns) }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    try {
      return JSON.parse(text.replace(BARE_OR_STRING, (found) => (found.startsWith('"') ? found : `"${found}"`)))
    } catch {
      throw new PlannedError('BAD_INPUT', 'this is not JSON', {
        why: error instanceof Error ? error.message : String(error),
        next: 'send a list of objects, or an object of columns',
      })
    }
  }
}

/** A string, to its end or that of the text, so that none of it is looked at twice; or a number that JSON has not. */
const BARE_OR_STRING = /"(?:[^"\\]+|\\[\s\S])*(?:"|\\?$)|-?\b(?:NaN|Infinity)\b/g

function fromRecords(records: readonly unknown[], names: readonly string[]): RequestTable {
  const broken = records.findIndex((record) => !isObject(record))
  if (broken !== -1) throw noTable(`row ${broken} is no object`)
  const objects = records as readonly Record<string, unknown>[] // each was looked at
  const columns = names.map((name) => [name, objects.map((row) => (Object.hasOwn(row, name) ? row[name] : undefined))])
  return { rows: records.length, columns: Object.fromEntries(columns) }
}

function fromSplit({ columns: headings, data }: Record<string, unknown>, names: readonly string[]): RequestTable {
  if (!Array.isArray(headings) || !Array.isArray(data)) throw noTable('dataframe_split has no columns or no data')
  const broken = data.findIndex((row) => !Array.isArray(row) || row.length !== headings.length)
  if (broken !== -1) throw noTable(`row ${broken} has not one value for each of the ${headings.length} columns`)
  const there = names.filter((name) => headings.includes(name))
  const rows = data as readonly (readonly unknown[])[] // each was looked at
  const columns = there.map((name) => [name, rows.map((row) => row[headings.indexOf(name)])])
  return { rows: data.length, columns: Object.fromEntries(columns) }
}

function fromColumns(value: Record<string, unknown>, names: readonly string[]): RequestTable {
  const there = names.filter((name) => Object.hasOwn(value, name))
  if (there.every((name) => !isObject(value[name]) && !Array.isArray(value[name]))) return fromRecords([value], names)
  const columns = there.map((name) => [name, valuesOf(name, value[name])] as const)
  const rows = columns[0]?.[1].length ?? 0
  const other = columns.find(([, values]) => values.length !== rows)
  if (other !== undefined)
    throw noTable(`${columns[0]?.[0]} has ${rows} values, and ${other[0]} has ${other[1].length}`)
  return { rows, columns: Object.fromEntries(columns) }
}

function valuesOf(name: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  if (isObject(value)) return Object.values(value)
  throw noTable(`${name} is no list, and other columns are`)
}

/** The first lines of a CSV text, which all have as many fields as the first has; empty ones are left out. */
function csvLines(text: string, maxLines: number): string[][] {
  const lines: string[][] = []
  let line: string[] = []
  for (let at = 0; at <= text.length && lines.length < maxLines; ) {
    const first = text.charCodeAt(at)
    if (line.length === 0 && (first === LINE_FEED || first === CARRIAGE_RETURN)) {
      at++
      continue
    }
    const isQuoted = first === QUOTE
    const end = isQuoted ? closingQuote(text, at) + 1 : endOfField(text, at)
    if (line.length === MOST_COLUMNS) throw noTable(`a line has more than ${MOST_COLUMNS} fields`)
    line.push(isQuoted ? text.slice(at + 1, end - 1).replaceAll('""', '"') : text.slice(at, end))
    if (isQuoted && end !== endOfField(text, end))
      throw noTable(`after row ${lines.length - 1} a quoted field is not closed by its quote`)
    at = end + (text.startsWith('\r\n', end) ? 2 : 1)
    if (text.charCodeAt(end) === COMMA) continue
    if (line.length > 1 || line[0]?.trim() !== '') {
      checkLength(line, lines)
      lines.push(line)
    }
    line = []
  }
  return lines
}

/** Throws unless a line has as many fields as the headings, which are the first of those before it. */
function checkLength(line: readonly string[], before: readonly (readonly string[])[]): void {
  const [headings = line] = before
  if (line.length === headings.length) return
  const told = headings.slice(0, 20).map((heading) => heading.trim())
  throw noTable(
    `row ${before.length - 1} has ${line.length} fields, and there are ${headings.length} headings: ${told.join(',')}`,
  )
}

function endOfField(text: string, from: number): number {
  let at = from
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === COMMA || code === LINE_FEED || code === CARRIAGE_RETURN) break
  }
  return at
}

const QUOTE = 0x22
const COMMA = 0x2c
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

/** Where the field that a quote opens is closed; two quotes are one inside. */
function closingQuote(text: string, opened: number): number {
  for (let at = text.indexOf('"', opened + 1); at !== -1; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at
  }
  throw noTable('a quote is opened and not closed')
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function noTable(why: string): PlannedError {
  return new PlannedError('BAD_INPUT', 'this is no table of rows', { why, next: 'correct it and try again' })
}
