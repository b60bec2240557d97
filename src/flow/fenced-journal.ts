// The journal as the process that holds a run may write it. Every write is one transaction that begins by renewing the
// lease where the run's token is still this process's own; where it is not, nothing is written.
import type { Transaction } from 'kysely'
import { PlannedError } from '../kernel/errors.ts'
import type { Journal, Taken } from './journal.ts'
import type { JournalSchema, LogLine } from './journal-schema.ts'
import type { FlowRunStatus } from './port.ts'

interface StartedTask {
  readonly name: string
  readonly attempt: number
  readonly input: string
  readonly inputDigest: string
}

/** Every write throws `CONFLICT` if the run was taken over in the meantime. */
export interface FencedJournal {
  /** Renews the lease. */
  renew(): Promise<void>
  startTask(task: StartedTask): Promise<void>
  completeTask(name: string, output: string): Promise<void>
  failTask(name: string, error: string): Promise<void>
  /** Keeps a line for a task that was started; it is written with the next write. */
  log(task: string, line: string): void
  endRun(status: Exclude<FlowRunStatus, 'running'>, result: { output: string } | { error: string }): Promise<void>
}

export function fencedJournal({ database, clock, leaseMs }: Journal, { run }: Taken): FencedJournal {
  const pending: LogLine[] = []

  const write = async (work: (trx: Transaction<JournalSchema>) => Promise<unknown>): Promise<void> => {
    const lines = [...pending]
    await database.transaction(async (trx) => {
      const renewal = trx.updateTable('flow_runs').set({ lease_until_ms: clock.nowMs() + leaseMs })
      const held = renewal.where('id', '=', run.id).where('token', '=', run.token).where('status', '=', 'running')
      if ((await held.executeTakeFirst()).numUpdatedRows === 0n) throw takenOver(run)
      await work(trx)
      if (lines.length > 0) await trx.insertInto('task_log').values(lines).execute()
    })
    pending.splice(0, lines.length) // others only add at the end, and writes come one after the other
  }
  let writes: Promise<unknown> = Promise.resolve()
  const inTurn = (work: (trx: Transaction<JournalSchema>) => Promise<unknown>): Promise<void> => {
    const done = writes.then(() => write(work))
    writes = done.catch(() => undefined)
    return done
  }
  const updateTask = (name: string, values: { status: 'completed' | 'failed'; output?: string; error?: string }) =>
    inTurn((trx) => {
      const update = trx.updateTable('task_runs').set({ ...values, ended_at_ms: clock.nowMs() })
      return update.where('flow_run_id', '=', run.id).where('name', '=', name).where('token', '=', run.token).execute()
    })

  return {
    renew: () => inTurn(async () => undefined),
    startTask: ({ name, attempt, input, inputDigest }) =>
      inTurn((trx) => {
        const begun = { attempt, token: run.token, started_at_ms: clock.nowMs(), ended_at_ms: null, error: null }
        const state = { ...begun, status: 'running' as const }
        const row = { ...state, flow_run_id: run.id, name, input, input_digest: inputDigest, output: null }
        const insert = trx.insertInto('task_runs').values(row)
        return insert.onConflict((conflict) => conflict.columns(['flow_run_id', 'name']).doUpdateSet(state)).execute()
      }),
    completeTask: (name, output) => updateTask(name, { status: 'completed', output }),
    failTask: (name, error) => updateTask(name, { status: 'failed', error }),
    log: (task, line) => {
      pending.push({ flow_run_id: run.id, task, at_ms: clock.nowMs(), line })
    },
    endRun: (status, result) =>
      inTurn((trx) => {
        const update = trx.updateTable('flow_runs').set({ status, ...result, ended_at_ms: clock.nowMs() })
        return update.where('id', '=', run.id).where('token', '=', run.token).execute()
      }),
  }
}

function takenOver({ flow, key, id }: Taken['run']): PlannedError {
  return new PlannedError('CONFLICT', `the run "${key}" of flow ${flow} was taken over by another process`, {
    why: 'this one did not answer for too long; nothing more is written from here',
    next: 'leave it to the other one, or wait until that ends and run the same command again',
    facts: { flow, key, flowRunId: id },
  })
}
