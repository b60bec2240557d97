// A module for the worker tests: what it does is its input.
import { setTimeout as sleep } from 'node:timers/promises'
import { PlannedError, throwIfCancelled } from '../kernel/errors.ts'
import type { Json } from '../kernel/json.ts'
import type { WorkerContext } from './worker-thread.ts'

export async function run(input: Json, { report, signal }: WorkerContext): Promise<Json> {
  switch (input) {
    case 'plan an error':
      throw new PlannedError('BAD_DATA', 'no rows in 2015-01', {
        why: 'the table is empty',
        next: 'import some',
        facts: { rows: 0 },
      })
    case 'have a bug':
      throw new TypeError('x is not a function')
    case 'crash':
      setTimeout(() => {
        throw new Error('out of a timer')
      })
      return new Promise(() => undefined)
    case 'exit':
      return process.exit(7)
    case 'listen':
      report('listening')
      for (;;) {
        throwIfCancelled(signal)
        await sleep(1)
      }
    case 'block':
      report('blocking')
      for (;;);
    case 'hoard': {
      const hoard: object[] = []
      for (;;) hoard.push(new Array(1_000).fill(hoard.length))
    }
    case 'return a date':
      return new Date(0) as unknown as Json // what types forbid, a cast lets in
    default:
      report({ step: 1 })
      report({ step: 2 })
      return { got: input }
  }
}
