// One task: replayed from the journal, or run in attempts until it is done or may not be tried again.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../kernel/clock.ts'
import { ERROR_CODES, isPlanned, messageOf, PlannedError } from '../kernel/errors.ts'
import { digestOf, type Json } from '../kernel/json.ts'
import type { Random } from '../kernel/random.ts'
import type { FencedJournal } from './fenced-journal.ts'
import type { TaskRunRow } from './journal-schema.ts'
import { describeDifference, fromJournal, journalText } from './journal-text.ts'
import type { FlowEvent, TaskBody, TaskContext, TaskOptions } from './port.ts'

const DEFAULT_BACKOFF_MS = 250
const MAX_BACKOFF_MS = 60_000
/** Node's timers overflow beyond it, and fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** What all tasks of one run share. */
export interface RunScope {
  readonly flowRunId: string
  readonly journal: FencedJournal
  /** What earlier processes recorded, by task name. */
  readonly recorded: ReadonlyMap<string, TaskRunRow>
  /** Fires, with a planned error as its reason, when the run must stop. */
  readonly stop: AbortSignal
  readonly clock: Clock
  readonly random: Random
  /** How long a body may take to settle after its signal fired. */
  readonly graceMs: number
  emit(event: FlowEvent): void
}

export interface Task<Input extends Json, Output extends Json> {
  readonly name: string
  /** The input as `journalText` spells it. */
  readonly inputText: string
  readonly body: TaskBody<Input, Output>
  readonly options: TaskOptions
}

/** The task's output, journalled. Throws the error of its last attempt, or the reason the run was stopped for. */
export async function runTask<Input extends Json, Output extends Json>(
  scope: RunScope,
  task: Task<Input, Output>,
): Promise<Output> {
  const { name, inputText: input } = task
  const inputDigest = digestOf(fromJournal(input))
  const recorded = scope.recorded.get(name)
  if (recorded !== undefined && recorded.input_digest !== inputDigest) throw otherInput(recorded, input)
  if (recorded?.status === 'completed' && recorded.output !== null) {
    const durationMs = (recorded.ended_at_ms ?? recorded.started_at_ms) - recorded.started_at_ms
    scope.emit({ kind: 'task-completed', flowRunId: scope.flowRunId, task: name, durationMs, replayed: true })
    return fromJournal(recorded.output) as Output // an earlier process journalled it for this task and input
  }
  const text = await runAttempts(scope, task, inputDigest, recorded?.attempt ?? 0)
  return fromJournal(text) as Output // spelt and read back, as a replay will: a resumed run sees what this one saw
}

/** The output of the first attempt that succeeds, as text. */
async function runAttempts<Input extends Json, Output extends Json>(
  scope: RunScope,
  task: Task<Input, Output>,
  inputDigest: string,
  earlier: number,
): Promise<string> {
  const { name, inputText: input, options } = task
  for (let tries = 1; ; tries++) {
    const attempt = earlier + tries
    scope.stop.throwIfAborted()
    await scope.journal.startTask({ name, attempt, input, inputDigest })
    scope.emit({ kind: 'task-started', flowRunId: scope.flowRunId, task: name, attempt })
    const startedAtMs = scope.clock.nowMs()
    const outcome = await runAttempt(scope, task, attempt)
    if (outcome.kind === 'value') {
      await scope.journal.completeTask(name, outcome.text)
      const durationMs = scope.clock.nowMs() - startedAtMs
      scope.emit({ kind: 'task-completed', flowRunId: scope.flowRunId, task: name, durationMs, replayed: false })
      return outcome.text
    }
    await recordFailure(scope, name, outcome.error)
    const isLast = tries > (options.retries ?? 0) || outcome.kind === 'abandoned' || scope.stop.aborted
    if (isLast || !isRetryable(outcome.error)) {
      scope.emit({ kind: 'task-failed', flowRunId: scope.flowRunId, task: name, error: messageOf(outcome.error) })
      throw outcome.error
    }
    const pauseMs = backoffMs(options, tries, scope.random)
    const error = messageOf(outcome.error)
    scope.emit({ kind: 'task-retrying', flowRunId: scope.flowRunId, task: name, attempt, error, pauseMs })
    await sleep(pauseMs, undefined, { signal: scope.stop }).catch(() => undefined) // the loop's head says why it was stopped
  }
}

type Outcome = { kind: 'value'; text: string } | { kind: 'error' | 'abandoned'; error: unknown }

