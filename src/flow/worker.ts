// Long, blocking work in a thread of its own, so that the thread that holds a run can go on renewing its lease.
import { type ResourceLimits, Worker } from 'node:worker_threads'
import { ERROR_CODES, messageOf, PlannedError, throwIfCancelled } from '../kernel/errors.ts'
import type { Json } from '../kernel/json.ts'
import { fromJournal, jsonText } from './journal-text.ts'
import type { FromThread, ThreadError, ThreadInput, ToThread } from './worker-thread.ts'

/** Ending a thread from outside while a native library works in it ends the process, so that only one that hangs is. */
const CANCEL_GRACE_MS = 4_000

export interface WorkerOptions {
  /** What the work is called in messages. */
  readonly name: string
  readonly signal?: AbortSignal
  /** What the module reports while it runs, in order. */
  readonly onMessage?: (message: Json) => void
  /** Limits of the thread's JavaScript heap; what typed arrays hold is not counted. */
  readonly resourceLimits?: ResourceLimits
  /** How long after a cancellation the thread may still end by itself; 4 s if absent. */
  readonly graceMs?: number
}

/**
 * Runs a module's exported `run(input, { report, signal })` (a `WorkerModule`) in a new thread and returns what it
 * returns.
 *
 * Throws  what `run` throws: planned errors with their code, message and facts, bugs as an Error with the thread's
 *          stack; `CANCELLED` (or the signal's own planned reason) once the thread has ended after `signal` fired;
 *          `BAD_INPUT` if the thread ran out of the memory it was allowed; an Error if it died or if the module has no
 *          `run`.
 */
export async function runInWorker(moduleUrl: URL, input: Json, options: WorkerOptions): Promise<Json> {
  const { name, signal, resourceLimits, graceMs = CANCEL_GRACE_MS } = options
  throwIfCancelled(signal)
  const workerData: ThreadInput = { moduleUrl: moduleUrl.href, input: jsonText(input, `the input of worker "${name}"`) }
  const worker = new Worker(new URL('./worker-thread.ts', import.meta.url), {
    name,
    workerData,
    ...(resourceLimits === undefined ? {} : { resourceLimits }),
  })
  let timer: NodeJS.Timeout | undefined
  const cancel = (): void => {
    worker.postMessage('cancel' satisfies ToThread)
    timer = setTimeout(() => void worker.terminate(), graceMs)
  }
  signal?.addEventListener('abort', cancel, { once: true })
  try {
    return fromJournal(await answerOf(worker, options))
  } catch (error) {
    throwIfCancelled(signal) // whatever it died of then, it was told to
    throw error
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', cancel)
    await worker.terminate()
  }
}

/** The first of: the module's output, its failure, the thread's death. */
function answerOf(worker: Worker, { name, onMessage }: WorkerOptions): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  worker.on('message', (message: FromThread) => {
    switch (message.kind) {
      case 'report':
        try {
          onMessage?.(fromJournal(message.text))
        } catch (error) {
          reject(error)
        }
        break
      case 'done':
        resolve(message.text)
        break
      case 'failed':
        reject(errorFromThread(name, message.error))
    }
  })
  worker.on('error', (error) => reject(deathOf(name, error)))
  worker.on('exit', (code) => reject(new Error(`worker "${name}" ended with exit code ${code} before it answered`)))
  return promise
}

function errorFromThread(name: string, { code, message, why, next, facts, stack }: ThreadError): Error {
  if (code !== null && code in ERROR_CODES) {
    return new PlannedError(code, message, {
      ...(why === null ? {} : { why }),
      ...(next === null ? {} : { next }),
      facts,
    })
  }
  const error = new Error(`worker "${name}" failed: ${message}`)
  if (stack !== null) error.stack = `${error.message}\n${stack}`
  return error
}

function deathOf(name: string, error: unknown): Error {
  if (error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return new PlannedError('BAD_INPUT', `worker "${name}" ran out of the memory it was allowed`, {
      next: 'allow it more, or give it less to hold at once',
      facts: { worker: name },
      cause: error,
    })
  }
  return new Error(`worker "${name}" crashed: ${messageOf(error)}`, { cause: error })
}
