// Writes an ONNX model file node by node, and reads weights and metadata back out of one. No dependency: the format is
// a protobuf message (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
import { PlannedError } from '../kernel/errors.ts'
import { bytesField, floatField, integerField, message, readFields, textField } from './protobuf.ts'

/** Element types, with ONNX's own numbers for them. */
export const TENSOR_TYPES = { float: 1, int32: 6, int64: 7, bool: 9, double: 11 } as const
export type TensorType = keyof typeof TENSOR_TYPES

/** A size, or the name of a size known only when the model runs. */
export type Dimension = number | string

/** A node's attribute; the key says which of ONNX's kinds it is. */
export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly floats: readonly number[] }
  | { readonly text: string }

export type Attributes = Readonly<Record<string, Attribute>>

export interface FileOptions {
  /** Free text kept in the file; read back by `readMetadata`. */
  readonly metadata: Readonly<Record<string, string>>
  /** Version of the operator set; default 17. */
  readonly opset?: number
  /** Version of the file format; default 8, which goes with operator set 17. */
  readonly irVersion?: number
  /** Who wrote the file; default `understudy`. */
  readonly producer?: string
}

/** A graph in the making. Tensors are handled by name: what `input`, `constant` and `node` return is what `node` takes. */
export interface OnnxGraph {
  /** Declares an input of the model. Throws `CONFLICT` on a name that is taken. */
  input(name: string, type: TensorType, shape: readonly Dimension[]): string
  /**
   * A constant, row-major. A named one (a weight) is kept as it is and can be read back; unnamed ones that are equal are one.
   * Throws `BAD_INPUT` if the number of values is not the product of the shape, `CONFLICT` on a name that is taken.
   */
  constant(values: ArrayLike<number>, type: TensorType, shape: readonly number[], name?: string): string
  /** Adds a node with one output. Asking for the same node twice gives the first one's output. */
  node(op: string, inputs: readonly string[], attributes?: Attributes): string
  /** Adds a node with several outputs. */
  nodes(op: string, inputs: readonly string[], outputs: number, attributes?: Attributes): readonly string[]
  /** Declares an output of the model: `tensor` under the name `name`. Throws `CONFLICT` on a name that is taken. */
  output(name: string, tensor: string, type: TensorType, shape: readonly Dimension[]): void
  /** The file. The same calls give the same bytes. */
  toBytes(options: FileOptions): Uint8Array
}

/** A float tensor of a model file. */
export interface Initializer {
  readonly name: string
  readonly shape: readonly number[]
  readonly values: Float32Array
}

