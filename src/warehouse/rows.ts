// What every adapter asks of names, schemas and rows before it takes them, and the arithmetic of months over whole columns.
import { PlannedError, unreachable } from '../kernel/errors.ts'
import type { Month } from '../kernel/window.ts'
import type { Batch, Column, TableInfo, TableSchema } from './port.ts'

/** The first and the first no longer storable instant: years 1 to 9999, so that every month is written YYYY-MM. */
export const EARLIEST_MS = Date.parse('0001-01-01T00:00:00Z')
export const LATEST_MS = Date.UTC(10_000, 0, 1)

export function isTableName(text: string): boolean {
  return /^[a-z][a-z0-9_]{0,62}$/.test(text)
}

/** Throws `BAD_INPUT` unless the name can be a folder and an identifier everywhere. */
export function checkTableName(table: string): void {
  if (!isTableName(table)) {
    throw new PlannedError('BAD_INPUT', `"${table}" is not a table name`, {
      next: 'use small letters, digits and _, starting with a letter',
    })
  }
}

/** Throws `BAD_INPUT` unless the columns have different names and the time column is one of them. */
export function checkSchema(schema: TableSchema): void {
  const names = schema.columns.map((column) => column.name.toLowerCase())
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined)
    throw new PlannedError('BAD_INPUT', `column "${twice}" is there twice`, {
      why: 'letter case does not count',
      next: 'rename one of them',
    })
  const time = schema.columns.find((column) => column.name === schema.timeColumn)
  if (time?.type !== 'timestamp') {
    throw new PlannedError('BAD_INPUT', `the time column "${schema.timeColumn}" is no column of type timestamp`, {
      next: 'name one that is',
    })
  }
}

/** Throws `BAD_INPUT` if one of the names is not a column of the table. */
export function checkColumns(table: string, schema: TableSchema, names: readonly string[]): void {
  const known = schema.columns.map((column) => column.name)
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) {
    throw new PlannedError('BAD_INPUT', `table ${table} has no column "${unknown}"`, {
      why: `it has ${known.join(', ')}`,
      next: 'name one of those',
    })
  }
}

/** Throws `CONFLICT` if rows of this origin and schema cannot stand beside those the table has. */
export function checkSameKind(
  current: Pick<TableInfo, 'name' | 'origin' | 'schema'>,
  origin: string,
  schema: TableSchema,
): void {
  if (current.origin !== origin) {
    throw new PlannedError('CONFLICT', `table ${current.name} holds ${current.origin} rows and these are ${origin}`, {
      why: 'the two are never mixed',
      next: 'write to another table, or replace the whole table',
      facts: { table: current.name, origin: current.origin, offered: origin },
    })
  }
  if (!isSameSchema(current.schema, schema)) {
    throw new PlannedError(
      'CONFLICT',
      `table ${current.name} has the columns ${describeSchema(current.schema)} and these rows have ${describeSchema(schema)}`,
      { next: 'write to another table, or replace the whole table', facts: { table: current.name } },
    )
  }
}

/** Whether rows of this origin and schema may stand beside those the table has. */
export function isSameKind(
  current: Pick<TableInfo, 'origin' | 'schema'>,
  origin: string,
  schema: TableSchema,
): boolean {
  return current.origin === origin && isSameSchema(current.schema, schema)
}

/** Throws `CONFLICT` if the table holds rows as they came: those could not be made again. */
export function checkDerived(current: {
  readonly name: string
  readonly partitions: readonly { readonly basis: string | null }[]
}): void {
  if (current.partitions.some(({ basis }) => basis === null)) {
    throw new PlannedError('CONFLICT', `table ${current.name} holds rows as they came`, {
      next: 'derive into another table',
    })
  }
}

function isSameSchema(left: TableSchema, right: TableSchema): boolean {
  return left.timeColumn === right.timeColumn && describeSchema(left) === describeSchema(right)
}

function describeSchema(schema: TableSchema): string {
  return schema.columns.map((column) => `${column.name} ${column.type}`).join(', ')
}

/**
 * A batch's arrays in the order of the schema's columns, as they are to be kept: timestamps to the microsecond, -0 of an
 * integer as 0. Arrays that need no change are handed through, not copied.
 *
 * Throws `BAD_DATA` naming column, row and value if an array is missing or of another length, the time of a row is null, a
 * timestamp lies outside the years 1 to 9999, or an integer is not one.
 */
