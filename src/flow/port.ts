import type { z } from 'zod'
import type { Json } from '../kernel/json.ts'
import type { Decisions } from './decision.ts'

/** What a task may read besides its input. */
export interface TaskContext {
  /** `<flow run id>/<task name>`: the key under which a task's effects are recorded, the same in every attempt. */
  readonly effectKey: string
  readonly flowRunId: string
  /** 1 for the first attempt. */
  readonly attempt: number
  /** Fires on cancellation, on the task's timeout, and when the lease was lost. */
  readonly signal: AbortSignal
  /** A line for this task's log. */
  log(line: string): void
  /** How far the task is; shown live, not journalled. */
  progress(text: string): void
}

export interface TaskOptions {
  /**
   * Further attempts after a failure whose code is retryable. 0 if absent. An attempt that does not stop when told to
   * is not followed by another.
   */
  readonly retries?: number
  readonly timeoutMs?: number
  /** First pause between attempts; doubles each time up to a minute, with jitter. 250 ms if absent. */
  readonly backoffMs?: number
}

export type TaskBody<Input extends Json, Output extends Json> = (input: Input, context: TaskContext) => Promise<Output>

/** What a flow function composes its work from. */
export interface FlowContext<Rooms> {
  readonly rooms: Rooms
  readonly flowRunId: string
  /**
   * Runs a task once: when the flow run resumes, a finished task returns its journalled output. Names are unique in a
   * flow: a second use with another input is a bug, with the same input the same task. Throws what the last attempt
   * failed with; a flow function that catches it may go on, and the failed task is tried again if the run is ever
   * resumed.
   */
  task<Input extends Json, Output extends Json>(
    name: string,
    input: Input,
    body: TaskBody<Input, Output>,
    options?: TaskOptions,
  ): Promise<Output>
}

export interface Flow<Rooms, Input extends Json, Output extends Json> {
  readonly name: string
  /**
   * Raise it when tasks are added, removed, renamed or reordered: an unfinished run of another version is not resumed.
   */
  readonly version: number
  readonly input: z.ZodType<Input>
  run(context: FlowContext<Rooms>, input: Input): Promise<Output>
}

export type FlowRunStatus = 'running' | 'completed' | 'failed' | 'cancelled'

export interface FlowRun {
  readonly id: string
  readonly flow: string
  readonly version: number
  readonly key: string
  readonly status: FlowRunStatus
  readonly input: Json
  readonly output: Json
  readonly error: string | null
  readonly startedAtMs: number
  readonly endedAtMs: number | null
}

export interface TaskRun {
  readonly flowRunId: string
  readonly name: string
  readonly status: 'running' | 'completed' | 'failed'
  readonly attempt: number
  readonly output: Json
  readonly error: string | null
  readonly startedAtMs: number
  readonly endedAtMs: number | null
}

/**
 * What happens while a flow runs, for whoever shows it. `task-retrying` names the attempt that failed. A completed run
 * that is only returned has no events.
 */
export type FlowEvent =
  | { kind: 'flow-started'; flowRunId: string; flow: string; resumed: boolean }
  | { kind: 'task-started'; flowRunId: string; task: string; attempt: number }
  | { kind: 'task-progress'; flowRunId: string; task: string; text: string }
  | { kind: 'task-log'; flowRunId: string; task: string; line: string }
  | { kind: 'task-retrying'; flowRunId: string; task: string; attempt: number; error: string; pauseMs: number }
  | { kind: 'task-completed'; flowRunId: string; task: string; durationMs: number; replayed: boolean }
  | { kind: 'task-failed'; flowRunId: string; task: string; error: string }
  | { kind: 'flow-ended'; flowRunId: string; status: FlowRunStatus; error: string | null }

export interface RunOptions {
  /**
   * What makes this run the same run when the command is given again: an unfinished run of the same flow and key is
   * resumed, a completed one is not run again (`whenCompleted`). Another input under the same key is `CONFLICT`.
   */
  readonly key: string
  /**
   * `return` the journalled output (default), or start `anew`. An unfinished run is resumed all the same; only where
   * that cannot be, because the input or the flow's version is another one, does `anew` leave it behind, and `return`
   * refuse.
   */
  readonly whenCompleted?: 'return' | 'anew'
  /** At most one live run per lock, across processes: a second one is `CONFLICT` and says who holds it. */
  readonly lock?: string
  readonly signal?: AbortSignal
  readonly onEvent?: (event: FlowEvent) => void
}

/**
 * The port to the durable engine. Adapters: `embedded.ts` (SQLite). All pass `engine.contract.ts`:
 * - a completed task never runs twice; a flow run that was killed goes on at its first unfinished task;
 * - another input under the same task on resume is `CONFLICT` and names both; so is another version of the flow;
 * - a holder whose run was taken over can write nothing (fencing); a dead process's run is taken over once its lease has
 *   lapsed, or at once if it ran on this machine and is gone;
 * - two processes never run one lock at the same time;
 * - retries only what is retryable, with back-off; a timeout fails the attempt as `UNAVAILABLE`; cancel ends the run,
 *   which can be resumed;
 * - when a run ends, no task of it runs on: those that are left are told to stop and waited for (5 s; one that does
 *   not listen is named in its log);
 * - input is parsed before anything is written; inputs and outputs that are not JSON, or longer than 1 MiB, are a bug
 *   that names the task.
 *
 * `run` throws what the run failed with, `CANCELLED` if it was stopped.
 */
export interface Engine {
  run<Rooms, Input extends Json, Output extends Json>(
    flow: Flow<Rooms, Input, Output>,
    rooms: Rooms,
    input: Input,
    options: RunOptions,
  ): Promise<{ readonly run: FlowRun; readonly output: Output; readonly replayed: boolean }>
  /** What people were asked, and what they answered. */
  readonly decisions: Decisions
  /** Throws `NOT_FOUND`. */
  flowRun(id: string): Promise<FlowRun>
  /** Newest first. A run whose process is gone is shown as failed. */
  flowRuns(filter?: { flow?: string; key?: string }): Promise<readonly FlowRun[]>
  /** In the order in which they first began; `attempt` and the times are those of the last attempt. */
  taskRuns(flowRunId: string): Promise<readonly TaskRun[]>
  taskLog(flowRunId: string, task: string): Promise<readonly { atMs: number; line: string }[]>
  [Symbol.asyncDispose](): Promise<void>
}
