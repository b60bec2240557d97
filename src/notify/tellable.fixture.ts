// A channel for tests, in place of one that is far away.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Notifier } from './port.ts'

/** A channel that does as it is told, and remembers. */
interface Tellable extends Notifier {
  readonly arrived: string[]
  readonly tried: string[]
  /** `slow` takes 30 ms; `hang` never answers, and does not listen to its signal either. */
  mode: 'take' | 'refuse' | 'slow' | 'hang'
}

export function tellable(channel = 'chat'): Tellable {
  const made: Tellable = {
    channel,
    arrived: [],
    tried: [],
    mode: 'take',
    async send({ text }) {
      made.tried.push(text)
      if (made.mode === 'hang') return await new Promise(() => undefined)
      if (made.mode === 'refuse') throw new Error(`${channel} is down`)
      if (made.mode === 'slow') await sleep(30)
      made.arrived.push(text)
    },
  }
  return made
}