export function storableColumns(schema: TableSchema, batch: Batch): Float64Array[] {
  return schema.columns.map((column) => storable(column, batch, column.name === schema.timeColumn))
}

function storable(column: Column, batch: Batch, isTime: boolean): Float64Array {
  const values = batch.columns[column.name]
  if (values?.length !== batch.rows) {
    const found =
      values === undefined ? 'is missing from the rows' : `has ${values.length} values for ${batch.rows} rows`
    throw new PlannedError('BAD_DATA', `column ${column.name} ${found}`, {
      next: 'give it one value per row',
    })
  }
  switch (column.type) {
    case 'double':
      return values
    case 'integer':
      return storableIntegers(column, values)
    case 'timestamp':
      return storableTimestamps(column, values, isTime)
    default:
      return unreachable(column.type)
  }
}

function storableIntegers(column: Column, values: Float64Array): Float64Array {
  let changed: Float64Array | null = null
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (Number.isSafeInteger(value)) {
      if (Object.is(value, -0)) {
        changed ??= values.slice()
        changed[i] = 0
      }
    } else if (!Number.isNaN(value)) {
      throw new PlannedError('BAD_DATA', `column ${column.name}, row ${i}: ${value} is not an integer below 2^53`, {
        next: 'leave that row out, or make the column a double',
      })
    }
  }
  return changed ?? values
}

function storableTimestamps(column: Column, values: Float64Array, isTime: boolean): Float64Array {
  let changed: Float64Array | null = null
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (value >= EARLIEST_MS && value < LATEST_MS) {
      const kept = Math.round(value * 1000) / 1000
      if (kept !== value || Object.is(value, -0)) {
        changed ??= values.slice()
        changed[i] = kept + 0
      }
    } else if (isTime || !Number.isNaN(value)) {
      const found = Number.isNaN(value) ? 'no time' : `${value} ms, outside the years 1 to 9999`
      throw new PlannedError('BAD_DATA', `column ${column.name}, row ${i}: ${found}`, {
        next: 'correct that row, or leave it out',
      })
    }
  }
  return changed ?? values
}

/**
 * The calendar month (UTC) of each instant, counted from year 0: year x 12 + month - 1.
 *
 * Shapes  n instants in, n month numbers out.
 * Units   milliseconds since 1970 in; months out.
 * Source  H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", 2013, civil_from_days.
 */
export function monthNumbers(timesMs: Float64Array): Int32Array {
  const numbers = new Int32Array(timesMs.length) // (n)
  let fromMs = Number.NaN // the day of the row before: rows often come in order of time
  let number = 0
  for (let i = 0; i < timesMs.length; i++) {
    const ms = timesMs[i]!
    if (!(ms >= fromMs && ms < fromMs + 86_400_000)) {
      const day = Math.floor(ms / 86_400_000)
      fromMs = day * 86_400_000
      const shifted = day + 719_468 // days since 0000-03-01
      const era = Math.floor(shifted / 146_097)
      const dayOfEra = shifted - era * 146_097
      const yearOfEra = Math.floor(
        (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
      )
      const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
      const marchMonth = Math.floor((5 * dayOfYear + 2) / 153) // 0 is March
      number = (yearOfEra + era * 400) * 12 + marchMonth + 2
    }
    numbers[i] = number
  }
  return numbers
}

/** The month that `monthNumbers` gave this number. */
export function monthOfNumber(number: number): Month {
  const year = String(Math.floor(number / 12)).padStart(4, '0')
  return `${year}-${String((number % 12) + 1).padStart(2, '0')}` as Month // four digits, a dash, two digits
}

/** The error for a table that is not there. */
export function noTable(table: string): PlannedError {
  return new PlannedError('NOT_FOUND', `there is no table ${table} in the warehouse`, {
    next: './understudy data lists those there are',
    facts: { table },
  })
}

/** Throws `BAD_INPUT` if a derivation would read what it writes, or names a month twice. */
export function checkDerivation(
  from: string,
  to: string,
  months: readonly { readonly month: Month }[],
  schema: TableSchema,
): void {
  checkSchema(schema)
  checkTableName(to)
  if (from === to)
    throw new PlannedError('BAD_INPUT', `table ${to} cannot be derived from itself`, {
      next: 'derive into another table',
    })
  const twice = months.find(({ month }, index) => months.findIndex((other) => other.month === month) !== index)
  if (twice !== undefined)
    throw new PlannedError('BAD_INPUT', `month ${twice.month} is to be derived twice`, {
      next: 'name each month once',
    })
}
