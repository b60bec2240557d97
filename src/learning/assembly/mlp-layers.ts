// What happens to a block of a hidden layer besides the matrix products: relu, batch normalisation, dropout; forward and
// backward, as in layer-passes.ts. Columns are taken four at a time, so that what belongs to a unit stays in registers.
import {
  BLOCK, CONSTANT, INVERSE, Layer, MEAN, OF_ACTIVATION, OF_SLOPE, Plan, SCALE, SHIFT, SLOPE_TIMES_ACTIVATION,
  SQUARES_OF_ACTIVATION, SUM_OF_ACTIVATION, SUM_OF_BIAS_SLOPE, SUM_OF_SLOPE, columnOf, sumsOf,
} from './mlp-plan'
import { multiplyAdd } from './mlp-products'

/**
 * relu in place, and the block's sum and sum of squares about its own mean, by column: sums of squares about 0 would lose a
 * variance that is small beside the mean.
 */
export function activate(layer: Layer, block: i32, from: i32, to: i32): void {
  const bytes = <usize>layer.width << 2
  const start = layer.activation + <usize>from * bytes
  const end = layer.activation + <usize>to * bytes
  const sums = sumsOf(layer, block, SUM_OF_ACTIVATION)
  const squares = sumsOf(layer, block, SQUARES_OF_ACTIVATION)
  const share = f32x4.splat(<f32>1 / <f32>(to - from))
  const zero = f32x4.splat(0)
  for (let column: usize = 0; column < bytes; column += 16) {
    let sum = zero
    for (let at = start + column; at < end; at += bytes) {
      const x = f32x4.pmax(v128.load(at), zero) // NaN stays NaN
      v128.store(at, x)
      sum = f32x4.add(sum, x)
    }
    const mean = f32x4.mul(sum, share)
    let square = zero
    for (let at = start + column; at < end; at += bytes) {
      const off = f32x4.sub(v128.load(at), mean)
      square = multiplyAdd(off, off, square)
    }
    v128.store(sums + column, sum)
    v128.store(squares + column, square)
  }
}

/** relu in place, for rows [from, to). */
export function activateOnly(layer: Layer, from: i32, to: i32): void {
  const bytes = <usize>layer.width << 2
  const end = layer.activation + <usize>to * bytes
  for (let at = layer.activation + <usize>from * bytes; at < end; at += 16) {
    v128.store(at, f32x4.pmax(v128.load(at), f32x4.splat(0)))
  }
}

/**
 * From all blocks' sums to the batch's mean and variance, and what normalises it; in double. Every thread does it for itself; the
 * first also moves the moving statistics.
 *
 * Source  T. Chan, G. Golub and R. LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979.
 */
export function batchStatistics(plan: Plan, layer: Layer, thread: i32, rows: i32): void {
  const settings = plan.settings
  const blocks = (rows + BLOCK - 1) / BLOCK
  const step = <usize>(sumsOf(layer, 1, 0) - sumsOf(layer, 0, 0))
  for (let j: usize = 0; j < <usize>layer.width << 2; j += 4) {
    let sum: f64 = 0
    for (let block = 0, at = sumsOf(layer, 0, SUM_OF_ACTIVATION) + j; block < blocks; block++, at += step) sum += load<f32>(at)
    const mean = sum / rows
    let squares: f64 = 0
    for (let block = 0; block < blocks; block++) {
      const count: f64 = min(BLOCK, rows - block * BLOCK)
      const off = <f64>load<f32>(sumsOf(layer, block, SUM_OF_ACTIVATION) + j) / count - mean
      squares += <f64>load<f32>(sumsOf(layer, block, SQUARES_OF_ACTIVATION) + j) + count * off * off
    }
    const variance = squares / rows
    const inverse = 1 / Math.sqrt(variance + settings.batchNormEpsilon)
    store<f32>(columnOf(layer, thread, MEAN) + j, <f32>mean)
    store<f32>(columnOf(layer, thread, INVERSE) + j, <f32>inverse)
    store<f32>(columnOf(layer, thread, SCALE) + j, <f32>(load<f32>(layer.gamma + j) * inverse * settings.keptScale))
    store<f32>(columnOf(layer, thread, SHIFT) + j, <f32>(load<f32>(layer.beta + j) * settings.keptScale))
    if (thread == 0) {
      moveTowards(layer.movingMean + j, mean, settings.momentum)
      moveTowards(layer.movingVariance + j, variance, settings.momentum)
    }
  }
}

function moveTowards(at: usize, value: f64, momentum: f64): void {
  store<f32>(at, <f32>(load<f32>(at) * momentum + value * (1 - momentum)))
}

/** What normalises a batch in inference: the moving statistics. */
export function movingStatistics(plan: Plan, layer: Layer, thread: i32): void {
  for (let j: usize = 0; j < <usize>layer.width << 2; j += 4) {
    const inverse = 1 / Math.sqrt(load<f32>(layer.movingVariance + j) + plan.settings.batchNormEpsilon)
    store<f32>(columnOf(layer, thread, MEAN) + j, load<f32>(layer.movingMean + j))
    store<f32>(columnOf(layer, thread, SCALE) + j, <f32>(load<f32>(layer.gamma + j) * inverse))
    store<f32>(columnOf(layer, thread, SHIFT) + j, load<f32>(layer.beta + j))
  }
}

