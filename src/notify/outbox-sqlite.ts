// The outbox on a SQL database that several processes share: notices are kept first, and delivered by whoever comes by.
import { setTimeout as sleep } from 'node:timers/promises'
import { migrate } from '../database/migrations.ts'
import type { Database } from '../database/port.ts'
import { currentOwner, type Owner } from '../flow/owner.ts'
import type { Clock } from '../kernel/clock.ts'
import { messageOf, PlannedError } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import { type Random, seededRandom } from '../kernel/random.ts'
import { oneLine } from './in-turn.ts'
import { type Eagerness, type Hold, noticesOf, type OutboxRows, outboxRows } from './outbox-rows.ts'
import { OUTBOX_LEDGER, OUTBOX_MIGRATIONS, type OutboxSchema } from './outbox-schema.ts'
import type { Delivery, Notifier, Outbox, Untold } from './port.ts'

export interface SqliteOutboxOptions {
  /** The one beside the journal; whoever opened it closes it, after the outbox. */
  readonly database: Database<OutboxSchema>
  readonly clock: Clock
  /** What is posted here is about it. */
  readonly project: string
  /** The terminal at hand: told at once, and never again. */
  readonly console: Notifier
  /** The outside channels that are set, each of another name. */
  readonly channels: readonly Notifier[]
  /** Takes a line for whoever is watching: somebody could not be told. */
  readonly warn?: (line: string) => void
  /** Draws the jitter of the pauses. The rest is for tests: who this process claims to be, and shorter waits. */
  readonly random?: Random
  readonly owner?: Owner
  /** How long posting waits for a delivery. A little more than a chat's own time-out, so that its answer is known. */
  readonly postWaitMs?: number
  /** How long closing waits for one. */
  readonly closeWaitMs?: number
  /** How long a channel stays its deliverer's without a sign of life. */
  readonly leaseMs?: number
  /** How long one attempt may take, whatever the channel says of itself. Less than a lease. */
  readonly attemptMs?: number
}

/** How often a delivery looks whether the channel is free. */
const POLL_MS = 50

/** Opens it, and makes its tables if absent. Throws as `migrate` does. */
export async function openSqliteOutbox(options: SqliteOutboxOptions): Promise<Outbox> {
  const { database, clock, channels, postWaitMs = 5_500, closeWaitMs = 2_000, leaseMs = 15_000 } = options
  await migrate(database, OUTBOX_LEDGER, OUTBOX_MIGRATIONS)
  const owner = options.owner ?? currentOwner()
  const random = options.random ?? seededRandom(process.pid, clock.nowMs())
  const rows = outboxRows({ database, project: options.project, clock, random, owner, leaseMs })
  const closing = new AbortController()
  const live = new Set<Promise<unknown>>()
  const shown = new Set<string>()
  const deliver = (eagerness: Eagerness, waitMs: number, signal?: AbortSignal): Promise<readonly Delivery[]> => {
    const stop = signal === undefined ? closing.signal : AbortSignal.any([closing.signal, signal])
    const setup = { rows, eagerness, waitMs, stop, attemptMs: options.attemptMs ?? 10_000 }
    const work = Promise.all(channels.map((notifier) => deliverChannel(setup, notifier)))
    live.add(work)
    return work.finally(() => live.delete(work))
  }
  return {
    channels: channels.map(({ channel }) => channel),
    async post(key, notice, { signal } = {}) {
      const text = oneLine(notice.text)
      const names = channels.map(({ channel }) => channel)
      if (names.length > 0) await rows.put(key, names, text)
      const untold = shown.has(key) ? [] : await tell(options.console, text)
      shown.add(key)
      if (names.length > 0) {
        const work = deliver({ kind: 'fresh' }, postWaitMs).catch((error: unknown) => options.warn?.(messageOf(error)))
        await within(work, postWaitMs, signal)
        untold.push(...(await untoldOf(rows, key)))
      }
      for (const { channel, why } of untold) options.warn?.(`${channel} was not told yet: ${why}`)
      return untold
    },
    deliver: ({ when, waitMs = 0, signal }) =>
      deliver(when === 'due' ? { kind: 'due' } : { kind: 'now', sinceMs: clock.nowMs() }, waitMs, signal),
    notices: async () => noticesOf(await rows.read()),
    drop: (id, reason) => drop(rows, id, reason, leaseMs),
    async [Symbol.asyncDispose]() {
      await within(Promise.allSettled(live), closeWaitMs)
      closing.abort()
      await Promise.allSettled(live)
    },
  }
}

async function tell(console: Notifier, text: string): Promise<Untold[]> {
  try {
    await console.send({ text })
    return []
  } catch (error) {
    return [{ channel: console.channel, why: messageOf(error) }]
  }
}

