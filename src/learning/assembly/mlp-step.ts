// One step of training: forward, backward, Adam, in phases between which the threads wait for one another.
import { barrier } from './barrier'
import { adam, penalise } from './mlp-adam'
import { chooseDropped, drop } from './mlp-dropout'
import { addLookups, gather, scatterLookups } from './mlp-input'
import { activate, batchStatistics, normalise, slopeCoefficients, slopeOfProduct, sumSlopes } from './mlp-layers'
import { measure, outputBackward, predict } from './mlp-output'
import {
  BLOCK, Layer, Plan, Rows, SLOPE_OF_OUTPUT_KERNEL, SUM_OF_BIAS_SLOPE, layerOf, sumsOf,
} from './mlp-plan'
import { product } from './mlp-products'

/** Where a thread is: which of how many, in which step of a call, with how many rows in the batch. */
@unmanaged
export class Turn {
  thread: i32
  threads: i32
  step: i32
  count: i32
  /** The blocks that are this thread's. */
  firstBlock: i32
  endBlock: i32
}

/** One step on `turn.count` rows, the first of which is number `from` of the rows in their order. */
export function fitBatch(plan: Plan, rows: Rows, turn: Turn, from: i32): void {
  const threads = turn.threads
  if (turn.thread == threads - 1) chooseDropped(plan, turn.count)
  firstForward(plan, rows, turn, from)
  barrier(plan.barrier, threads)
  for (let i = 1; i < plan.layerCount; i++) {
    hiddenForward(plan, turn, i)
    barrier(plan.barrier, threads)
  }
  lastForward(plan, turn)
  barrier(plan.barrier, threads)
  for (let i = plan.layerCount - 1; i >= 0; i--) {
    if (i + 1 < plan.layerCount) updateKernel(plan, turn, i + 1)
    hiddenBackward(plan, turn, i)
    barrier(plan.barrier, threads)
  }
  updateFirstKernel(plan, turn)
  if (turn.thread == threads - 1) updateSmall(plan, turn)
  barrier(plan.barrier, threads)
  if (turn.thread == 0) total(plan, turn)
}

/** The rows of a block. */
function blockEnd(turn: Turn, block: i32): i32 {
  return min((block + 1) * BLOCK, turn.count)
}

/** The last thread has fewer blocks here than elsewhere: choosing what is dropped takes as long as about a quarter of them. */
function firstForward(plan: Plan, rows: Rows, turn: Turn, from: i32): void {
  const layer = layerOf(plan, 0)
  const blocks = blocksOf(turn)
  const shares = plan.thresholdCount == 0 ? blocks : blocks + (blocks >> 2)
  const firstBlock = min(blocks, shares * turn.thread / turn.threads)
  const endBlock = min(blocks, shares * (turn.thread + 1) / turn.threads)
  for (let block = firstBlock; block < endBlock; block++) {
    const first = block * BLOCK
    const end = blockEnd(turn, block)
    gather(plan, rows, from, first, end)
    inputProduct(plan, layer, first, end)
    activate(layer, block, first, end)
  }
}

/** The first layer's input · kernel + bias, into its activation. */
export function inputProduct(plan: Plan, layer: Layer, first: i32, end: i32): void {
  const rowBytes = <usize>layer.width << 2
  const numberBytes = <usize>plan.numberRows << 2
  product(
    end - first, layer.width, plan.numberCount, plan.numbers + <usize>first * numberBytes, numberBytes, 4,
    layer.kernel, rowBytes, layer.bias, layer.activation + <usize>first * rowBytes, rowBytes,
  )
  addLookups(plan, layer, first, end)
}

/** A further hidden layer's input · kernel + bias, into its activation. */
export function hiddenProduct(below: Layer, layer: Layer, first: i32, end: i32): void {
  const rowBytes = <usize>layer.width << 2
  const belowBytes = <usize>below.width << 2
  product(
    end - first, layer.width, below.width, below.output + <usize>first * belowBytes, belowBytes, 4,
    layer.kernel, rowBytes, layer.bias, layer.activation + <usize>first * rowBytes, rowBytes,
  )
}

