// What tests of artifacts over HTTP share: a server on a port of its own over a folder, and a way to send it any bytes at all.
import { connect } from 'node:net'
import type { ArtifactStore } from '../artifacts/port.ts'
import { listen } from './listen.ts'
import { openServerBed, type ServerBed } from './server-bed.ts'

export interface ArtifactsBed extends AsyncDisposable {
  readonly bed: ServerBed
  readonly port: number
  /** `http://127.0.0.1:…/api/2.0/mlflow-artifacts/artifacts` */
  readonly artifacts: string
  /** Sends a request whose target goes as it is: no library tidies it. */
  raw(method: string, target: string, body?: string): Promise<RawAnswer>
}

interface RawAnswer {
  readonly status: number
  /** All that was answered, headers and body. */
  readonly text: string
}

export async function openArtifactsBed(options: {
  readonly artifactsIn: (folder: string) => ArtifactStore
  readonly rootIsFolder?: boolean
}): Promise<ArtifactsBed> {
  await using opened = new AsyncDisposableStack()
  const bed = opened.use(await openServerBed(options))
  const listening = opened.use(await listen(bed.app, { host: '127.0.0.1', port: 0 }))
  const port = Number(new URL(listening.address).port)
  const everything = opened.move()
  return {
    bed,
    port,
    artifacts: `${listening.address}/api/2.0/mlflow-artifacts/artifacts`,
    raw: (method, target, body = '') => {
      const length = Buffer.byteLength(body)
      return sent(
        port,
        `${method} ${target} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n${body}`,
      )
    },
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  }
}

/** Sends bytes to a port and returns what comes back until the connection is closed. */
function sent(port: number, bytes: string): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.on('data', (piece) => pieces.push(piece))
    socket.on('error', reject)
    socket.on('close', () => {
      const text = Buffer.concat(pieces).toString('utf8')
      resolve({ status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), text })
    })
  })
}
