// Where everything of a training lies in the shared memory. TypeScript writes it down (network-plan.ts), in the same order.

/** Rows of a block. Threads take whole blocks, and what is summed over rows is summed by block first: so their number changes no bit. */
export const BLOCK: i32 = 32

/** Sums of one block over its rows, a row of a layer's `sums` each. */
export const SUMS: i32 = 6
export const SUM_OF_ACTIVATION: i32 = 0
export const SQUARES_OF_ACTIVATION: i32 = 1
export const SUM_OF_SLOPE: i32 = 2
export const SLOPE_TIMES_ACTIVATION: i32 = 3
export const SUM_OF_BIAS_SLOPE: i32 = 4
export const SLOPE_OF_OUTPUT_KERNEL: i32 = 5

/** What a thread works out for each unit of a layer, a row of its `columns` each. */
export const COLUMNS: i32 = 6
export const MEAN: i32 = 0
export const INVERSE: i32 = 1
export const SCALE: i32 = 2
export const SHIFT: i32 = 3
export const OF_SLOPE: i32 = 2 // the backward pass has no more use for the forward pass's two
export const OF_ACTIVATION: i32 = 3
export const CONSTANT: i32 = 4

@unmanaged
export class Settings {
  momentum: f64
  /** 1 / (1 - dropout) */
  keptScale: f64
  l1: f64
  l2: f64
  /** 1 - beta1, 1 - beta2 */
  newFirst: f64
  newSecond: f64
  adamEpsilon: f64
  batchNormEpsilon: f64
}

@unmanaged
export class Plan {
  settings: Settings
  /** The first of `layerCount` layers, one behind the other. */
  layers: usize
  layerCount: i32
  numberCount: i32
  /** Rows of the first kernel that belong to numbers, padding included. */
  numberRows: i32
  categoryCount: i32
  /** (categories) i32: the address of the first kernel's row for code 0. */
  categoryRows: usize
  /** The weights; their gradients and moments have the same form. */
  trained: usize
  gradients: usize
  firstMoments: usize
  secondMoments: usize
  outputKernel: usize
  outputBias: usize
  /** (capacity, numberRows) */
  numbers: usize
  /** (capacity, categories) Addresses of rows of the first kernel, 0 for none. */
  lookups: usize
  /** (capacity) each */
  target: usize
  predictions: usize
  errors: usize
  /** (blocks, 4) f64: squared errors, absolute errors, slope by the output bias. */
  blockErrors: usize
  /** (width / 4, 2) f64: absolute and squared weights of four columns of the first kernel. */
  penalties: usize
  /** (steps of a call) f64: Adam's rate at each. */
  rates: usize
  /** (steps of a call, 4) f64: squared errors, absolute errors, absolute and squared weights of the first kernel. */
  totals: usize
  barrier: usize
  /** The random numbers' state; no dropout where `thresholdCount` is 0. */
  generator: usize
  thresholds: usize
  thresholdCount: i32
  guide: usize
}

@unmanaged
export class Layer {
  /** Units, padded to whole vectors. */
  width: i32
  /** Rows of the kernel. */
  inputs: i32
  /** (inputs, width), and the same transposed; the first layer's is never needed. */
  kernel: usize
  transposed: usize
  /** (width) each */
  bias: usize
  gamma: usize
  beta: usize
  movingMean: usize
  movingVariance: usize
  /** (capacity, width) each */
  activation: usize
  output: usize
  slope: usize
  /** (capacity · width) i32, ascending, and how many. */
  dropped: usize
  droppedCount: i32
  /** (blocks, SUMS, width) */
  sums: usize
  /** (threads, COLUMNS, width) */
  columns: usize
}

/** Rows to learn from or to be predicted. */
@unmanaged
export class Rows {
  /** (rows, numberCount) f32, (rows, categoryCount) i16, (rows) f32 */
  numbers: usize
  codes: usize
  target: usize
  /** (rows) i32, or 0 where they are taken as they lie */
  order: usize
}

export function layerOf(plan: Plan, index: i32): Layer {
  return changetype<Layer>(plan.layers + <usize>index * offsetof<Layer>())
}

/** One of a block's sums. */
export function sumsOf(layer: Layer, block: i32, which: i32): usize {
  return layer.sums + <usize>((block * SUMS + which) * layer.width) * 4
}

/** One of a thread's columns. */
export function columnOf(layer: Layer, thread: i32, which: i32): usize {
  return layer.columns + <usize>((thread * COLUMNS + which) * layer.width) * 4
}
