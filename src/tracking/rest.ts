// A small client of MLflow's REST interface: who asks, how long an answer may take, and what comes of a question that was lost on the way.
// A question that is lost may have been answered all the same: only what changes nothing the second time is simply asked again.
import { setTimeout as sleep } from 'node:timers/promises'
import type { z } from 'zod'
import { PlannedError } from '../kernel/errors.ts'
import { type Door, openDoor, type ServerAddress } from './rest-address.ts'
import { type Answer, isCertificateFault, lost, notData, refused } from './rest-errors.ts'

/** How much is put up with. */
export interface Patience {
  /** How often something is asked at the most. */
  readonly tries: number
  /** Before the second try; twice as long before each further one, with a random part taken off. */
  readonly firstWaitMs: number
  readonly longestWaitMs: number
  /** How long nothing may come. */
  readonly timeoutMs: number
}

export const PATIENCE: Patience = { tries: 6, firstWaitMs: 500, longestWaitMs: 15_000, timeoutMs: 60_000 }
/** The longest that a server's own `Retry-After` is heeded. */
const LONGEST_ASKED_WAIT_MS = 60_000
/** Slower than this, an upload counts as stuck. */
const SLOWEST_BYTES_PER_MS = 50

type Query = Readonly<Record<string, string | number>>
type Shape<T> = z.ZodType<T>

export interface Rest {
  readonly door: Door
  /** Reads JSON; `path` as MLflow documents it: `runs/get`, or with a slash before it from the server's root on. */
  get<T>(path: string, query: Query, shape: Shape<T>): Promise<T>
  /** Asks something that changes nothing the second time: a search, a tag, the points of a metric. */
  post<T>(path: string, body: object, shape: Shape<T>): Promise<T>
  /** The same with another method. */
  send<T>(method: 'PATCH' | 'DELETE', path: string, body: object, shape: Shape<T>): Promise<T>
  /** Makes something, once: before it is asked again, `find` looks whether the try that was lost has made it. */
  create<T>(path: string, body: object, shape: Shape<T>, find: () => Promise<T | null>): Promise<T>
  /** A path of the server itself: `/version`. Null if there is none. */
  text(path: string): Promise<string | null>
  download(path: string): Promise<Uint8Array>
  upload(path: string, bytes: Uint8Array): Promise<void>
  /** Gives up whatever is being asked: nobody waits for it any more, and it would keep the process from ending. */
  close(): void
}

/** What questions go over: to whom, for how long, and until when. */
interface Line {
  readonly door: Door
  readonly patience: Patience
  readonly closed: AbortSignal
}

interface Question {
  readonly method: string
  readonly path: string
  readonly body?: string | Uint8Array
  readonly type?: string
}

/**
 * A client of the server at an address. Nothing is asked before the first question.
 *
 * Throws, when asked: `UNAVAILABLE` if nothing answers, or nothing sound, however often it is asked; `BAD_INPUT` for an address that is no
 * MLflow server's or does not let this one in; `NOT_FOUND`, `CONFLICT` and `BAD_INPUT` for what MLflow itself refuses, with its code in
 * `facts.errorCode`; `BAD_DATA` for an answer of another shape; `CANCELLED` once it is closed.
 */
export function openRest(address: ServerAddress, patience: Patience = PATIENCE): Rest {
  const door = openDoor(address)
  const closing = new AbortController()
  const line: Line = { door, patience, closed: closing.signal }
  const json = async <T>(question: Question, shape: Shape<T>, find?: () => Promise<T | null>): Promise<T> => {
    const outcome = await persist(line, question, find)
    return 'found' in outcome ? outcome.found : readJson(door, outcome.answer, question, shape)
  }
  const asJson = (method: string, path: string, body: object): Question => {
    return { method, path: fromRoot(path), body: JSON.stringify(body), type: 'application/json' }
  }
  return {
    door,
    get: (path, query, shape) =>
      json({ method: 'GET', path: `${fromRoot(path)}?${new URLSearchParams(textsOf(query))}` }, shape),
    post: (path, body, shape) => json(asJson('POST', path, body), shape),
    send: (method, path, body, shape) => json(asJson(method, path, body), shape),
    create: (path, body, shape, find) => json(asJson('POST', path, body), shape, find),
    async text(path) {
      const { answer } = await persistPlain(line, { method: 'GET', path }, [404, 405])
      return answer.status >= 400 ? null : new TextDecoder().decode(answer.bytes)
    },
    async download(path) {
      return (await persistPlain(line, { method: 'GET', path })).answer.bytes
    },
    async upload(path, bytes) {
      await persistPlain(line, { method: 'PUT', path, body: bytes, type: 'application/octet-stream' })
    },
    close: () => closing.abort(hungUp(door)),
  }
}

function fromRoot(path: string): string {
  return path.startsWith('/') ? path : `/api/2.0/mlflow/${path}`
}

function textsOf(query: Query): Record<string, string> {
  return Object.fromEntries(Object.entries(query).map(([key, value]) => [key, String(value)]))
}

