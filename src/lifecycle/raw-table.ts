// The raw table: made by the project's simulator where nobody has brought rows.

import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { flow } from '../flow/flow.ts'
import type { FlowEvent, TaskContext } from '../flow/port.ts'
import { isPlanned, PlannedError, throwIfCancelled } from '../kernel/errors.ts'
import type { TableInfo } from '../warehouse/port.ts'
import { tablesOf } from './project.ts'
import type { LifecycleRooms } from './rooms.ts'

/** How a command watches and stops what it started. */
export interface Watch {
  readonly signal?: AbortSignal
  readonly onEvent?: (event: FlowEvent) => void
  /** Hears what is said outside any task. */
  readonly log?: (line: string) => void
}

/** How often it is looked whether another process has made the table. */
const WAIT_MS = 200

const MAKE = 'make_raw_table'

const rawTable = flow<LifecycleRooms>()({
  name: 'raw_table',
  version: 1,
  input: z.object({ size: z.string() }),
  async run({ task, rooms }, input): Promise<{ rows: number }> {
    return await task(MAKE, input, makeRawTable(rooms), { retries: 1 })
  },
})

/** The raw table of a size; made if it is absent and the project can. Throws `NOT_FOUND`, with what to type, if it cannot. */
export async function ensureRawTable(rooms: LifecycleRooms, size: string, watch: Watch): Promise<TableInfo> {
  const name = rawTableOf(rooms, size)
  const existing = await rooms.warehouse.describe(name)
  const canMake = rooms.project.simulate !== null
  if (existing !== null && !(canMake && (await wasCutShort(rooms, name)))) return existing
  if (!canMake) {
    throw new PlannedError('NOT_FOUND', `there is no table ${name} and ${rooms.project.name} has no simulator`, {
      next: `bring your rows with: ./understudy data import FILE --table ${name}`,
    })
  }
  const options = { key: name, lock: `table/${name}`, whenCompleted: 'anew', ...watch } as const
  for (let looks = 1; ; looks++) {
    try {
      await rooms.engine.run(rawTable, rooms, { size }, options)
    } catch (error) {
      await waitForMaker(error, name, looks, watch)
    }
    const made = await rooms.warehouse.describe(name)
    if (made !== null) return made
  }
}

/** Two models of one project may begin at once: the table that both need is made by the one, and waited for by the other. */
async function waitForMaker(error: unknown, name: string, looks: number, { signal, onEvent }: Watch): Promise<void> {
  if (!isPlanned(error, 'CONFLICT') || typeof error.facts.pid !== 'number') throw error
  const line = `  waiting for process ${error.facts.pid}, which is making ${name}`
  if (looks === 1) onEvent?.({ kind: 'task-log', flowRunId: String(error.facts.flowRunId), task: MAKE, line })
  await sleep(WAIT_MS, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
  throwIfCancelled(signal)
}

/** Whether its making was stopped or killed when the table was there already: then only the journal has to hear of it. */
async function wasCutShort({ engine }: LifecycleRooms, name: string): Promise<boolean> {
  const [last] = await engine.flowRuns({ flow: rawTable.name, key: name })
  return last?.status === 'failed' || last?.status === 'cancelled'
}

function rawTableOf({ project }: LifecycleRooms, size: string): string {
  return tablesOf(project, { size, timeReading: 'utc' }).raw
}

function makeRawTable(rooms: LifecycleRooms) {
  return async ({ size }: { size: string }, context: TaskContext): Promise<{ rows: number }> => {
    const { project, warehouse } = rooms
    if (project.simulate === null) throw new Error(`${project.name} has no simulator`)
    const name = rawTableOf(rooms, size)
    const made = await warehouse.describe(name) // by an attempt that was killed, or imported since: it is not made over again
    if (made !== null) return { rows: made.partitions.reduce((sum, partition) => sum + partition.rows, 0) }
    let rows = 0
    const batches = project.simulate(size, {
      signal: context.signal,
      onProgress: (month, more) => {
        rows += more
        context.progress(`${month}, ${rows.toLocaleString('en-US')} ${project.row.many} simulated`)
      },
    })
    const { signal } = context
    const options = { schema: project.rawSchema, origin: 'simulated', others: 'drop', signal } as const
    await warehouse.write(name, batches, options)
    return { rows }
  }
}
