// Long computations that stay good company: they let the event loop run, and stop when asked.
import { setImmediate } from 'node:timers/promises'
import { throwIfCancelled } from '../kernel/errors.ts'

/** Rows between two breaths: some 40 ms of training the taxi network. */
const ROWS_A_BREATH = 4_096

/**
 * Returns a function to await after every batch. Once in a few thousand rows it lets other work of this thread run (progress,
 * timers, the abort itself) and throws `CANCELLED` if the signal has fired.
 */
export function openPace(signal: AbortSignal | undefined): (rows: number) => Promise<void> {
  let rowsSince = 0
  return async (rows) => {
    rowsSince += rows
    if (rowsSince < ROWS_A_BREATH) return
    rowsSince = 0
    await breathe(signal)
  }
}

/** Lets other work of this thread run, and throws `CANCELLED` if the signal has fired. */
export async function breathe(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate()
  throwIfCancelled(signal)
}
