// The model file: one ONNX graph from raw columns through the features and a network to the target, weights kept by name.
import { compileToOnnx } from '../features/compile-onnx.ts'
import { type OnnxGraph, openGraph, readInitializers } from '../features/onnx-graph.ts'
import type { FeatureSpecification } from '../features/specification.ts'
import type { Tensor } from './port.ts'

/** Marks a trainer's weights among a file's other constants. */
const WEIGHT_PREFIX = 'weights/'

/**
 * A model file. `network` adds the nodes from the encoded features, float [rows, inputs], to the prediction, float [rows, 1].
 * The file's one output has the target's name and is float [rows]; the trainer's name is added to the metadata.
 */
export function writeModel(
  specification: FeatureSpecification,
  trainer: string,
  metadata: Readonly<Record<string, string>>,
  network: (graph: OnnxGraph, features: string) => string,
): Uint8Array {
  const graph = openGraph(trainer)
  const features = compileToOnnx(specification, graph)
  const column = network(graph, features)
  const flat = graph.node('Reshape', [column, graph.constant([-1], 'int64', [1])])
  graph.output(specification.target, flat, 'float', ['rows'])
  return graph.toBytes({ metadata: { trainer, ...metadata } })
}

/** Adds a named weight, as it will come back from `weightsOf`. */
export function addWeight(graph: OnnxGraph, name: string, shape: readonly number[], values: Float32Array): string {
  return graph.constant(values, 'float', shape, WEIGHT_PREFIX + name)
}

/** Adds input · kernel + bias: the weights are named `<name>/kernel`, (inputs, units), and `<name>/bias`, (units). */
export function addDense(
  graph: OnnxGraph,
  input: string,
  name: string,
  kernel: { readonly shape: readonly number[]; readonly values: Float32Array },
  bias: Float32Array,
): string {
  const kernelName = addWeight(graph, `${name}/kernel`, kernel.shape, kernel.values)
  return graph.node('Gemm', [input, kernelName, addWeight(graph, `${name}/bias`, [bias.length], bias)])
}

/**
 * The weights of a model file that a trainer of ours wrote, as it was given them; none for a file from elsewhere.
 * Throws `BAD_DATA` if the bytes are not a model file.
 */
export function weightsOf(modelBytes: Uint8Array): Tensor[] {
  const weights: Tensor[] = []
  for (const { name, shape, values } of readInitializers(modelBytes)) {
    if (name.startsWith(WEIGHT_PREFIX)) weights.push({ name: name.slice(WEIGHT_PREFIX.length), shape, values })
  }
  return weights
}
