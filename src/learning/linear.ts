// The `linear` trainer: least squares on the same features, solved exactly. The baseline a network has to beat.
import { z } from 'zod'
import type { EncodedRows } from '../features/encode.ts'
import type { OnnxGraph } from '../features/onnx-graph.ts'
import type { FeatureSpecification } from '../features/specification.ts'
import { PlannedError, throwIfCancelled } from '../kernel/errors.ts'
import { solveSymmetric } from './cholesky.ts'
import { checkRowCounts, checkRows, type InputLayout, inputLayout } from './input-layout.ts'
import { addDense, writeModel } from './model-file.ts'
import { openPace } from './pace.ts'
import type { RowSource, Tensor, TrainedModel, Trainer, TrainingJob } from './port.ts'
import { rowsInMemory } from './rows.ts'
import { parseSettings } from './settings.ts'

const LinearSettings = z.strictObject({
  /**
   * Added to the mean square of every input, in the normal equations: ridge regression. One-hots add up to the constant, so
   * without it there is no single answer; the default moves no taxi fare by more than 0.0004 USD (1e-6 would move one by 0.32).
   */
  ridge: z.number().positive(),
})
export type LinearSettings = Readonly<z.infer<typeof LinearSettings>>

/** Solved in one step, with a block of rows in memory at a time: `warmStart` and `steps` change nothing, and early-stop rows are only measured on. */
export const linear: Trainer<LinearSettings> = {
  name: 'linear',
  defaults: { ridge: 1e-9 },
  prefers: 'history',
  warmStarts: false,
  checkSettings: (settings) => void parseSettings('linear', LinearSettings, settings),
  train,
  toOnnx(specification, weights, metadata, intervals = null) {
    const { kernel, bias } = weightsOfLinear(weights, inputLayout(specification))
    const output = { shape: [kernel.length, 1], values: kernel }
    const network = (graph: OnnxGraph, features: string): string => addDense(graph, features, 'output', output, bias)
    return writeModel(specification, 'linear', metadata, network, intervals)
  },
  predictEncoded,
}

async function train(job: TrainingJob<LinearSettings>): Promise<TrainedModel> {
  throwIfCancelled(job.signal)
  const { ridge } = parseSettings('linear', LinearSettings, job.settings)
  const layout = inputLayout(job.specification)
  const { fit, earlyStop } = job
  checkRowCounts('linear', job)
  if (earlyStop !== null) checkRows(earlyStop, layout, 'early-stop')
  const { moments, products } = await normalEquations(fit, layout, job.signal)
  const size = layout.width + 1
  for (let i = 0; i < layout.width; i++) moments[i * size + i]! += ridge * fit.rows // not the intercept's
  const solution = solveSymmetric(moments, products)
  if (solution === null || !solution.every(Number.isFinite)) {
    throw new PlannedError('BAD_DATA', `linear found no solution for ${fit.rows} rows with ridge ${ridge}`, {
      next: 'look for nulls and extreme values in the features and the target, or raise the ridge',
    })
  }
  const weights: Tensor[] = [
    { name: 'output/kernel', shape: [layout.width, 1], values: Float32Array.from(solution.subarray(0, layout.width)) },
    { name: 'output/bias', shape: [1], values: Float32Array.of(solution[layout.width]!) },
  ]
  const fitted = await errorsOf(job.specification, weights, fit)
  const checked = earlyStop === null ? null : await errorsOf(job.specification, weights, rowsInMemory(earlyStop))
  const record = {
    epoch: 0,
    loss: fitted.mse,
    mae: fitted.mae,
    valLoss: checked?.mse ?? null,
    valMae: checked?.mae ?? null,
  }
  job.onEpoch?.(record)
  return {
    weights,
    epochs: [record],
    keptEpoch: 0,
    keptSteps: 1,
    earlyStopMae: record.valMae,
    stoppedEarly: false,
    computedBy: 'TypeScript',
  }
}

/**
 * Sums of x·xᵀ and x·y over the rows, where x is a row's dense input and a final 1. A row has few inputs that are not 0 (its
 * numbers, one per category, the 1), so only their pairs are added.
 *
 * Shapes  w = input width: `moments` (w + 1, w + 1), of which only the lower triangle is filled; `products` (w + 1).
 */
