// What starting a flow run means for the one that is already there under the same key. Pure: no SQL, no clock.
import { PlannedError } from '../kernel/errors.ts'
import { canonicalJson } from '../kernel/json.ts'
import type { FlowRunRow } from './journal-schema.ts'
import { describeDifference, fromJournal } from './journal-text.ts'
import { isGone, type Owner } from './owner.ts'
import type { RunOptions } from './port.ts'

/** What is asked for. */
export interface StartRequest {
  readonly flow: string
  readonly version: number
  readonly key: string
  readonly input: string
  readonly whenCompleted: NonNullable<RunOptions['whenCompleted']>
}

/** `replay` the finished run's output, `resume` the unfinished one, or `start` a new one. */
export type Start = { kind: 'replay' } | { kind: 'resume' } | { kind: 'start'; sequence: number }

/** Whether a process is at work on a run: it renews its lease, and is not known to be gone. */
export function isLive(run: FlowRunRow, nowMs: number): boolean {
  return run.status === 'running' && nowMs < run.lease_until_ms && !isGone(ownerOf(run))
}

function ownerOf(run: FlowRunRow): Owner {
  return { machine: run.owner_machine, pid: run.owner_pid, started: run.owner_started }
}

/**
 * Decides over the last run of the same flow and key (null if there is none).
 *
 * Throws `CONFLICT` if that run is live, or would have to be resumed with another input or by another version of the
 * flow.
 */
export function decideStart(last: FlowRunRow | null, request: StartRequest, nowMs: number): Start {
  if (last === null) return { kind: 'start', sequence: 1 }
  if (isLive(last, nowMs)) throw heldBy(last, { what: `${name(request)} is already running`, holder: '' })
  const anew: Start = { kind: 'start', sequence: last.sequence + 1 }
  const isAnew = request.whenCompleted === 'anew'
  if (last.status === 'completed' && isAnew) return anew
  if (last.status !== 'completed' && last.version !== request.version) {
    if (isAnew) return anew
    throw otherVersion(last, request)
  }
  const [before, now] = [fromJournal(last.input), fromJournal(request.input)]
  if (canonicalJson(before) !== canonicalJson(now)) {
    if (isAnew) return anew
    const facts = { flow: request.flow, key: request.key, flowRunId: last.id }
    throw new PlannedError(
      'CONFLICT',
      `${name(request)} was started with another input (${describeDifference(before, now)})`,
      { next: 'give it the same input again, or start it anew', facts },
    )
  }
  return { kind: last.status === 'completed' ? 'replay' : 'resume' }
}

function otherVersion(last: FlowRunRow, request: StartRequest): PlannedError {
  const what =
    `${name(request)} was begun by version ${last.version} of the flow and this is version ${request.version}, ` +
    'whose tasks differ'
  return new PlannedError('CONFLICT', what, {
    next: 'finish it with the build that began it, or start it anew',
    facts: { flow: request.flow, key: request.key, began: last.version, now: request.version },
  })
}

function name({ flow, key }: { flow: string; key: string }): string {
  return `the run "${key}" of flow ${flow}`
}

/** `CONFLICT`: a lock is held by another run. */
export function lockHeldBy(run: FlowRunRow, lock: string): PlannedError {
  return heldBy(run, { what: `"${lock}" is in use`, holder: `${name(run)}, ` })
}

/** `CONFLICT` that says which process holds the run or lock, and since when. */
function heldBy(run: FlowRunRow, { what, holder }: { what: string; holder: string }): PlannedError {
  const since = new Date(run.taken_at_ms).toISOString()
  const host = run.owner_machine.split(' ', 1).join()
  return new PlannedError('CONFLICT', what, {
    why: `${holder}in process ${run.owner_pid} on ${host}, since ${since}`,
    next: 'wait until it ends, or stop that process',
    facts: { flow: run.flow, key: run.key, flowRunId: run.id, pid: run.owner_pid, host, since },
  })
}
