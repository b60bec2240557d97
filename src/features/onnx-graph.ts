// Writes an ONNX model file node by node, and reads weights and metadata back out of one. No dependency: the format is
// a protobuf message (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
import { PlannedError } from '../kernel/errors.ts'
import {
  type Attributes,
  type Dimension,
  ENTRY,
  GRAPH,
  MODEL,
  namedNode,
  nodeBody,
  OPERATOR_SETS,
  OPSET,
  type OperatorDomain,
  TENSOR,
  TENSOR_TYPES,
  type TensorType,
  tensorMessage,
  valueInfo,
} from './onnx-format.ts'
import { bytesField, integerField, message, readFields, textField } from './protobuf.ts'

interface FileOptions {
  /** Free text kept in the file; read back by `readMetadata`. */
  readonly metadata: Readonly<Record<string, string>>
  /** Version of the operator set; default 17. */
  readonly opset?: number
  /** Version of the file format; default 8, which goes with operator set 17. */
  readonly irVersion?: number
  /** Who wrote the file; default `understudy`. */
  readonly producer?: string
}

/**
 * A graph in the making. Tensors are handled by name: what `input`, `constant` and `node` return is what `node` takes.
 */
export interface OnnxGraph {
  /** Declares an input of the model. Throws `CONFLICT` on a name that is taken. */
  input(name: string, type: TensorType, shape: readonly Dimension[]): string
  /**
   * A constant, row-major. A named one (a weight) is kept as it is and can be read back; unnamed ones that are equal
   * are one.
   * Throws `BAD_INPUT` if the number of values is not the product of the shape, `CONFLICT` on a name that is taken.
   */
  constant(values: ArrayLike<number>, type: TensorType, shape: readonly number[], name?: string): string
  /**
   * Adds a node with one output. Asking for the same node twice gives the first one's output, unless its attributes take
   * thousands of bytes.
   */
  node(op: string, inputs: readonly string[], attributes?: Attributes, domain?: OperatorDomain): string
  /** Adds a node with several outputs. */
  nodes(op: string, inputs: readonly string[], outputs: number, attributes?: Attributes): readonly string[]
  /** Declares an output of the model: `tensor` under the name `name`. Throws `CONFLICT` on a name that is taken. */
  output(name: string, tensor: string, type: TensorType, shape: readonly Dimension[]): void
  /** The file: what the outputs need, and every named constant. The same calls give the same bytes. */
  toBytes(options: FileOptions): Uint8Array
}

/** A float tensor of a model file. */
export interface Initializer {
  readonly name: string
  readonly shape: readonly number[]
  readonly values: Float32Array
}

/** A node longer than this is not compared with the others: keeping it to compare would cost as much again. */
const LARGEST_SHARED_BYTES = 4_096

