// The raw table: made by the project's simulator where nobody has brought rows.

import { z } from 'zod'
import { flow } from '../flow/flow.ts'
import type { FlowEvent, TaskContext } from '../flow/port.ts'
import { PlannedError } from '../kernel/errors.ts'
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

const rawTable = flow<LifecycleRooms>()({
  name: 'raw_table',
  version: 1,
  input: z.object({ size: z.string() }),
  async run({ task, rooms }, input): Promise<{ rows: number }> {
    return await task('make_raw_table', input, makeRawTable(rooms), { retries: 1 })
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
  await rooms.engine.run(
    rawTable,
    rooms,
    { size },
    { key: name, lock: `table/${name}`, whenCompleted: 'anew', ...watch },
  )
  const made = await rooms.warehouse.describe(name)
  if (made === null) throw new Error(`${name} was made and is not there`)
  return made
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
