// What tests of the HTTP frame share: a server on a port of its own, and connections on which anything at all can be sent.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { diskArtifacts } from '../artifacts/disk.ts'
import { type Listening, listen, type Patience } from './listen.ts'
import type { Guard } from './security.ts'
import { openServerBed, type ServerBed } from './server-bed.ts'

export interface SocketBed extends AsyncDisposable {
  readonly bed: ServerBed
  readonly listening: Listening
  readonly port: number
  /** `http://127.0.0.1:…` */
  readonly origin: string
  /** Sends a request line, headers and a body; returns what is answered. Host, Connection and Content-Length are added where they are missing. */
  send(line: string, headers?: Readonly<Record<string, string>>, body?: string): Promise<Wire>
  /** A connection that is left open. */
  open(): Promise<Socket>
}

/** An answer as it came over the wire. */
interface Wire {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

export async function openSocketBed(options: { guard?: Guard; patience?: Partial<Patience> } = {}): Promise<SocketBed> {
  await using opened = new AsyncDisposableStack()
  const bed = opened.use(await openServerBed({ artifactsIn: diskArtifacts }))
  const listening = opened.use(await listen(bed.app, { host: '127.0.0.1', port: 0, ...options }))
  const port = Number(new URL(listening.address).port)
  const everything = opened.move()
  return {
    bed,
    listening,
    port,
    origin: listening.address,
    async send(line, headers = {}, body = '') {
      const isChunked = Object.keys(headers).some((name) => /^(?:transfer-encoding|content-length)$/i.test(name))
      const all = {
        Host: `127.0.0.1:${port}`,
        Connection: 'close',
        ...(body === '' || isChunked ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }),
        ...headers,
      }
      const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
      return readAnswer(await sent(port, `${line} HTTP/1.1\r\n${lines.join('')}\r\n${body}`))
    },
    async open() {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => undefined) // some are cut on purpose
      await once(socket, 'connect')
      return socket
    },
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  }
}

function readAnswer(text: string): Wire {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [first = '', ...lines] = head.split('\r\n')
  const headers = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  return { status: Number(first.split(' ')[1]), headers, body: rest.join('\r\n\r\n') }
}

/** Sends bytes, and returns what comes back until the connection is closed. */
function sent(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.on('data', (piece) => pieces.push(piece))
    socket.on('error', (error) => (pieces.length > 0 ? undefined : reject(error))) // an answer may come before all is sent
    socket.on('close', () => resolve(Buffer.concat(pieces).toString()))
  })
}