/** An empty graph. */
export function openGraph(name: string): OnnxGraph {
  const inputs: Uint8Array[] = []
  const outputs: Uint8Array[] = []
  const initializers: Part[] = []
  const nodes: Part[] = []
  const taken = new Set<string>()
  const domains = new Set<OperatorDomain>([''])
  /** What must be in the file: outputs and named constants. */
  const wanted: string[] = []
  /** Outputs of what was already asked for, by what was asked. */
  const known = new Map<string, readonly string[]>()

  const take = (tensor: string): string => {
    if (taken.has(tensor)) {
      throw new PlannedError('CONFLICT', `the ONNX graph ${name} already has a tensor named ${tensor}`, {
        next: 'choose another name',
      })
    }
    taken.add(tensor)
    return tensor
  }
  const once = (request: string, make: () => readonly string[]): readonly string[] => {
    const found = known.get(request) ?? make()
    known.set(request, found)
    return found
  }
  const addNodes = (
    op: string,
    from: readonly string[],
    count: number,
    attributes: Attributes,
    domain: OperatorDomain = '',
  ): readonly string[] => {
    for (const tensor of from) {
      if (tensor !== '' && !taken.has(tensor)) throw new Error(`${op} reads ${tensor}, which nothing in ${name} makes`)
    }
    const body = nodeBody(op, from, attributes, domain)
    const make = (): readonly string[] => {
      const stem = `${op.toLowerCase()}_${nodes.length}`
      const made = Array.from({ length: count }, (_, i) => take(count === 1 ? stem : `${stem}_${i}`))
      nodes.push({ makes: made, reads: from, bytes: namedNode(body, stem, made) })
      domains.add(domain)
      return made
    }
    if (body.length > LARGEST_SHARED_BYTES) return make()
    return once(`${count} of ${Buffer.from(body).toString('latin1')}`, make)
  }

  return {
    input(tensor, type, shape) {
      inputs.push(valueInfo(take(tensor), type, shape))
      return tensor
    },
    constant(values, type, shape, tensor) {
      checkShape(values.length, shape, tensor ?? 'a constant')
      const add = (as: string): string => {
        initializers.push({ makes: [as], reads: [], bytes: tensorMessage(take(as), values, type, shape) })
        return as
      }
      if (tensor !== undefined) {
        wanted.push(tensor)
        return add(tensor)
      }
      const request = `constant ${type} [${shape}] ${Array.from(values, (value) => (Object.is(value, -0) ? '-0' : value))}`
      return once(request, () => [add(`constant_${initializers.length}`)])[0]! // `once` was given one name
    },
    node: (op, from, attributes = {}, domain) => addNodes(op, from, 1, attributes, domain)[0]!, // one output was asked for
    nodes: (op, from, count, attributes = {}) => addNodes(op, from, count, attributes),
    output(tensor, from, type, shape) {
      const bytes = namedNode(nodeBody('Identity', [from], {}, ''), `output_${outputs.length}`, [take(tensor)])
      nodes.push({ makes: [tensor], reads: [from], bytes })
      wanted.push(tensor)
      outputs.push(valueInfo(tensor, type, shape))
    },
    toBytes({ metadata, opset = 17, irVersion = 8, producer = 'understudy' }) {
      const needed = neededFor(wanted, nodes)
      const isNeeded = (part: Part): boolean => part.makes.some((tensor) => needed.has(tensor))
      const graph = message(
        ...nodes.filter(isNeeded).map((node) => bytesField(GRAPH.node, node.bytes)),
        textField(GRAPH.name, name),
        ...initializers.filter(isNeeded).map((tensor) => bytesField(GRAPH.initializer, tensor.bytes)),
        ...inputs.map((input) => bytesField(GRAPH.input, input)),
        ...outputs.map((output) => bytesField(GRAPH.output, output)),
      )
      const entries = Object.keys(metadata).sort()
      return message(
        integerField(MODEL.irVersion, irVersion),
        textField(MODEL.producer, producer),
        bytesField(MODEL.graph, graph),
        ...[...domains].sort().map((domain) => {
          const version = domain === '' ? opset : OPERATOR_SETS[domain]
          return bytesField(MODEL.opset, message(textField(OPSET.domain, domain), integerField(OPSET.version, version)))
        }),
        ...entries.map((key) =>
          bytesField(MODEL.metadata, message(textField(ENTRY.key, key), textField(ENTRY.value, metadata[key]!))),
        ), // a key of it
      )
    },
  }
}

/**
 * The float32 constants of a model file, in its order, weights among them by their names. Those written in another
 * layout than raw little-endian bytes are read too. Throws `BAD_DATA` if the bytes are not a model file.
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

/** A node or a constant, written out. */
interface Part {
  readonly makes: readonly string[]
  readonly reads: readonly string[]
  readonly bytes: Uint8Array
}

/** The tensors that the wanted ones are made of, themselves included. Nodes come after what they read. */
function neededFor(wanted: readonly string[], nodes: readonly Part[]): ReadonlySet<string> {
  const needed = new Set(wanted)
  for (const node of nodes.toReversed()) {
    if (node.makes.some((tensor) => needed.has(tensor))) for (const tensor of node.reads) needed.add(tensor)
  }
  return needed
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
      `${name} has ${values} values and the shape [${shape.join(', ')}] takes ${needed}`,
      { next: 'make them agree' },
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
