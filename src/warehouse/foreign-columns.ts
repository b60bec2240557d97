// Which column of a person's file is which of ours, and the SQL that reads each as a number or says why it cannot.
import { PlannedError, unreachable } from '../kernel/errors.ts'
import type { Column, ColumnType, TableSchema } from './port.ts'
import { EARLIEST_MS, LATEST_MS } from './rows.ts'

/** A column of the file: `type` is DuckDB's, VARCHAR for every column of a text file. */
export interface FileColumn {
  readonly heading: string
  readonly type: string
  /** What it is called inside the statement, quoted. */
  readonly sql: string
}

export interface MatchedColumn {
  readonly column: Column
  readonly from: FileColumn
}

export type Aliases = Readonly<Record<string, readonly string[]>>

/** Why a row is left out. The position is the code that SQL hands over. */
export const PROBLEMS = [
  'nothing',
  'not a number',
  'not a finite number',
  'not a whole number',
  'not a date and time (such as 2015-01-31 17:05:00, with or without a zone)',
  'a time outside the years 1 to 9999',
  'no time',
  'a comma inside a number',
  'a line break inside a value',
] as const
const CODE = {
  notNumber: 1,
  notFinite: 2,
  notWhole: 3,
  notTime: 4,
  farTime: 5,
  noTime: 6,
  comma: 7,
  broken: 8,
} as const

/** How many of the schema's columns the headings have. */
export function countMatches(schema: TableSchema, aliases: Aliases, headings: readonly string[]): number {
  const known = new Set(headings.map(normalised))
  return schema.columns.filter(({ name }) =>
    [name, ...(aliases[name] ?? [])].some((text) => known.has(normalised(text))),
  ).length
}

/**
 * Finds the schema's columns among the file's by heading: its own name first, then its aliases; letter case does not count.
 * Throws `BAD_INPUT` naming what is missing, doubled, or of a type that cannot be read.
 */
export function matchColumns(
  path: string,
  schema: TableSchema,
  aliases: Aliases,
  columns: readonly FileColumn[],
): MatchedColumn[] {
  const missing: string[] = []
  const matched: MatchedColumn[] = []
  for (const column of schema.columns) {
    const names = [column.name, ...(aliases[column.name] ?? [])]
    const found = names
      .map((name) => columns.filter(({ heading }) => normalised(heading) === normalised(name)))
      .find((list) => list.length > 0)
    if (found === undefined) missing.push(names.join(' or '))
    else if (found.length > 1) {
      throw new PlannedError('BAD_INPUT', `${path} has ${found.length} columns called ${found[0]!.heading}`, {
        next: 'rename or remove one',
        facts: { path },
      })
    } else matched.push({ column, from: found[0]! })
  }
  if (missing.length > 0) throw lacking(path, schema, missing, columns)
  for (const { column, from } of matched) {
    if (kindOf(from.type) === 'text' || kindOf(from.type) === (column.type === 'timestamp' ? 'time' : 'number'))
      continue
    const wanted = column.type === 'timestamp' ? 'a timestamp, a date or text' : 'a number or text'
    throw new PlannedError('BAD_INPUT', `column ${from.heading} of ${path} is of type ${from.type}`, {
      next: `write it as ${wanted}`,
      facts: { path, column: from.heading },
    })
  }
  return matched
}

/** The error for headings that do not suit, or for a file that has none. */
function lacking(
  path: string,
  schema: TableSchema,
  missing: readonly string[],
  columns: readonly FileColumn[],
): PlannedError {
  const wanted = schema.columns.map(({ name }) => name).join(', ')
  const found = columns
    .slice(0, 40)
    .map(({ heading }) => clipped(heading))
    .join(', ')
  const isNumber = ({ heading }: FileColumn): boolean => heading !== '' && Number.isFinite(Number(heading))
  if (missing.length === schema.columns.length && columns.some(isNumber)) {
    return new PlannedError('BAD_INPUT', `${path} has no headings`, {
      why: `its first line holds values: ${found}`,
      next: `write the headings above them: ${wanted}, in the order of the columns`,
      facts: { path },
    })
  }
  return new PlannedError('BAD_INPUT', `${path} lacks ${missing.join(', ')}`, {
    why: `its headings are: ${found}`,
    next: `expected, in any order: ${wanted}`,
    facts: { path },
  })
}

