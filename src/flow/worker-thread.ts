// The other end of `worker.ts`: what runs first in the thread. It imports the module, hands it the input and posts
// what comes of it.
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { type ErrorCode, isPlanned, messageOf, type PlannedError, stoppedOnRequest } from '../kernel/errors.ts'
import type { Json } from '../kernel/json.ts'
import { fromJournal, jsonText } from './journal-text.ts'

export interface ThreadInput {
  readonly moduleUrl: string
  /** JSON. */
  readonly input: string
}

export type ToThread = 'cancel'

export type FromThread =
  | { readonly kind: 'report' | 'done'; readonly text: string }
  | { readonly kind: 'failed'; readonly error: ThreadError }

/** A thrown value as it crosses: a class does not survive the way. `code` is null for a bug. */
export interface ThreadError {
  readonly code: ErrorCode | null
  /** What happened, of a planned error; else the whole message. */
  readonly message: string
  readonly why: string | null
  readonly next: string | null
  readonly facts: PlannedError['facts']
  readonly stack: string | null
}

/** What a module that `runInWorker` is given must export. */
export interface WorkerModule {
  run(input: Json, context: WorkerContext): Promise<Json>
}

export interface WorkerContext {
  /** Sends something to whoever started the work. */
  report(message: Json): void
  /**
   * Fires on cancellation, when the module next lets the event loop turn. Should it not end, it is ended from
   * outside.
   */
  readonly signal: AbortSignal
}

if (!isMainThread && parentPort !== null) {
  const port = parentPort
  const post = (message: FromThread): void => port.postMessage(message)
  const cancellation = new AbortController()
  port.on('message', (_: ToThread) => {
    cancellation.abort(stoppedOnRequest())
  })
  const { moduleUrl, input }: ThreadInput = workerData
  try {
    const text = await runModule(moduleUrl, input, {
      report: (message) => post({ kind: 'report', text: jsonText(message, 'a report') }),
      signal: cancellation.signal,
    })
    post({ kind: 'done', text })
  } catch (error) {
    post({ kind: 'failed', error: threadError(error) })
  }
}

async function runModule(moduleUrl: string, input: string, context: WorkerContext): Promise<string> {
  const module: Partial<WorkerModule> = await import(moduleUrl)
  if (typeof module.run !== 'function') throw new Error(`${moduleUrl} exports no function named run`)
  return jsonText(await module.run(fromJournal(input), context), 'the output')
}

function threadError(error: unknown): ThreadError {
  const stack = error instanceof Error ? (error.stack ?? null) : null
  if (!isPlanned(error)) return { code: null, message: messageOf(error), why: null, next: null, facts: {}, stack }
  const { code, what, why, next, facts } = error
  return { code, message: what, why, next, facts, stack }
}
