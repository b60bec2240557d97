// The wire format of Protocol Buffers, as much of it as an ONNX file needs: fields out, fields in.
import { PlannedError } from '../kernel/errors.ts'

/** Fields one after the other: the body of a message, or a stretch of one. */
export function message(...parts: readonly Uint8Array[]): Uint8Array {
  return joined(parts)
}

/** What `message` does, for parts by the hundred thousand: more than a call takes as arguments. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/**
 * An integer field (int32, int64, enum). Negative numbers take ten bytes, as protobuf has it. Throws a RangeError on a
 * fraction.
 */
export function integerField(number: number, value: number): Uint8Array {
  return message(tag(number, VARINT), varint(BigInt(value)))
}

/** A field of bytes: a message, packed values or raw data. */
export function bytesField(number: number, bytes: Uint8Array): Uint8Array {
  return message(tag(number, BYTES), varint(BigInt(bytes.length)), bytes)
}

export function textField(number: number, text: string): Uint8Array {
  return bytesField(number, new TextEncoder().encode(text))
}

/** A field of one float32. */
export function floatField(number: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setFloat32(0, value, true)
  return message(tag(number, FIXED32), bytes)
}

/** A list of integers in one field, as readers of either form take it. Throws a RangeError on a fraction. */
export function integersField(number: number, values: ArrayLike<number>): Uint8Array {
  const packed = new Uint8Array(MOST_VARINT_BYTES * values.length)
  let at = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (!(value >= 0 && Number.isSafeInteger(value))) {
      const bytes = varint(BigInt(value))
      packed.set(bytes, at)
      at += bytes.length
      continue
    }
    let rest = value // without a BigInt each, 20 times as fast
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) packed[at++] = (rest % 0x80) | 0x80
    packed[at++] = rest
  }
  return bytesField(number, packed.subarray(0, at))
}

/** A list of float32s in one field. */
export function floatsField(number: number, values: ArrayLike<number>): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length))
  for (let i = 0; i < values.length; i++) view.setFloat32(4 * i, values[i]!, true)
  return bytesField(number, new Uint8Array(view.buffer))
}

/** A list of texts, a field each; equal ones are encoded once. */
export function textFields(number: number, texts: readonly string[]): Uint8Array {
  const encoded = new Map([...new Set(texts)].map((text) => [text, textField(number, text)]))
  return joined(texts.map((text) => encoded.get(text)!)) // each was encoded
}

/** One field as read: integers as bigint (unsigned), everything else as its bytes (a view, not a copy). */
export type WireField =
  | { readonly number: number; readonly kind: 'integer'; readonly value: bigint }
  | { readonly number: number; readonly kind: 'bytes'; readonly bytes: Uint8Array }

/**
 * The fields of a message, in the order they lie. Throws `BAD_DATA` where the bytes are not a message or end too soon.
 */
export function* readFields(bytes: Uint8Array): Generator<WireField> {
  let at = 0
  const readVarint = (): bigint => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++]
      if (byte === undefined) throw damaged(bytes, at)
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    throw damaged(bytes, at)
  }
  while (at < bytes.length) {
    const head = readVarint()
    const number = Number(head >> 3n)
    const wire = Number(head & 7n)
    if (wire === VARINT) {
      yield { number, kind: 'integer', value: readVarint() }
      continue
    }
    const length = wire === BYTES ? Number(readVarint()) : wire === FIXED32 ? 4 : wire === FIXED64 ? 8 : Number.NaN
    if (!(at + length <= bytes.length)) throw damaged(bytes, at)
    yield { number, kind: 'bytes', bytes: bytes.subarray(at, at + length) }
    at += length
  }
}

const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const FIXED32 = 5
const MOST_VARINT_BYTES = 10 // 64 bits by sevens

function tag(number: number, wire: number): Uint8Array {
  return varint(BigInt(number * 8 + wire))
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, value)
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return Uint8Array.from(bytes)
}

function damaged(bytes: Uint8Array, at: number): PlannedError {
  return new PlannedError(
    'BAD_DATA',
    `this is not a whole model file: it breaks off or stops making sense at byte ${at} of ${bytes.length}`,
    { next: 'fetch it again', facts: { at, length: bytes.length } },
  )
}
