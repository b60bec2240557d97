// Turns raw columns (doubles) into the tensors a model file asks for.
import type { InferenceSession } from 'onnxruntime-node'
import { PlannedError } from '../kernel/errors.ts'

/** The element types a raw column can be fed as, and the arrays that hold them. */
const ARRAYS = { float32: Float32Array, float64: Float64Array, int32: Int32Array, int64: BigInt64Array } as const
type InputType = keyof typeof ARRAYS
type InputValues = Float32Array | Float64Array | Int32Array | BigInt64Array

export interface ModelInput {
  readonly name: string
  readonly type: InputType
  /**
   * Rows `[from, from + count)` of a column as the model takes them; valid until the next call. A null (NaN) sets its row of
   * `isNull`, if that is given, and reads as 0 where the type has no null. Throws `BAD_DATA` on a fraction where the model takes whole numbers.
   */
  read(
    column: Float64Array,
    from: number,
    count: number,
    isNull: Uint8Array | null,
  ): { values: InputValues; dimensions: number[] }
}

/** An input for up to `capacity` rows at once. Throws `BAD_DATA` unless it is one number per row. */
export function openModelInput(input: InferenceSession.ValueMetadata, capacity: number): ModelInput {
  const { name } = input
  if (!input.isTensor || !isInputType(input.type) || !isOnePerRow(input.shape)) {
    const found = input.isTensor ? `${input.type} [${input.shape.join(', ')}]` : 'not a tensor'
    throw new PlannedError('BAD_DATA', `the model's input ${name} is ${found}`, {
      next: 'each input has to be one raw column, float, double, int32 or int64, [rows] or [rows, 1]; export it that way',
    })
  }
  const { type } = input
  const buffer = new ARRAYS[type](capacity)
  const isFlat = input.shape.length === 1
  return {
    name,
    type,
    read(column, from, count, isNull) {
      fill(buffer, column, from, count, isNull, name)
      return { values: buffer.subarray(0, count), dimensions: isFlat ? [count] : [count, 1] }
    },
  }
}

function isInputType(type: string): type is InputType {
  return Object.hasOwn(ARRAYS, type)
}

/** [rows] or [rows, 1], rows being any number. */
function isOnePerRow(shape: readonly (number | string)[]): boolean {
  return typeof shape[0] !== 'number' && (shape.length === 1 || (shape.length === 2 && shape[1] === 1))
}

function fill(
  buffer: InputValues,
  column: Float64Array,
  from: number,
  count: number,
  isNull: Uint8Array | null,
  name: string,
): void {
  if (buffer instanceof Float32Array || buffer instanceof Float64Array) {
    for (let i = 0; i < count; i++) {
      const value = column[from + i]! // the column has as many rows
      buffer[i] = value
      if (isNull !== null && Number.isNaN(value)) isNull[i] = 1
    }
    return
  }
  // int64 by halves, low one first as every machine Node runs on has it: 2 ns a value, where a BigInt each costs 80 or more.
  const halves = buffer instanceof BigInt64Array ? new Int32Array(buffer.buffer) : null
  for (let i = 0; i < count; i++) {
    let value = column[from + i]! // as above
    if (Number.isNaN(value)) {
      if (isNull !== null) isNull[i] = 1
      value = 0
    }
    const high = Math.floor(value / 0x1_0000_0000)
    if (!(halves === null ? (value | 0) === value : Number.isSafeInteger(value))) throw notWhole(name, from + i, value)
    if (halves === null) buffer[i] = value
    else {
      halves[2 * i] = value - high * 0x1_0000_0000
      halves[2 * i + 1] = high
    }
  }
}

function notWhole(name: string, row: number, value: number): PlannedError {
  return new PlannedError('BAD_DATA', `the model takes whole numbers as ${name}, and row ${row} has ${value}`, {
    next: 'clean the rows or export the model with a double input',
  })
}
