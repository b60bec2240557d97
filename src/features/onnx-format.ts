// The messages of an ONNX file (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), each written out as bytes.
import { bytesField, floatField, integerField, message, textField } from './protobuf.ts'

/** Element types, with ONNX's own numbers for them. */
export const TENSOR_TYPES = { float: 1, int32: 6, int64: 7, bool: 9, double: 11 } as const
export type TensorType = keyof typeof TENSOR_TYPES

/** A size, or the name of a size known only when the model runs. */
export type Dimension = number | string

/** A node's attribute; the key says which of ONNX's kinds it is. */
type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly floats: readonly number[] }
  | { readonly text: string }

export type Attributes = Readonly<Record<string, Attribute>>

// Field numbers of onnx.proto.
export const MODEL = { irVersion: 1, producer: 2, graph: 7, opset: 8, metadata: 14 }
export const OPSET = { domain: 1, version: 2 }
export const ENTRY = { key: 1, value: 2 }
export const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12 }
const NODE = { input: 1, output: 2, name: 3, op: 4, attribute: 5 }
const ATTRIBUTE = { name: 1, float: 2, int: 3, text: 4, floats: 7, ints: 8, kind: 20 }
const ATTRIBUTE_KINDS = { float: 1, int: 2, text: 3, floats: 6, ints: 7 }
export const TENSOR = { dimensions: 1, type: 2, floats: 4, name: 8, raw: 9 }
const VALUE = { name: 1, type: 2 }
const TYPE = { tensor: 1, elementType: 1, shape: 2, dimension: 1, size: 1, sizeName: 2 }

export function nodeMessage(
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
