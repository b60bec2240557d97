// The messages of an ONNX file (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), each written out as bytes.
import {
  bytesField,
  floatField,
  floatsField,
  integerField,
  integersField,
  message,
  textField,
  textFields,
} from './protobuf.ts'

/** Element types, with ONNX's own numbers for them. */
export const TENSOR_TYPES = { float: 1, int32: 6, int64: 7, bool: 9, double: 11 } as const
export type TensorType = keyof typeof TENSOR_TYPES

/** The sets of operators beside ONNX's own, whose domain is '', each with the version that files ask for. */
export const OPERATOR_SETS = { 'ai.onnx.ml': 3 } as const
export type OperatorDomain = '' | keyof typeof OPERATOR_SETS

/** A size, or the name of a size known only when the model runs. */
export type Dimension = number | string

/** A node's attribute; the key says which of ONNX's kinds it is. */
type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: ArrayLike<number> }
  | { readonly floats: ArrayLike<number> }
  | { readonly text: string }
  | { readonly texts: readonly string[] }
  /** Of rank 1. */
  | { readonly tensor: ArrayLike<number>; readonly type: TensorType }

export type Attributes = Readonly<Record<string, Attribute>>

// Field numbers of onnx.proto.
export const MODEL = { irVersion: 1, producer: 2, graph: 7, opset: 8, metadata: 14 }
export const OPSET = { domain: 1, version: 2 }
export const ENTRY = { key: 1, value: 2 }
export const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12 }
const NODE = { input: 1, output: 2, name: 3, op: 4, attribute: 5, domain: 7 }
const ATTRIBUTE = { name: 1, float: 2, int: 3, text: 4, tensor: 5, floats: 7, ints: 8, texts: 9, kind: 20 }
const ATTRIBUTE_KINDS = { float: 1, int: 2, text: 3, tensor: 4, floats: 6, ints: 7, texts: 8 }
export const TENSOR = { dimensions: 1, type: 2, floats: 4, name: 8, raw: 9 }
const VALUE = { name: 1, type: 2 }
const TYPE = { tensor: 1, elementType: 1, shape: 2, dimension: 1, size: 1, sizeName: 2 }

/** What a node computes, from what: all of its message but its name and its outputs, which `namedNode` adds. */
export function nodeBody(
  op: string,
  inputs: readonly string[],
  attributes: Attributes,
  domain: OperatorDomain,
): Uint8Array {
  return message(
    ...inputs.map((input) => textField(NODE.input, input)),
    textField(NODE.op, op),
    ...Object.entries(attributes).map(([key, value]) => bytesField(NODE.attribute, attributeMessage(key, value))),
    ...(domain === '' ? [] : [textField(NODE.domain, domain)]),
  )
}

export function namedNode(body: Uint8Array, name: string, outputs: readonly string[]): Uint8Array {
  return message(body, ...outputs.map((output) => textField(NODE.output, output)), textField(NODE.name, name))
}

function attributeMessage(name: string, attribute: Attribute): Uint8Array {
  const [kind, value] = attributeValue(attribute)
  return message(textField(ATTRIBUTE.name, name), value, integerField(ATTRIBUTE.kind, ATTRIBUTE_KINDS[kind]))
}

function attributeValue(value: Attribute): [keyof typeof ATTRIBUTE_KINDS, Uint8Array] {
  if ('int' in value) return ['int', integerField(ATTRIBUTE.int, value.int)]
  if ('float' in value) return ['float', floatField(ATTRIBUTE.float, value.float)]
  if ('ints' in value) return ['ints', integersField(ATTRIBUTE.ints, value.ints)]
  if ('floats' in value) return ['floats', floatsField(ATTRIBUTE.floats, value.floats)]
  if ('text' in value) return ['text', textField(ATTRIBUTE.text, value.text)]
  if ('texts' in value) return ['texts', textFields(ATTRIBUTE.texts, value.texts)]
  const tensor = tensorMessage('', value.tensor, value.type, [value.tensor.length])
  return ['tensor', bytesField(ATTRIBUTE.tensor, tensor)]
}

export function valueInfo(name: string, type: TensorType, shape: readonly Dimension[]): Uint8Array {
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

export function tensorMessage(
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
