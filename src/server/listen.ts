// Listens on an address, and stops without dropping what is under way.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { Hono } from 'hono'
import { messageOf, PlannedError } from '../kernel/errors.ts'
import { hostRule } from './hosts.ts'
import { type Guard, openGuard } from './security.ts'

export interface Listening {
  /** `http://127.0.0.1:5000` */
  readonly address: string
  /** Takes no more connections, and is kept once what is under way is answered. */
  [Symbol.asyncDispose](): Promise<void>
}

/** How long clients may take, in ms. */
export interface Patience {
  /** For a request's headers. */
  readonly headersMs: number
  /** Without a byte in either direction, while a request or an answer is under way. */
  readonly silenceMs: number
  /** Between two requests on one connection. */
  readonly idleMs: number
  /** After the server was asked to stop: for an answer that a client does not read, or a request that it does not end. */
  readonly stopMs: number
}

const PATIENCE: Patience = { headersMs: 20_000, silenceMs: 120_000, idleMs: 75_000, stopMs: 2000 }
/** A search's filter travels in the address: MLflow's server takes 64 KiB too. */
const MAX_HEADER_BYTES = 64 * 1024
/** How long the server goes on answering after it was asked to stop, whatever is under way. */
const MAX_STOP_MS = 30_000

/** Answers that are not sent to their end, with their requests. */
type UnderWay = Map<ServerResponse, IncomingMessage>

/** For a server that only this machine and the networks it is on can mean. */
const OWN_GUARD: Guard = openGuard({
  isAllowedHost: hostRule({ own: [], allowed: null }),
  isAllowedOrigin: () => false,
  onRefusedHost: () => undefined,
})

/**
 * Serves an application. Requests that `guard` answers do not reach it.
 * Throws `CONFLICT` if the port is taken, `BAD_INPUT` for a host that is none of this machine's. Port 0 takes a free one.
 */
export async function listen(
  app: Hono,
  options: { host: string; port: number; guard?: Guard; patience?: Partial<Patience> },
): Promise<Listening> {
  const { host, port, guard = OWN_GUARD } = options
  const patience = { ...PATIENCE, ...options.patience }
  const answer = getRequestListener(
    (request, env) => (request.method === 'HEAD' ? headOf(app, request, env) : app.fetch(request, env)),
    { hostname: 'localhost' },
  )
  const underWay: UnderWay = new Map()
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: patience.headersMs,
      requestTimeout: 0, // an upload takes as long as it takes; silence ends it
      keepAliveTimeout: patience.idleMs,
      connectionsCheckingInterval: Math.min(patience.headersMs / 4, 5000),
      noDelay: true,
    },
    (incoming, outgoing) => {
      underWay.set(outgoing, incoming)
      outgoing.once('close', () => underWay.delete(outgoing))
      if (!server.listening) outgoing.setHeader('Connection', 'close')
      if (guard(incoming, outgoing)) return dropRest(incoming)
      incoming.headers.host = 'localhost' // the guard has read it; the adapter only wants something to begin an address with
      void answer(incoming, outgoing)
    },
  )
  server.setTimeout(patience.silenceMs)
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('clientError', answerUnreadable)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: Error & { code?: string }) => reject(worded(error, host, port)))
    server.listen(port, host, resolve)
  })
  const { port: taken } = server.address() as AddressInfo // it listens on a port, not on a pipe
  return {
    address: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`,
    [Symbol.asyncDispose]: () => stop(server, { sockets, underWay, patienceMs: patience.stopMs }),
  }
}

/** What GET would answer, without its body: a stream that nobody reads is closed. */
async function headOf(app: Hono, request: Request, env: object): Promise<Response> {
  const { status, headers, body } = await app.fetch(new Request(request.url, { headers: request.headers }), env)
  await body?.cancel()
  return new Response(null, { status, headers })
}

/** Whoever is refused may still be sending: what comes is thrown away for a moment, so that the refusal is read, then the line is cut. */
function dropRest(incoming: IncomingMessage): void {
  if (incoming.complete) return
  incoming.resume()
  const timer = setTimeout(() => incoming.socket.destroySoon(), 500)
  incoming.once('close', () => clearTimeout(timer))
}

/** What is no HTTP: said in the shortest form there is. */
function answerUnreadable(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : '400 Bad Request'
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nX-Content-Type-Options: nosniff\r\nX-Frame-Options: SAMEORIGIN\r\nContent-Length: 0\r\n\r\n`,
  )
}

/**
 * Takes no more connections and closes those between two requests. A request that has come is answered, and its answer sent as long as the
 * client reads it; one that does not go on for `patienceMs`, where that is the client's fault, is cut.
 */
async function stop(
  server: Server,
  { sockets, underWay, patienceMs }: { sockets: ReadonlySet<Socket>; underWay: UnderWay; patienceMs: number },
): Promise<void> {
  let isClosed = false
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      isClosed = true
      resolve()
    })
  })
  const startMs = performance.now()
  const moved = new Map<Socket, { bytes: number; atMs: number }>()
  while (!isClosed) {
    server.closeIdleConnections()
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy() // browsers connect before they have anything to ask
    const nowMs = performance.now()
    for (const [outgoing, incoming] of underWay) {
      const { socket } = incoming
      const bytes = socket.bytesRead + socket.bytesWritten
      const before = moved.get(socket)
      if (before?.bytes !== bytes) moved.set(socket, { bytes, atMs: nowMs })
      const isClients = !incoming.complete || outgoing.writableLength > 0
      const isStuck = before?.bytes === bytes && nowMs - before.atMs > patienceMs
      if (isClients && isStuck) socket.destroy()
    }
    // A connection that has sent half of its headers is no request yet, and not idle either.
    if (nowMs - startMs > MAX_STOP_MS || (underWay.size === 0 && nowMs - startMs > patienceMs))
      server.closeAllConnections()
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 20))])
  }
}

function worded(error: Error & { code?: string }, host: string, port: number): PlannedError {
  const taken = error.code === 'EADDRINUSE'
  return new PlannedError(taken ? 'CONFLICT' : 'BAD_INPUT', `the server cannot listen on ${host}, port ${port}`, {
    why: taken ? 'another program listens there' : messageOf(error),
    next: taken ? 'stop that one, or choose another port with --port' : 'choose another --host or --port',
    facts: { host, port },
    cause: error,
  })
}
