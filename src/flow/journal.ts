// The journal: what every flow run and task did, in SQLite. Reads, and the start or take-over of a run.
import { sql, type Transaction } from 'kysely'
import { migrate } from '../database/migrations.ts'
import type { Database } from '../database/port.ts'
import { openSqlite } from '../database/sqlite.ts'
import type { Clock } from '../kernel/clock.ts'
import { PlannedError } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import { type FlowRunRow, JOURNAL_MIGRATIONS, type JournalSchema, type TaskRunRow } from './journal-schema.ts'
import { fromJournal } from './journal-text.ts'
import type { Owner } from './owner.ts'
import type { Engine, FlowRun, TaskRun } from './port.ts'
import { decideStart, isLive, lockHeldBy, type StartRequest } from './run-start.ts'

/** A run as a process begins or goes on with it. */
export interface Taken {
  readonly kind: 'resumed' | 'started'
  readonly run: FlowRunRow
  readonly tasks: readonly TaskRunRow[]
}

interface TakeRequest extends StartRequest {
  readonly lock: string | null
  readonly owner: Owner
}

export interface Journal extends Pick<Engine, 'flowRun' | 'flowRuns' | 'taskRuns' | 'taskLog'> {
  readonly database: Database<JournalSchema>
  readonly clock: Clock
  readonly leaseMs: number
  /**
   * Starts a run or takes over the one that is there; a completed one that is only to be read comes back as
   * `replayed`.
   */
  take(request: TakeRequest): Promise<Taken | { kind: 'replayed'; run: FlowRunRow }>
}

export async function openJournal(path: string, clock: Clock, leaseMs: number, readOnly = false): Promise<Journal> {
  const database = await openSqlite<JournalSchema>(path, { readOnly })
  try {
    await migrate(database, 'flow_ledger', JOURNAL_MIGRATIONS)
  } catch (error) {
    await database[Symbol.asyncDispose]()
    throw error
  }
  const reader = database.sql
  return {
    database,
    clock,
    leaseMs,
    take: (request) => database.transaction((trx) => take(trx, request, clock.nowMs(), leaseMs)),
    async flowRun(id) {
      const row = await reader.selectFrom('flow_runs').selectAll().where('id', '=', id).executeTakeFirst()
      if (row !== undefined) return flowRunOf(row, clock.nowMs())
      throw new PlannedError('NOT_FOUND', `there is no flow run ${id}`, {
        next: 'list the runs to see which there are',
      })
    },
    async flowRuns({ flow, key } = {}) {
      let query = reader
        .selectFrom('flow_runs')
        .selectAll()
        .orderBy('started_at_ms', 'desc')
        .orderBy('sequence', 'desc')
      if (flow !== undefined) query = query.where('flow', '=', flow)
      if (key !== undefined) query = query.where('key', '=', key)
      const nowMs = clock.nowMs()
      return (await query.execute()).map((row) => flowRunOf(row, nowMs))
    },
    async taskRuns(flowRunId) {
      return (await tasksOf(reader, flowRunId)).map(taskRunOf)
    },
    async taskLog(flowRunId, task) {
      const lines = reader.selectFrom('task_log').select(['at_ms', 'line']).orderBy('id')
      const rows = await lines.where('flow_run_id', '=', flowRunId).where('task', '=', task).execute()
      return rows.map(({ at_ms, line }) => ({ atMs: at_ms, line }))
    },
  }
}

type Reader = Pick<Transaction<JournalSchema>, 'selectFrom'>

/** In the order in which they first began. */
function tasksOf(reader: Reader, flowRunId: string): Promise<TaskRunRow[]> {
  return reader.selectFrom('task_runs').selectAll().where('flow_run_id', '=', flowRunId).orderBy(sql`rowid`).execute()
}

