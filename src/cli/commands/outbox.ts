// What people were told outside this terminal, and what still waits to be: `outbox`, `outbox send`, `outbox drop`.
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { countText } from '../../evaluation/figures.ts'
import { PlannedError, throwIfCancelled } from '../../kernel/errors.ts'
import type { Delivery, KeptNotice, Outbox, WaitingNotice } from '../../notify/port.ts'
import { defineCommand } from '../command.ts'
import { wholeNumber } from '../numbers.ts'
import { By, byOption, Why, whyOption } from '../reasons.ts'
import { wrapped } from '../table.ts'
import { timeText } from '../when.ts'

/** How many of those that were sent, and of those that were dropped, are listed. */
const LISTED = 20
/** How long the list waits for a delivery that is going on. */
const LIST_WAIT_MS = 2_000
/** How long `send` waits for another process that delivers. */
const SEND_WAIT_MS = 15_000
/** The setting that a channel is set by. */
const SETTING: Readonly<Record<string, string>> = { chat: 'NOTIFY_CHAT_URL' }

/** `understudy outbox` */
export const outboxCommand = defineCommand({
  name: 'outbox',
  summary: 'notices for channels outside: what waits and why, and what was sent',
  example: 'outbox',
  args: z.object({}),
  async run(_, { terminal, ...context }) {
    const { outbox } = await context.rooms()
    // The list is shown whatever comes of it, also of a home that can only be read.
    const delivered = outbox.deliver({ when: 'due', waitMs: LIST_WAIT_MS }).catch(() => undefined)
    await Promise.race([delivered, sleep(LIST_WAIT_MS, undefined, { ref: false })])
    const listed = list(await outbox.notices(), outbox)
    terminal.out(terminal.json ? JSON.stringify(listed) : listText(listed, terminal.columns).join('\n'))
  },
})

/** `understudy outbox send` */
export const sendOutboxCommand = defineCommand({
  name: 'outbox send',
  summary: 'try now to send what waits, whenever it was tried last',
  example: 'outbox send',
  args: z.object({}),
  async run(_, { terminal, signal, ...context }) {
    const { outbox } = await context.rooms()
    const deliveries = await outbox.deliver({ when: 'now', waitMs: SEND_WAIT_MS, signal })
    throwIfCancelled(signal)
    const { waiting } = list(await outbox.notices(), outbox)
    const unset = waiting.filter(({ channel }) => !outbox.channels.includes(channel))
    if (terminal.json) terminal.out(JSON.stringify({ channels: deliveries, waiting }))
    else terminal.out(sendText(deliveries, unset).join('\n'))
    if (waiting.length === 0) return
    throw new PlannedError('UNAVAILABLE', `${noticesText(waiting.length)} still ${verb(waiting.length)}`, {
      why:
        unset.length > 0 && unset.length === waiting.length ? 'the channel is not set' : 'a channel did not take them',
      next: './understudy outbox says what each waits for; nothing is lost',
    })
  },
})

/** `understudy outbox drop 3 --why "…"` */
export const dropOutboxCommand = defineCommand({
  name: 'outbox drop',
  summary: 'take a waiting notice out, so that it is not sent; it is kept, with who and why',
  example: "outbox drop 3 --why 'the chat refuses it'",
  positional: [['<id>', 'the number of the notice; ./understudy outbox lists them']],
  options: [whyOption, byOption],
  args: z.object({
    id: wholeNumber('is the number of a notice; ./understudy outbox lists them'),
    why: Why,
    by: By,
  }),
  async run({ id, why, by }, { terminal, user, ...context }) {
    const { outbox } = await context.rooms({ sendsNotices: false }) // least of all this one
    await outbox.drop(id, { by: by ?? user, why })
    const dropped = (await outbox.notices()).find((notice) => notice.id === id)
    terminal.out(terminal.json ? JSON.stringify(dropped) : `notice ${id} will not be sent: ${dropped?.text}`)
  },
})

interface Listed {
  /** The channels that are set. */
  readonly channels: readonly string[]
  /** In the order in which they go out, each with when that is. */
  readonly waiting: readonly (WaitingNotice & { readonly goesOut: string })[]
  /** The newest, as of those that were dropped; the last first. */
  readonly sent: readonly Extract<KeptNotice, { state: 'sent' }>[]
  readonly dropped: readonly Extract<KeptNotice, { state: 'dropped' }>[]
  readonly sentInAll: number
  readonly droppedInAll: number
}

