// The weights of a dense network with batch normalisation: how they lie in memory, how they start, how they come and go by name.
import { PlannedError } from '../kernel/errors.ts'
import type { Random } from '../kernel/random.ts'
import type { InputLayout } from './input-layout.ts'
import { padded } from './kernels.ts'
import type { Tensor } from './port.ts'

/** Added to variances before their root is taken: Keras' default. Part of the model, so not a setting of its training. */
export const BATCH_NORM_EPSILON = 0.001

/** A hidden layer: relu(input · kernel + bias), normalised. Units are padded to `width`; what pads stays zero for ever. */
export interface HiddenWeights {
  readonly units: number
  readonly width: number
  /** (rows, width) */
  readonly kernel: Float32Array
  /** (width) each */
  readonly bias: Float32Array
  readonly gamma: Float32Array
  readonly beta: Float32Array
  /** (width) each; moved by training, but not by the gradient. */
  readonly movingMean: Float32Array
  readonly movingVariance: Float32Array
}

/**
 * All weights, as views of two arrays, so that one loop updates them and one copy keeps them. Gradients have the same form.
 *
 * The first kernel's rows are not in the specification's order: the numbers' rows come first, padded, to be multiplied; the
 * categories' rows follow, to be looked up. `rowOrder` leads from a row of the specification's kernel to the row here.
 */
export interface Weights {
  readonly trained: Float32Array
  readonly statistics: Float32Array
  readonly hidden: readonly HiddenWeights[]
  /** (width of the last hidden layer) */
  readonly outputKernel: Float32Array
  /** (1) */
  readonly outputBias: Float32Array
  /** Rows of numbers in the first kernel, padding included. */
  readonly numberRows: number
  /** (all codes of all categories, width) The rest of the first kernel. */
  readonly table: Float32Array
  /** (input width) */
  readonly rowOrder: Int32Array
}

/** Rows of each hidden layer's kernel, padding included. */
function kernelRowsOf(layout: InputLayout, hidden: readonly number[]): number[] {
  const tableRows = layout.categorySizes.reduce((sum, size) => sum + size, 0)
  const firstRows = padded(layout.numberColumns.length) + tableRows
  return hidden.map((_, i) => (i === 0 ? firstRows : padded(hidden[i - 1]!))) // i > 0
}

/** How many values the two arrays of weights hold. */
export function weightSizes(layout: InputLayout, hidden: readonly number[]): { trained: number; statistics: number } {
  const kernelRows = kernelRowsOf(layout, hidden)
  const widths = hidden.map(padded)
  return {
    trained: widths.reduce((sum, width, i) => sum + (kernelRows[i]! + 3) * width, (widths.at(-1) ?? 0) + 1), // one row count each
    statistics: widths.reduce((sum, width) => sum + 2 * width, 0),
  }
}

/** Weights laid out for an input and a list of hidden sizes: all zero, in new arrays unless they are given. */
export function openWeights(
  layout: InputLayout,
  hidden: readonly number[],
  arrays?: { readonly trained: Float32Array; readonly statistics: Float32Array },
): Weights {
  const numberRows = padded(layout.numberColumns.length)
  const kernelRows = kernelRowsOf(layout, hidden)
  const lastWidth = padded(hidden.at(-1) ?? 0)
  const sizes = weightSizes(layout, hidden)
  const trained = arrays?.trained ?? new Float32Array(sizes.trained)
  const statistics = arrays?.statistics ?? new Float32Array(sizes.statistics)
  const next = viewsOf(trained)
  const nextStatistic = viewsOf(statistics)
  const layers = hidden.map((units, i): HiddenWeights => {
    const width = padded(units)
    return {
      units,
      width,
      kernel: next(kernelRows[i]! * width), // one row count each
      bias: next(width),
      gamma: next(width),
      beta: next(width),
      movingMean: nextStatistic(width),
      movingVariance: nextStatistic(width),
    }
  })
  return {
    trained,
    statistics,
    hidden: layers,
    outputKernel: next(lastWidth),
    outputBias: next(1),
    numberRows,
    table: layers[0]?.kernel.subarray(numberRows * layers[0].width) ?? new Float32Array(0),
    rowOrder: rowOrderOf(layout, numberRows),
  }
}

/** Hands out neighbouring views of an array, each call the next. */
function viewsOf(array: Float32Array): (length: number) => Float32Array {
  let from = 0
  return (length) => {
    from += length
    return array.subarray(from - length, from)
  }
}

function rowOrderOf(layout: InputLayout, numberRows: number): Int32Array {
  const order = new Int32Array(layout.width)
  for (const [i, column] of layout.numberColumns.entries()) order[column] = i
  let row = numberRows
  for (const [i, column] of layout.categoryColumns.entries()) {
    for (let code = 0; code < layout.categorySizes[i]!; code++) order[column + code] = row++ // one size per column
  }
  return order
}

/**
 * A cold start as Keras makes it: kernels uniform within ±sqrt(6 / (inputs + units)), biases 0, gamma 1, beta 0, moving mean 0
 * and variance 1.
 *
 * Source  X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010.
 */
