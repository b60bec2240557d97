// Reads from an ONNX file what goes in and what comes out, without running it.
import { readFields } from '../features/protobuf.ts'

export interface ModelValue {
  readonly name: string
  /** As ONNX spells it: `float`, `double`, `int64`, …; `other` for a type we have no name for. */
  readonly type: string
}

/** ONNX's own numbers for element types a raw column or a prediction can have. */
const ELEMENT_TYPES: ReadonlyMap<bigint, string> = new Map([
  [1n, 'float'],
  [6n, 'int32'],
  [7n, 'int64'],
  [11n, 'double'],
])

// Field numbers of onnx.proto: model.graph; graph's inputs and outputs; their name and type.tensor.element type.
const GRAPH = 7
const [INPUT, OUTPUT] = [11, 12]
const [NAME, TYPE, TENSOR, ELEMENT] = [1, 2, 1, 1]

/** Inputs and outputs of a model file, in its order. Throws `BAD_DATA` if the bytes are not one. */
export function readModelInterface(bytes: Uint8Array): { inputs: ModelValue[]; outputs: ModelValue[] } {
  const graph = messagesAt(bytes, GRAPH)[0] ?? new Uint8Array()
  return { inputs: messagesAt(graph, INPUT).map(describeValue), outputs: messagesAt(graph, OUTPUT).map(describeValue) }
}

function describeValue(bytes: Uint8Array): ModelValue {
  const tensor = messagesAt(messagesAt(bytes, TYPE)[0] ?? new Uint8Array(), TENSOR)[0] ?? new Uint8Array()
  let type = 'other'
  for (const field of readFields(tensor)) {
    if (field.kind === 'integer' && field.number === ELEMENT) type = ELEMENT_TYPES.get(field.value) ?? 'other'
  }
  return { name: new TextDecoder().decode(messagesAt(bytes, NAME)[0]), type }
}

function messagesAt(bytes: Uint8Array, number: number): Uint8Array[] {
  const found: Uint8Array[] = []
  for (const field of readFields(bytes)) if (field.kind === 'bytes' && field.number === number) found.push(field.bytes)
  return found
}
