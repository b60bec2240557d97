// What the outbox writes and reads: each step a delivery takes is one transaction.
import type { Transaction } from 'kysely'
import type { Database } from '../database/port.ts'
import { isGone, type Owner } from '../flow/owner.ts'
import type { Clock } from '../kernel/clock.ts'
import { PlannedError, unreachable } from '../kernel/errors.ts'
import type { Random } from '../kernel/random.ts'
import type { ChannelRow, NoticeRow, OutboxSchema } from './outbox-schema.ts'
import type { KeptNotice } from './port.ts'

const FIRST_PAUSE_MS = 60_000
const LONGEST_PAUSE_MS = 6 * 60 * 60_000

/** How eagerly: what is due; what did not fail within the last minute; or whatever did not fail since this moment. */
export type Eagerness = { readonly kind: 'due' | 'fresh' } | { readonly kind: 'now'; readonly sinceMs: number }

/** What a delivery is to do next. A channel that somebody else delivers to is `held`. */
type NextStep =
  | { readonly kind: 'send'; readonly notice: NoticeRow }
  | { readonly kind: 'held' }
  | { readonly kind: 'done'; readonly waiting: number; readonly oldest: NoticeRow | null }

/** One delivery to one channel. */
export interface Hold {
  readonly channel: string
  readonly token: string
}

export interface OutboxRows {
  /** One row for each channel, where there is none yet. */
  put(key: string, channels: readonly string[], text: string): Promise<void>
  /** Of one occasion, or all, in the order in which they were posted. */
  read(key?: string): Promise<readonly NoticeRow[]>
  countWaiting(channel: string): Promise<number>
  /** Takes or keeps the channel and names its oldest notice, if it may be tried; gives the channel free otherwise. */
  next(hold: Hold, eagerness: Eagerness): Promise<NextStep>
  /** Whoever holds the channel by now: it was taken, and must not be sent again. */
  sent(id: number): Promise<void>
  /** Puts the next attempt off, and gives the channel free. */
  failed(hold: Hold, notice: NoticeRow, error: string): Promise<void>
  release(hold: Hold): Promise<void>
  /** The notice as it was before; it is dropped now if it was waiting, and nobody is just sending it. */
  drop(id: number, reason: { by: string; why: string }): Promise<{ row: NoticeRow; isOnItsWay: boolean }>
}

export interface RowsSetup {
  readonly database: Database<OutboxSchema>
  readonly project: string
  readonly clock: Clock
  readonly random: Random
  readonly owner: Owner
  readonly leaseMs: number
}

type Trx = Transaction<OutboxSchema>

export function outboxRows(setup: RowsSetup): OutboxRows {
  const { database, clock } = setup
  const reader = database.sql
  return {
    put: (key, channels, text) => database.transaction((trx) => put(trx, setup, key, channels, text)),
    read(key) {
      const query = reader.selectFrom('outbox_notices').selectAll().orderBy('id')
      return (key === undefined ? query : query.where('key', '=', key)).execute()
    },
    async countWaiting(channel) {
      const waiting = reader.selectFrom('outbox_notices').where('state', '=', 'waiting')
      const mine = waiting.where('channel', '=', channel).select((count) => count.fn.countAll<number>().as('rows'))
      return (await mine.executeTakeFirstOrThrow()).rows
    },
    next: (hold, eagerness) => database.transaction((trx) => next(trx, setup, hold, eagerness)),
    async sent(id) {
      const ended = { state: 'sent', ended_at_ms: clock.nowMs(), dropped_by: null, dropped_why: null } as const
      await reader.updateTable('outbox_notices').set(ended).where('id', '=', id).execute()
    },
    failed: (hold, notice, error) =>
      database.transaction(async (trx) => {
        await free(trx, hold)
        await putOff(trx, setup, notice, error)
      }),
    release: (hold) => database.transaction((trx) => free(trx, hold)),
    drop: (id, reason) => database.transaction((trx) => drop(trx, setup, id, reason)),
  }
}

async function put(trx: Trx, setup: RowsSetup, key: string, channels: readonly string[], text: string): Promise<void> {
  const nowMs = setup.clock.nowMs()
  for (const channel of channels) {
    await trx
      .insertInto('outbox_notices')
      .values({
        ...{ key, project: setup.project, channel, text, state: 'waiting', posted_at_ms: nowMs, attempts: 0 },
        ...{ failed_at_ms: null, next_attempt_at_ms: nowMs, last_error: null },
        ...{ ended_at_ms: null, dropped_by: null, dropped_why: null },
      })
      .onConflict((conflict) => conflict.columns(['key', 'channel']).doNothing())
      .execute()
  }
}