export function initialise(weights: Weights, random: Random): void {
  weights.trained.fill(0)
  weights.statistics.fill(0)
  for (const [i, layer] of weights.hidden.entries()) {
    const inputs = i === 0 ? weights.rowOrder.length : weights.hidden[i - 1]!.units // i > 0
    const limit = Math.sqrt(6 / (inputs + layer.units))
    for (let row = 0; row < inputs; row++) {
      const to = (i === 0 ? weights.rowOrder[row]! : row) * layer.width // row < inputs
      for (let j = 0; j < layer.units; j++) layer.kernel[to + j] = (2 * random.uniform() - 1) * limit
    }
    layer.gamma.fill(1, 0, layer.units)
    layer.movingVariance.fill(1, 0, layer.units)
  }
  const lastUnits = weights.hidden.at(-1)?.units ?? 0
  const limit = Math.sqrt(6 / (lastUnits + 1))
  for (let j = 0; j < lastUnits; j++) weights.outputKernel[j] = (2 * random.uniform() - 1) * limit
}

/** One named part of the weights: which rows (as they lie here) and how many columns, of an array with rows of `stride`. */
interface Part {
  readonly name: string
  readonly shape: readonly number[]
  readonly array: Float32Array
  readonly rows: ArrayLike<number>
  readonly columns: number
  readonly stride: number
}

/** Every part, in the order of Keras' `get_weights`, kernel rows in the specification's order, without padding. */
function partsOf(weights: Weights): Part[] {
  const parts: Part[] = []
  for (const [i, layer] of weights.hidden.entries()) {
    const { units, width } = layer
    const rows = i === 0 ? weights.rowOrder : countTo(weights.hidden[i - 1]!.units) // i > 0
    const name = `hidden_${i + 1}`
    parts.push({
      name: `${name}/kernel`,
      shape: [rows.length, units],
      array: layer.kernel,
      rows,
      columns: units,
      stride: width,
    })
    for (const key of ['bias', 'gamma', 'beta', 'movingMean', 'movingVariance'] as const) {
      const tensorName = `${name}/${key.replace(/[A-Z]/, (letter) => `_${letter.toLowerCase()}`)}`
      parts.push({ name: tensorName, shape: [units], array: layer[key], rows: [0], columns: units, stride: width })
    }
  }
  const last = weights.hidden.at(-1)?.units ?? 0
  parts.push({
    name: 'output/kernel',
    shape: [last, 1],
    array: weights.outputKernel,
    rows: countTo(last),
    columns: 1,
    stride: 1,
  })
  parts.push({ name: 'output/bias', shape: [1], array: weights.outputBias, rows: [0], columns: 1, stride: 1 })
  return parts
}

/** The hidden sizes of weights by name. Throws `BAD_INPUT` if there is no hidden layer among them. */
export function hiddenSizesOf(tensors: readonly Tensor[]): number[] {
  const sizes: number[] = []
  for (const { name, shape } of tensors) if (/^hidden_\d+\/kernel$/.test(name)) sizes.push(shape[1] ?? 0)
  if (sizes.length > 0) return sizes
  throw new PlannedError('BAD_INPUT', 'these are not the weights of an mlp', {
    why: 'there is no tensor named hidden_1/kernel',
    next: 'start cold, or from a version that the mlp has made',
  })
}

function countTo(size: number): Int32Array {
  return Int32Array.from({ length: size }, (_, i) => i)
}

/** The weights by name, kernel rows in the specification's order. */
export function tensorsOf(weights: Weights): Tensor[] {
  return partsOf(weights).map(({ name, shape, array, rows, columns, stride }) => {
    const values = new Float32Array(rows.length * columns)
    for (let row = 0; row < rows.length; row++) {
      const from = rows[row]! * stride // row < rows.length
      values.set(array.subarray(from, from + columns), row * columns)
    }
    return { name, shape, values }
  })
}

/**
 * Sets every weight, batch statistics too, from tensors as `tensorsOf` makes them. Throws `BAD_INPUT`, naming the tensor, if
 * one is missing, has another shape or holds a value that is not finite.
 */
export function restore(weights: Weights, tensors: readonly Tensor[]): void {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]))
  for (const { name, shape, array, rows, columns, stride } of partsOf(weights)) {
    const tensor = byName.get(name)
    if (
      tensor === undefined ||
      String(tensor.shape) !== String(shape) ||
      tensor.values.length !== rows.length * columns
    ) {
      const found = tensor === undefined ? 'there is none' : `it is [${tensor.shape.join(', ')}]`
      throw new PlannedError(
        'BAD_INPUT',
        `cannot start from these weights: ${name} should be [${shape.join(', ')}] and ${found}`,
        { next: 'start cold, or from a version with the same trainer, features and hidden sizes' },
      )
    }
    if (!tensor.values.every(Number.isFinite)) {
      throw new PlannedError('BAD_INPUT', `cannot start from these weights: ${name} holds values that are not finite`, {
        next: 'start cold',
      })
    }
    for (let row = 0; row < rows.length; row++) {
      array.set(tensor.values.subarray(row * columns, (row + 1) * columns), rows[row]! * stride) // row < rows.length
    }
  }
}