function list(notices: readonly KeptNotice[], { channels }: Outbox): Listed {
  const waiting = notices
    .filter((notice) => notice.state === 'waiting')
    .map((notice) => ({ ...notice, goesOut: whenItGoesOut(notice, channels) }))
  const sent = notices
    .filter((notice) => notice.state === 'sent')
    .sort((a, b) => b.sentAtMs - a.sentAtMs || b.id - a.id)
  const dropped = notices.filter((notice) => notice.state === 'dropped').sort((a, b) => b.droppedAtMs - a.droppedAtMs)
  return {
    channels,
    waiting,
    sent: sent.slice(0, LISTED),
    dropped: dropped.slice(0, LISTED),
    sentInAll: sent.length,
    droppedInAll: dropped.length,
  }
}

function whenItGoesOut(notice: WaitingNotice, channels: readonly string[]): string {
  if (!channels.includes(notice.channel)) return `once ${SETTING[notice.channel] ?? notice.channel} is set`
  if (notice.behind !== null) return `after notice ${notice.behind}`
  if (notice.lastError === null) return 'with the next command'
  return `with the first command after ${timeText(notice.nextAttemptAtMs)}, or with ./understudy outbox send`
}

function listText(listed: Listed, columns: number): string[] {
  const { channels, waiting, sent, dropped } = listed
  if (waiting.length + sent.length + dropped.length === 0) {
    if (channels.length > 0) return [`nothing waits, and nothing was sent yet; set: ${channels.join(', ')}`]
    return wrapped(
      'no channel outside this terminal is set, and nothing waits. To have a chat told of every outcome, set NOTIFY_CHAT_URL and NOTIFY_CHANNEL in .env',
      columns,
    )
  }
  return [
    waiting.length === 0 ? 'nothing waits' : `${noticesText(waiting.length)} ${verb(waiting.length)} (times are UTC)`,
    ...waiting.flatMap((notice) => waitingText(notice, columns)),
    ...section(`sent${shownOf(sent.length, listed.sentInAll)}`, sent, ({ sentAtMs, channel, text, id }) => [
      `  ${id}  ${timeText(sentAtMs)}  ${channel}  ${text}`,
    ]),
    ...section(`dropped${shownOf(dropped.length, listed.droppedInAll)}`, dropped, (notice) => [
      `  ${notice.id}  ${timeText(notice.droppedAtMs)}  ${notice.channel}  ${notice.text}`,
      ...indented(`by ${notice.by}: ${notice.why}`, columns),
    ]),
  ]
}

function waitingText(notice: Listed['waiting'][number], columns: number): string[] {
  const { id, channel, postedAtMs, attempts, lastError, text } = notice
  const tried = attempts === 0 ? 'not tried yet' : attempts === 1 ? 'tried once' : `tried ${attempts} times`
  return [
    `  ${id}  ${channel}  ${text}`,
    ...indented(`since ${timeText(postedAtMs)}, ${tried}; goes out ${notice.goesOut}`, columns),
    ...(lastError === null ? [] : indented(lastError, columns)),
  ]
}

function section<Entry>(title: string, entries: readonly Entry[], lines: (entry: Entry) => string[]): string[] {
  return entries.length === 0 ? [] : ['', title, ...entries.flatMap(lines)]
}

function shownOf(shown: number, all: number): string {
  return shown < all ? ` (the last ${shown} of ${countText(all)})` : ''
}

function indented(text: string, columns: number): string[] {
  return wrapped(text, columns - 5).map((line) => `     ${line}`)
}

function sendText(deliveries: readonly Delivery[], unset: readonly WaitingNotice[]): string[] {
  const lines = deliveries.map(({ channel, sent, waiting, error }) => {
    if (waiting === 0) return `${channel}: ${sent === 0 ? 'nothing waits' : `${sent} sent`}`
    return `${channel}: ${sent} sent, ${waiting} ${verb(waiting)}: ${error ?? 'it was not reached'}`
  })
  for (const channel of new Set(unset.map((notice) => notice.channel))) {
    const count = unset.filter((notice) => notice.channel === channel).length
    lines.push(`${channel}: not set, ${count} ${verb(count)}; set ${SETTING[channel] ?? 'it'} in .env`)
  }
  return lines.length === 0 ? ['nothing waits'] : lines
}

function noticesText(count: number): string {
  return count === 1 ? '1 notice' : `${count} notices`
}

function verb(count: number): string {
  return count === 1 ? 'waits' : 'wait'
}
