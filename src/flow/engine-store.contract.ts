// What the laws of the Engine port are written with.
import { z } from 'zod'
import type { Json } from '../kernel/json.ts'
import { flow } from './flow.ts'
import type { Engine, Flow, FlowContext, FlowEvent } from './port.ts'

/** One store and the engines on it, which stand for processes. */
export interface EngineStore {
  /**
   * An engine that belongs to this process, to one of this machine that is `gone`, or to a live one `elsewhere`.
   * Tasks get `graceMs` (50 ms if absent) to stop. Its leases last `leaseMs` of the store's clock.
   */
  open(options?: { process?: 'gone' | 'elsewhere'; graceMs?: number }): Promise<Engine>
  readonly leaseMs: number
  advance(ms: number): void
}

/** What must be true of every adapter, by the sentence that says it; each law gets a fresh store. */
export type EngineLaws = Readonly<Record<string, (store: EngineStore) => Promise<void>>>

/** A flow without rooms that takes any JSON. */
export function flowOf<Output extends Json>(
  run: (context: FlowContext<null>, input: Json) => Promise<Output>,
  options: { name?: string; version?: number } = {},
): Flow<null, Json, Output> {
  return flow<null>()({ name: options.name ?? 'example', version: options.version ?? 1, input: z.json(), run })
}

/** Events as short words, `task-started a 1`, and a listener that gathers them. */
export function eventWords(): { words: string[]; onEvent: (event: FlowEvent) => void } {
  const words: string[] = []
  const onEvent = (event: FlowEvent): void => {
    const subject = 'task' in event ? [event.task] : []
    const detail = 'attempt' in event ? [event.attempt] : 'replayed' in event && event.replayed ? ['replayed'] : []
    words.push([event.kind, ...subject, ...detail].join(' '))
  }
  return { words, onEvent }
}

/** A promise that is kept when told to. */
export function gate(): { opened: Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: resolve }
}

/** Is kept when the signal fires. */
export function fired(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
