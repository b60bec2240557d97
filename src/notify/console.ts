// The channel that is always there: lines on whatever the program was given to write on.
import { messageOf, PlannedError } from '../kernel/errors.ts'
import { inTurn, oneLine } from './in-turn.ts'
import type { Notifier } from './port.ts'

/** Prints each notice as one line. A writer that fails is `UNAVAILABLE`; the notices after it are still tried. */
export function consoleNotifier(write: (line: string) => void | Promise<void>): Notifier {
  const next = inTurn()
  return {
    channel: 'console',
    async send({ text }) {
      const line = oneLine(text)
      try {
        await next(() => write(line))
      } catch (error) {
        const what = `the console did not take "${line}"`
        throw new PlannedError('UNAVAILABLE', what, {
          why: messageOf(error),
          next: 'see where the output of this program goes',
          cause: error,
        })
      }
    },
  }
}
