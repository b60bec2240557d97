// The laws of the Notifier port. Every adapter's test calls this.
import { describe, expect, test } from 'vitest'
import { isPlanned } from '../kernel/errors.ts'
import type { Notifier } from './port.ts'

/** A channel under test: what arrived at its far end, and how that end behaves. */
export interface NotifierHarness {
  readonly notifier: Notifier
  arrived(): readonly string[]
  /** Makes the far end refuse the next notice. */
  refuseNext(): void
  /** Makes the far end never answer the next notice; null where it is at hand, so that nothing can come between. */
  readonly hangNext: (() => void) | null
}

export function notifierContract(open: () => NotifierHarness): void {
  describe('the Notifier port', () => {
    test('a notice arrives as it was written, once', async () => {
      const { notifier, arrived } = open()
      await notifier.send({ text: '🚀 sent – "quoted", 2.13 $ & 100 % = a+b' })
      expect(arrived()).toEqual(['🚀 sent – "quoted", 2.13 $ & 100 % = a+b'])
    })

    test('notices arrive in the order they were sent, without waiting for each', async () => {
      const { notifier, arrived } = open()
      const texts = Array.from({ length: 20 }, (_, index) => `notice ${index}`)
      await Promise.all(texts.map((text) => notifier.send({ text })))
      expect(arrived()).toEqual(texts)
    })

    test('a notice is one line, whatever its text', async () => {
      const { notifier, arrived } = open()
      await notifier.send({ text: 'first\r\nsecond\tthird\u001b[2J\u2028fourth\n' })
      expect(arrived()).toEqual(['first second third [2J fourth'])
    })

    test('a notice that cannot be sent is UNAVAILABLE and names its channel; the next one arrives', async () => {
      const { notifier, arrived, refuseNext } = open()
      refuseNext()
      const failed = await notifier.send({ text: 'lost' }).catch((error: unknown) => error)
      expect(isPlanned(failed, 'UNAVAILABLE')).toBe(true)
      expect(String(failed)).toContain(notifier.channel)
      await notifier.send({ text: 'next' })
      expect(arrived()).toEqual(['next'])
    })

    test('an attempt that is stopped is UNAVAILABLE, at once; the next one arrives', async () => {
      const { notifier, arrived, hangNext } = open()
      if (hangNext === null) return
      hangNext()
      const stop = new AbortController()
      const sent = notifier.send({ text: 'stuck' }, { signal: stop.signal }).catch((error: unknown) => error)
      const next = notifier.send({ text: 'next' })
      await new Promise((resolve) => setTimeout(resolve, 100)) // it is at the far end by then
      stop.abort()
      expect(isPlanned(await sent, 'UNAVAILABLE')).toBe(true)
      await next
      expect(arrived()).toEqual(['next'])
    })
  })
}
