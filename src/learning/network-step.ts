// One pass of a batch through the network: forward, and backward to the gradient of every weight.
import type { EncodedRows } from '../features/encode.ts'
import { chooseDropped, type Dropping } from './dropout.ts'
import type { InputLayout } from './input-layout.ts'
import { addLookups, multiply, multiplyTransposed, padded, scatterLookups, transposeMultiply } from './kernels.ts'
import {
  type LayerBatch,
  normaliseBackward,
  normaliseBatch,
  normaliseByStatistics,
  openLayerBatch,
} from './layer-passes.ts'
import type { Weights } from './network.ts'

/** Room for one batch on its way through the network. Made once, so that no batch allocates anything. */
export interface Workspace {
  readonly capacity: number
  readonly numberCount: number
  readonly categoryCount: number
  /** (categories) The look-up table's row of each category's code 0. */
  readonly tableStarts: Int32Array
  /** (capacity, numberRows) padded with zeros */
  readonly numbers: Float32Array
  /** (capacity, categories) rows of the look-up table, -1 for none */
  readonly tableRows: Int32Array
  /** (capacity) */
  readonly target: Float32Array
  /** (capacity) */
  readonly predictions: Float32Array
  readonly layers: readonly LayerBatch[]
}

export interface StepSettings {
  readonly momentum: number
  readonly l1: number
  readonly l2: number
}

/** Sums over the rows seen so far; divided by `rows` they are Keras' running means. */
export interface Totals {
  rows: number
  loss: number
  absolute: number
}

export function openWorkspace(layout: InputLayout, weights: Weights, capacity: number): Workspace {
  const rows = padded(capacity)
  const tableStarts = new Int32Array(layout.categorySizes.length)
  for (let i = 1; i < tableStarts.length; i++) tableStarts[i] = tableStarts[i - 1]! + layout.categorySizes[i - 1]!
  return {
    capacity,
    numberCount: layout.numberColumns.length,
    categoryCount: tableStarts.length,
    tableStarts,
    numbers: new Float32Array(rows * weights.numberRows),
    tableRows: new Int32Array(rows * tableStarts.length).fill(-1),
    target: new Float32Array(rows),
    predictions: new Float32Array(rows),
    layers: weights.hidden.map((layer) => openLayerBatch(layer.width, rows)),
  }
}

/** Copies `count` rows into the workspace: those that `order` names from `from` on, or the rows themselves without an order. */
export function gather(
  space: Workspace,
  rows: EncodedRows,
  order: Int32Array | null,
  from: number,
  count: number,
): void {
  const { numberCount, categoryCount, tableStarts, numbers, tableRows, target } = space
  const stride = numbers.length / target.length
  for (let i = 0; i < count; i++) {
    const row = order === null ? from + i : order[from + i]! // within the order's length
    for (let k = 0; k < numberCount; k++) numbers[i * stride + k] = rows.numbers[row * numberCount + k]! // row < rows
    for (let k = 0; k < categoryCount; k++) {
      const code = rows.codes[row * categoryCount + k]! // row < rows
      tableRows[i * categoryCount + k] = code < 0 ? -1 : tableStarts[k]! + code
    }
    target[i] = rows.target[row]!
  }
}

/**
 * Predicts the `count` rows gathered, as in inference: moving statistics, no dropout. The answers are in `predictions`.
 */
export function forwardInference(weights: Weights, space: Workspace, count: number): void {
  for (const [i, layer] of weights.hidden.entries()) {
    inputProduct(weights, space, i, count)
    normaliseByStatistics(layer, space.layers[i]!, count) // one batch per layer
  }
  outputForward(weights, space, count)
}

/**
 * One batch in training mode: adds its loss (mean squared error and penalty) and absolute errors to `totals`, moves the batch
 * statistics, and leaves the gradient of the loss by every weight in `gradients`.
 */
export function lossAndGradients(
  weights: Weights,
  gradients: Weights,
  space: Workspace,
  count: number,
  settings: StepSettings,
  dropping: Dropping,
  totals: Totals,
): void {
  const keptScale = 1 / (1 - dropping.rate)
  for (const [i, layer] of weights.hidden.entries()) {
    const batch = space.layers[i]! // one batch per layer
    inputProduct(weights, space, i, count)
    chooseDropped(batch.dropped, count * layer.width, dropping)
    normaliseBatch(layer, batch, count, settings.momentum, keptScale)
  }
  outputForward(weights, space, count)
  const squared = outputBackward(weights, gradients, space, count, totals)
  for (let i = weights.hidden.length - 1; i >= 0; i--) {
    normaliseBackward(weights.hidden[i]!, gradients.hidden[i]!, space.layers[i]!, count, keptScale) // i < layers
    inputBackward(weights, gradients, space, i, count)
  }
  const penalty = penaltyAndGradient(weights, gradients, settings.l1, settings.l2)
  totals.rows += count
  totals.loss += squared + penalty * count
}

