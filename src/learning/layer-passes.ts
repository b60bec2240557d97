// What happens to every element of a hidden layer besides the matrix products: relu, batch normalisation, dropout; forward
// and backward. Each pass touches a batch once and gathers on its way the column sums the next one needs.
//
// Shapes, here and below: a batch is (rows, width), row-major; what belongs to a unit is (width).
import { type Dropped, drop, openDropped } from './dropout.ts'
import { padded } from './kernels.ts'
import { BATCH_NORM_EPSILON, type HiddenWeights } from './network.ts'

/** A hidden layer's share of one batch. Made once, used for every batch. */
export interface LayerBatch {
  /** (rows, width) relu(input · kernel + bias) */
  readonly activation: Float32Array
  /** (rows, width) What the next layer sees: normalised and, in training, some of it dropped. */
  readonly output: Float32Array
  /** Which values of the output are dropped. */
  readonly dropped: Dropped
  /** (rows, width) Gradient of the loss by the output; the backward pass turns it into that by the product. */
  readonly slope: Float32Array
  /** (width) Mean of the activation over the batch, and 1 / sqrt(variance + BATCH_NORM_EPSILON). */
  readonly mean: Float64Array
  readonly inverseDeviation: Float64Array
  /** (width) Scratch: column sums, then coefficients. */
  readonly first: Float64Array
  readonly second: Float64Array
  readonly third: Float64Array
}

/** Room for batches of up to `rows` rows. */
export function openLayerBatch(width: number, rows: number): LayerBatch {
  const matrix = (): Float32Array => new Float32Array(padded(rows) * width)
  const column = (): Float64Array => new Float64Array(width)
  return {
    activation: matrix(),
    output: matrix(),
    dropped: openDropped(padded(rows) * width),
    slope: matrix(),
    mean: column(),
    inverseDeviation: column(),
    first: column(),
    second: column(),
    third: column(),
  }
}

/**
 * From input · kernel (in `activation`) to relu, the batch's mean and variance, the moving ones, and the normalised output, what
 * is dropped being 0 and the rest scaled by `keptScale`. The variance is the batch's own (divided by n, not n - 1), in the moving one too, as Keras has it.
 */
export function normaliseBatch(
  weights: HiddenWeights,
  batch: LayerBatch,
  rows: number,
  momentum: number,
  keptScale: number,
): void {
  const { width, gamma, beta, movingMean, movingVariance } = weights
  const { activation, output, mean, inverseDeviation, first: scale, second: shift } = batch
  activate(weights.bias, activation, scale, shift, rows, width) // sums of x and of x²
  for (let j = 0; j < width; j++) {
    mean[j] = scale[j]! / rows // j < width, here and below
    const variance = Math.max(0, shift[j]! / rows - mean[j]! * mean[j]!)
    inverseDeviation[j] = 1 / Math.sqrt(variance + BATCH_NORM_EPSILON)
    movingMean[j] = movingMean[j]! * momentum + mean[j]! * (1 - momentum)
    movingVariance[j] = movingVariance[j]! * momentum + variance * (1 - momentum)
    scale[j] = gamma[j]! * inverseDeviation[j]! * keptScale
    shift[j] = beta[j]! * keptScale - mean[j]! * scale[j]!
  }
  scaleColumns(activation, scale, shift, output, rows, width)
  drop(output, batch.dropped)
}

/** The inference form: relu, then normalised by the moving statistics, nothing dropped. Changes only `output`. */
export function normaliseByStatistics(weights: HiddenWeights, batch: LayerBatch, rows: number): void {
  const { width, bias, gamma, beta, movingMean, movingVariance } = weights
  const { activation, output, first: scale, second: shift } = batch
  for (let j = 0; j < width; j++) {
    scale[j] = gamma[j]! / Math.sqrt(movingVariance[j]! + BATCH_NORM_EPSILON) // j < width
    shift[j] = beta[j]! - movingMean[j]! * scale[j]!
  }
  for (let row = 0, at = 0; row < rows; row++) {
    for (let j = 0; j < width; j++, at++) {
      const x = activation[at]! + bias[j]! // at < rows · width
      output[at] = Math.max(x, 0) * scale[j]! + shift[j]!
    }
  }
}

