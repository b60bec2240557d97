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
}

export function notifierContract(open: () => NotifierHarness): void {
  describe('the Notifier port', () => {
    test('a notice arrives as it was written, once', async () => {
      const { notifier, arrived } = open()
      await notifier.send({ text: '🚀 sent – "quoted", 2.13 $' })
      expect(arrived()).toEqual(['🚀 sent – "quoted", 2.13 $'])
    })

    test('notices arrive in the order they were sent, without waiting for each', async () => {
      const { notifier, arrived } = open()
      const texts = Array.from({ length: 20 }, (_, index) => `notice ${index}`)
      await Promise.all(texts.map((text) => notifier.send({ text })))
      expect(arrived()).toEqual(texts)
    })

    test('a notice is one line, whatever its text', async () => {
      const { notifier, arrived } = open()
      await notifier.send({ text: 'first\r\nsecond\tthird\u001b[2J\n' })
      expect(arrived()).toEqual(['first second third [2J'])
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
  })
}