/** l1 · Σ|w| + l2 · Σw² over the first kernel. */
export function penaltyOf(weights: Weights, l1: number, l2: number): number {
  let absolute = 0
  let squared = 0
  for (const w of weights.hidden[0]?.kernel ?? []) {
    absolute += Math.abs(w)
    squared += w * w
  }
  return l1 * absolute + l2 * squared
}

/** A hidden layer's input · kernel, into its `activation`. */
function inputProduct(weights: Weights, space: Workspace, index: number, count: number): void {
  const { kernel, width } = weights.hidden[index]! // index < layers
  const { activation } = space.layers[index]!
  const below = space.layers[index - 1]
  if (below !== undefined) {
    multiply(below.output, kernel, activation, padded(count), width, weights.hidden[index - 1]!.width)
    return
  }
  const { numberRows } = weights
  multiply(space.numbers, kernel, activation, padded(count), width, numberRows)
  addLookups(weights.table, space.tableRows, space.categoryCount, activation, count, width)
}

/** From the slope by a layer's product to the gradient of its kernel, and the slope by the output of the layer below. */
function inputBackward(weights: Weights, gradients: Weights, space: Workspace, index: number, count: number): void {
  const { kernel, width } = weights.hidden[index]! // index < layers
  const ofKernel = gradients.hidden[index]!.kernel
  const { slope } = space.layers[index]!
  const below = space.layers[index - 1]
  if (below !== undefined) {
    const belowWidth = weights.hidden[index - 1]!.width
    transposeMultiply(below.output, slope, ofKernel, belowWidth, width, count)
    multiplyTransposed(slope, kernel, below.slope, padded(count), belowWidth, width)
    return
  }
  const { numberRows } = weights
  transposeMultiply(space.numbers, slope, ofKernel, numberRows, width, count)
  gradients.table.fill(0)
  scatterLookups(gradients.table, space.tableRows, space.categoryCount, slope, count, width)
}

/** The last layer: one unit, without activation. */
function outputForward(weights: Weights, space: Workspace, count: number): void {
  const { outputKernel, outputBias } = weights
  const width = outputKernel.length
  const { output } = space.layers.at(-1)! // at least one hidden layer, by the settings' schema
  for (let row = 0, at = 0; row < count; row++) {
    let sum = outputBias[0]! // one value
    for (let j = 0; j < width; j++, at++) sum += output[at]! * outputKernel[j]! // at < rows · width
    space.predictions[row] = sum
  }
}

/** Gradients of the last layer and the slope by its input. Returns the sum of squared errors; adds absolute ones to `totals`. */
function outputBackward(weights: Weights, gradients: Weights, space: Workspace, count: number, totals: Totals): number {
  const { outputKernel } = weights
  const width = outputKernel.length
  const { output, slope, first: ofKernel } = space.layers.at(-1)! // as above
  ofKernel.fill(0)
  let squared = 0
  let absolute = 0
  let ofBias = 0
  for (let row = 0, at = 0; row < count; row++) {
    const error = space.predictions[row]! - space.target[row]! // row < count
    squared += error * error
    absolute += Math.abs(error)
    const d = (2 * error) / count
    ofBias += d
    for (let j = 0; j < width; j++, at++) {
      ofKernel[j]! += d * output[at]!
      slope[at] = d * outputKernel[j]!
    }
  }
  gradients.outputKernel.set(ofKernel)
  gradients.outputBias[0] = ofBias
  totals.absolute += absolute
  return squared
}

/** The penalty on the first kernel; adds its gradient (0 at w = 0, as TensorFlow's sign has it). */
function penaltyAndGradient(weights: Weights, gradients: Weights, l1: number, l2: number): number {
  const { kernel } = weights.hidden[0]! // at least one hidden layer
  const ofKernel = gradients.hidden[0]!.kernel
  let absolute = 0
  let squared = 0
  for (let i = 0; i < kernel.length; i++) {
    const w = kernel[i]!
    absolute += Math.abs(w)
    squared += w * w
    ofKernel[i]! += l1 * Math.sign(w) + 2 * l2 * w // same length
  }
  return l1 * absolute + l2 * squared
}
