// Reads from an ONNX file what goes in and what comes out, without running it.
import { GRAPH, MODEL, TENSOR_TYPES } from '../features/onnx-format.ts'
import { readFields } from '../features/protobuf.ts'

export interface ModelValue {
  readonly name: string
  /** As ONNX spells it: `float`, `double`, `int64`, …; `other` for a type we have no name for. */
  readonly type: string
}

// Field numbers of onnx.proto, in an input or output: its name and type.tensor.element type.
const [NAME, TYPE, TENSOR, ELEMENT] = [1, 2, 1, 1]

/** Inputs and outputs of a model file, in its order. Throws `BAD_DATA` if the bytes are not one. */
export function readModelInterface(bytes: Uint8Array): { inputs: ModelValue[]; outputs: ModelValue[] } {
  const graph = messagesAt(bytes, MODEL.graph)[0] ?? new Uint8Array()
  return {
    inputs: messagesAt(graph, GRAPH.input).map(describeValue),
    outputs: messagesAt(graph, GRAPH.output).map(describeValue),
  }
}

function describeValue(bytes: Uint8Array): ModelValue {
  const tensor = messagesAt(messagesAt(bytes, TYPE)[0] ?? new Uint8Array(), TENSOR)[0] ?? new Uint8Array()
  let element = 0
  for (const field of readFields(tensor)) {
    if (field.kind === 'integer' && field.number === ELEMENT) element = Number(field.value)
  }
  const type = Object.entries(TENSOR_TYPES).find(([, number]) => number === element)?.[0] ?? 'other'
  return { name: new TextDecoder().decode(messagesAt(bytes, NAME)[0]), type }
}

function messagesAt(bytes: Uint8Array, number: number): Uint8Array[] {
  const found: Uint8Array[] = []
  for (const field of readFields(bytes)) if (field.kind === 'bytes' && field.number === number) found.push(field.bytes)
  return found
}
