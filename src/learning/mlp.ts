// The `mlp` trainer: a dense network with batch normalisation and dropout, fitted to the squared error by Adam, stopped early.
import type { EncodedRows } from '../features/encode.ts'
import type { FeatureSpecification } from '../features/specification.ts'
import { PlannedError, throwIfCancelled } from '../kernel/errors.ts'
import { type Random, seededRandom, shuffle } from '../kernel/random.ts'
import { type Adam, openAdam } from './adam.ts'
import { openEarlyStopping } from './early-stopping.ts'
import { checkJobRows, checkRows, type InputLayout, inputLayout } from './input-layout.ts'
import { autologParams, summaryOf } from './mlp-autolog.ts'
import { mlpToOnnx } from './mlp-onnx.ts'
import { MLP_DEFAULTS, MlpSettings } from './mlp-settings.ts'
import { hiddenSizesOf, initialise, openWeights, restore, tensorsOf, type Weights } from './network.ts'
import { forwardInference, gather, lossAndGradients, openWorkspace, penaltyOf, type Workspace } from './network-step.ts'
import { openPace } from './pace.ts'
import type { EpochRecord, Tensor, TrainedModel, Trainer, TrainingJob } from './port.ts'
import { allRows } from './rows.ts'
import { parseSettings } from './settings.ts'

export const mlp: Trainer<MlpSettings> = {
  name: 'mlp',
  defaults: MLP_DEFAULTS,
  prefers: 'month',
  warmStarts: true,
  checkSettings: (settings) => void parseSettings('mlp', MlpSettings, settings),
  train,
  predictEncoded,
  toOnnx: mlpToOnnx,
  autolog: { params: autologParams, summary: summaryOf },
}

// Each use of randomness has a stream of its own, so that changing one leaves the others.
const STREAMS = { weights: 1, order: 2, dropout: 3 }

/** Everything one training holds. */
interface Learning {
  readonly settings: MlpSettings
  readonly fit: EncodedRows
  readonly weights: Weights
  readonly gradients: Weights
  readonly space: Workspace
  readonly adam: Adam
  /** (rows) The order of this epoch. */
  readonly order: Int32Array
  readonly shuffling: Random
  readonly dropping: Random
  readonly pace: (rows: number) => Promise<void>
}

async function train(job: TrainingJob<MlpSettings>): Promise<TrainedModel> {
  throwIfCancelled(job.signal)
  const learning = openLearning(job, await allRows(job.fit))
  const { settings, weights } = learning
  const stopping = openEarlyStopping(settings.patience)
  const kept = { trained: weights.trained.slice(), statistics: weights.statistics.slice(), epoch: -1, steps: 0 }
  const epochs: EpochRecord[] = []
  const epochLimit = job.earlyStop === null && job.steps !== null ? Number.POSITIVE_INFINITY : settings.epochs
  const stepLimit = job.steps ?? Number.POSITIVE_INFINITY
  let steps = 0
  let stoppedEarly = false
  for (let epoch = 0; epoch < epochLimit && steps < stepLimit && !stoppedEarly; epoch++) {
    const fitted = await fitEpoch(learning, stepLimit - steps)
    steps += fitted.steps
    const checked = job.earlyStop === null ? null : await evaluate(learning, job.earlyStop)
    const record = {
      epoch,
      loss: fitted.loss,
      mae: fitted.mae,
      valLoss: checked?.loss ?? null,
      valMae: checked?.mae ?? null,
    }
    checkFinite(record, settings)
    epochs.push(record)
    job.onEpoch?.(record)
    const outcome = record.valLoss === null ? 'improved' : stopping.after(epoch, record.valLoss)
    if (outcome === 'improved') {
      kept.trained.set(weights.trained)
      kept.statistics.set(weights.statistics)
      kept.epoch = epoch
      kept.steps = steps
    }
    stoppedEarly = outcome === 'stop'
  }
  weights.trained.set(kept.trained)
  weights.statistics.set(kept.statistics)
  return {
    weights: tensorsOf(weights),
    epochs,
    keptEpoch: kept.epoch,
    keptSteps: kept.steps,
    // Measured on the weights handed back, not taken from the curve: the two can never drift apart.
    earlyStopMae: job.earlyStop === null ? null : (await evaluate(learning, job.earlyStop)).mae,
    stoppedEarly,
    computedBy: 'TypeScript',
  }
}

