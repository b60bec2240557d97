// A request as it came over the wire: its address before anything tidied it, and its body before anything read it.
import type { IncomingMessage } from 'node:http'
import type { Context } from 'hono'
import { getPath } from 'hono/utils/url'
import { GoneClient } from './request-body.ts'

/** Where artifacts are: a path that begins like this is routed as it was sent. A slash too many in front is what some clients send. */
const ARTIFACT_PATH = /^\/+((?:ajax-)?api\/2\.0\/mlflow-artifacts\/|(?:model-versions\/)?get-artifact$)/

/**
 * The path that a request is routed by. One of artifacts is left as it was sent, dots and percent signs included: whatever takes URLs apart
 * resolves them first, and such a path is to be refused, not to become another one.
 */
export function routedPath(request: Request, options?: { readonly env?: unknown }): string {
  const [path = ''] = targetOf(incomingOf(options?.env)?.url ?? request.url).split('?', 1)
  return ARTIFACT_PATH.test(path) ? path.replace(/^\/+/, '/') : getPath(request)
}

/** A request's query. */
export function queryOf(context: Context): URLSearchParams {
  const target = targetOf(incomingOf(context.env)?.url ?? context.req.url)
  const at = target.indexOf('?')
  return new URLSearchParams(at < 0 ? '' : target.slice(at + 1))
}

/** How long a body says it is. */
export function announcedBytes(context: Context): number | undefined {
  const announced = context.req.header('content-length')
  return announced === undefined ? undefined : Number(announced)
}

/** A request's body, piece by piece, no faster than it is taken. To be read once. Throws `GoneClient` if it breaks off. */
export async function* bodyOf(context: Context): AsyncGenerator<Uint8Array> {
  const incoming = incomingOf(context.env)
  if (incoming === undefined) {
    if (context.req.raw.body !== null) yield* context.req.raw.body
    return
  }
  try {
    // The connection lives on when reading stops early: the refusal has to go back on it.
    yield* incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array> // bytes, as no encoding was set
  } catch (error) {
    throw incoming.complete ? error : new GoneClient()
  }
}

/** What @hono/node-server hands over; undefined where the application is called directly. */
function incomingOf(env: unknown): IncomingMessage | undefined {
  return (env as { incoming?: IncomingMessage } | undefined)?.incoming // its bindings, by its documentation
}

/** The path and query of a request's target, which may be a whole URL. Bytes beyond ASCII, which should be encoded, are UTF-8. */
function targetOf(url: string): string {
  const target = url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/?#]*/i, '')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what is beyond ASCII is looked for.
  return /[^\x00-\x7f]/.test(target) ? Buffer.from(target, 'latin1').toString('utf8') : target
}