/**
 * SQL: for each column the number (NaN for null) as `value0`…, the first problem of the row as column index x 10 + code (0
 * for none) as `problem`, and the text that has it as `example`; over a relation of the file's columns.
 */
export function selectNumbers(schema: TableSchema, matched: readonly MatchedColumn[], relation: string): string {
  const read = matched.map(({ column, from }, i) => {
    const value = numberIn(column.type, from)
    return `${value} as value${i}, ${from.sql} as text${i}`
  })
  const problems = matched.map(({ column, from }, i) => problemOf(column, from, schema.timeColumn, i))
  const first = (results: (i: number) => string, otherwise: string): string =>
    `case ${matched.map((_, i) => `when problem${i} > 0 then ${results(i)}`).join(' ')} else ${otherwise} end`
  const values = matched.map((_, i) => `coalesce(value${i}, 'nan'::double)`)
  return `with read as (select ${read.join(', ')} from ${relation}),
    judged as (select *, ${problems.map((problem, i) => `${problem} as problem${i}`).join(', ')} from read)
    select ${values.join(', ')}, (${first((i) => `problem${i} + ${i * 10}`, '0')})::double, ${first((i) => `text${i}::varchar`, 'null')} from judged`
}

function numberIn(type: ColumnType, { sql, type: fileType }: FileColumn): string {
  if (type !== 'timestamp') return kindOf(fileType) === 'text' ? `try_cast(${sql} as double)` : `${sql}::double`
  // Text without a zone is taken as UTC, which is the session's zone; with one it is converted.
  const time = kindOf(fileType) === 'text' ? `try_cast(${sql} as timestamptz)` : sql
  return `if(isfinite(${time}), epoch_us(${time})::double / 1000::double, if(${time} is null, null, 'infinity'::double))`
}

/** SQL: 0, or the code of what keeps a column's text from being read. */
function problemOf({ name, type }: Column, { type: fileType }: FileColumn, timeColumn: string, i: number): string {
  const value = `value${i}`
  const isText = kindOf(fileType) === 'text'
  // What people write for "nothing here".
  const isNull = isText
    ? `coalesce(lower(trim(text${i})), '') in ('', 'null', 'na', 'n/a', 'nan', 'none', '\\n')`
    : 'true'
  // No number or time has one: a quote was opened before, and this is more than one line.
  const broken = isText ? `when contains(text${i}, chr(10)) or contains(text${i}, chr(13)) then ${CODE.broken}` : ''
  switch (type) {
    case 'timestamp': {
      const none = name === timeColumn ? CODE.noTime : 0
      const far = `${value} < ${EARLIEST_MS} or ${value} >= ${LATEST_MS}`
      return `case when ${value} is null then case when ${isNull} then ${none} ${broken} else ${CODE.notTime} end when ${far} then ${CODE.farTime} else 0 end`
    }
    case 'double':
    case 'integer': {
      const comma = isText ? `when regexp_matches(text${i}, '^\\s*[-+]?\\d[\\d. ]*,\\d+\\s*$') then ${CODE.comma}` : ''
      const whole =
        type === 'integer'
          ? `when ${value} <> floor(${value}) or abs(${value}) >= 9007199254740992 then ${CODE.notWhole}`
          : ''
      const unread = `case when ${isNull} then 0 ${broken} ${comma} else ${CODE.notNumber} end`
      return `case when ${value} is null then ${unread} when isnan(${value}) then 0 when isinf(${value}) then ${CODE.notFinite} ${whole} else 0 end`
    }
    default:
      return unreachable(type)
  }
}

function kindOf(type: string): 'text' | 'number' | 'time' | 'other' {
  if (type === 'VARCHAR') return 'text'
  if (/^(TIMESTAMP|DATE)/.test(type)) return 'time'
  return /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DOUBLE|FLOAT|DECIMAL\(.*\))$/.test(type) ? 'number' : 'other'
}

function normalised(heading: string): string {
  return heading.trim().toLowerCase()
}

/** A text short enough for a message. */
export function clipped(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`
}
