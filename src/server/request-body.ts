// The body of a JSON request: of a type and size that are allowed, read in the time that is allowed.
import type { IncomingMessage } from 'node:http'
import type { Context } from 'hono'
import { invalid, MlflowError } from '../mlflow/error.ts'
import { holdBody } from './body-budget.ts'

const JSON_TYPE = 'application/json'
/** Bytes at most. The largest that clients send are datasets with a profile of 16 million letters. */
export const MAX_JSON_BYTES = 32 * 1024 * 1024
/** How long the whole of a body may take to come. */
const MAX_MS = 60_000

/** A refusal whose HTTP status is not its code's: MLflow's codes have none for it. */
class RefusedBody extends MlflowError {
  readonly httpStatus: number

  constructor(httpStatus: number, message: string) {
    super('INVALID_PARAMETER_VALUE', message)
    this.httpStatus = httpStatus
  }

  override get status(): number {
    return this.httpStatus
  }
}

/** What a client that goes away before it has said everything leaves: nobody waits for an answer. */
export class GoneClient extends Error {}

/**
 * The text of a JSON body; '' where none came with a method that can do without. Throws `INVALID_PARAMETER_VALUE` for another type, as 413 for
 * more than `MAX_JSON_BYTES`, of which no more is read than that, as 408 for one that comes too slowly, `Crowded`, and `GoneClient`.
 */
export async function readJsonText(context: Context): Promise<string> {
  const { headers } = context.req.raw
  const hasBody = headers.has('transfer-encoding') || Number(headers.get('content-length') ?? 0) > 0
  const type = headers.get('content-type')
  if (!hasBody && ['DELETE', 'PATCH'].includes(context.req.method)) return ''
  if (type === null) throw invalid('Bad Request. Content-Type header is missing.')
  if (type.split(';', 1)[0]?.trim().toLowerCase() !== JSON_TYPE) {
    throw invalid(`Bad Request. Content-Type must be one of ['${JSON_TYPE}'].`)
  }
  const encoding = headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity'
  if (encoding !== 'identity') {
    throw new RefusedBody(415, `Content-Encoding '${encoding}' is not supported. Please send the body as it is.`)
  }
  if (Number(headers.get('content-length') ?? 0) > MAX_JSON_BYTES) throw tooLarge()
  const incoming: unknown = context.env?.incoming
  return isNodeRequest(incoming) ? await readNode(incoming) : await readWeb(context.req.raw)
}

/** Straight from the connection: the way over a web stream costs more than all the rest of a small request. */
function readNode(incoming: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = []
    const held = holdBody()
    let size = 0
    const stop = (error: unknown): void => {
      clearTimeout(timer)
      incoming.off('data', onData)
      chunks = []
      held[Symbol.dispose]()
      reject(error)
    }
    const timer = setTimeout(() => stop(tooSlow()), MAX_MS)
    const onData = (chunk: Buffer): void => {
      try {
        size += chunk.length
        if (size > MAX_JSON_BYTES) throw tooLarge()
        held.add(chunk.length)
        chunks.push(chunk)
      } catch (refused) {
        stop(refused)
      }
    }
    incoming.on('data', onData)
    incoming.once('end', () => {
      clearTimeout(timer)
      resolve(chunks.length === 1 ? chunks[0]!.toString() : Buffer.concat(chunks).toString())
      held[Symbol.dispose]()
    })
    incoming.once('error', () => stop(new GoneClient()))
    incoming.once('close', () => {
      if (!incoming.complete) stop(new GoneClient())
    })
  })
}

async function readWeb(request: Request): Promise<string> {
  const text = await request.text()
  if (Buffer.byteLength(text) > MAX_JSON_BYTES) throw tooLarge()
  return text
}

function isNodeRequest(value: unknown): value is IncomingMessage {
  return typeof value === 'object' && value !== null && 'rawHeaders' in value
}

function tooLarge(): RefusedBody {
  const mebibytes = MAX_JSON_BYTES / 1024 / 1024
  return new RefusedBody(
    413,
    `The request's body is larger than ${mebibytes} MiB. Please split it over several requests.`,
  )
}

function tooSlow(): RefusedBody {
  return new RefusedBody(408, `The request's body did not come within ${MAX_MS / 1000} seconds.`)
}
