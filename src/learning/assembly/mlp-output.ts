// The last layer: one unit, without activation.
import { Layer, Plan, SLOPE_OF_OUTPUT_KERNEL, sumsOf } from './mlp-plan'
import { multiplyAdd } from './mlp-products'

/** Predictions of the rows [from, to) from the last hidden layer's output. */
export function predict(plan: Plan, last: Layer, from: i32, to: i32): void {
  const bytes = <usize>last.width << 2
  const bias = load<f32>(plan.outputBias)
  const kernel = plan.outputKernel
  for (let i = from; i < to; i++) {
    const output = last.output + <usize>i * bytes
    let sum = f32x4.splat(0)
    for (let column: usize = 0; column < bytes; column += 16) {
      sum = multiplyAdd(v128.load(output + column), v128.load(kernel + column), sum)
    }
    const low = f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1)
    const high = f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3)
    store<f32>(plan.predictions + (<usize>i << 2), low + high + bias)
  }
}

/** Errors of the rows [from, to): the slope by each prediction, and the block's sums. `rows` is the whole batch. */
export function measure(plan: Plan, block: i32, from: i32, to: i32, rows: i32): void {
  let squared: f64 = 0
  let absolute: f64 = 0
  let slopes: f64 = 0
  for (let i = from; i < to; i++) {
    const at = <usize>i << 2
    const error = <f64>load<f32>(plan.predictions + at) - <f64>load<f32>(plan.target + at)
    squared += error * error
    absolute += abs(error)
    const slope = (2 * error) / rows
    slopes += slope
    store<f32>(plan.errors + at, <f32>slope)
  }
  const sums = plan.blockErrors + (<usize>block << 5)
  store<f64>(sums, squared)
  store<f64>(sums, absolute, 8)
  store<f64>(sums, slopes, 16)
}

/** The slope by the last hidden layer's output, and the block's share of the gradient of the output kernel. */
export function outputBackward(plan: Plan, last: Layer, block: i32, from: i32, to: i32): void {
  const bytes = <usize>last.width << 2
  const sums = sumsOf(last, block, SLOPE_OF_OUTPUT_KERNEL)
  for (let column: usize = 0; column < bytes; column += 16) {
    const kernel = v128.load(plan.outputKernel + column)
    let sum = f32x4.splat(0)
    let at = <usize>from * bytes + column
    for (let i = from; i < to; i++, at += bytes) {
      const slope = v128.load32_splat(plan.errors + (<usize>i << 2))
      sum = multiplyAdd(slope, v128.load(last.output + at), sum)
      v128.store(last.slope + at, f32x4.mul(slope, kernel))
    }
    v128.store(sums + column, sum)
  }
}
