// Listens on an address, and stops without dropping what is under way.
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import type { Hono } from 'hono'
import { messageOf, PlannedError } from '../kernel/errors.ts'

export interface Listening {
  /** `http://127.0.0.1:5000` */
  readonly address: string
  /** Takes no more connections, and is kept once what is under way is answered. */
  [Symbol.asyncDispose](): Promise<void>
}

/** Throws `CONFLICT` if the port is taken, `BAD_INPUT` for a host that is none of this machine's. Port 0 takes a free one. */
export async function listen(app: Hono, { host, port }: { host: string; port: number }): Promise<Listening> {
  const server = createAdaptorServer({ fetch: app.fetch })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: Error & { code?: string }) => reject(worded(error, host, port)))
    server.listen(port, host, resolve)
  })
  const { port: taken } = server.address() as AddressInfo // it listens on a port, not on a pipe
  return {
    address: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        if ('closeIdleConnections' in server) server.closeIdleConnections()
      })
    },
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
