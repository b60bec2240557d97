import { InferenceSession, Tensor } from 'onnxruntime-node'
import { expect, test } from 'vitest'
import { openGraph, readInitializers, readMetadata } from './onnx-graph.ts'

/** relu(x · w + b), two features in, three out. */
function smallNetwork(): Uint8Array {
  const graph = openGraph('small')
  const x = graph.input('x', 'float', ['rows', 2])
  const weights = graph.constant([1, 2, 3, 4, 5, -6], 'float', [2, 3], 'dense/kernel')
  const bias = graph.constant([0.5, 0, -0.5], 'float', [3], 'dense/bias')
  const dense = graph.node('Gemm', [x, weights, bias], { alpha: { float: 1 }, transB: { int: 0 } })
  graph.output('y', graph.node('Relu', [dense]), 'float', ['rows', 3])
  return graph.toBytes({ metadata: { trainer: 'mlp', 'understudy.trained_to': '2015-02-01' } })
}

test('a graph written node by node runs in onnxruntime', async () => {
  const session = await InferenceSession.create(smallNetwork())
  const { y } = await session.run({ x: new Tensor('float32', Float32Array.of(1, 1, -1, 2), [2, 2]) })
  expect(y?.dims).toEqual([2, 3])
  expect(Array.from(y?.data as Float32Array)).toEqual([5.5, 7, 0, 7.5, 8, 0]) // a float32 tensor's data is one
})

test('the same calls give the same bytes', () => {
  expect(Buffer.from(smallNetwork()).equals(smallNetwork())).toBe(true)
})

test('weights come back by name, shape and value, and so does the metadata', () => {
  const bytes = smallNetwork()
  expect(readInitializers(bytes)).toEqual([
    { name: 'dense/kernel', shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, -6) },
    { name: 'dense/bias', shape: [3], values: Float32Array.of(0.5, 0, -0.5) },
  ])
  expect(readMetadata(bytes)).toEqual({ trainer: 'mlp', 'understudy.trained_to': '2015-02-01' })
})

test('equal nodes and equal unnamed constants are made once, named weights never merge', () => {
  const graph = openGraph('shared')
  const x = graph.input('x', 'double', ['rows'])
  const two = graph.constant([2], 'double', [])
  expect(graph.constant([2], 'double', [])).toBe(two)
  expect(graph.constant([2], 'double', [1])).not.toBe(two)
  expect(graph.node('Mul', [x, two])).toBe(graph.node('Mul', [x, two]))
  expect(graph.constant([2], 'double', [], 'weight')).toBe('weight')
})

test('what no output needs is left out of the file, named weights excepted', () => {
  const graph = openGraph('lean')
  const x = graph.input('x', 'float', ['rows'])
  graph.node('Mul', [x, graph.constant([2], 'float', [])])
  graph.constant([3], 'float', [], 'spare')
  graph.output('y', graph.node('Add', [x, graph.constant([5], 'float', [])]), 'float', ['rows'])
  expect(readInitializers(graph.toBytes({ metadata: {} })).map(({ values }) => values[0])).toEqual([3, 5])
})

test('nodes with several outputs and lists of integers are written', async () => {
  const graph = openGraph('split')
  const x = graph.input('x', 'int64', [3])
  const [head, tail] = graph.nodes('Split', [x, graph.constant([1, 2], 'int64', [2])], 2, { axis: { int: -1 } })
  const tensor = graph.node('Transpose', [graph.node('Unsqueeze', [tail!, graph.constant([0], 'int64', [1])])], {
    perm: { ints: [1, 0] },
  })
  graph.output('head', head!, 'int64', [1])
  graph.output('tail', tensor, 'int64', [2, 1])
  const session = await InferenceSession.create(graph.toBytes({ metadata: {} }))
  const { head: first, tail: rest } = await session.run({ x: new Tensor('int64', BigInt64Array.of(-7n, 8n, 9n), [3]) })
  expect(first?.data).toEqual(BigInt64Array.of(-7n))
  expect(rest?.data).toEqual(BigInt64Array.of(8n, 9n))
  expect(rest?.dims).toEqual([2, 1])
})

