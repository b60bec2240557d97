// The body of a request for many predictions, as a table: JSON, CSV or Parquet, by its content type.
import type { Context } from 'hono'
import { PlannedError } from '../kernel/errors.ts'
import { type ReadParquet, type RequestTable, tableFromCsv, tableFromJson } from '../lifecycle/request-table.ts'
import { Crowded, type HeldBody, holdBody } from './body-budget.ts'
import { bodyOf } from './raw-request.ts'

export const MAX_ROWS = 10_000
/** Bytes of a body at most: a full table as JSON, with as many columns again that nobody asked for. */
const MAX_BYTES = 16 * 1024 * 1024

export const PARQUET_TYPES = ['application/vnd.apache.parquet', 'application/x-parquet', 'application/parquet'] as const

/** A body that is larger than one request may be. */
export class TooMuch extends Error {
  override readonly name = 'TooMuch'
}

/** A body of a kind that is not read here. */
export class UnknownKind extends Error {
  override readonly name = 'UnknownKind'
}

/** Throws `TooMuch`, `UnknownKind`, `Crowded`, or `BAD_INPUT` for a body that is not what its type says. */
export async function readBody(
  context: Context,
  names: readonly string[],
  readParquet: ReadParquet<Uint8Array>,
): Promise<RequestTable> {
  const type = context.req.header('content-type')?.split(';')[0]?.trim().toLowerCase() ?? ''
  const isParquet = PARQUET_TYPES.some((one) => one === type)
  if (!isParquet && type !== 'application/json' && type !== 'text/csv') {
    throw new UnknownKind(
      `the content type is ${type === '' ? 'missing' : JSON.stringify(type)}; send application/json, text/csv or ${PARQUET_TYPES[0]}`,
    )
  }
  const encoding = context.req.header('content-encoding')
  if (encoding !== undefined && encoding !== 'identity')
    throw new UnknownKind(`the body is ${encoding}-encoded; send it plain`)
  using held = holdBody()
  const bytes = await readBytes(context, held)
  if (isParquet) return await readParquet(bytes, names, MAX_ROWS)
  const text = textOf(bytes)
  return type === 'text/csv' ? tableFromCsv(text, names, MAX_ROWS) : tableFromJson(text, names)
}

async function readBytes(context: Context, held: HeldBody): Promise<Uint8Array> {
  if (Number(context.req.header('content-length') ?? 0) > MAX_BYTES) throw tooLarge()
  const pieces: Uint8Array[] = []
  let length = 0
  try {
    for await (const piece of bodyOf(context)) {
      length += piece.byteLength
      if (length > MAX_BYTES) throw tooLarge()
      held.add(piece.byteLength)
      pieces.push(piece)
    }
  } catch (error) {
    if (error instanceof TooMuch || error instanceof Crowded) throw error
    throw new PlannedError('BAD_INPUT', 'the body ended before its end', { next: 'send it again', cause: error })
  }
  return Buffer.concat(pieces)
}

function tooLarge(): TooMuch {
  return new TooMuch(`the body is larger than ${MAX_BYTES / 1024 / 1024} MiB; send fewer rows at once`)
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new PlannedError('BAD_INPUT', 'the body is not UTF-8 text', { next: 'send it as UTF-8', cause })
  }
}