async function normalEquations(
  fit: RowSource,
  layout: InputLayout,
  signal: AbortSignal | undefined,
): Promise<{ moments: Float64Array; products: Float64Array }> {
  const size = layout.width + 1
  const moments = new Float64Array(size * size)
  const products = new Float64Array(size)
  const columns = new Int32Array(fit.numberCount + fit.categoryCount + 1)
  const values = new Float64Array(columns.length)
  const pace = openPace(signal)
  for await (const block of fit.blocks()) {
    checkRows(block, layout, 'fit')
    for (let row = 0; row < block.rows; row++) {
      const count = activeInputs(block, row, layout, columns, values)
      for (let a = 0; a < count; a++) {
        products[columns[a]!]! += values[a]! * block.target[row]! // a < count, row < rows
        for (let b = 0; b < count; b++) {
          if (columns[b]! <= columns[a]!) moments[columns[a]! * size + columns[b]!]! += values[a]! * values[b]! // b < count
        }
      }
      if (row % 256 === 255) await pace(256)
    }
  }
  return { moments, products }
}

/** A row's inputs that can be other than 0: their columns and values. Returns how many there are. */
function activeInputs(
  rows: EncodedRows,
  row: number,
  layout: InputLayout,
  columns: Int32Array,
  values: Float64Array,
): number {
  const { numberCount, categoryCount } = rows
  let count = 0
  for (let k = 0; k < numberCount; k++, count++) {
    columns[count] = layout.numberColumns[k]! // one column each
    values[count] = rows.numbers[row * numberCount + k]! // row < rows
  }
  for (let k = 0; k < categoryCount; k++) {
    const code = rows.codes[row * categoryCount + k]! // row < rows
    if (code < 0) continue
    columns[count] = layout.categoryColumns[k]! + code // one column each
    values[count++] = 1
  }
  columns[count] = layout.width
  values[count++] = 1
  return count
}

function predictEncoded(
  specification: FeatureSpecification,
  weights: readonly Tensor[],
  rows: EncodedRows,
): Float32Array {
  const layout = inputLayout(specification)
  checkRows(rows, layout, 'given')
  const { kernel, bias } = weightsOfLinear(weights, layout)
  const columns = new Int32Array(rows.numberCount + rows.categoryCount + 1)
  const values = new Float64Array(columns.length)
  const predictions = new Float32Array(rows.rows)
  for (let row = 0; row < rows.rows; row++) {
    const count = activeInputs(rows, row, layout, columns, values)
    let sum = bias[0]! // one value
    for (let a = 0; a < count - 1; a++) sum += values[a]! * kernel[columns[a]!]! // the last is the constant 1
    predictions[row] = sum
  }
  return predictions
}

async function errorsOf(
  specification: FeatureSpecification,
  weights: readonly Tensor[],
  rows: RowSource,
): Promise<{ mse: number; mae: number }> {
  let squared = 0
  let absolute = 0
  for await (const block of rows.blocks()) {
    for (const [row, prediction] of predictEncoded(specification, weights, block).entries()) {
      const error = prediction - block.target[row]! // row < rows
      squared += error * error
      absolute += Math.abs(error)
    }
  }
  return { mse: squared / rows.rows, mae: absolute / rows.rows }
}

function weightsOfLinear(
  tensors: readonly Tensor[],
  layout: InputLayout,
): { kernel: Float32Array; bias: Float32Array } {
  const kernel = tensors.find(({ name }) => name === 'output/kernel')
  const bias = tensors.find(({ name }) => name === 'output/bias')
  if (tensors.length !== 2 || kernel?.values.length !== layout.width || bias?.values.length !== 1) {
    throw new PlannedError('BAD_INPUT', `these are not the weights of a linear model over ${layout.width} inputs`, {
      why: tensors.map(({ name, shape }) => `${name} [${shape.join(', ')}]`).join(', ') || 'there are none',
      next: 'start cold, or from a version with the same trainer and features',
    })
  }
  return { kernel: kernel.values, bias: bias.values }
}