/** Waits for work, but not longer than that, nor past the signal; the work goes on. */
async function within(work: Promise<unknown>, waitMs: number, signal?: AbortSignal): Promise<void> {
  const over = new AbortController()
  const stop = signal === undefined ? over.signal : AbortSignal.any([over.signal, signal])
  const pause = sleep(waitMs, undefined, { signal: stop }).catch(() => undefined)
  await Promise.race([work, pause])
  over.abort()
}

async function untoldOf(rows: OutboxRows, key: string): Promise<Untold[]> {
  const posted = (await rows.read(key)).map(({ id }) => id)
  return noticesOf(await rows.read()).flatMap((notice) => {
    if (notice.state !== 'waiting' || !posted.includes(notice.id)) return []
    const { channel, behind, lastError } = notice
    const why = behind !== null ? `notice ${behind} goes first` : (lastError ?? 'it has not answered yet')
    return [{ channel, why: `${why}. It is kept, and later commands try again; see ./understudy outbox` }]
  })
}

interface DeliverySetup {
  readonly rows: OutboxRows
  readonly eagerness: Eagerness
  readonly waitMs: number
  readonly stop: AbortSignal
  readonly attemptMs: number
}

/** Sends a channel's notices, oldest first, until none is left, one fails, or it is told to stop. */
async function deliverChannel(setup: DeliverySetup, notifier: Notifier): Promise<Delivery> {
  const { rows, eagerness, stop } = setup
  const { channel } = notifier
  const hold: Hold = { channel, token: newId() }
  const deadline = performance.now() + setup.waitMs
  let sent = 0
  if ((await rows.countWaiting(channel)) === 0) return { channel, sent, waiting: 0, error: null }
  try {
    while (!stop.aborted) {
      const step = await rows.next(hold, eagerness)
      if (step.kind === 'done') return { channel, sent, waiting: step.waiting, error: step.oldest?.last_error ?? null }
      if (step.kind === 'held') {
        if (performance.now() >= deadline) break
        await sleep(POLL_MS, undefined, { signal: stop }).catch(() => undefined)
        continue
      }
      const error = await attempt(notifier, step.notice.text, setup)
      if (error === null) await rows.sent(step.notice.id)
      else await rows.failed(hold, step.notice, error)
      if (error !== null) return { channel, sent, waiting: await rows.countWaiting(channel), error }
      sent++
    }
  } finally {
    await rows.release(hold)
  }
  const error = stop.aborted ? 'it was stopped' : 'another process is delivering to it'
  return { channel, sent, waiting: await rows.countWaiting(channel), error }
}

/** One attempt: null if it was taken, otherwise why not. One that does not listen to its signal is left behind. */
async function attempt(notifier: Notifier, text: string, { stop, attemptMs }: DeliverySetup): Promise<string | null> {
  const limit = new AbortController()
  const signal = AbortSignal.any([stop, limit.signal])
  const { promise: stopped, resolve } = Promise.withResolvers<string>()
  const onStop = (): void =>
    resolve(stop.aborted ? 'the command ended before there was an answer' : `no answer within ${attemptMs / 1000} s`)
  if (signal.aborted) onStop()
  else signal.addEventListener('abort', onStop, { once: true })
  const timer = setTimeout(() => limit.abort(), attemptMs)
  try {
    return await Promise.race([notifier.send({ text }, { signal }).then(() => null, messageOf), stopped])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onStop)
  }
}

async function drop(rows: OutboxRows, id: number, reason: { by: string; why: string }, waitMs: number): Promise<void> {
  const deadline = performance.now() + waitMs
  for (;;) {
    const { row, isOnItsWay } = await rows.drop(id, reason)
    if (row.state === 'waiting' && !isOnItsWay) return
    if (row.state === 'sent') {
      const at = new Date(row.ended_at_ms ?? 0).toISOString()
      throw new PlannedError('CONFLICT', `notice ${id} was sent to ${row.channel}`, {
        why: `that was at ${at}, and what was sent cannot be taken back`,
        next: './understudy outbox lists what still waits',
      })
    }
    if (row.state === 'dropped') {
      throw new PlannedError('CONFLICT', `notice ${id} was dropped before`, {
        why: `by ${row.dropped_by}: ${row.dropped_why}`,
        next: './understudy outbox lists what still waits',
      })
    }
    if (performance.now() >= deadline) {
      throw new PlannedError('CONFLICT', `notice ${id} is on its way to ${row.channel}`, {
        why: 'it is not known yet whether it arrived',
        next: 'see ./understudy outbox in a moment',
      })
    }
    await sleep(POLL_MS) // an attempt is short: then it is known
  }
}
