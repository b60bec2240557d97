// The `mlp` trainer: a dense network with batch normalisation and dropout, fitted to the squared error by Adam, stopped early.
import type { EncodedRows } from '../features/encode.ts'
import type { FeatureSpecification } from '../features/specification.ts'
import { PlannedError, throwIfCancelled } from '../kernel/errors.ts'
import { openEarlyStopping } from './early-stopping.ts'
import { checkRowCounts, checkRows, type InputLayout, inputLayout } from './input-layout.ts'
import { autologParams, summaryOf } from './mlp-autolog.ts'
import { mlpToOnnx } from './mlp-onnx.ts'
import { openPacing, type Pacing } from './mlp-progress.ts'
import { MLP_DEFAULTS, MlpSettings } from './mlp-settings.ts'
import { hiddenSizesOf, openWeights, restore, tensorsOf, weightSizes } from './network.ts'
import { type NetworkEngine, type NetworkPlan, orderRandom } from './network-engine.ts'
import { openKernels } from './network-kernels.ts'
import { KERNEL_SIZES } from './network-plan.ts'
import { openReference } from './network-reference.ts'
import { forwardInference, gather, openWorkspace } from './network-step.ts'
import { openShuffledRows, type Shuffling } from './open-shuffled-rows.ts'
import type { EpochRecord, RowSource, Tensor, TrainedModel, Trainer, TrainingJob } from './port.ts'
import { parseSettings } from './settings.ts'
import type { ShuffledRows } from './shuffled-rows.ts'

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

/** Opens what fits the network. */
type OpenEngine = (plan: NetworkPlan) => Promise<NetworkEngine>

async function openFastest(plan: NetworkPlan): Promise<NetworkEngine> {
  return (await openKernels({ ...plan, threads: threadsWorthwhile(plan) })) ?? (await openReference(plan))
}

/** Weights times rows from which an epoch takes longer than the start of a thread. */
const WORK_WORTH_A_THREAD = 1e8
/** Blocks of a batch that are worth a thread: with fewer, threads wait for one another as long as they compute. */
const BLOCKS_A_THREAD = 2

/** How many threads a training gains by. */
function threadsWorthwhile({ layout, settings, blockRows, threads }: NetworkPlan): number {
  const { batchSize, hidden } = settings
  const blocks = Math.ceil(Math.min(batchSize, blockRows) / KERNEL_SIZES.BLOCK)
  const isLong = weightSizes(layout, hidden).trained * blockRows >= WORK_WORTH_A_THREAD
  return isLong ? Math.max(1, Math.min(threads, Math.floor(blocks / BLOCKS_A_THREAD))) : 1
}

async function train(job: TrainingJob<MlpSettings>): Promise<TrainedModel> {
  return await trainMlpWith(job, openFastest)
}

/** Trains with the engine that is opened. Tests hold several engines against one another. */
export async function trainMlpWith(
  job: TrainingJob<MlpSettings>,
  open: OpenEngine,
  held: Pick<Shuffling, 'heldBytes' | 'bucketBytes'> = {},
): Promise<TrainedModel> {
  throwIfCancelled(job.signal)
  const settings = parseSettings('mlp', MlpSettings, job.settings)
  const layout = inputLayout(job.specification)
  checkJob(job, layout)
  const { batchSize } = settings
  const { scratch, signal, seed, warmStart, earlyStop, threads = 1, onNotice } = job
  const shuffling = { batchSize, random: orderRandom(seed), scratch, signal, ...held }
  await using shuffled = await openShuffledRows(checkedRows(job.fit, layout), shuffling)
  const { blockRows } = shuffled
  const limits = limitsOf(job, settings)
  const pacing = openPacing(job, Math.min(limits.epochs, Math.ceil(limits.steps / Math.ceil(job.fit.rows / batchSize))))
  const { pace } = pacing
  await using engine = await open({ layout, settings, seed, warmStart, blockRows, earlyStop, threads, onNotice, pace })
  return await learn(job, settings, limits, { shuffled, engine, pacing })
}

/** Where learning ends if nothing ends it before. */
interface Limits {
  readonly epochs: number
  readonly steps: number
}

function limitsOf({ earlyStop, steps }: TrainingJob<MlpSettings>, { epochs }: MlpSettings): Limits {
  const isExact = earlyStop === null && steps !== null
  return { epochs: isExact ? Number.POSITIVE_INFINITY : epochs, steps: steps ?? Number.POSITIVE_INFINITY }
}

/** Epoch after epoch, until learning stops improving or its limits are reached. */
async function learn(
  job: TrainingJob<MlpSettings>,
  settings: MlpSettings,
  limits: Limits,
  { shuffled, engine, pacing }: { shuffled: ShuffledRows; engine: NetworkEngine; pacing: Pacing },
): Promise<TrainedModel> {
  const { weights } = engine
  const stopping = openEarlyStopping(settings.patience)
  const kept = { trained: weights.trained.slice(), statistics: weights.statistics.slice(), epoch: -1, steps: 0 }
  const epochs: EpochRecord[] = []
  let steps = 0
  let stoppedEarly = false
  for (let epoch = 0; epoch < limits.epochs && steps < limits.steps && !stoppedEarly; epoch++) {
    const fitted = await fitEpoch(shuffled, engine, limits.steps - steps)
    steps += fitted.steps
    const checked = job.earlyStop === null ? null : await engine.evaluate()
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
    pacing.endEpoch()
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
    earlyStopMae: job.earlyStop === null ? null : (await engine.evaluate()).mae,
    stoppedEarly,
    computedBy: engine.computedBy,
  }
}

function checkJob(job: TrainingJob<MlpSettings>, layout: InputLayout): void {
  checkRowCounts('mlp', job)
  if (job.earlyStop !== null) checkRows(job.earlyStop, layout, 'early-stop')
  if (job.steps !== null && !(Number.isInteger(job.steps) && job.steps >= 1)) {
    throw new PlannedError('BAD_INPUT', `mlp was asked for ${job.steps} steps`, {
      next: 'give a whole number, at least 1',
    })
  }
}

/** The same rows, each block checked as it comes. */
function checkedRows(source: RowSource, layout: InputLayout): RowSource {
  return {
    ...source,
    async *blocks() {
      for await (const block of source.blocks()) {
        checkRows(block, layout, 'fit')
        yield block
      }
    },
  }
}

/** One pass over the fit rows in a new order, or fewer steps than that. */
async function fitEpoch(
  shuffled: ShuffledRows,
  engine: NetworkEngine,
  maxSteps: number,
): Promise<{ loss: number; mae: number; steps: number }> {
  const totals = { rows: 0, loss: 0, absolute: 0 }
  let steps = 0
  for await (const block of shuffled.pass()) {
    steps += await engine.learn(block, maxSteps - steps, totals)
    if (steps >= maxSteps) break
  }
  return { loss: totals.loss / totals.rows, mae: totals.absolute / totals.rows, steps }
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
