// The recipe's chat: each notice is a form, posted to the messages of a channel.
import { isPlanned, messageOf, PlannedError } from '../kernel/errors.ts'
import { inTurn, oneLine } from './in-turn.ts'
import type { Notifier } from './port.ts'

export interface ChatAddress {
  /** Where the chat's interface begins, with or without a slash at its end; may carry `user:password@` and a query. */
  readonly url: string
  readonly channel: string
  /** Who the messages are from. */
  readonly author: string
}

const TIMEOUT_MS = 5_000
const MOST_REDIRECTS = 3
/** How much of a refusal is read, and shown. */
const ANSWER_BYTES = 2_000
const ANSWER_SHOWN = 200

/**
 * Posts `author` and `content` to `{url}/{channel}/messages`, one after the other. Only an answer of 2xx counts as taken; anything else, and
 * none within `timeoutMs`, is `UNAVAILABLE`.
 */
export function chatFormNotifier(address: ChatAddress, options: { readonly timeoutMs?: number } = {}): Notifier {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS
  const next = inTurn()
  return {
    channel: 'chat',
    send: ({ text }, { signal } = {}) =>
      next(async () => {
        const timeout = new AbortController()
        const timer = setTimeout(() => timeout.abort(), timeoutMs)
        const stop = signal === undefined ? timeout.signal : AbortSignal.any([timeout.signal, signal])
        try {
          await post(address, new URLSearchParams({ author: address.author, content: oneLine(text) }), stop)
        } catch (error) {
          if (isPlanned(error)) throw error
          if (timeout.signal.aborted) throw notTaken(address, `no answer within ${timeoutMs / 1000} s`, error)
          if (stop.aborted) throw notTaken(address, 'it was stopped before there was an answer', error)
          throw error
        } finally {
          clearTimeout(timer)
        }
      }),
  }
}

/** Resolves when the form was taken. */
async function post(address: ChatAddress, form: URLSearchParams, signal: AbortSignal): Promise<void> {
  let target = messagesOf(address)
  let { headers } = target
  for (let redirects = 0; ; redirects++) {
    const response = await ask(address, target.url, form, headers, signal)
    if (response.ok) {
      await response.body?.cancel()
      return
    }
    const moved = locationOf(response, target.url)
    if (moved === null || redirects === MOST_REDIRECTS || !keepsMethod(response.status, target.url, moved)) {
      throw await refusal(address, response, moved)
    }
    await response.body?.cancel()
    if (moved.origin !== target.url.origin) headers = {} // what opens one door is not shown at another
    target = { url: moved, headers }
  }
}

async function ask(
  address: ChatAddress,
  url: URL,
  body: URLSearchParams,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Response> {
  try {
    return await fetch(url, {
      method: 'POST',
      body,
      headers: { ...headers, 'user-agent': 'understudy' },
      redirect: 'manual',
      signal,
    })
  } catch (error) {
    if (signal.aborted) throw error
    throw notTaken(address, `it cannot be reached (${reasonOf(error)})`, error)
  }
}

/** The channel's messages, and what an address with a name and a password asks for: `fetch` takes none. */
function messagesOf({ url, channel }: ChatAddress): { url: URL; headers: Readonly<Record<string, string>> } {
  const target = new URL(url)
  target.pathname = `${target.pathname.replace(/\/+$/, '')}/${encodeURIComponent(channel)}/messages`
  const { username, password } = target
  target.username = ''
  target.password = ''
  if (username === '' && password === '') return { url: target, headers: {} }
  const secret = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')
  return { url: target, headers: { authorization: `Basic ${secret}` } }
}

function locationOf(response: Response, from: URL): URL | null {
  const location = response.headers.get('location')
  if (response.status < 300 || response.status > 399 || location === null) return null
  return URL.canParse(location, from.href) ? new URL(location, from.href) : null
}

/**
 * 307 and 308 ask for the same form elsewhere. Following the others would ask for a page and take that for an answer; and nothing that was
 * sent under encryption is sent without.
 */
function keepsMethod(status: number, from: URL, to: URL): boolean {
  if (status !== 307 && status !== 308) return false
  return to.protocol === 'https:' || (to.protocol === 'http:' && from.protocol === 'http:')
}

async function refusal(address: ChatAddress, response: Response, moved: URL | null): Promise<PlannedError> {
  const { status } = response
  if (moved !== null) {
    await response.body?.cancel()
    return notTaken(address, `it answered ${status}, and that it has moved to ${placeOf(moved)}`)
  }
  const text = await firstBytes(response).catch(() => '')
  return notTaken(address, `it answered ${status}${text === '' ? '' : `: ${text}`}`)
}

/** The beginning of an answer, on one line; however long it is, or however slowly it comes, no more than that is read. */
async function firstBytes(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    bytes += chunk.length
    if (bytes >= ANSWER_BYTES) break // leaving the loop ends the connection
  }
  const line = [...oneLine(text)]
  return line.length > ANSWER_SHOWN ? `${line.slice(0, ANSWER_SHOWN).join('')}…` : line.join('')
}

function notTaken(address: ChatAddress, why: string, cause?: unknown): PlannedError {
  const where = placeOf(messagesOf(address).url)
  return new PlannedError('UNAVAILABLE', `the chat at ${where} took no notice`, {
    why,
    next: 'see that it is up, and that NOTIFY_CHAT_URL and NOTIFY_CHANNEL are right',
    ...(cause === undefined ? {} : { cause }),
  })
}

/** An address without what may be secret in it. */
function placeOf({ origin, pathname }: URL): string {
  return `${origin}${pathname}`
}

/** What lies below `fetch failed`: the system's own word. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  if (cause instanceof AggregateError) return cause.errors.map(messageOf).join(', ') // one per address that was tried
  return messageOf(cause)
}
