// One DuckDB inside this process: its settings, its connections, and how its failures are told. It holds no data of its own.
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance, type DuckDBResult } from '@duckdb/node-api'
import { messageOf, PlannedError, throwIfCancelled } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import { isGone, OWN_MARK } from '../kernel/process-mark.ts'

const FOLDER_PREFIX = 'understudy-duckdb-'

export interface DuckdbSettings {
  /** Where DuckDB puts what does not fit in memory. Each session has a folder of its own in it. */
  readonly temporaryDirectory: string
  readonly threads: number
  readonly memoryLimitMb: number
}

/** One connection, on loan: statements run one after the other. */
export interface Lane {
  /** Runs a statement and waits for all of its result. */
  run(sql: string): Promise<DuckDBResult & { readonly rowCount: number }>
  /** Runs a query whose rows are fetched while they are made. */
  stream(sql: string): Promise<DuckDBResult>
  readonly connection: DuckDBConnection
}

export interface DuckdbSession {
  /** Lends a connection. When the signal fires, its statement is interrupted and `CANCELLED` is thrown. */
  use<T>(signal: AbortSignal | undefined, work: (lane: Lane) => Promise<T>): Promise<T>
  /** The same for work that cannot be one function: whoever borrows gives back. */
  borrow(signal: AbortSignal | undefined): Promise<{ readonly lane: Lane; giveBack(): void }>
  readonly memoryLimitMb: number
  close(): void
}

/** Opens DuckDB in memory: UTC, no extensions from the network, a bound on threads and memory. */
export async function openDuckdbSession(settings: DuckdbSettings): Promise<DuckdbSession> {
  const { temporaryDirectory, threads, memoryLimitMb } = settings
  mkdirSync(temporaryDirectory, { recursive: true })
  removeLeftFolders(temporaryDirectory)
  // DuckDB's temporary files have the same names in every process, so two may not share a folder.
  const folder = join(temporaryDirectory, `${FOLDER_PREFIX}${OWN_MARK}-${newId()}`)
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(threads),
    memory_limit: `${memoryLimitMb}MB`,
    temp_directory: folder,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
  const idle: DuckDBConnection[] = []
  const open = new Set<DuckDBConnection>()

  async function connect(): Promise<DuckDBConnection> {
    const waiting = idle.pop()
    if (waiting !== undefined) return waiting
    const connection = await instance.connect()
    open.add(connection)
    await connection.run("set TimeZone = 'UTC'")
    return connection
  }

  const borrow: DuckdbSession['borrow'] = async (signal) => {
    throwIfCancelled(signal)
    const connection = await connect()
    const stopInterrupting = interruptOn(connection, signal)
    return {
      lane: laneOn(connection, signal, settings),
      giveBack() {
        stopInterrupting()
        idle.push(connection)
      },
    }
  }

  return {
    memoryLimitMb,
    borrow,
    async use(signal, work) {
      const { lane, giveBack } = await borrow(signal)
      try {
        return await work(lane)
      } catch (error) {
        throwIfCancelled(signal) // not every step of the work is a guarded statement: an interrupted one tells it in its own words
        throw error
      } finally {
        giveBack()
      }
    },
    close() {
      for (const connection of open) connection.disconnectSync()
      instance.closeSync()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Interrupts the connection when the signal fires, until the function it gives is called. */
function interruptOn(connection: DuckDBConnection, signal: AbortSignal | undefined): () => void {
  let interrupting: NodeJS.Timeout | undefined
  // An interrupt is forgotten if it comes just before a statement begins, so it is repeated until the work has ended.
  const interrupt = (): void => {
    connection.interrupt()
    interrupting = setInterval(() => connection.interrupt(), 20)
  }
  signal?.addEventListener('abort', interrupt, { once: true })
  return () => {
    signal?.removeEventListener('abort', interrupt)
    clearInterval(interrupting)
  }
}

function laneOn(connection: DuckDBConnection, signal: AbortSignal | undefined, settings: DuckdbSettings): Lane {
  const guard = async <T>(statement: () => Promise<T>): Promise<T> => {
    throwIfCancelled(signal)
    try {
      const result = await statement()
      throwIfCancelled(signal)
      return result
    } catch (error) {
      throwIfCancelled(signal)
      throw explain(error, settings)
    }
  }
  return {
    connection,
    run: (sql) => guard(() => connection.run(sql)),
    stream: (sql) => guard(() => connection.stream(sql)),
  }
}

/** The failures that are the machine's, in words; any other error as it is. */
function explain(error: unknown, { memoryLimitMb, temporaryDirectory }: DuckdbSettings): unknown {
  const message = messageOf(error)
  if (/no space left|disk full/i.test(message)) {
    return new PlannedError('UNAVAILABLE', 'the disk is full', {
      why: message.split('\n')[0] ?? message,
      next: 'free some space and run this again',
      cause: error,
    })
  }
  if (message.startsWith('Out of Memory Error')) {
    const text = `DuckDB needed more than its ${memoryLimitMb} MB, and what it may put into ${temporaryDirectory} did not help`
    return new PlannedError('UNAVAILABLE', text, {
      why: message.split('\n')[0] ?? message,
      next: 'use a shorter window',
      cause: error,
    })
  }
  return error
}

/** Removes what processes that are gone left behind. */
function removeLeftFolders(directory: string): void {
  for (const name of readdirSync(directory)) {
    if (!name.startsWith(FOLDER_PREFIX)) continue
    const mark = name.slice(FOLDER_PREFIX.length).replace(/-[0-9a-f]+$/, '')
    if (isGone(mark)) rmSync(join(directory, name), { recursive: true, force: true })
  }
}
