// Curves as TensorBoard reads them: an event file, TFRecord frames around protobuf messages.
// Formats: https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/util/event.proto and …/core/lib/io/record_writer.h

/** One value of a curve. */
export interface Scalar {
  readonly tag: string
  readonly step: number
  readonly value: number
}

/** The bytes of an event file with these values, all stamped with one time (ms since 1970). */
export function eventFile(scalars: readonly Scalar[], atMs: number): Uint8Array {
  const wallTime = double(1, atMs / 1000)
  const version = framed(Buffer.concat([wallTime, bytes(3, Buffer.from('brain.Event:2'))]))
  const events = scalars.map(({ tag, step, value }) => {
    const summaryValue = Buffer.concat([bytes(1, Buffer.from(tag)), float(2, value)])
    return framed(Buffer.concat([wallTime, varintField(2, step), bytes(5, bytes(1, summaryValue))]))
  })
  return Buffer.concat([version, ...events])
}

/** Length, its checksum, the data, its checksum. */
function framed(data: Buffer): Buffer {
  const head = Buffer.alloc(12)
  head.writeBigUInt64LE(BigInt(data.length))
  head.writeUInt32LE(masked(crc32c(head.subarray(0, 8))), 8)
  const tail = Buffer.alloc(4)
  tail.writeUInt32LE(masked(crc32c(data)))
  return Buffer.concat([head, data, tail])
}

function double(field: number, value: number): Buffer {
  const written = Buffer.alloc(9)
  written[0] = (field << 3) | 1
  written.writeDoubleLE(value, 1)
  return written
}

function float(field: number, value: number): Buffer {
  const written = Buffer.alloc(5)
  written[0] = (field << 3) | 5
  written.writeFloatLE(value, 1)
  return written
}

/** Nothing for 0, which protobuf leaves out. */
function varintField(field: number, value: number): Buffer {
  if (value === 0) return Buffer.alloc(0)
  return Buffer.concat([Buffer.of(field << 3), varint(value)])
}

function bytes(field: number, data: Buffer): Buffer {
  return Buffer.concat([Buffer.of((field << 3) | 2), varint(data.length), data])
}

function varint(value: number): Buffer {
  const written: number[] = []
  let left = value
  for (; left > 127; left = Math.floor(left / 128)) written.push((left % 128) | 128)
  return Buffer.of(...written, left)
}

/** CRC-32C (Castagnoli), reflected polynomial 0x82f63b78. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1
  return value >>> 0
})

function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of data) crc = (crc >>> 8) ^ TABLE[(crc ^ byte) & 0xff]!
  return (crc ^ 0xffffffff) >>> 0
}

/** TFRecord stores checksums rotated and shifted, so that a checksum of checksums still tells something. */
function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}