async function persistPlain(line: Line, question: Question, alsoFine: readonly number[] = []) {
  const outcome = await persist<never>(line, question, undefined, alsoFine)
  if ('found' in outcome) throw new Error('nothing was looked for')
  return outcome
}

/** Asks until there is an answer. Throws what the last try came to once patience is at its end. */
async function persist<T>(
  line: Line,
  question: Question,
  find?: () => Promise<T | null>,
  alsoFine: readonly number[] = [],
): Promise<{ answer: Answer } | { found: T }> {
  const { door, patience, closed } = line
  for (let tries = 1; ; tries++) {
    let answer: Answer | null = null
    let error: unknown
    closed.throwIfAborted()
    try {
      answer = await ask(line, question)
    } catch (thrown) {
      closed.throwIfAborted()
      error = thrown
    }
    if (answer !== null && (answer.status < 300 || alsoFine.includes(answer.status))) return { answer }
    const isOver = tries >= patience.tries
    if (answer === null && (isOver || isCertificateFault(error))) throw lost(door, error, patience.timeoutMs)
    if (answer !== null && (isOver || !isPassing(answer))) throw refused(door, answer, wordsOf(question))
    await sleep(waitMs(patience, tries, answer), undefined, { signal: closed }).catch(() => closed.throwIfAborted())
    const found = await find?.()
    if (found !== undefined && found !== null) return { found }
  }
}

/** Whether another try may fare better: a server that is overloaded, restarting, or behind a proxy that lost it. */
function isPassing({ status, bytes }: Answer): boolean {
  if (status === 500) return !/"error_code":\s*"(INVALID_STATE|DATA_LOSS)"/.test(new TextDecoder().decode(bytes))
  return [408, 429, 502, 503, 504].includes(status)
}

function waitMs({ firstWaitMs, longestWaitMs }: Patience, tries: number, answer: Answer | null): number {
  const asked = askedWaitMs(answer?.headers.get('retry-after') ?? '')
  if (asked !== null) return Math.min(asked, LONGEST_ASKED_WAIT_MS)
  const wait = Math.min(longestWaitMs, firstWaitMs * 2 ** (tries - 1))
  return wait * (0.5 + Math.random() / 2) // many clients that were cut off at once do not come back at once
}

/** `Retry-After` in ms: seconds, or a date. */
function askedWaitMs(text: string): number | null {
  if (/^\s*\d+\s*$/.test(text)) return Number(text) * 1000
  const atMs = Date.parse(text)
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - Date.now())
}

/** One try. Throws what `fetch` does, and a TimeoutError where nothing came for too long. */
async function ask({ door, patience, closed }: Line, { method, path, body, type }: Question): Promise<Answer> {
  const late = new AbortController()
  const size = body instanceof Uint8Array ? body.byteLength : 0
  const allowMs = patience.timeoutMs + size / SLOWEST_BYTES_PER_MS
  const giveUp = (): void => late.abort(new DOMException('nothing came', 'TimeoutError'))
  let timer = setTimeout(giveUp, allowMs)
  const hangUp = (): void => late.abort(closed.reason)
  closed.addEventListener('abort', hangUp) // AbortSignal.any would be kept as long as the line
  try {
    const headers = {
      ...door.headers,
      'user-agent': 'understudy',
      ...(type === undefined ? {} : { 'content-type': type }),
    }
    const response = await fetch(`${door.base}${path}`, {
      ...{ method, headers, redirect: 'manual', signal: late.signal },
      ...(body === undefined ? {} : { body: body as string }), // or bytes: fetch takes both, its types only those over a plain buffer
    })
    const chunks: Uint8Array[] = []
    for await (const chunk of response.body ?? []) {
      chunks.push(chunk)
      clearTimeout(timer) // what goes on coming is not late
      timer = setTimeout(giveUp, patience.timeoutMs)
    }
    const whole = Buffer.concat(chunks)
    return {
      status: response.status,
      headers: response.headers,
      bytes: new Uint8Array(whole.buffer, whole.byteOffset, whole.byteLength),
    }
  } catch (error) {
    throw late.signal.aborted ? late.signal.reason : error
  } finally {
    clearTimeout(timer)
    closed.removeEventListener('abort', hangUp)
  }
}

function hungUp({ base }: Door): PlannedError {
  return new PlannedError('CANCELLED', `${base} is asked nothing any more`, {
    why: 'what asked it has ended',
    next: 'run the same command again to go on',
  })
}

function readJson<T>(door: Door, { bytes }: Answer, question: Question, shape: Shape<T>): T {
  const text = new TextDecoder().decode(bytes)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw notData(door, text, wordsOf(question))
  }
  const read = shape.safeParse(json)
  if (read.success) return read.data
  const [issue] = read.error.issues
  throw new PlannedError('BAD_DATA', `the MLflow server at ${door.base} answers in a form that is not known`, {
    why: `${wordsOf(question)}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
    next: 'see which MLflow it is (its address with /version), and report it',
    facts: { address: door.base },
  })
}

/** `GET runs/get`: enough to know what it was, without what was in it. */
function wordsOf({ method, path }: Question): string {
  return `${method} ${path.replace(/\?.*$/s, '').replace('/api/2.0/mlflow/', '')}`
}