async function take(trx: Transaction<JournalSchema>, request: TakeRequest, nowMs: number, leaseMs: number) {
  const sameKey = trx
    .selectFrom('flow_runs')
    .selectAll()
    .where('flow', '=', request.flow)
    .where('key', '=', request.key)
  const last = (await sameKey.orderBy('sequence', 'desc').limit(1).executeTakeFirst()) ?? null
  const decision = decideStart(last, request, nowMs)
  if (decision.kind === 'replay' && last !== null) return { kind: 'replayed' as const, run: last }
  await freeLock(trx, request, last, nowMs)
  const hold = {
    version: request.version,
    status: 'running' as const,
    error: null,
    lock_name: request.lock,
    owner_machine: request.owner.machine,
    owner_pid: request.owner.pid,
    owner_started: request.owner.started,
    taken_at_ms: nowMs,
    lease_until_ms: nowMs + leaseMs,
    ended_at_ms: null,
  }
  if (decision.kind === 'resume' && last !== null) {
    const update = trx
      .updateTable('flow_runs')
      .set({ ...hold, token: last.token + 1 })
      .where('id', '=', last.id)
    const run = await update.returningAll().executeTakeFirstOrThrow()
    return { kind: 'resumed' as const, run, tasks: await tasksOf(trx, run.id) }
  }
  if (last?.status === 'running') await abandon(trx, last, nowMs) // its process is gone, and it will not be resumed
  const { flow, key, input } = request
  const sequence = decision.kind === 'start' ? decision.sequence : 1
  const fresh = { ...hold, id: newId(), flow, key, sequence, input, output: null, token: 1, started_at_ms: nowMs }
  const run = await trx.insertInto('flow_runs').values(fresh).returningAll().executeTakeFirstOrThrow()
  return { kind: 'started' as const, run, tasks: [] }
}

/** Refuses if a live run holds the lock; takes it from one whose process is gone. */
async function freeLock(trx: Transaction<JournalSchema>, request: TakeRequest, own: FlowRunRow | null, nowMs: number) {
  if (request.lock === null) return
  const holders = trx.selectFrom('flow_runs').selectAll().where('status', '=', 'running')
  const holder = await holders.where('lock_name', '=', request.lock).executeTakeFirst()
  if (holder === undefined || holder.id === own?.id) return
  if (isLive(holder, nowMs)) throw lockHeldBy(holder, request.lock)
  await abandon(trx, holder, nowMs)
}

/** Ends a run whose process is gone. Should that only have slept, it finds its run ended, and writes nothing. */
async function abandon(trx: Transaction<JournalSchema>, run: FlowRunRow, nowMs: number): Promise<void> {
  const ended = { status: 'failed' as const, error: goneText(run), ended_at_ms: nowMs }
  await trx.updateTable('flow_runs').set(ended).where('id', '=', run.id).execute()
}

function goneText(run: FlowRunRow): string {
  return `process ${run.owner_pid} ended without finishing it; the same command goes on where it stopped`
}

/**
 * A run that nobody is at work on any more is shown as what it is, though the journal only learns of it at the next
 * start.
 */
function flowRunOf(row: FlowRunRow, nowMs: number): FlowRun {
  const isOrphan = row.status === 'running' && !isLive(row, nowMs)
  return {
    id: row.id,
    flow: row.flow,
    version: row.version,
    key: row.key,
    status: isOrphan ? 'failed' : row.status,
    input: fromJournal(row.input),
    output: row.output === null ? null : fromJournal(row.output),
    error: isOrphan ? goneText(row) : row.error,
    startedAtMs: row.started_at_ms,
    endedAtMs: row.ended_at_ms,
  }
}

function taskRunOf(row: TaskRunRow): TaskRun {
  return {
    flowRunId: row.flow_run_id,
    name: row.name,
    status: row.status,
    attempt: row.attempt,
    output: row.output === null ? null : fromJournal(row.output),
    error: row.error,
    startedAtMs: row.started_at_ms,
    endedAtMs: row.ended_at_ms,
  }
}
