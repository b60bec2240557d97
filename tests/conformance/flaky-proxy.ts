// A bad line: a proxy before a server that loses requests before and after they got there, and answers for it that it cannot.
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'

/** What becomes of a request. */
export type Fate =
  | 'passes'
  /** The connection ends before anything was passed on. */
  | 'lost on the way there'
  /** It was passed on and done, and the connection ends before the answer. */
  | 'lost on the way back'
  /** Passed on and done; half of the answer comes. */
  | 'cut off'
  | 503
  /** Passed on and done, and the answer is thrown away. */
  | 502
  | 429

export interface FlakyProxy extends AsyncDisposable {
  readonly address: string
  /** How many requests came. */
  readonly count: () => number
}

/** Listens before the server at `address`; `fateOf` decides about each request by its number, from 1, and what it asks. */
export async function startFlakyProxy(
  address: string,
  fateOf: (number: number, what: string) => Fate,
): Promise<FlakyProxy> {
  const behind = new URL(address)
  let count = 0
  const server = createServer(async (incoming, outgoing) => {
    const what = `${incoming.method} ${incoming.url?.replace(/\?.*$/, '').replace(/^\/api\/2\.0\/(mlflow\/)?/, '')}`
    const fate = fateOf(++count, what)
    const body = await bodyOf(incoming)
    if (fate === 'lost on the way there') return void incoming.socket.destroy()
    if (fate === 503 || fate === 429) return refuse(outgoing, fate)
    const { status, type, bytes } = await pass(behind, incoming, body)
    if (fate === 'lost on the way back') return void incoming.socket.destroy()
    if (fate === 502) return refuse(outgoing, fate)
    outgoing.writeHead(status, { 'content-type': type, 'content-length': bytes.length })
    if (fate === 'passes' || bytes.length < 2) return void outgoing.end(bytes)
    outgoing.write(bytes.subarray(0, bytes.length / 2), () => incoming.socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const place = server.address()
  if (place === null || typeof place === 'string') throw new Error('a listener on a port has a port')
  return {
    address: `http://127.0.0.1:${place.port}`,
    count: () => count,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

function refuse(outgoing: ServerResponse, status: number): void {
  outgoing.writeHead(status, { 'content-type': 'text/html', ...(status === 429 ? { 'retry-after': '0' } : {}) })
  outgoing.end('<html><body>try again</body></html>')
}

function pass(
  behind: URL,
  { method, url, headers }: IncomingMessage,
  body: Buffer,
): Promise<{ status: number; type: string; bytes: Buffer }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; type: string; bytes: Buffer }>()
  const options = {
    method,
    path: url,
    headers: { ...headers, host: behind.host },
    host: behind.hostname,
    port: behind.port,
  }
  const asked = request(options, (answer) => {
    const chunks: Buffer[] = []
    answer.on('data', (chunk: Buffer) => chunks.push(chunk))
    answer.on('end', () => {
      const type = answer.headers['content-type'] ?? 'text/plain'
      resolve({ status: answer.statusCode ?? 500, type, bytes: Buffer.concat(chunks) })
    })
  })
  asked.on('error', reject)
  asked.end(body)
  return promise
}