/**
 * From the gradient by the output (in `slope`) to that by the product (there too), and the gradients of bias, gamma and beta.
 *
 * With x the activation, x̂ its normalised form and d the gradient by x̂'s successor (dropped ones 0, the others times
 * `keptScale`): by beta Σd, by gamma Σd·x̂, and by x gamma / deviation · (d - mean(d) - x̂ · mean(d·x̂)), which is linear in
 * d and x: three coefficients a column.
 *
 * Source  S. Ioffe and C. Szegedy, "Batch Normalization", ICML 2015, §3.
 */
export function normaliseBackward(
  weights: HiddenWeights,
  gradients: HiddenWeights,
  batch: LayerBatch,
  rows: number,
  keptScale: number,
): void {
  const { width } = weights
  const { slope, activation, mean, inverseDeviation, first: ofSlope, second: ofActivation, third: constant } = batch
  drop(slope, batch.dropped)
  sumColumns(slope, activation, ofSlope, ofActivation, rows, width) // sums of d and of d·x, keptScale apart
  for (let j = 0; j < width; j++) {
    const sum = keptScale * ofSlope[j]! // j < width, here and below
    const sumNormalised = (keptScale * ofActivation[j]! - mean[j]! * sum) * inverseDeviation[j]!
    const scale = weights.gamma[j]! * inverseDeviation[j]!
    gradients.beta[j] = sum
    gradients.gamma[j] = sumNormalised
    ofSlope[j] = scale * keptScale
    ofActivation[j] = (-scale * inverseDeviation[j]! * sumNormalised) / rows
    constant[j] = (-scale * sum) / rows - ofActivation[j]! * mean[j]!
  }
  combine(batch, gradients.bias, rows, width)
}

/** Adds the bias, applies relu in place, sums columns and their squares. */
function activate(
  bias: Float32Array,
  activation: Float32Array,
  sums: Float64Array,
  squares: Float64Array,
  rows: number,
  width: number,
): void {
  for (let j = 0; j < width; j++) {
    const shift = bias[j]! // j < width, here and below; at < rows · width
    let sum = 0
    let square = 0
    for (let row = 0, at = j; row < rows; row++, at += width) {
      const z = activation[at]! + shift
      const x = Math.max(z, 0)
      activation[at] = x
      sum += x
      square += x * x
    }
    sums[j] = sum
    squares[j] = square
  }
}

/** output = activation · scale + shift. */
function scaleColumns(
  activation: Float32Array,
  scale: Float64Array,
  shift: Float64Array,
  output: Float32Array,
  rows: number,
  width: number,
): void {
  for (let j = 0; j < width; j++) {
    const factor = scale[j]!
    const constant = shift[j]!
    for (let row = 0, at = j; row < rows; row++, at += width) output[at] = activation[at]! * factor + constant
  }
}

/** Sums of the slope, and of its product with the activation, by column. */
function sumColumns(
  slope: Float32Array,
  activation: Float32Array,
  sums: Float64Array,
  products: Float64Array,
  rows: number,
  width: number,
): void {
  for (let j = 0; j < width; j++) {
    let sum = 0
    let product = 0
    for (let row = 0, at = j; row < rows; row++, at += width) {
      const d = slope[at]!
      sum += d
      product += d * activation[at]!
    }
    sums[j] = sum
    products[j] = product
  }
}

/** slope = ofSlope · slope + ofActivation · activation + constant where relu let it through, else 0; its column sums. */
function combine(batch: LayerBatch, sums: Float32Array, rows: number, width: number): void {
  const { slope, activation } = batch
  for (let j = 0; j < width; j++) {
    const ofSlope = batch.first[j]!
    const ofActivation = batch.second[j]!
    const constant = batch.third[j]!
    let sum = 0
    for (let row = 0, at = j; row < rows; row++, at += width) {
      const x = activation[at]!
      const d = x > 0 ? ofSlope * slope[at]! + ofActivation * x + constant : 0
      slope[at] = d
      sum += d
    }
    sums[j] = sum
  }
}
