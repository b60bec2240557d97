// One flow run from its take-over to its end: hands tasks to the flow function, keeps the lease, and leaves no task
// running behind.
import { isPlanned, messageOf, PlannedError, throwIfCancelled } from '../kernel/errors.ts'
import type { Json } from '../kernel/json.ts'
import type { Random } from '../kernel/random.ts'
import { type FencedJournal, fencedJournal } from './fenced-journal.ts'
import type { Journal, Taken } from './journal.ts'
import { fromJournal, journalText } from './journal-text.ts'
import type { Flow, FlowEvent, RunOptions } from './port.ts'
import { taskBook } from './task-book.ts'
import type { RunScope } from './task-runner.ts'

export interface FlowRunnerOptions {
  readonly journal: Journal
  readonly random: Random
  readonly graceMs: number
  /** Cancels the run when it fires. */
  readonly cancel: AbortSignal
  readonly onEvent: RunOptions['onEvent']
}

type Outcome = { kind: 'output'; text: string } | { kind: 'error'; error: unknown }

/**
 * Runs the flow function of a run that this process has taken, and journals its end. Throws what the run failed with.
 */
export async function runFlow<Rooms, Input extends Json, Output extends Json>(
  options: FlowRunnerOptions,
  flow: Flow<Rooms, Input, Output>,
  rooms: Rooms,
  taken: Taken,
): Promise<void> {
  const flowRunId = taken.run.id
  const journal = fencedJournal(options.journal, taken)
  const stop = new AbortController()
  using _cancel = passOn(options.cancel, stop)
  using _lease = keepLease(journal, options.journal.leaseMs, stop)
  const scope: RunScope = {
    flowRunId,
    journal,
    recorded: new Map(taken.tasks.map((task) => [task.name, task])),
    stop: stop.signal,
    clock: options.journal.clock,
    random: options.random,
    graceMs: options.graceMs,
    emit: eventsInto(options.onEvent),
  }
  scope.emit({ kind: 'flow-started', flowRunId, flow: flow.name, resumed: taken.kind === 'resumed' })
  const input = fromJournal(taken.run.input) as Input // what the flow's own schema made, spelt and read back
  const outcome = await recorded(journal, stop.signal, await runBody(scope, stop, flow, rooms, input))
  if (outcome.kind === 'output') {
    scope.emit({ kind: 'flow-ended', flowRunId, status: 'completed', error: null })
    return
  }
  const status = statusOf(outcome.error, stop.signal)
  scope.emit({ kind: 'flow-ended', flowRunId, status, error: messageOf(outcome.error) })
  throw outcome.error
}

/** What the flow function came to, once every task it started has settled. */
async function runBody<Rooms, Input extends Json, Output extends Json>(
  scope: RunScope,
  stop: AbortController,
  flow: Flow<Rooms, Input, Output>,
  rooms: Rooms,
  input: Input,
): Promise<Outcome> {
  const book = taskBook(scope, flow.name)
  let outcome: Outcome
  try {
    const output = await flow.run({ rooms, flowRunId: scope.flowRunId, task: book.task }, input)
    outcome = { kind: 'output', text: journalText(output, `the output of flow ${flow.name}`) }
    const left = book.running()
    if (left.length > 0) {
      throw new Error(`flow ${flow.name} ended while its tasks ${left.join(', ')} were running; await every task`)
    }
    // A flow function may have taken a task's cancellation for an ordinary failure and gone on without it.
    if (book.wasCutShort()) outcome = { kind: 'error', error: stop.signal.reason }
  } catch (error) {
    outcome = { kind: 'error', error }
    const next = 'see what failed, and run the same command again'
    stop.abort(new PlannedError('CANCELLED', 'stopped because the run failed', { why: messageOf(error), next }))
  }
  await book.close()
  return outcome
}

/** Journals the end. A run whose end could not be written has failed, whatever it came to. */
async function recorded(journal: FencedJournal, stop: AbortSignal, outcome: Outcome): Promise<Outcome> {
  try {
    if (outcome.kind === 'output') await journal.endRun('completed', { output: outcome.text })
    else await journal.endRun(statusOf(outcome.error, stop), { error: messageOf(outcome.error) })
    return outcome
  } catch (error) {
    return outcome.kind === 'error' ? outcome : { kind: 'error', error }
  }
}

function statusOf(error: unknown, stop: AbortSignal): 'cancelled' | 'failed' {
  if (isPlanned(error, 'CONFLICT')) return 'failed' // the lease was lost
  return isPlanned(error, 'CANCELLED') || (stop.aborted && error === stop.reason) ? 'cancelled' : 'failed'
}

/** Hands a cancellation on, as a planned error. */
function passOn(from: AbortSignal, to: AbortController): Disposable {
  const abort = (): void => {
    try {
      throwIfCancelled(from)
    } catch (reason) {
      to.abort(reason)
    }
  }
  abort()
  from.addEventListener('abort', abort, { once: true })
  return { [Symbol.dispose]: () => from.removeEventListener('abort', abort) }
}

/**
 * Renews the lease four times in its span. A process that was held up for longer goes on if nobody took the run
 * meanwhile; if somebody did, everything is stopped. A journal that cannot be reached just now is tried again at the
 * next turn.
 */
function keepLease(journal: FencedJournal, leaseMs: number, stop: AbortController): Disposable {
  let isRenewing = false
  const renew = async (): Promise<void> => {
    if (isRenewing) return
    isRenewing = true
    try {
      await journal.renew()
    } catch (error) {
      if (isPlanned(error, 'CONFLICT')) stop.abort(error)
    } finally {
      isRenewing = false
    }
  }
  const timer = setInterval(() => void renew(), leaseMs / 4)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

/** Events for whoever shows them. What goes wrong there is not the run's business. */
function eventsInto(onEvent: RunOptions['onEvent']): (event: FlowEvent) => void {
  return (event) => {
    try {
      const result: unknown = onEvent?.(event)
      if (result instanceof Promise) result.catch(() => undefined)
    } catch {
      // nothing to do: the journal has what matters
    }
  }
}
