// The process that makes the load (http-load.ts), as an object to hand jobs to.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Job, Measured } from './http-load.ts'

export interface Load extends Disposable {
  /** Throws what a server answered if that was no success. */
  run(job: Job): Promise<Measured>
}

export function openLoad(): Load {
  const path = fileURLToPath(new URL('./http-load.ts', import.meta.url))
  const child = fork(path, { execArgv: ['--disable-warning=ExperimentalWarning'] })
  return {
    run: (job) =>
      new Promise((resolve, reject) => {
        child.once('message', (told: { measured?: Measured; failed?: string }) =>
          told.measured === undefined ? reject(new Error(told.failed)) : resolve(told.measured),
        )
        child.send(job)
      }),
    [Symbol.dispose]: () => void child.kill(),
  }
}
