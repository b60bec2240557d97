// A question to whoever sits at the keyboard.
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { throwIfCancelled } from '../kernel/errors.ts'

/** The two ends of a terminal that a person sits at. */
export interface Keyboard {
  readonly input: Readable & { readonly isTTY?: boolean }
  readonly output: Writable & { readonly isTTY?: boolean }
}

/**
 * The line typed in answer, trimmed; null where nobody can be asked, or where the input ends without one.
 * Throws `CANCELLED` if the signal fires before.
 */
export async function ask(question: string, { input, output }: Keyboard, signal: AbortSignal): Promise<string | null> {
  if (input.isTTY !== true || output.isTTY !== true) return null
  throwIfCancelled(signal)
  // Not as a terminal: Ctrl-C stays the signal that it is everywhere else.
  const lines = createInterface({ input, output, terminal: false })
  const { promise, resolve } = Promise.withResolvers<string | null>()
  const end = (): void => resolve(null)
  signal.addEventListener('abort', end, { once: true })
  lines.once('line', (line) => resolve(line.trim()))
  lines.once('close', end)
  output.write(question)
  try {
    const answer = await promise
    throwIfCancelled(signal)
    return answer
  } finally {
    signal.removeEventListener('abort', end)
    lines.close()
    input.pause()
  }
}
