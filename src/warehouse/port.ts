import type { Month, TimeWindow } from '../kernel/window.ts'

/**
 * The kinds of column a table can have. In memory all are numbers: a timestamp is milliseconds since 1970 (UTC), kept to the
 * microsecond, in the years 1 to 9999; an integer is a safe one; a double is kept bit for bit; a null is NaN. The time column
 * has none.
 */
export type ColumnType = 'timestamp' | 'double' | 'integer'

export interface Column {
  readonly name: string
  readonly type: ColumnType
}

export interface TableSchema {
  /** The timestamp column whose month decides a row's partition. */
  readonly timeColumn: string
  readonly columns: readonly Column[]
}

/** Rows, column by column: every array has `rows` values; NaN is null. */
export interface Batch {
  readonly rows: number
  readonly columns: Readonly<Record<string, Float64Array>>
}

interface Partition {
  readonly month: Month
  readonly rows: number
  /** Changes when, and only when, the rows do (whatever their order). Comparable within one adapter only. */
  readonly fingerprint: string
  /** For a derived partition: digest of what it was made from (source fingerprint and query); null for rows as they came. */
  readonly basis: string | null
}

export interface TableInfo {
  readonly name: string
  /** Where the rows come from: `simulated`, `imported`, … One table has one origin. */
  readonly origin: string
  readonly schema: TableSchema
  /** In order of month; a month without rows has no partition, unless it was written so (a derived month that kept nothing). */
  readonly partitions: readonly Partition[]
}

/**
 * A query in one warehouse's own language. SQL reads the relation `source`; JavaScript gets its rows.
 * Whoever makes one asks `warehouse.dialect` first.
 */
export type Select =
  | { readonly dialect: 'duckdb'; readonly sql: string }
  | { readonly dialect: 'javascript'; readonly run: (source: Batch) => Batch }

export interface ReadOptions {
  readonly columns: readonly string[]
  /** Ties of the time column are broken by these, in this order. Together they must make the order total. */
  readonly orderBy: readonly string[]
  readonly signal?: AbortSignal | undefined
}

export interface WriteOptions {
  readonly schema: TableSchema
  readonly origin: string
  /** What becomes of months that are not written: kept, or dropped with the rest of the old table. */
  readonly others: 'keep' | 'drop'
  /** What becomes of the rows a written month already has: replaced (the default), or kept with the new ones beside them. */
  readonly within?: 'replace' | 'append'
  readonly signal?: AbortSignal | undefined
}

/**
 * The port to wherever rows live, in tables partitioned by month. Adapters: `duckdb.ts` (Parquet files), `memory.ts`.
 * All pass `warehouse.contract.ts`:
 * - a window is half-open, `[fromMs, toMs)`, UTC; rows arrive ordered by the time column, then by `orderBy`; nulls last;
 * - two reads of a closed window are identical, while other months are being written too;
 * - a write replaces the months it names and no other, all of them or none; a reader sees the table before or after, never
 *   between; two processes that write different months of one table lose nothing;
 * - the batch size of what is written changes nothing;
 * - a table has one origin and one schema: writing rows of another one is `CONFLICT` unless `others` is `drop`;
 * - a derived table takes its source's origin; its months of another origin or schema go when new ones are derived, as they
 *   can be made again; deriving into a table that holds rows as they came is `CONFLICT`;
 * - a row that its schema does not allow is `BAD_DATA`; a name, a column or a dialect the table does not have is `BAD_INPUT`;
 * - when the signal fires, reading, writing and deriving throw `CANCELLED` and leave nothing behind;
 * - `NOT_FOUND` if a table that is read is absent; `BAD_DATA` if a stored file is damaged; reading a window without rows
 *   gives none.
 */
export interface Warehouse {
  readonly dialect: Select['dialect']

  tables(): Promise<readonly TableInfo[]>

  /** The table, or null if there is none. */
  describe(table: string): Promise<TableInfo | null>

  /** Replaces whole months by the rows given: batches of any size, in any order, rows of any month. Writes nothing on error. */
  write(table: string, batches: AsyncIterable<Batch> | Iterable<Batch>, options: WriteOptions): Promise<TableInfo>

  /**
   * Makes months of one table out of the same months of another, by a query that runs where the rows are, month by month.
   * A source month without rows makes an empty partition. `basis` of each month is stored with it.
   */
  derive(
    options: {
      readonly from: string
      readonly to: string
      readonly months: readonly { readonly month: Month; readonly basis: string }[]
      readonly select: Select
      readonly schema: TableSchema
      /**
       * Promised by the caller: the query keeps each row's time, and gives the same rows when it sees several months at once
       * (it compares no rows of different months). Many small months are several times faster so.
       */
      readonly separable?: boolean
    },
    signal?: AbortSignal,
  ): Promise<TableInfo>

  /** All rows of a window, in order, the columns asked for. */
  read(table: string, window: TimeWindow, options: ReadOptions): Promise<Batch>

  /** The result of a query over a window's rows (`source` holds every column of the table, its rows in no promised order). */
  query(table: string, window: TimeWindow, select: Select): Promise<Batch>

  /** How many rows a window has. */
  count(table: string, window: TimeWindow): Promise<number>

  /**
   * Months of a table whose rows are not stored any more as they were written (files that went or changed behind our back), as far as a
   * quick look tells; none for no table. Reading such a month is `BAD_DATA`; writing or deriving it again makes it sound.
   */
  damagedMonths(table: string): Promise<readonly Month[]>

  /** Removes a table, a damaged one too; none of that name is fine. */
  drop(table: string): Promise<void>

  [Symbol.asyncDispose](): Promise<void>
}
