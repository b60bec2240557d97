// Between DuckDB's chunks and whole columns of numbers, without a value ever becoming an object.
import { DOUBLE, type DuckDBAppender, DuckDBDataChunk, type DuckDBResult, DuckDBTypeId } from '@duckdb/node-api'
import { PlannedError } from '../kernel/errors.ts'
import type { Batch, Column } from './port.ts'

const CHUNK_ROWS = 2048

/** A name or a text inside a statement. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** A file to read inside a statement. DuckDB takes it for a pattern: a character that means something there stands for itself. */
export function quotePath(path: string): string {
  return quoteText(path.replaceAll(/[[*?]/g, '[$&]'))
}

/** SQL: a column of a stored type as a double that is never null, so that whole vectors can be copied. A null is NaN. */
export function asNumber(name: string, typeId: DuckDBTypeId): string {
  return `coalesce(${numberOf(quoteName(name), typeId)}, 'nan'::double) as ${quoteName(name)}`
}

function numberOf(value: string, typeId: DuckDBTypeId): string {
  switch (typeId) {
    case DuckDBTypeId.DOUBLE:
      return value
    case DuckDBTypeId.DATE:
    case DuckDBTypeId.TIMESTAMP:
    case DuckDBTypeId.TIMESTAMP_S:
    case DuckDBTypeId.TIMESTAMP_MS:
    case DuckDBTypeId.TIMESTAMP_NS:
    case DuckDBTypeId.TIMESTAMP_TZ:
      // Microseconds fit a double until the year 2255, and correctly rounded thousandths of them lead back to each one.
      return `epoch_us(${value})::double / 1000::double`
    case DuckDBTypeId.BOOLEAN:
    case DuckDBTypeId.TINYINT:
    case DuckDBTypeId.SMALLINT:
    case DuckDBTypeId.INTEGER:
    case DuckDBTypeId.BIGINT:
    case DuckDBTypeId.HUGEINT:
    case DuckDBTypeId.UTINYINT:
    case DuckDBTypeId.USMALLINT:
    case DuckDBTypeId.UINTEGER:
    case DuckDBTypeId.UBIGINT:
    case DuckDBTypeId.UHUGEINT:
    case DuckDBTypeId.FLOAT:
    case DuckDBTypeId.DECIMAL:
    case DuckDBTypeId.SQLNULL:
      return `${value}::double`
    default:
      throw new PlannedError('BAD_INPUT', `column ${value} is ${DuckDBTypeId[typeId]}, not a number or a time`, {
        next: 'cast it in the query',
      })
  }
}

/** SQL: a double of a staging table as it is stored; the other way round of `asNumber`. */
export function asStored({ name, type }: Column): string {
  const value = quoteName(name)
  return `${storedValue(value, type)} as ${value}`
}

function storedValue(value: string, type: Column['type']): string {
  switch (type) {
    case 'timestamp':
      return `make_timestamp(round(if(isnan(${value}), null, ${value}) * 1000)::bigint)`
    case 'integer':
      return `if(isnan(${value}), null, ${value})::bigint`
    case 'double':
      return `if(isnan(${value}), null, ${value})`
  }
}

/** SQL: a column of a query's result as it is stored. Infinite and NaN results are no values. */
export function asDerived({ name, type }: Column): string {
  const value = quoteName(name)
  switch (type) {
    case 'timestamp':
      return `${value}::timestamp as ${value}`
    case 'integer':
      return `${value}::bigint as ${value}`
    case 'double':
      return `if(isnan(${value}::double), null, ${value}::double) as ${value}`
  }
}

/** The stored SQL type of a column. */
export function sqlType(type: Column['type']): string {
  return { timestamp: 'timestamp', integer: 'bigint', double: 'double' }[type]
}

/**
 * Fetches a result whose columns are all non-null doubles.
 *
 * Shapes  a result of n rows in, one array of n per column out.
 * `rows` is an upper bound on n where it is known; memory is for that many, then cut.
 */
export async function fetchColumns(result: DuckDBResult, names: readonly string[], rows: number): Promise<Batch> {
  const columns = names.map(() => new Float64Array(rows)) // (rows) each
  let at = 0
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    if (at + chunk.rowCount > rows) throw moreRows(rows)
    for (const [index, column] of columns.entries()) column.set(doublesOf(chunk, index), at)
    at += chunk.rowCount
  }
  // A view keeps the whole array alive: worth it only if little is cut off.
  const cut = (column: Float64Array): Float64Array =>
    at === rows ? column : at > rows * 0.9 ? column.subarray(0, at) : column.slice(0, at)
  return { rows: at, columns: Object.fromEntries(names.map((name, index) => [name, cut(columns[index]!)])) }
}

function moreRows(rows: number): PlannedError {
  return new PlannedError('BAD_DATA', `stored files hold more than the ${rows} rows that were written to them`, {
    why: 'somebody changed them',
    next: 'drop the table (./understudy data drop TABLE) and make or import it again',
  })
}

/**
 * The numbers of one column of a chunk, not a copy: valid only while the chunk is. `items` is not among the library's public
 * types, so a release without it has to fail here.
 */
export function doublesOf(chunk: DuckDBDataChunk, index: number): Float64Array {
  const vector: object = chunk.getColumnVector(index)
  const items: unknown = 'items' in vector ? vector.items : undefined
  if (!(items instanceof Float64Array)) throw new Error(`column ${index} of the chunk is not of doubles`)
  return items
}

/** Appends rows `[from, to)` of the columns to a table of as many doubles. NaN is appended as NaN. */
export function appendColumns(
  appender: DuckDBAppender,
  columns: readonly (Float64Array | Int32Array)[],
  from: number,
  to: number,
): void {
  const types = columns.map(() => DOUBLE)
  for (let at = from; at < to; at += CHUNK_ROWS) {
    const end = Math.min(at + CHUNK_ROWS, to)
    const chunk = DuckDBDataChunk.create(types, end - at)
    for (const [index, column] of columns.entries()) {
      doublesOf(chunk, index).set(column.subarray(at, end))
      chunk.getColumnVector(index).flush()
    }
    appender.appendDataChunk(chunk)
  }
}
