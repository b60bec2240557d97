// A stage for lifecycle tests: the real rooms in a folder of their own, training in this thread, notices caught.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diskArtifacts } from '../../src/artifacts/disk.ts'
import { openSqlite } from '../../src/database/sqlite.ts'
import { openEmbeddedEngine } from '../../src/flow/embedded.ts'
import { type Clock, systemClock } from '../../src/kernel/clock.ts'
import { type Month, monthWindow } from '../../src/kernel/window.ts'
import type { Project } from '../../src/lifecycle/project.ts'
import type { LifecycleRooms } from '../../src/lifecycle/rooms.ts'
import { type CycleRequest, type CycleResult, runCycle } from '../../src/lifecycle/run-cycle.ts'
import { trainModel } from '../../src/lifecycle/training.ts'
import { consoleNotifier } from '../../src/notify/console.ts'
import type { OutboxSchema } from '../../src/notify/outbox-schema.ts'
import { openSqliteOutbox } from '../../src/notify/outbox-sqlite.ts'
import type { Notifier, Outbox } from '../../src/notify/port.ts'
import { openEmbeddedTracking } from '../../src/tracking/embedded.ts'
import { openMemoryWarehouse } from '../../src/warehouse/memory.ts'

export interface Stage extends LifecycleRooms {
  readonly folder: string
  /** Every notice the terminal was told, oldest first. */
  readonly notices: string[]
  /** How many trainings were run. */
  readonly trainings: { count: number }
  /** Runs a month with the usual settings. */
  month(month: Month, options?: Partial<CycleRequest>, signal?: AbortSignal): Promise<CycleResult>
  /** `v1 Production, v2 Archived`: every version, oldest first. */
  cast(): Promise<string>
  [Symbol.asyncDispose](): Promise<void>
}

const PROVENANCE = {
  gitCommit: null,
  gitDirty: false,
  codeDigest: 'c0de',
  packagesDigest: 'none',
  node: 'v24',
  machine: 'test',
} as const

/** Half a second passes at every look, so that nothing happens at the same moment. */
function tickingClock(): Clock {
  let nowMs = Date.UTC(2020, 6, 1)
  return {
    nowMs: () => {
      nowMs += 500
      return nowMs
    },
  }
}

/** Opens it. `learning` sees each training begin, and may throw. Without `channels` nothing outside is told. */
export async function openStage(
  project: Project,
  options: {
    learning?: (count: number, stage: Stage) => void | Promise<void>
    /** Channels beside the terminal. */
    channels?: readonly Notifier[]
  } = {},
): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'understudy-stage-'))
  const clock = tickingClock()
  const warehouse = openMemoryWarehouse()
  const artifacts = diskArtifacts(join(folder, 'artifacts'))
  const tracking = await openEmbeddedTracking({
    databasePath: join(folder, 'mlflow.db'),
    artifacts,
    clock,
    user: 'tester',
  })
  const engine = await openEmbeddedEngine({ databasePath: join(folder, 'flow.db'), clock: systemClock })
  const notices: string[] = []
  const outbox = await openOutbox(folder, project, options.channels ?? [], (line) => void notices.push(line))
  const trainings = { count: 0 }
  const rooms: LifecycleRooms = {
    store: 'stage',
    project,
    warehouse,
    tracking,
    engine,
    clock,
    outbox,
    runTraining: async (request, how) => {
      trainings.count++
      await options.learning?.(trainings.count, stage)
      return await trainModel({ project, warehouse }, request, how)
    },
    provenance: PROVENANCE,
    outputs: null,
  }
  const stage: Stage = {
    ...rooms,
    folder,
    notices,
    trainings,
    month: (month, changes = {}, signal) =>
      runCycle(rooms, { ...usual(project), ...monthWindow(month), ...changes }, signal === undefined ? {} : { signal }),
    cast: async () =>
      (await tracking.versions(project.name))
        .toReversed()
        .map(({ version, stage }) => `v${version} ${stage}`)
        .join(', '),
    async [Symbol.asyncDispose]() {
      await outbox[Symbol.asyncDispose]()
      await engine[Symbol.asyncDispose]()
      await tracking[Symbol.asyncDispose]()
      await warehouse[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
  return stage
}

/** Beside the journal, as in the program. */
async function openOutbox(
  folder: string,
  project: Project,
  channels: readonly Notifier[],
  show: (line: string) => void,
): Promise<Outbox> {
  const database = await openSqlite<OutboxSchema>(join(folder, 'flow.db'))
  const console = consoleNotifier(show)
  const outbox = await openSqliteOutbox({ database, clock: systemClock, project: project.name, console, channels })
  return {
    ...outbox,
    async [Symbol.asyncDispose]() {
      await outbox[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

/** The usual request: linear models that learn one month at a time, so that a month's conditions decide what happens. */
export function usual(project: Project): CycleRequest {
  return {
    model: project.name,
    experiment: `${project.name}_experiment`,
    size: project.defaultSize,
    ...monthWindow('2020-04'),
    seed: 0,
    trainers: ['linear'],
    trainWindow: 'month',
    refit: false,
    timeReading: 'utc',
    threshold: project.defaultThreshold,
    rule: 'point',
    onEscalate: 'ask',
    again: false,
    challenger: null,
    acceptFirst: true,
  }
}
