import type { Kysely, Transaction } from 'kysely'

/**
 * The port to one SQL database: a connection behind Kysely. Adapters: `sqlite.ts` (a file, on node:sqlite).
 * All pass `database.contract.ts`:
 * - a transaction commits all of its statements or none, and holds the write lock from its first moment, so it cannot
 *   fail half-way because another writer was quicker; two transactions of one process never interleave;
 * - a statement outside a transaction never becomes part of the open one: one that writes waits for it, a select sees what was committed
 *   before it was asked for, and perhaps more; the selects of one `sql.connection()` that only selects see one moment;
 * - while another process writes, a caller that would write waits (20 s unless told otherwise), then gets `UNAVAILABLE` naming the file;
 *   selects go on;
 * - what is bound is read back: any Unicode but lone surrogates, infinities, bytes; an int64 beyond 2^53 comes back as
 *   a bigint; NaN, `undefined` and objects are refused when bound (a TypeError: a bug of the caller);
 * - foreign keys are enforced, and `like` tells capitals from small letters.
 */
export interface Database<Schema> {
  /** Where it lies, as errors name it. */
  readonly file: string
  /** Whether it was opened to be looked at. Writing is `BAD_INPUT` then. */
  readonly isReadOnly: boolean
  /**
   * Single statements, each its own transaction. Throws if used inside the work of `transaction`: use its `trx` there.
   */
  readonly sql: Kysely<Schema>
  /** Runs `work` in one transaction: committed when its promise is kept, rolled back when it is broken. */
  transaction<T>(work: (trx: Transaction<Schema>, script: RunScript) => Promise<T>): Promise<T>
  /**
   * Runs `work` like `transaction`, but shares one with others that are asked for at about the same time, so that one wait for the disk
   * serves them all. Each is kept or undone by itself; each promise is kept only once the common transaction is committed.
   */
  write<T>(work: (trx: Transaction<Schema>) => Promise<T>): Promise<T>
  /** Several statements, separated by semicolons, in one transaction. */
  script: RunScript
  [Symbol.asyncDispose](): Promise<void>
}

/** Runs several statements separated by semicolons. */
export type RunScript = (sql: string) => Promise<void>