/** One tree, `x <= 2 ? 10 : 20`, by the operator of another set that takes lists of whole numbers, texts and a tensor. */
function oneTree(thresholds: readonly number[]): Uint8Array {
  const graph = openGraph('tree')
  const x = graph.input('x', 'double', ['rows', 1])
  const tree = graph.node(
    'TreeEnsembleRegressor',
    [x],
    {
      n_targets: { int: 1 },
      nodes_falsenodeids: { ints: [2, 0, 0] },
      nodes_featureids: { ints: new Int32Array(3) },
      nodes_modes: { texts: ['BRANCH_LEQ', 'LEAF', 'LEAF'] },
      nodes_nodeids: { ints: [0, 1, 2] },
      nodes_treeids: { ints: [0, 0, 0] },
      nodes_truenodeids: { ints: [1, 0, 0] },
      nodes_values_as_tensor: { tensor: thresholds, type: 'double' },
      target_ids: { ints: [0, 0] },
      target_nodeids: { ints: [1, 2] },
      target_treeids: { ints: [0, 0] },
      target_weights_as_tensor: { tensor: [10, 20], type: 'double' },
    },
    'ai.onnx.ml',
  )
  graph.output('y', tree, 'float', ['rows', 1])
  return graph.toBytes({ metadata: {} })
}

test('operators of another set are written with their lists of numbers and texts, and the set is named', async () => {
  const session = await InferenceSession.create(oneTree([2, 0, 0]))
  const { y } = await session.run({ x: new Tensor('float64', Float64Array.of(1, 2, 2 + 2 ** -51, Number.NaN), [4, 1]) })
  expect(y?.data).toEqual(Float32Array.of(10, 10, 20, 20))
})

test('lists of whole numbers of every size and lists of floats are written as they are read', async () => {
  const ints = [0, 1, -1, 127, 128, 300, 2 ** 31, -(2 ** 31), 2 ** 53 - 1, 1 - 2 ** 53]
  const floats = [0.5, -0, 1e-45, 3e38, Number.POSITIVE_INFINITY]
  const graph = openGraph('lists')
  graph.output('ints', graph.node('Constant', [], { value_ints: { ints } }), 'int64', [ints.length])
  graph.output('floats', graph.node('Constant', [], { value_floats: { floats } }), 'float', [floats.length])
  const session = await InferenceSession.create(graph.toBytes({ metadata: {} }))
  const { ints: foundInts, floats: foundFloats } = await session.run({})
  expect(foundInts?.data).toEqual(BigInt64Array.from(ints, BigInt))
  expect(foundFloats?.data).toEqual(Float32Array.from(floats))
  expect(() => graph.node('Constant', [], { value_ints: { ints: [0.5] } })).toThrow(RangeError)
})

test('nodes that differ in one value of a list are two, and nodes with attributes by the hundred thousand are written', () => {
  const graph = openGraph('long')
  const constant = (values: readonly number[]) => graph.node('Constant', [], { value_floats: { floats: values } })
  expect(constant([1, Number.NaN])).toBe(constant([1, Number.NaN]))
  expect(constant([1, Number.NaN])).not.toBe(constant([1, Number.POSITIVE_INFINITY]))
  expect(constant([0])).not.toBe(constant([-0]))
  const ints = new Int32Array(300_000).fill(300)
  const texts = Array.from(ints, () => 'LEAF')
  graph.output('y', graph.node('Custom', [], { ints: { ints }, texts: { texts } }, 'ai.onnx.ml'), 'float', [])
  expect(graph.toBytes({ metadata: {} }).length).toBeLessThan(300_000 * (2 + 6) + 200) // two bytes of a number, six of a text
})

test('a wrong shape, a taken name and a damaged file are refused in words', () => {
  const graph = openGraph('strict')
  graph.input('x', 'float', ['rows'])
  expect(() => graph.constant([1, 2, 3], 'float', [2, 2], 'w')).toThrow('w has 3 values and the shape [2, 2] takes 4')
  expect(() => graph.input('x', 'float', ['rows'])).toThrow('already has a tensor named x')
  expect(() => graph.node('Relu', ['nowhere'])).toThrow('Relu reads nowhere')
  const bytes = smallNetwork()
  expect(() => readInitializers(bytes.subarray(0, bytes.length - 20))).toThrow('not a whole model file')
})