async function runAttempt<Input extends Json, Output extends Json>(
  scope: RunScope,
  { name, inputText, body, options }: Task<Input, Output>,
  attempt: number,
): Promise<Outcome> {
  const input = fromJournal(inputText) as Input // a copy that the body may keep, equal to what the flow function passed
  const timeout = new AbortController()
  const timer = startTimeout(timeout, name, options.timeoutMs)
  const signal = AbortSignal.any([scope.stop, timeout.signal])
  let isOver = false
  const context: TaskContext = {
    effectKey: `${scope.flowRunId}/${name}`,
    flowRunId: scope.flowRunId,
    attempt,
    signal,
    log: (line) => {
      if (isOver) return // of an abandoned attempt: its log is closed
      scope.journal.log(name, line)
      scope.emit({ kind: 'task-log', flowRunId: scope.flowRunId, task: name, line })
    },
    progress: (text) => {
      if (!isOver) scope.emit({ kind: 'task-progress', flowRunId: scope.flowRunId, task: name, text })
    },
  }
  try {
    const work = (async () => journalText(await body(input, context), `the output of task "${name}"`))()
    const outcome = await settled(work, signal, scope.graceMs)
    if (outcome.kind === 'abandoned') {
      context.log(`did not stop within ${scope.graceMs} ms of being told to, and was left behind`)
      return { kind: 'abandoned', error: signal.reason }
    }
    // Work that was done before a cancellation took effect is kept; work that came too late for its time-out is not.
    if (outcome.kind === 'value' && !timeout.signal.aborted) return outcome
    if (!signal.aborted) return outcome
    if (outcome.kind === 'error' && !isCancellation(outcome.error))
      context.log(`while stopping: ${messageOf(outcome.error)}`)
    return { kind: 'error', error: signal.reason }
  } finally {
    isOver = true
    clearTimeout(timer)
  }
}

/** Waits for the work; once the signal has fired, no longer than the grace. */
async function settled(work: Promise<string>, signal: AbortSignal, graceMs: number): Promise<Outcome> {
  const { promise: graceOver, resolve } = Promise.withResolvers<Outcome>()
  let timer: NodeJS.Timeout | undefined
  const onAbort = (): void => {
    timer = setTimeout(() => resolve({ kind: 'abandoned', error: signal.reason }), graceMs)
  }
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort, { once: true })
  const outcome = work.then(
    (text): Outcome => ({ kind: 'value', text }),
    (error: unknown): Outcome => ({ kind: 'error', error }),
  )
  try {
    return await Promise.race([outcome, graceOver])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}

function startTimeout(
  timeout: AbortController,
  name: string,
  timeoutMs: number | undefined,
): NodeJS.Timeout | undefined {
  if (timeoutMs === undefined) return undefined
  const reason = new PlannedError('UNAVAILABLE', `task "${name}" took longer than its ${timeoutMs} ms`, {
    next: 'see what holds it up, or allow it more',
    facts: { task: name, timeoutMs },
  })
  return setTimeout(() => timeout.abort(reason), Math.min(timeoutMs, MAX_TIMER_MS))
}

/** A planned failure is its message; a bug leaves its stack in the task's log as well. */
async function recordFailure(scope: RunScope, name: string, error: unknown): Promise<void> {
  if (!isPlanned(error) && error instanceof Error && error.stack !== undefined) scope.journal.log(name, error.stack)
  try {
    await scope.journal.failTask(name, messageOf(error))
  } catch (journalError) {
    // Taken over, or the disk is full: the first error is the one to report. The run's end will meet the same trouble.
    scope.emit({
      kind: 'task-log',
      flowRunId: scope.flowRunId,
      task: name,
      line: `not journalled: ${messageOf(journalError)}`,
    })
  }
}

function isRetryable(error: unknown): boolean {
  return isPlanned(error) && ERROR_CODES[error.code].retryable
}

function isCancellation(error: unknown): boolean {
  return isPlanned(error, 'CANCELLED') || (error instanceof Error && error.name === 'AbortError')
}

/** Doubles with each try, from half to all of it, a minute at most. */
function backoffMs(options: TaskOptions, tries: number, random: Random): number {
  const longest = Math.min((options.backoffMs ?? DEFAULT_BACKOFF_MS) * 2 ** (tries - 1), MAX_BACKOFF_MS)
  return Math.round(longest * (0.5 + random.uniform() / 2))
}

function otherInput(recorded: TaskRunRow, input: string): PlannedError {
  const difference = describeDifference(fromJournal(recorded.input), fromJournal(input))
  return new PlannedError(
    'CONFLICT',
    `task "${recorded.name}" was begun with another input (${difference}), so this run cannot go on with it`,
    {
      next: 'if the flow was changed, raise its version and start anew',
      facts: { task: recorded.name, flowRunId: recorded.flow_run_id },
    },
  )
}