/** output = (activation - mean) · scale + shift, for rows [from, to). */
export function normalise(layer: Layer, thread: i32, from: i32, to: i32): void {
  const bytes = <usize>layer.width << 2
  const toOutput = layer.output - layer.activation
  const end = layer.activation + <usize>to * bytes
  for (let column: usize = 0; column < bytes; column += 16) {
    const mean = v128.load(columnOf(layer, thread, MEAN) + column)
    const scale = v128.load(columnOf(layer, thread, SCALE) + column)
    const shift = v128.load(columnOf(layer, thread, SHIFT) + column)
    for (let at = layer.activation + <usize>from * bytes + column; at < end; at += bytes) {
      v128.store(at + toOutput, multiplyAdd(f32x4.sub(v128.load(at), mean), scale, shift))
    }
  }
}

/** The block's sums of the slope, and of its product with the activation about the batch's mean, by column. */
export function sumSlopes(layer: Layer, thread: i32, block: i32, from: i32, to: i32): void {
  const bytes = <usize>layer.width << 2
  const toSlope = layer.slope - layer.activation
  const end = layer.activation + <usize>to * bytes
  for (let column: usize = 0; column < bytes; column += 16) {
    const mean = v128.load(columnOf(layer, thread, MEAN) + column)
    let sum = f32x4.splat(0)
    let product = f32x4.splat(0)
    for (let at = layer.activation + <usize>from * bytes + column; at < end; at += bytes) {
      const slope = v128.load(at + toSlope)
      sum = f32x4.add(sum, slope)
      product = multiplyAdd(slope, f32x4.sub(v128.load(at), mean), product)
    }
    v128.store(sumsOf(layer, block, SUM_OF_SLOPE) + column, sum)
    v128.store(sumsOf(layer, block, SLOPE_TIMES_ACTIVATION) + column, product)
  }
}

/**
 * From all blocks' sums of slopes to the three coefficients of the backward pass; in double. Every thread does it for itself; the
 * first also leaves the gradients of gamma and beta.
 *
 * Source  S. Ioffe and C. Szegedy, "Batch Normalization", ICML 2015, §3.
 */
export function slopeCoefficients(plan: Plan, layer: Layer, thread: i32, rows: i32): void {
  const keptScale = plan.settings.keptScale
  const shift = plan.gradients - plan.trained
  const blocks = (rows + BLOCK - 1) / BLOCK
  for (let j: usize = 0; j < <usize>layer.width << 2; j += 4) {
    let sum: f64 = 0
    let product: f64 = 0
    for (let block = 0; block < blocks; block++) {
      sum += load<f32>(sumsOf(layer, block, SUM_OF_SLOPE) + j)
      product += load<f32>(sumsOf(layer, block, SLOPE_TIMES_ACTIVATION) + j)
    }
    const inverse: f64 = load<f32>(columnOf(layer, thread, INVERSE) + j)
    const scale = load<f32>(layer.gamma + j) * inverse
    const ofBeta = keptScale * sum
    const ofGamma = keptScale * product * inverse
    store<f32>(columnOf(layer, thread, OF_SLOPE) + j, <f32>(scale * keptScale))
    store<f32>(columnOf(layer, thread, OF_ACTIVATION) + j, <f32>(-scale * inverse * ofGamma / rows))
    store<f32>(columnOf(layer, thread, CONSTANT) + j, <f32>(-scale * ofBeta / rows))
    if (thread == 0) {
      store<f32>(layer.beta + j + shift, <f32>ofBeta)
      store<f32>(layer.gamma + j + shift, <f32>ofGamma)
    }
  }
}

/** From the slope by the output to that by the product, in place: linear in both, and 0 where relu let nothing through. */
export function slopeOfProduct(layer: Layer, thread: i32, block: i32, from: i32, to: i32): void {
  const bytes = <usize>layer.width << 2
  const toSlope = layer.slope - layer.activation
  const end = layer.activation + <usize>to * bytes
  const zero = f32x4.splat(0)
  for (let column: usize = 0; column < bytes; column += 16) {
    const mean = v128.load(columnOf(layer, thread, MEAN) + column)
    const ofSlope = v128.load(columnOf(layer, thread, OF_SLOPE) + column)
    const ofActivation = v128.load(columnOf(layer, thread, OF_ACTIVATION) + column)
    const constant = v128.load(columnOf(layer, thread, CONSTANT) + column)
    let sum = zero
    for (let at = layer.activation + <usize>from * bytes + column; at < end; at += bytes) {
      const x = v128.load(at)
      const rest = multiplyAdd(ofActivation, f32x4.sub(x, mean), constant)
      const slope = v128.and(multiplyAdd(ofSlope, v128.load(at + toSlope), rest), f32x4.gt(x, zero))
      v128.store(at + toSlope, slope)
      sum = f32x4.add(sum, slope)
    }
    v128.store(sumsOf(layer, block, SUM_OF_BIAS_SLOPE) + column, sum)
  }
}
