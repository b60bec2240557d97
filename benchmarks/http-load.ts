// A process that asks a server as fast as it can and costs little itself: raw sockets that are kept open, requests written as they are.
// `tracking.ts` starts it and sends it jobs, one at a time.
import { connect, type Socket } from 'node:net'

/** Requests to make: for some seconds, or a number of them, on some connections at once. */
export interface Job {
  readonly port: number
  readonly connections: number
  readonly method: string
  /** In path and body `{n}` is the number of the request and `{id}` this connection's id. */
  readonly path: string
  readonly body?: string
  /** A body of that many bytes instead. */
  readonly bodyBytes?: number
  readonly ids?: readonly string[]
  readonly seconds?: number
  readonly requests?: number
  /** Where `{n}` begins, so that no two jobs write the same. */
  readonly from?: number
}

export interface Measured {
  readonly requests: number
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly bytes: number
  /** The body of the last answer, if it is short. */
  readonly last: string
}

const KEPT_BYTES = 100_000
const CHUNK = Buffer.alloc(256 * 1024, 'understudy')

interface Answer {
  readonly bytes: number
  readonly text: string
}

class Connection {
  readonly #socket: Socket
  #head = ''
  #isInBody = false
  #left: number | null = 0 // bytes to come; null where the answer comes in chunks
  #parts: Buffer[] = []
  #bytes = 0
  #status = 0
  #answered: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | null = null

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.on('data', (data) => this.#read(data))
    this.#socket.on('error', (error) => this.#answered?.reject(error))
    this.#socket.on('close', () => this.#answered?.reject(new Error('the server closed the connection')))
  }

  /** Writes a request and waits for the whole answer. Throws for any status but a success. */
  async ask(head: string, body: string, bodyBytes: number): Promise<Answer> {
    this.#head = ''
    this.#isInBody = false
    this.#parts = []
    this.#bytes = 0
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    this.#answered = { resolve, reject }
    this.#socket.write(head + body)
    for (let left = bodyBytes; left > 0; left -= CHUNK.length) {
      const isFull = !this.#socket.write(left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK)
      if (isFull) await Promise.race([new Promise((drained) => this.#socket.once('drain', drained)), promise])
    }
    return await promise
  }

  close(): void {
    this.#answered = null
    this.#socket.destroy()
  }

  #read(data: Buffer): void {
    if (this.#isInBody) {
      this.#readBody(data)
      return
    }
    const before = this.#head.length
    this.#head += data.toString('latin1')
    const end = this.#head.indexOf('\r\n\r\n')
    if (end < 0) return
    this.#status = Number(this.#head.slice(9, 12))
    const length = /\r\ncontent-length: *(\d+)/i.exec(this.#head.slice(0, end))?.[1]
    this.#left = length === undefined ? null : Number(length)
    this.#isInBody = true
    this.#readBody(data.subarray(end + 4 - before))
  }

  #readBody(data: Buffer): void {
    this.#bytes += data.length
    if (this.#bytes <= KEPT_BYTES) this.#parts.push(data)
    const isDone =
      this.#left === null ? data.subarray(-5).toString('latin1') === '0\r\n\r\n' : this.#bytes >= this.#left
    if (!isDone) return
    const text = this.#bytes <= KEPT_BYTES ? Buffer.concat(this.#parts).toString() : ''
    const answered = this.#answered
    this.#answered = null
    if (this.#status >= 200 && this.#status < 300) answered?.resolve({ bytes: this.#bytes, text })
    else answered?.reject(new Error(`status ${this.#status}: ${text.slice(0, 300)}`))
  }
}

async function run(job: Job): Promise<Measured> {
  const connections = Array.from({ length: job.connections }, () => new Connection(job.port))
  const tookMs: number[] = []
  let next = job.from ?? 0
  let bytes = 0
  let last = ''
  const startedAt = performance.now()
  const untilMs = startedAt + (job.seconds ?? Number.POSITIVE_INFINITY) * 1000
  const lastNumber = next + (job.requests ?? Number.POSITIVE_INFINITY)
  const lane = async (connection: Connection, index: number): Promise<void> => {
    const id = job.ids?.[index % job.ids.length] ?? ''
    while (next < lastNumber && performance.now() < untilMs) {
      const filled = (text: string): string => text.replaceAll('{n}', String(number)).replaceAll('{id}', id)
      const number = next++
      const body = filled(job.body ?? '')
      const length = job.bodyBytes ?? Buffer.byteLength(body)
      const type = job.bodyBytes === undefined ? 'application/json' : 'application/octet-stream'
      const head =
        `${job.method} ${filled(job.path)} HTTP/1.1\r\nHost: 127.0.0.1:${job.port}\r\n` +
        `Content-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n`
      const askedAt = performance.now()
      const answer = await connection.ask(head, body, job.bodyBytes ?? 0)
      tookMs.push(performance.now() - askedAt)
      bytes += answer.bytes
      last = answer.text
    }
  }
  await Promise.all(connections.map(lane))
  const seconds = (performance.now() - startedAt) / 1000
  for (const connection of connections) connection.close()
  tookMs.sort((a, b) => a - b)
  const [p50Ms = 0, p99Ms = 0] = [0.5, 0.99].map((share) => tookMs[Math.floor(tookMs.length * share)])
  return { requests: tookMs.length, seconds, p50Ms, p99Ms, bytes, last }
}

process.on('message', (job: Job) => {
  run(job).then(
    (measured) => process.send?.({ measured }),
    (error: unknown) => process.send?.({ failed: String(error) }),
  )
})