/** An empty graph. */
export function openGraph(name: string): OnnxGraph {
  const inputs: Uint8Array[] = []
  const outputs: Uint8Array[] = []
  const initializers: Uint8Array[] = []
  const nodes: Uint8Array[] = []
  const taken = new Set<string>()
  /** Outputs of what was already asked for, by what was asked. */
  const known = new Map<string, readonly string[]>()

  const take = (tensor: string): string => {
    if (taken.has(tensor)) {
      throw new PlannedError(
        'CONFLICT',
        `the ONNX graph ${name} already has a tensor named ${tensor}; choose another name`,
      )
    }
    taken.add(tensor)
    return tensor
  }
  const once = (request: string, make: () => readonly string[]): readonly string[] => {
    const found = known.get(request) ?? make()
    known.set(request, found)
    return found
  }
  const addNodes = (op: string, from: readonly string[], count: number, attributes: Attributes): readonly string[] => {
    for (const tensor of from) {
      if (tensor !== '' && !taken.has(tensor)) throw new Error(`${op} reads ${tensor}, which nothing in ${name} makes`)
    }
    return once(JSON.stringify([op, from, count, attributes]), () => {
      const stem = `${op.toLowerCase()}_${nodes.length}`
      const made = Array.from({ length: count }, (_, i) => take(count === 1 ? stem : `${stem}_${i}`))
      nodes.push(nodeMessage(op, stem, from, made, attributes))
      return made
    })
  }

  return {
    input(tensor, type, shape) {
      inputs.push(valueInfo(take(tensor), type, shape))
      return tensor
    },
    constant(values, type, shape, tensor) {
      checkShape(values.length, shape, tensor ?? 'a constant')
      const add = (as: string): string => {
        initializers.push(tensorMessage(take(as), values, type, shape))
        return as
      }
      if (tensor !== undefined) return add(tensor)
      const request = `constant ${type} [${shape}] ${Array.from(values, (value) => (Object.is(value, -0) ? '-0' : value))}`
      return once(request, () => [add(`constant_${initializers.length}`)])[0]! // `once` was given one name
    },
    node: (op, from, attributes = {}) => addNodes(op, from, 1, attributes)[0]!, // one output was asked for
    nodes: (op, from, count, attributes = {}) => addNodes(op, from, count, attributes),
    output(tensor, from, type, shape) {
      nodes.push(nodeMessage('Identity', `output_${outputs.length}`, [from], [take(tensor)], {}))
      outputs.push(valueInfo(tensor, type, shape))
    },
    toBytes({ metadata, opset = 17, irVersion = 8, producer = 'understudy' }) {
      const graph = message(
        ...nodes.map((node) => bytesField(GRAPH.node, node)),
        textField(GRAPH.name, name),
        ...initializers.map((tensor) => bytesField(GRAPH.initializer, tensor)),
        ...inputs.map((input) => bytesField(GRAPH.input, input)),
        ...outputs.map((output) => bytesField(GRAPH.output, output)),
      )
      const entries = Object.keys(metadata).sort()
      return message(
        integerField(MODEL.irVersion, irVersion),
        textField(MODEL.producer, producer),
        bytesField(MODEL.graph, graph),
        bytesField(MODEL.opset, message(textField(OPSET.domain, ''), integerField(OPSET.version, opset))),
        ...entries.map((key) =>
          bytesField(MODEL.metadata, message(textField(ENTRY.key, key), textField(ENTRY.value, metadata[key]!))),
        ), // a key of it
      )
    },
  }
}

/**
 * The float32 constants of a model file, in its order, weights among them by their names. Those written in another layout
 * than raw little-endian bytes are read too. Throws `BAD_DATA` if the bytes are not a model file.
 */
export function readInitializers(bytes: Uint8Array): readonly Initializer[] {
  const found: Initializer[] = []
  for (const graph of messagesAt(bytes, MODEL.graph)) {
    for (const tensor of messagesAt(graph, GRAPH.initializer)) {
      const initializer = readTensor(tensor)
      if (initializer !== null) found.push(initializer)
    }
  }
  return found
}

/** The free text kept in a model file. Throws `BAD_DATA` if the bytes are not one. */
export function readMetadata(bytes: Uint8Array): Readonly<Record<string, string>> {
  const metadata: Record<string, string> = {}
  for (const entry of messagesAt(bytes, MODEL.metadata)) metadata[textAt(entry, ENTRY.key)] = textAt(entry, ENTRY.value)
  return metadata
}

// Field numbers of onnx.proto.
const MODEL = { irVersion: 1, producer: 2, graph: 7, opset: 8, metadata: 14 }
const OPSET = { domain: 1, version: 2 }
const ENTRY = { key: 1, value: 2 }
const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12 }
const NODE = { input: 1, output: 2, name: 3, op: 4, attribute: 5 }
const ATTRIBUTE = { name: 1, float: 2, int: 3, text: 4, floats: 7, ints: 8, kind: 20 }
const ATTRIBUTE_KINDS = { float: 1, int: 2, text: 3, floats: 6, ints: 7 }
const TENSOR = { dimensions: 1, type: 2, floats: 4, name: 8, raw: 9 }
const VALUE = { name: 1, type: 2 }
const TYPE = { tensor: 1, elementType: 1, shape: 2, dimension: 1, size: 1, sizeName: 2 }

function nodeMessage(
  op: string,
  name: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Attributes,
): Uint8Array {
  return message(
    ...inputs.map((input) => textField(NODE.input, input)),
    ...outputs.map((output) => textField(NODE.output, output)),
    textField(NODE.name, name),
    textField(NODE.op, op),
    ...Object.entries(attributes).map(([key, value]) => bytesField(NODE.attribute, attributeMessage(key, value))),
  )
}