async function next(trx: Trx, setup: RowsSetup, hold: Hold, eagerness: Eagerness): Promise<NextStep> {
  const { owner, leaseMs } = setup
  const nowMs = setup.clock.nowMs()
  const holder = await holderOf(trx, hold.channel)
  if (holder !== undefined && holder.token !== hold.token && isLive(holder, setup, nowMs)) return { kind: 'held' }
  const line = await trx
    .selectFrom('outbox_notices')
    .selectAll()
    .where('state', '=', 'waiting')
    .where('channel', '=', hold.channel)
    .orderBy('id')
    .execute()
  const [oldest] = line
  if (oldest === undefined || !mayTry(oldest, eagerness, nowMs)) {
    // In the transaction that saw nothing to do: whoever posts after it finds the channel free.
    await trx.deleteFrom('outbox_channels').where('channel', '=', hold.channel).execute()
    return { kind: 'done', waiting: line.length, oldest: oldest ?? null }
  }
  const taken: Omit<ChannelRow, 'channel'> = {
    ...{ token: hold.token, sending: oldest.id, lease_until_ms: nowMs + leaseMs },
    ...{ owner_machine: owner.machine, owner_pid: owner.pid, owner_started: owner.started },
  }
  await trx
    .insertInto('outbox_channels')
    .values({ channel: hold.channel, ...taken })
    .onConflict((conflict) => conflict.column('channel').doUpdateSet(taken))
    .execute()
  const attempts = oldest.attempts + 1
  await trx.updateTable('outbox_notices').set({ attempts }).where('id', '=', oldest.id).execute()
  return { kind: 'send', notice: { ...oldest, attempts } }
}

function holderOf(trx: Trx, channel: string): Promise<ChannelRow | undefined> {
  return trx.selectFrom('outbox_channels').selectAll().where('channel', '=', channel).executeTakeFirst()
}

/** A lease that ends later than any can was given before the clock was set back. */
function isLive(holder: ChannelRow, { leaseMs }: RowsSetup, nowMs: number): boolean {
  if (nowMs >= holder.lease_until_ms || holder.lease_until_ms - nowMs > leaseMs) return false
  return !isGone({ machine: holder.owner_machine, pid: holder.owner_pid, started: holder.owner_started })
}

function mayTry(notice: NoticeRow, eagerness: Eagerness, nowMs: number): boolean {
  const { failed_at_ms: failedAtMs, next_attempt_at_ms: nextAtMs } = notice
  if (failedAtMs === null) return true
  if (eagerness.kind === 'now') return failedAtMs < eagerness.sinceMs
  if (nowMs >= nextAtMs || nextAtMs - nowMs > LONGEST_PAUSE_MS) return true // the clock was set back
  return eagerness.kind === 'fresh' && nowMs - failedAtMs >= FIRST_PAUSE_MS
}

/** Gives the channel free, if it is still this delivery's. */
async function free(trx: Trx, { channel, token }: Hold): Promise<void> {
  await trx.deleteFrom('outbox_channels').where('channel', '=', channel).where('token', '=', token).execute()
}

async function putOff(trx: Trx, { clock, random }: RowsSetup, notice: NoticeRow, error: string): Promise<void> {
  const nowMs = clock.nowMs()
  const put = { failed_at_ms: nowMs, next_attempt_at_ms: nowMs + pauseMs(notice.attempts, random), last_error: error }
  const rows = trx.updateTable('outbox_notices').set(put).where('id', '=', notice.id)
  await rows.where('state', '=', 'waiting').execute()
}

/** Doubles with each attempt, from half to all of it. */
function pauseMs(attempts: number, random: Random): number {
  const longest = Math.min(FIRST_PAUSE_MS * 2 ** (attempts - 1), LONGEST_PAUSE_MS)
  return Math.round(longest * (0.5 + random.uniform() / 2))
}

async function drop(
  trx: Trx,
  setup: RowsSetup,
  id: number,
  { by, why }: { by: string; why: string },
): Promise<{ row: NoticeRow; isOnItsWay: boolean }> {
  const row = await trx.selectFrom('outbox_notices').selectAll().where('id', '=', id).executeTakeFirst()
  if (row === undefined) {
    throw new PlannedError('NOT_FOUND', `there is no notice ${id}`, { next: './understudy outbox lists them' })
  }
  const nowMs = setup.clock.nowMs()
  const holder = await holderOf(trx, row.channel)
  const isOnItsWay = holder?.sending === id && isLive(holder, setup, nowMs) && row.state === 'waiting'
  if (row.state === 'waiting' && !isOnItsWay) {
    const dropped = { state: 'dropped', ended_at_ms: nowMs, dropped_by: by, dropped_why: why } as const
    await trx.updateTable('outbox_notices').set(dropped).where('id', '=', id).execute()
  }
  return { row, isOnItsWay }
}

/** Rows as notices; all of them are needed to say who waits behind whom. */
export function noticesOf(rows: readonly NoticeRow[]): readonly KeptNotice[] {
  const heads = new Map<string, number>()
  return rows.map((row) => {
    const kept = {
      ...{ id: row.id, project: row.project, channel: row.channel, text: row.text, postedAtMs: row.posted_at_ms },
      ...{ attempts: row.attempts, lastError: row.last_error },
    }
    const endedAtMs = row.ended_at_ms ?? 0 // the table's checks: it is there in all states but waiting, as are by and why of what was dropped
    switch (row.state) {
      case 'waiting': {
        const behind = heads.get(row.channel) ?? null
        if (behind === null) heads.set(row.channel, row.id)
        return { ...kept, state: 'waiting', nextAttemptAtMs: row.next_attempt_at_ms, behind }
      }
      case 'sent':
        return { ...kept, state: 'sent', sentAtMs: endedAtMs }
      case 'dropped':
        return {
          ...kept,
          state: 'dropped',
          droppedAtMs: endedAtMs,
          by: row.dropped_by ?? '',
          why: row.dropped_why ?? '',
        }
      default:
        return unreachable(row.state)
    }
  })
}