function hiddenForward(plan: Plan, turn: Turn, index: i32): void {
  const below = layerOf(plan, index - 1)
  const layer = layerOf(plan, index)
  batchStatistics(plan, below, turn.thread, turn.count)
  for (let block = turn.firstBlock; block < turn.endBlock; block++) {
    const first = block * BLOCK
    const end = blockEnd(turn, block)
    normalise(below, turn.thread, first, end)
    drop(below, below.output, first, end)
    hiddenProduct(below, layer, first, end)
    activate(layer, block, first, end)
  }
}

/** The last hidden layer's output, the predictions, and the way back to the last hidden layer. */
function lastForward(plan: Plan, turn: Turn): void {
  const last = layerOf(plan, plan.layerCount - 1)
  batchStatistics(plan, last, turn.thread, turn.count)
  for (let block = turn.firstBlock; block < turn.endBlock; block++) {
    const first = block * BLOCK
    const end = blockEnd(turn, block)
    normalise(last, turn.thread, first, end)
    drop(last, last.output, first, end)
    predict(plan, last, first, end)
    measure(plan, block, first, end, turn.count)
    outputBackward(plan, last, block, first, end)
    drop(last, last.slope, first, end)
    sumSlopes(last, turn.thread, block, first, end)
  }
}

/** From the slope by a layer's output to that by its product, and on to the output of the layer below. */
function hiddenBackward(plan: Plan, turn: Turn, index: i32): void {
  const layer = layerOf(plan, index)
  const rowBytes = <usize>layer.width << 2
  slopeCoefficients(plan, layer, turn.thread, turn.count)
  for (let block = turn.firstBlock; block < turn.endBlock; block++) {
    const first = block * BLOCK
    const end = blockEnd(turn, block)
    slopeOfProduct(layer, turn.thread, block, first, end)
    if (index == 0) continue
    const below = layerOf(plan, index - 1)
    const belowBytes = <usize>below.width << 2
    product(
      end - first, below.width, layer.width, layer.slope + <usize>first * rowBytes, rowBytes, 4,
      layer.transposed, belowBytes, 0, below.slope + <usize>first * belowBytes, belowBytes,
    )
    drop(below, below.slope, first, end)
    sumSlopes(below, turn.thread, block, first, end)
  }
}

/** Gradient and step of a further layer's kernel: this thread's share of its rows. Nobody needs the kernel any more in this step. */
function updateKernel(plan: Plan, turn: Turn, index: i32): void {
  const below = layerOf(plan, index - 1)
  const layer = layerOf(plan, index)
  const rowBytes = <usize>layer.width << 2
  const from = layer.inputs * turn.thread / turn.threads
  const to = layer.inputs * (turn.thread + 1) / turn.threads
  const weights = layer.kernel + <usize>from * rowBytes
  product(
    to - from, layer.width, turn.count, below.output + (<usize>from << 2), 4, <usize>below.width << 2,
    layer.slope, rowBytes, 0, weights + plan.gradients - plan.trained, rowBytes,
  )
  adam(plan, weights, (to - from) * layer.width, rateOf(plan, turn))
  transpose(layer, from, to)
}

/** Writes the kernel's rows [from, to) to its transposed form. */
export function transpose(layer: Layer, from: i32, to: i32): void {
  const width = layer.width
  const columnBytes = <usize>layer.inputs << 2
  for (let row = from; row < to; row++) {
    let at = layer.kernel + (<usize>(row * width) << 2)
    let into = layer.transposed + (<usize>row << 2)
    for (let column = 0; column < width; column++, at += 4, into += columnBytes) store<f32>(into, load<f32>(at))
  }
}

