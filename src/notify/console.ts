// The channel that is always there: lines on whatever the program was given to write on.
import { messageOf, PlannedError } from '../kernel/errors.ts'
import type { Notifier } from './port.ts'

/**
 * Prints each notice as one line. Line breaks and control characters in it become spaces: what a project or a file is called
 * must not move a terminal's cursor. A writer that fails is `UNAVAILABLE`; the notices after it are still tried.
 */
export function consoleNotifier(write: (line: string) => void | Promise<void>): Notifier {
  let last: Promise<void> = Promise.resolve()
  return {
    channel: 'console',
    send({ text }) {
      const line = text.replaceAll(/\p{Cc}+/gu, ' ').trim()
      const sent = last
        .then(() => write(line))
        .catch((error: unknown) => {
          throw new PlannedError('UNAVAILABLE', `the console did not take "${line}": ${messageOf(error)}`, {
            cause: error,
          })
        })
      last = sent.catch(() => undefined) // the caller has the failure; the next notice only waits for its turn
      return sent
    },
  }
}