function openLearning(job: TrainingJob<MlpSettings>, fit: EncodedRows): Learning {
  const settings = parseSettings('mlp', MlpSettings, job.settings)
  const layout = inputLayout(job.specification)
  checkJob(job, fit, layout)
  const weights = openWeights(layout, settings.hidden)
  const gradients = openWeights(layout, settings.hidden)
  if (job.warmStart === null) initialise(weights, seededRandom(job.seed, STREAMS.weights))
  else restore(weights, job.warmStart)
  const rowsAtOnce = Math.min(settings.batchSize, Math.max(fit.rows, job.earlyStop?.rows ?? 0))
  return {
    settings,
    fit,
    weights,
    gradients,
    space: openWorkspace(layout, weights, rowsAtOnce),
    adam: openAdam(weights.trained, gradients.trained, settings),
    order: Int32Array.from({ length: fit.rows }, (_, row) => row),
    shuffling: seededRandom(job.seed, STREAMS.order),
    dropping: seededRandom(job.seed, STREAMS.dropout),
    pace: openPace(job.signal),
  }
}

function checkJob(job: TrainingJob<MlpSettings>, fit: EncodedRows, layout: InputLayout): void {
  checkJobRows('mlp', { fit, earlyStop: job.earlyStop }, layout)
  if (job.steps !== null && !(Number.isInteger(job.steps) && job.steps >= 1)) {
    throw new PlannedError('BAD_INPUT', `mlp was asked for ${job.steps} steps`, {
      next: 'give a whole number, at least 1',
    })
  }
}

/** One pass over the fit rows in a new order, the short batch at the end included, or fewer steps than that. */
async function fitEpoch(learning: Learning, maxSteps: number): Promise<{ loss: number; mae: number; steps: number }> {
  const { settings, fit, weights, gradients, space, adam, order, dropping } = learning
  shuffle(order, learning.shuffling)
  const totals = { rows: 0, loss: 0, absolute: 0 }
  let steps = 0
  for (let from = 0; from < fit.rows && steps < maxSteps; from += space.capacity, steps++) {
    const count = Math.min(space.capacity, fit.rows - from)
    gather(space, fit, order, from, count)
    lossAndGradients(weights, gradients, space, count, settings, dropping, totals)
    adam.step()
    await learning.pace(count)
  }
  return { loss: totals.loss / totals.rows, mae: totals.absolute / totals.rows, steps }
}

/** Loss (penalty included) and mean absolute error of the weights as they are, in inference mode. */
async function evaluate(learning: Learning, rows: EncodedRows): Promise<{ loss: number; mae: number }> {
  const { settings, weights, space } = learning
  let squared = 0
  let absolute = 0
  for (let from = 0; from < rows.rows; from += space.capacity) {
    const count = Math.min(space.capacity, rows.rows - from)
    gather(space, rows, null, from, count)
    forwardInference(weights, space, count)
    for (let i = 0; i < count; i++) {
      const error = space.predictions[i]! - space.target[i]! // i < count
      squared += error * error
      absolute += Math.abs(error)
    }
    await learning.pace(count)
  }
  return { loss: squared / rows.rows + penaltyOf(weights, settings.l1, settings.l2), mae: absolute / rows.rows }
}

function checkFinite(record: EpochRecord, settings: MlpSettings): void {
  if (Number.isFinite(record.loss) && Number.isFinite(record.valLoss ?? 0)) return
  throw new PlannedError(
    'BAD_DATA',
    `mlp lost its way in epoch ${record.epoch}: the loss is ${record.loss} and ${record.valLoss} on the early-stop rows, with learning rate ${settings.learningRate}`,
    {
      next: 'look for nulls and extreme values in the features and the target, or lower the rate',
      facts: { epoch: record.epoch },
    },
  )
}

function predictEncoded(
  specification: FeatureSpecification,
  tensors: readonly Tensor[],
  rows: EncodedRows,
): Float32Array {
  const layout = inputLayout(specification)
  checkRows(rows, layout, 'given')
  const weights = openWeights(layout, hiddenSizesOf(tensors))
  restore(weights, tensors)
  const space = openWorkspace(layout, weights, Math.min(rows.rows, 256))
  const predictions = new Float32Array(rows.rows)
  for (let from = 0; from < rows.rows; from += space.capacity) {
    const count = Math.min(space.capacity, rows.rows - from)
    gather(space, rows, null, from, count)
    forwardInference(weights, space, count)
    predictions.set(space.predictions.subarray(0, count), from)
  }
  return predictions
}
