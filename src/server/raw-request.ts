// Requests as they come over the wire, and large answers as they go: addresses before anything tidies them, bodies before anything copies them.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Context } from 'hono'
import { getPath } from 'hono/utils/url'
import { release } from '../kernel/release.ts'
import { GoneClient } from './request-body.ts'

/** Where artifacts are: a path that begins like this is routed as it was sent. A slash too many in front is what some clients send. */
const ARTIFACT_PATH = /^\/+((?:ajax-)?api\/2\.0\/mlflow-artifacts\/|(?:model-versions\/)?get-artifact$)/

/**
 * The path that a request is routed by. One of artifacts is left as it was sent, dots and percent signs included: whatever takes URLs apart
 * resolves them first, and such a path is to be refused, not to become another one.
 */
export function routedPath(request: Request, options?: { readonly env?: unknown }): string {
  const [path = ''] = targetOf(wireOf(options?.env)?.incoming.url ?? request.url).split('?', 1)
  return ARTIFACT_PATH.test(path) ? path.replace(/^\/+/, '/') : getPath(request)
}

/** A request's query. */
export function queryOf(context: Context): URLSearchParams {
  const target = targetOf(wireOf(context.env)?.incoming.url ?? context.req.url)
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
  const incoming = wireOf(context.env)?.incoming
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

/**
 * Sends an answer whose body is large straight over the connection, no faster than it is taken, and gives back the memory of each piece
 * that is gone. One that breaks off is cut, so that the client does not take it for whole. Where there is no connection, it is left as it is.
 */
export function overTheWire(context: Context, response: Response, report: (error: unknown) => void): Response {
  const outgoing = wireOf(context.env)?.outgoing
  if (outgoing === undefined || response.body === null) return response
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  void pump(response.body, outgoing, report)
  return RESPONSE_ALREADY_SENT
}

async function pump(
  content: ReadableStream<Uint8Array>,
  outgoing: ServerResponse,
  report: (error: unknown) => void,
): Promise<void> {
  const reader = content.getReader()
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      await written(outgoing, next.value)
      release(next.value)
    }
    outgoing.end()
  } catch (error) {
    if (!(error instanceof GoneClient)) report(error)
    outgoing.destroy()
    await reader.cancel(error).catch(() => undefined) // what failed may be the reading
  }
}

/** Waits until the connection has taken a piece. Throws `GoneClient` if it is gone. */
function written(outgoing: ServerResponse, piece: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = (): void => reject(new GoneClient())
    outgoing.once('close', onClose)
    outgoing.write(piece, (error) => {
      outgoing.off('close', onClose)
      if (error) reject(new GoneClient())
      else resolve()
    })
  })
}

/** What @hono/node-server hands over; undefined where the application is called directly. */
function wireOf(env: unknown): { readonly incoming: IncomingMessage; readonly outgoing: ServerResponse } | undefined {
  const wire = env as { incoming?: IncomingMessage; outgoing?: ServerResponse } | undefined // its bindings, by its documentation
  return wire?.incoming === undefined || wire.outgoing === undefined
    ? undefined
    : { incoming: wire.incoming, outgoing: wire.outgoing }
}

/** The path and query of a request's target, which may be a whole URL. */
function targetOf(url: string): string {
  return url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/?#]*/i, '')
}