function attributeMessage(name: string, value: Attribute): Uint8Array {
  const head = textField(ATTRIBUTE.name, name)
  const kind = (of: keyof typeof ATTRIBUTE_KINDS): Uint8Array => integerField(ATTRIBUTE.kind, ATTRIBUTE_KINDS[of])
  if ('int' in value) return message(head, integerField(ATTRIBUTE.int, value.int), kind('int'))
  if ('float' in value) return message(head, floatField(ATTRIBUTE.float, value.float), kind('float'))
  if ('ints' in value) return message(head, ...value.ints.map((int) => integerField(ATTRIBUTE.ints, int)), kind('ints'))
  if ('floats' in value)
    return message(head, ...value.floats.map((one) => floatField(ATTRIBUTE.floats, one)), kind('floats'))
  return message(head, textField(ATTRIBUTE.text, value.text), kind('text'))
}

function valueInfo(name: string, type: TensorType, shape: readonly Dimension[]): Uint8Array {
  const dimensions = shape.map((size) =>
    bytesField(
      TYPE.dimension,
      typeof size === 'number' ? integerField(TYPE.size, size) : textField(TYPE.sizeName, size),
    ),
  )
  const tensor = message(
    integerField(TYPE.elementType, TENSOR_TYPES[type]),
    bytesField(TYPE.shape, message(...dimensions)),
  )
  return message(textField(VALUE.name, name), bytesField(VALUE.type, bytesField(TYPE.tensor, tensor)))
}

function tensorMessage(
  name: string,
  values: ArrayLike<number>,
  type: TensorType,
  shape: readonly number[],
): Uint8Array {
  return message(
    ...shape.map((size) => integerField(TENSOR.dimensions, size)),
    integerField(TENSOR.type, TENSOR_TYPES[type]),
    textField(TENSOR.name, name),
    bytesField(TENSOR.raw, rawBytes(values, type)),
  )
}

const BYTES_EACH: Record<TensorType, number> = { float: 4, int32: 4, int64: 8, bool: 1, double: 8 }

/** Little-endian, whatever the machine. */
function rawBytes(values: ArrayLike<number>, type: TensorType): Uint8Array {
  const each = BYTES_EACH[type]
  const view = new DataView(new ArrayBuffer(values.length * each))
  const put: Record<TensorType, (at: number, value: number) => void> = {
    float: (at, value) => view.setFloat32(at, value, true),
    double: (at, value) => view.setFloat64(at, value, true),
    int32: (at, value) => view.setInt32(at, value, true),
    int64: (at, value) => view.setBigInt64(at, BigInt(value), true),
    bool: (at, value) => view.setUint8(at, value === 0 ? 0 : 1),
  }
  for (let i = 0; i < values.length; i++) put[type](i * each, values[i]!)
  return new Uint8Array(view.buffer)
}

function readTensor(bytes: Uint8Array): Initializer | null {
  const shape: number[] = []
  const packed: Uint8Array[] = []
  let raw: Uint8Array | null = null
  let type = 0
  for (const field of readFields(bytes)) {
    if (field.kind === 'integer') {
      if (field.number === TENSOR.dimensions) shape.push(Number(field.value))
      if (field.number === TENSOR.type) type = Number(field.value)
    } else {
      if (field.number === TENSOR.floats) packed.push(field.bytes)
      if (field.number === TENSOR.raw) raw = field.bytes
    }
  }
  if (type !== TENSOR_TYPES.float) return null
  const name = textAt(bytes, TENSOR.name)
  const data = raw ?? message(...packed)
  checkShape(data.length / 4, shape, name)
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  return { name, shape, values: Float32Array.from({ length: data.length / 4 }, (_, i) => view.getFloat32(i * 4, true)) }
}

function checkShape(values: number, shape: readonly number[], name: string): void {
  const needed = shape.reduce((product, size) => product * size, 1)
  if (values !== needed) {
    throw new PlannedError(
      'BAD_INPUT',
      `${name} has ${values} values and the shape [${shape.join(', ')}] takes ${needed}; make them agree`,
    )
  }
}

function messagesAt(bytes: Uint8Array, number: number): Uint8Array[] {
  const found: Uint8Array[] = []
  for (const field of readFields(bytes)) if (field.kind === 'bytes' && field.number === number) found.push(field.bytes)
  return found
}

function textAt(bytes: Uint8Array, number: number): string {
  return new TextDecoder().decode(messagesAt(bytes, number)[0])
}