/** Gradient, penalty and step of the first kernel: this thread's share of its columns. */
function updateFirstKernel(plan: Plan, turn: Turn): void {
  const layer = layerOf(plan, 0)
  const rowBytes = <usize>layer.width << 2
  const vectors = layer.width >> 2
  const from = <usize>(vectors * turn.thread / turn.threads) << 4
  const to = <usize>(vectors * (turn.thread + 1) / turn.threads) << 4
  const shift = plan.gradients - plan.trained
  const settings = plan.settings
  product(
    plan.numberCount, <i32>((to - from) >> 2), turn.count, plan.numbers, 4, <usize>plan.numberRows << 2,
    layer.slope + from, rowBytes, 0, layer.kernel + shift + from, rowBytes,
  )
  for (let row = plan.numberRows; row < layer.inputs; row++) {
    memory.fill(layer.kernel + shift + <usize>row * rowBytes + from, 0, to - from)
  }
  scatterLookups(plan, layer, turn.count, from, to, shift)
  for (let column = from; column < to; column += 16) {
    if (settings.l1 == 0 && settings.l2 == 0) break
    penalise(plan, layer.kernel + column, layer.inputs, rowBytes, plan.penalties + column)
  }
  for (let row = 0; row < layer.inputs; row++) {
    adam(plan, layer.kernel + <usize>row * rowBytes + from, <i32>((to - from) >> 2), rateOf(plan, turn))
  }
}

/** Biases, gammas, betas and the output layer: little enough for one thread. */
function updateSmall(plan: Plan, turn: Turn): void {
  const rate = rateOf(plan, turn)
  for (let i = 0; i < plan.layerCount; i++) {
    const layer = layerOf(plan, i)
    addBlocks(plan, layer, turn, SUM_OF_BIAS_SLOPE, layer.bias)
    adam(plan, layer.bias, layer.width, rate)
    adam(plan, layer.gamma, layer.width, rate)
    adam(plan, layer.beta, layer.width, rate)
  }
  const last = layerOf(plan, plan.layerCount - 1)
  addBlocks(plan, last, turn, SLOPE_OF_OUTPUT_KERNEL, plan.outputKernel)
  adam(plan, plan.outputKernel, last.width, rate)
  store<f32>(plan.outputBias + plan.gradients - plan.trained, <f32>sumOfBlocks(plan, turn, 16))
  adam(plan, plan.outputBias, 4, rate) // and three that pad it, whose gradients are 0
}

/** All blocks' sums of one kind, as the gradient of `weights`. */
function addBlocks(plan: Plan, layer: Layer, turn: Turn, which: i32, weights: usize): void {
  const gradient = weights + plan.gradients - plan.trained
  for (let column: usize = 0; column < <usize>layer.width << 2; column += 16) {
    let sum = f32x4.splat(0)
    for (let block = 0; block < blocksOf(turn); block++) sum = f32x4.add(sum, v128.load(sumsOf(layer, block, which) + column))
    v128.store(gradient + column, sum)
  }
}

function sumOfBlocks(plan: Plan, turn: Turn, offset: usize): f64 {
  let sum: f64 = 0
  for (let block = 0; block < blocksOf(turn); block++) sum += load<f64>(plan.blockErrors + (<usize>block << 5) + offset)
  return sum
}

function blocksOf(turn: Turn): i32 {
  return (turn.count + BLOCK - 1) / BLOCK
}

function rateOf(plan: Plan, turn: Turn): f64 {
  return load<f64>(plan.rates + (<usize>turn.step << 3))
}

/** What the step tells of itself. */
function total(plan: Plan, turn: Turn): void {
  const to = plan.totals + (<usize>turn.step << 5)
  store<f64>(to, sumOfBlocks(plan, turn, 0))
  store<f64>(to, sumOfBlocks(plan, turn, 8), 8)
  let absolute: f64 = 0
  let squared: f64 = 0
  for (let at: usize = 0; at < <usize>layerOf(plan, 0).width << 2; at += 16) {
    absolute += load<f64>(plan.penalties + at)
    squared += load<f64>(plan.penalties + at, 8)
  }
  store<f64>(to, absolute, 16)
  store<f64>(to, squared, 24)
}
