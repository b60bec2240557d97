// The laws of the Outbox port. An adapter's test calls `outboxLaws` with a way to open outboxes over one fresh store.
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { KeptNotice, Notifier, Outbox } from './port.ts'
import { tellable } from './tellable.fixture.ts'

/** A store, and time that passes only when told to. Outboxes post within 200 ms, close within 100, and let an attempt take 400. */
export interface OutboxBed {
  /** Opens an outbox as another process would; closed at the end of the test at the latest. */
  open(channels: readonly Notifier[], shown?: string[]): Promise<Outbox>
  nowMs(): number
  passTime(ms: number): void
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

async function states(outbox: Outbox): Promise<string[]> {
  return (await outbox.notices()).map(({ text, state }) => `${text} ${state}`)
}

async function waiting(outbox: Outbox, text: string): Promise<Extract<KeptNotice, { state: 'waiting' }>> {
  const found = (await outbox.notices()).find((notice) => notice.text === text)
  if (found?.state !== 'waiting') throw new Error(`${text} does not wait`)
  return found
}

type Laws = Readonly<Record<string, (bed: OutboxBed) => Promise<void>>>

export function outboxLaws(open: () => Promise<OutboxBed>): void {
  describe.each(Object.entries({ posting, deliveringAgain, together, dropping }))('the Outbox port, %s', (_, laws) => {
    for (const [name, law] of Object.entries(laws)) test(name, async () => await law(await open()))
  })
}

const posting: Laws = {
  'a notice goes to the terminal and to every channel, once, however often it is posted': async (bed) => {
    const shown: string[] = []
    const [chat, mail] = [tellable('chat'), tellable('mail')]
    const outbox = await bed.open([chat, mail], shown)
    expect(await outbox.post('run/notify', { text: 'a' })).toEqual([])
    expect(await outbox.post('run/notify', { text: 'a' })).toEqual([])
    expect(await outbox.post('other/notify', { text: 'a' })).toEqual([])
    expect([shown, chat.arrived, mail.arrived]).toEqual([
      ['a', 'a'],
      ['a', 'a'],
      ['a', 'a'],
    ])
    expect(await outbox.notices()).toHaveLength(4)
  },

  'where no channel is set the terminal is told and nothing is kept': async (bed) => {
    const shown: string[] = []
    const outbox = await bed.open([], shown)
    expect(await outbox.post('k', { text: 'a' })).toEqual([])
    expect(shown).toEqual(['a'])
    expect(await outbox.notices()).toEqual([])
  },

  'a channel that refuses fails nothing, says why, and holds back no other channel': async (bed) => {
    const [chat, mail] = [tellable('chat'), tellable('mail')]
    chat.mode = 'refuse'
    const outbox = await bed.open([chat, mail])
    const untold = await outbox.post('k', { text: 'a' })
    expect(untold).toEqual([{ channel: 'chat', why: expect.stringContaining('chat is down') }])
    expect(mail.arrived).toEqual(['a'])
    expect(await waiting(outbox, 'a')).toMatchObject({ channel: 'chat', attempts: 1, lastError: 'chat is down' })
  },

  'a channel that never answers holds nobody up for longer than the bound': async (bed) => {
    const [chat, mail] = [tellable('chat'), tellable('mail')]
    chat.mode = 'hang'
    const outbox = await bed.open([chat, mail])
    const before = performance.now()
    expect(await outbox.post('k', { text: 'a' })).toMatchObject([{ channel: 'chat' }])
    await outbox[Symbol.asyncDispose]()
    expect(performance.now() - before).toBeLessThan(500) // 200 to post, 100 to close
    const later = await bed.open([])
    expect(await waiting(later, 'a')).toMatchObject({
      lastError: expect.stringContaining('before there was an answer'),
    })
  },

  'whoever is told to stop does not wait for an answer; what was posted is kept': async (bed) => {
    const chat = tellable()
    chat.mode = 'hang'
    const outbox = await bed.open([chat])
    const before = performance.now()
    await outbox.post('k', { text: 'a' }, { signal: AbortSignal.timeout(20) })
    expect(performance.now() - before).toBeLessThan(150)
    expect(await waiting(outbox, 'a')).toMatchObject({ attempts: 1 })
  },

  'an attempt that never ends is given up, and tried again later': async (bed) => {
    const chat = tellable()
    chat.mode = 'hang'
    const outbox = await bed.open([chat])
    await outbox.post('k', { text: 'a' })
    const deliveries = await outbox.deliver({ when: 'due', waitMs: 1_000 })
    expect(deliveries).toMatchObject([{ sent: 0, waiting: 1, error: 'no answer within 0.4 s' }])
    bed.passTime(HOUR_MS)
    chat.mode = 'take'
    expect(await outbox.deliver({ when: 'due' })).toMatchObject([{ sent: 1, waiting: 0, error: null }])
  },

  'a notice is kept as one line': async (bed) => {
    const chat = tellable()
    const outbox = await bed.open([chat])
    await outbox.post('k', { text: 'first\r\nsecond\u001b[2J ' })
    expect(chat.arrived).toEqual(['first second [2J'])
  },
}

const deliveringAgain: Laws = {
  'the oldest goes first, and one that cannot be sent holds back those behind it': async (bed) => {
    const chat = tellable()
    chat.mode = 'refuse'
    const outbox = await bed.open([chat])
    for (const text of ['a', 'b', 'c']) await outbox.post(text, { text })
    expect(chat.tried).toEqual(['a'])
    const [a, b] = [await waiting(outbox, 'a'), await waiting(outbox, 'b')]
    expect([a.behind, b.behind]).toEqual([null, a.id])
    chat.mode = 'take'
    bed.passTime(MINUTE_MS)
    expect(await outbox.deliver({ when: 'due' })).toMatchObject([{ sent: 3, waiting: 0 }])
    expect(chat.arrived).toEqual(['a', 'b', 'c'])
  },

  'it is tried less and less often, from a minute to six hours, and never given up': async (bed) => {
    const chat = tellable()
    chat.mode = 'refuse'
    const outbox = await bed.open([chat])
    await outbox.post('k', { text: 'a' })
    for (let attempt = 1; attempt <= 14; attempt++) {
      const { nextAttemptAtMs, attempts } = await waiting(outbox, 'a')
      expect(attempts).toBe(attempt)
      const pauseMs = nextAttemptAtMs - bed.nowMs()
      const longest = Math.min(MINUTE_MS * 2 ** (attempt - 1), 6 * HOUR_MS)
      expect(pauseMs).toBeGreaterThanOrEqual(longest / 2)
      expect(pauseMs).toBeLessThanOrEqual(longest)
      bed.passTime(pauseMs - 1)
      await outbox.deliver({ when: 'due' })
      expect(chat.tried).toHaveLength(attempt) // not before its time
      bed.passTime(1)
      await outbox.deliver({ when: 'due' })
      expect(chat.tried).toHaveLength(attempt + 1)
    }
  },

  'the next notice has it tried again at once, unless it failed within the last minute': async (bed) => {
    const chat = tellable()
    chat.mode = 'refuse'
    const outbox = await bed.open([chat])
    for (let hour = 0; hour < 12; hour++) {
      await outbox.post('a', { text: 'a' })
      bed.passTime(HOUR_MS)
    }
    const before = chat.tried.length
    chat.mode = 'take'
    await outbox.post('b', { text: 'b' })
    expect(chat.tried.length).toBe(before + 2)
    expect(chat.arrived).toEqual(['a', 'b'])
  },

  'told to deliver now, it waits for no time, and tries each channel once': async (bed) => {
    const chat = tellable()
    chat.mode = 'refuse'
    const outbox = await bed.open([chat])
    await outbox.post('a', { text: 'a' })
    bed.passTime(1)
    expect(await outbox.deliver({ when: 'now' })).toEqual([
      { channel: 'chat', sent: 0, waiting: 1, error: 'chat is down' },
    ])
    expect(chat.tried).toHaveLength(2)
    bed.passTime(1)
    const other = await bed.open([chat])
    await Promise.all([outbox, other].map((each) => each.deliver({ when: 'now', waitMs: 1_000 })))
    expect(chat.tried).toHaveLength(3) // what one of two that were told at once has tried, the other leaves alone
    chat.mode = 'take'
    bed.passTime(1)
    expect(await outbox.deliver({ when: 'now' })).toEqual([{ channel: 'chat', sent: 1, waiting: 0, error: null }])
  },

  'a channel that is not set any more keeps what it was owed, and has it once it is set, wherever it points by then':
    async (bed) => {
      const [chat, moved] = [tellable(), tellable()]
      chat.mode = 'refuse'
      await (await bed.open([chat])).post('a', { text: 'a' })
      const without = await bed.open([])
      bed.passTime(HOUR_MS)
      await without.post('b', { text: 'b' })
      expect(await without.deliver({ when: 'now' })).toEqual([])
      expect(await states(without)).toEqual(['a waiting'])
      await (await bed.open([moved])).deliver({ when: 'due' })
      expect(moved.arrived).toEqual(['a'])
    },

  'a clock that was set back holds nothing up': async (bed) => {
    const chat = tellable()
    chat.mode = 'refuse'
    const outbox = await bed.open([chat])
    await outbox.post('a', { text: 'a' })
    bed.passTime(-365 * 24 * HOUR_MS)
    chat.mode = 'take'
    await outbox.deliver({ when: 'due' })
    expect(chat.arrived).toEqual(['a'])
  },
}

const together: Laws = {
  'however many deliver at once, each notice is sent once and in order': async (bed) => {
    const chat = tellable()
    chat.mode = 'refuse'
    const first = await bed.open([chat])
    const texts = Array.from({ length: 20 }, (_, index) => `notice ${index}`)
    for (const text of texts) await first.post(text, { text })
    bed.passTime(MINUTE_MS)
    chat.mode = 'take'
    const outboxes = await Promise.all([1, 2, 3, 4].map(() => bed.open([chat])))
    const deliveries = await Promise.all(outboxes.map((outbox) => outbox.deliver({ when: 'now', waitMs: 2_000 })))
    expect(chat.arrived).toEqual(texts)
    expect(deliveries.flat().reduce((sum, { sent }) => sum + sent, 0)).toBe(20)
  },

  'what is posted while another one delivers is sent too, before whoever posted it goes on': async (bed) => {
    const chat = tellable()
    chat.mode = 'slow'
    const [one, two] = [await bed.open([chat]), await bed.open([chat])]
    const posted = await Promise.all([
      one.post('a', { text: 'a' }),
      sleep(10).then(() => two.post('b', { text: 'b' })),
      sleep(20).then(() => one.post('c', { text: 'c' })),
    ])
    expect(posted).toEqual([[], [], []])
    expect(chat.arrived).toEqual(['a', 'b', 'c'])
  },
}

const dropping: Laws = {
  'a notice that is dropped is not sent, is kept with who and why, and holds back nobody': async (bed) => {
    const chat = tellable()
    chat.mode = 'refuse'
    const outbox = await bed.open([chat])
    for (const text of ['a', 'b']) await outbox.post(text, { text })
    const { id } = await waiting(outbox, 'a')
    await outbox.drop(id, { by: 'ann', why: 'the chat chokes on it' })
    expect((await outbox.notices())[0]).toMatchObject({ state: 'dropped', by: 'ann', why: 'the chat chokes on it' })
    chat.mode = 'take'
    await outbox.deliver({ when: 'due' })
    expect(chat.arrived).toEqual(['b'])
    await expect(outbox.drop(id, { by: 'bob', why: 'x' })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('by ann: the chat chokes on it'),
    })
  },

  'what was sent cannot be dropped, nor what never was': async (bed) => {
    const outbox = await bed.open([tellable()])
    await outbox.post('a', { text: 'a' })
    const [{ id } = { id: 0 }] = await outbox.notices()
    await expect(outbox.drop(id, { by: 'ann', why: 'x' })).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(outbox.drop(id + 1, { by: 'ann', why: 'x' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  },

  'what is on its way is dropped only once it is known that it did not arrive': async (bed) => {
    const chat = tellable()
    chat.mode = 'slow'
    const outbox = await bed.open([chat])
    const posted = outbox.post('a', { text: 'a' })
    while (chat.tried.length === 0) await sleep(1)
    const [{ id } = { id: 0 }] = await outbox.notices()
    await expect(outbox.drop(id, { by: 'ann', why: 'x' })).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(await posted).toEqual([])
    chat.mode = 'hang'
    await outbox.post('b', { text: 'b' })
    await outbox.drop(id + 1, { by: 'ann', why: 'it hangs' })
    expect(await states(outbox)).toEqual(['a sent', 'b dropped'])
  },
}
