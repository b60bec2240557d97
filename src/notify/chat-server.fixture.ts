// A chat for tests: a real HTTP server that takes forms and keeps them, and can be told to misbehave.
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as it arrived, whether or not it was taken. */
interface Post {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly form: Readonly<Record<string, string>>
}

/** What the server does with a request. `hang` never answers; `taken` says whether the message counts as arrived. */
type Answer =
  | 'hang'
  | {
      readonly status: number
      readonly body?: string
      readonly headers?: Readonly<Record<string, string>>
      readonly delayMs?: number
    }

export interface ChatServer {
  readonly url: string
  readonly posts: readonly Post[]
  /** The content of every message that was answered with 2xx, oldest first. */
  readonly arrived: readonly string[]
  /** How the next requests are answered; 201 after them. */
  answerNext(...answers: readonly Answer[]): void
  /** How every request is answered until told otherwise. */
  answer(always: Answer): void
  [Symbol.asyncDispose](): Promise<void>
}

const TAKEN: Answer = { status: 201, body: '{}' }

/** Listens on a free port of this machine, or on the one that is given. */
export async function openChatServer(port = 0): Promise<ChatServer> {
  const posts: Post[] = []
  const arrived: string[] = []
  const next: Answer[] = []
  let always: Answer = TAKEN
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    const form = Object.fromEntries(new URLSearchParams(body))
    posts.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, form })
    const answer = next.shift() ?? always
    if (answer === 'hang') return
    if (answer.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, answer.delayMs))
    if (answer.status >= 200 && answer.status < 300) arrived.push(form.content ?? '')
    response.writeHead(answer.status, answer.headers).end(answer.body)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address() as AddressInfo // a server on a port has one
  return {
    url: `http://127.0.0.1:${address.port}`,
    posts,
    arrived,
    answerNext: (...answers) => void next.push(...answers),
    answer: (answer) => {
      always = answer
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      if (!server.listening) return
      server.close()
      await once(server, 'close')
    },
  }
}
