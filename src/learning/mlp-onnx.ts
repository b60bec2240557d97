// The network as ONNX nodes, in inference form: no dropout, and batch normalisation by its moving statistics.
import type { OnnxGraph } from '../features/onnx-graph.ts'
import type { FeatureSpecification } from '../features/specification.ts'
import { inputLayout } from './input-layout.ts'
import type { Intervals } from './intervals.ts'
import { addDense, addWeight, writeModel } from './model-file.ts'
import { BATCH_NORM_EPSILON, hiddenSizesOf, openWeights, restore } from './network.ts'
import type { Tensor } from './port.ts'

/**
 * The model file of an mlp. Normalisation keeps its four vectors beside the kernels instead of being folded into them, so
 * that a later training can start from the file. Throws `BAD_INPUT` if the weights do not fit the specification.
 */
export function mlpToOnnx(
  specification: FeatureSpecification,
  weights: readonly Tensor[],
  metadata: Readonly<Record<string, string>>,
  intervals: Intervals | null = null,
): Uint8Array {
  const hidden = hiddenSizesOf(weights)
  restore(openWeights(inputLayout(specification), hidden), weights) // checks every name and shape
  const byName = new Map(weights.map((tensor) => [tensor.name, tensor]))
  const tensor = (name: string): Tensor => byName.get(name)! // `restore` missed none
  const network = (graph: OnnxGraph, features: string): string => {
    let flow = features
    for (let i = 1; i <= hidden.length; i++) {
      const name = `hidden_${i}`
      flow = addDense(graph, flow, name, tensor(`${name}/kernel`), tensor(`${name}/bias`).values)
      flow = graph.node('Relu', [flow])
      const vectors = ['gamma', 'beta', 'moving_mean', 'moving_variance'].map((part) => {
        const { shape, values } = tensor(`${name}/${part}`)
        return addWeight(graph, `${name}/${part}`, shape, values)
      })
      flow = graph.node('BatchNormalization', [flow, ...vectors], { epsilon: { float: BATCH_NORM_EPSILON } })
    }
    return addDense(graph, flow, 'output', tensor('output/kernel'), tensor('output/bias').values)
  }
  return writeModel(specification, 'mlp', metadata, network, intervals)
}
