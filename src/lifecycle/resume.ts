// Finishing what was stopped half done, before anything else is begun.
import { z } from 'zod'
import type { Flow, FlowRun, TaskRun } from '../flow/port.ts'
import { isPlanned } from '../kernel/errors.ts'
import type { Json } from '../kernel/json.ts'
import type { Transition } from '../tracking/port.ts'
import { lockOf } from './cycle-key.ts'
import type { Watch } from './raw-table.ts'
import type { LifecycleRooms } from './rooms.ts'

/** Which runs of a flow have to be finished: those whose key begins so, and whose effects have begun. */
interface Stopped {
  readonly prefix: string
  /** `tasks`: those that were begun. */
  hasBegun(run: FlowRun, tasks: readonly TaskRun[]): boolean
  /** Whether that run itself holds the model; it does unless this says otherwise. */
  isLocked?(run: FlowRun): boolean
}

/** Effects begin with this task. */
export function onceBegun(task: string): Stopped['hasBegun'] {
  return (_, tasks) => tasks.some(({ name }) => name === task)
}

/**
 * Finishes the run of a flow that was stopped when its effects had begun: with its own input, whatever is set by now, which is safe as each
 * effect happens once. Null if there is none. One that cannot be finished (by this version, or at all) stands in nobody's way: what it did
 * is in the history.
 */
export async function finishStopped<Rooms extends LifecycleRooms, Input extends Json, Output extends Json>(
  rooms: Rooms,
  flow: Flow<Rooms, Input, Output>,
  stopped: Stopped,
  watch: Watch,
): Promise<{ readonly run: FlowRun; readonly output: Output } | null> {
  const run = await find(rooms, flow.name, stopped)
  if (run === null || run.version !== flow.version) return null
  try {
    return { run, output: await goOnWith(rooms, flow, run, { ...watch, isLocked: stopped.isLocked?.(run) ?? true }) }
  } catch (error) {
    const isHeld = isPlanned(error, 'CONFLICT') && 'pid' in error.facts // somebody is at work on this model
    if (isHeld || isPlanned(error, 'CANCELLED')) throw error
    return null
  }
}

/** Goes on with a run that was stopped, with its own input; one that has ended hands over what it came to. Throws what it fails with. */
export async function goOnWith<Rooms extends LifecycleRooms, Input extends Json, Output extends Json>(
  rooms: Rooms,
  flow: Flow<Rooms, Input, Output>,
  run: FlowRun,
  { isLocked, ...watch }: Watch & { readonly isLocked: boolean },
): Promise<Output> {
  const input = flow.input.parse(run.input)
  const { model } = z.object({ model: z.string() }).parse(input)
  const lock = isLocked ? { lock: lockOf(model) } : {}
  return (await rooms.engine.run(flow, rooms, input, { key: run.key, ...lock, ...watch })).output
}

/** Whether a run has made the moves that it planned: they name it. */
export function hasMoved(history: readonly Transition[], run: FlowRun): boolean {
  return history.some(
    ({ evidence }) =>
      typeof evidence === 'object' && evidence !== null && 'flowRun' in evidence && evidence.flowRun === run.id,
  )
}

/** The newest such run. */
async function find(
  { engine }: Pick<LifecycleRooms, 'engine'>,
  flow: string,
  { prefix, hasBegun }: Stopped,
): Promise<FlowRun | null> {
  const runs = (await engine.flowRuns({ flow }))
    .filter(({ key, status }) => key.startsWith(prefix) && status !== 'completed' && status !== 'running')
    .sort((a, b) => b.startedAtMs - a.startedAtMs)
  for (const run of runs) {
    if (hasBegun(run, await engine.taskRuns(run.id))) return run
  }
  return null
}
