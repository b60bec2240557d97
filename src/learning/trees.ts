// The `trees` trainer: histogram gradient boosting of regression trees, stopped early.
import type { EncodedRows } from '../features/encode.ts'
import { PlannedError, throwIfCancelled } from '../kernel/errors.ts'
import { seededRandom } from '../kernel/random.ts'
import { type EarlyStopping, openEarlyStopping } from './early-stopping.ts'
import { checkRowCounts, checkRows, inputLayout } from './input-layout.ts'
import { breathe } from './pace.ts'
import type { EpochRecord, TrainedModel, Trainer, TrainingJob } from './port.ts'
import { parseSettings } from './settings.ts'
import {
  type Answering,
  averageOf,
  columnNames,
  ensembleOf,
  ensembleTensors,
  gainShares,
  predictTrees,
  type TreeEnsemble,
} from './tree-ensemble.ts'
import { ensembleFrom } from './trees-forest.ts'
import type { Draw, GrownTree, Growth, TreeGrower } from './trees-grower.ts'
import { openKernelGrower } from './trees-kernels.ts'
import { logarithmsOf, openErrors, openSample, withLogarithms } from './trees-log-target.ts'
import { treesToOnnx } from './trees-onnx.ts'
import { openReferenceGrower } from './trees-reference.ts'
import { TREES_DEFAULTS, TreesSettings } from './trees-settings.ts'
import { type Binning, survey } from './trees-survey.ts'

/** One step of a job is one tree of each bag. */
export const trees: Trainer<TreesSettings> = {
  name: 'trees',
  defaults: TREES_DEFAULTS,
  prefers: 'history',
  countsBy: 'tree',
  warmStarts: false,
  takesMissing: true,
  checkSettings: (settings) => void parseSettings('trees', TreesSettings, settings),
  answerStep: ({ roundTo }) => (typeof roundTo === 'number' ? roundTo : 0),
  train,
  predictEncoded(specification, weights, rows) {
    checkRows(rows, inputLayout(specification), 'given')
    return predictTrees(ensembleOf(weights), rows)
  },
  toOnnx: treesToOnnx,
}

/** Opens what grows the trees: the kernels, or the reference where they cannot run. */
export type OpenGrower = (
  settings: TreesSettings,
  binning: Binning,
  rows: { readonly fit: number; readonly earlyStop: number | null },
) => Promise<TreeGrower>

/** One ensemble: its trees and the errors after each. */
interface Bag {
  readonly trees: readonly GrownTree[]
  readonly stoppedEarly: boolean
}

/** Everything one training holds. */
interface Learning {
  readonly job: TrainingJob<TreesSettings>
  readonly settings: TreesSettings
  readonly grower: TreeGrower
  readonly binning: Binning
  readonly base: number
  /** Rows of the fit part to tell errors of, where the grower knows of other errors than those of the answers. */
  readonly sample: EncodedRows | null
  readonly epochs: EpochRecord[]
}

async function train(job: TrainingJob<TreesSettings>): Promise<TrainedModel> {
  return trainTreesWith(job, async (settings, binning, rows) => {
    const shape = { settings, binning, rows, threads: job.threads ?? 1 }
    return (await openKernelGrower(shape, job.onNotice)) ?? openReferenceGrower(settings, binning, rows)
  })
}

/** Trains with the grower that is opened. Tests hold several growers against one another. */
export async function trainTreesWith(job: TrainingJob<TreesSettings>, open: OpenGrower): Promise<TrainedModel> {
  throwIfCancelled(job.signal)
  const settings = parseSettings('trees', TreesSettings, job.settings)
  const layout = inputLayout(job.specification)
  checkJob(job)
  const { bins } = settings
  const { logTarget } = settings
  const fit = logTarget ? logarithmsOf(job.fit) : job.fit
  const { binning, targetMean } = await survey(fit, layout, { bins, seed: job.seed, signal: job.signal })
  const grower = await open(settings, binning, { fit: job.fit.rows, earlyStop: job.earlyStop?.rows ?? null })
  try {
    const sample = logTarget || settings.roundTo > 0 ? openSample(job.fit) : null
    for await (const block of job.fit.blocks()) {
      sample?.take(block)
      await addInPieces(grower, 'fit', logTarget ? withLogarithms(block) : block, job.signal)
    }
    const { earlyStop } = job
    if (earlyStop !== null) {
      await addInPieces(grower, 'earlyStop', logTarget ? withLogarithms(earlyStop) : earlyStop, job.signal)
    }
    const base = grower.start(targetMean)
    return await learn({ job, settings, grower, binning, base, sample: sample?.taken ?? null, epochs: [] })
  } finally {
    await grower.close()
  }
}

function checkJob(job: TrainingJob<TreesSettings>): void {
  const layout = inputLayout(job.specification)
  checkRowCounts('trees', job)
  if (job.earlyStop !== null) checkRows(job.earlyStop, layout, 'early-stop')
  if (job.steps !== null && !(Number.isInteger(job.steps) && job.steps >= 1)) {
    throw new PlannedError('BAD_INPUT', `trees was asked for ${job.steps} steps`, {
      next: 'give a whole number, at least 1',
    })
  }
}

/** Rows binned between two breaths. */
const PIECE_ROWS = 65_536

async function addInPieces(
  grower: TreeGrower,
  set: 'fit' | 'earlyStop',
  block: EncodedRows,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { numberCount, categoryCount } = block
  for (let from = 0; from < block.rows; from += PIECE_ROWS) {
    const to = Math.min(from + PIECE_ROWS, block.rows)
    grower.add(set, {
      ...{ rows: to - from, numberCount, categoryCount },
      numbers: block.numbers.subarray(from * numberCount, to * numberCount),
      codes: block.codes.subarray(from * categoryCount, to * categoryCount),
      target: block.target.subarray(from, to),
    })
    await breathe(signal)
  }
}

async function learn(learning: Learning): Promise<TrainedModel> {
  const { job, settings, grower, binning, sample, epochs } = learning
  const start = answeringOf(learning)
  const count = bagsOf(learning)
  const limit = job.earlyStop === null ? (job.steps ?? settings.trees) : Math.min(settings.trees, job.steps ?? Infinity)
  const stopping = job.earlyStop === null ? null : openEarlyStopping(settings.patience)
  const first = await growBag(learning, { bag: 0, limit, before: 0, atMost: limit * count }, stopping)
  const kept = stopping === null ? limit : stopping.bestEpoch + 1
  const bags = [ensembleFrom(first.trees.slice(0, kept), start, binning)]
  const atMost = first.trees.length + kept * (count - 1)
  for (let bag = 1; bag < count; bag++) {
    grower.restart()
    const part = { bag, limit: kept, before: first.trees.length + kept * (bag - 1), atMost }
    bags.push(ensembleFrom((await growBag(learning, part, null)).trees, start, binning))
  }
  const ensemble = bags.length === 1 ? bags[0]! : averageOf(bags) // there is one
  return {
    weights: ensembleTensors(ensemble),
    epochs,
    keptEpoch: kept - 1,
    keptSteps: kept,
    // Of one bag it is the sum over the residuals that its trees have left; several have to be asked together.
    earlyStopMae:
      job.earlyStop === null ? null : bags.length === 1 ? epochs[kept - 1]!.valMae : errorOf(ensemble, job.earlyStop),
    stoppedEarly: first.stoppedEarly,
    computedBy: grower.computedBy,
    ...(sample === null || sample.rows === job.fit.rows ? {} : { sampledRows: sample.rows }),
    ...(count === 1 ? {} : { averaged: count }),
    importances: gainShares(ensemble, columnNames(job.specification)),
  }
}

/** How many ensembles are grown: one, where the others would draw the same rows and columns. */
function bagsOf({ job, settings }: Learning): number {
  const { bags, rowShare, columnShare } = settings
  if (bags === 1 || rowShare < 1 || columnShare < 1) return bags
  job.onNotice?.(
    `trees: ${bags} ensembles of all rows and columns would be the same; one is grown (set row_share or column_share)`,
  )
  return 1
}

/** How sums of base and leaves become answers. */
function answeringOf({ base, settings }: Pick<Learning, 'base' | 'settings'>): Answering {
  return { base, isLog: settings.logTarget, roundTo: Math.fround(settings.roundTo) }
}

/** One of several ensembles. `before`: trees grown before it; `atMost`: those there will be in all. */
interface BagPart {
  readonly bag: number
  readonly limit: number
  readonly before: number
  readonly atMost: number
}

/** Grows up to `limit` trees, fewer if `stopping` says so. The first ensemble's errors are the training's curve. */
async function growBag(
  learning: Learning,
  { bag, limit, before, atMost }: BagPart,
  stopping: EarlyStopping | null,
): Promise<Bag> {
  const { job, settings, grower, binning, epochs } = learning
  const inOwnUnit = bag === 0 ? openOwnUnit(learning) : null
  const grown: GrownTree[] = []
  for (let tree = 0; tree < limit; tree++) {
    const growth = await grower.grow(drawFor(settings, binning.thresholds.length, [job.seed, bag, tree]), () =>
      breathe(job.signal),
    )
    grown.push(growth.tree)
    const record = recordOf(growth, tree)
    checkFinite(record)
    if (inOwnUnit !== null) {
      epochs.push(inOwnUnit(growth, record))
      job.onEpoch?.(epochs[tree]!) // just pushed
    }
    job.onProgress?.({ unit: 'tree', done: before + tree + 1, atMost })
    if (stopping !== null && stopping.after(tree, growth.earlyStop?.loss ?? 0) === 'stop')
      return { trees: grown, stoppedEarly: true }
  }
  return { trees: grown, stoppedEarly: false }
}

function recordOf({ fit, earlyStop }: Growth, epoch: number): EpochRecord {
  return { epoch, ...fit, valLoss: earlyStop?.loss ?? null, valMae: earlyStop?.mae ?? null }
}

/** Where logarithms are learnt, or answers rounded, a record's errors are not those of the answers: this tells them, on rows followed through the trees. */
function openOwnUnit({
  job,
  settings,
  binning,
  base,
  sample,
}: Learning): (growth: Growth, record: EpochRecord) => EpochRecord {
  if (sample === null) return (_, record) => record
  const start = { ...answeringOf({ base, settings }), ranks: binning.ranks }
  const fit = openErrors(sample, start)
  const earlyStop = job.earlyStop === null ? null : openErrors(job.earlyStop, start)
  return ({ tree }, record) => {
    const one = ensembleFrom([tree], start, binning)
    return { ...record, mae: fit.after(one), valMae: earlyStop?.after(one) ?? null }
  }
}

// Each use of randomness has a stream of its own, so that changing one leaves the others.
const STREAMS = { rows: 5, columns: 6 }

/** What chance decides of a tree: by seed, bag and number alone. */
function drawFor(settings: TreesSettings, columns: number, seeds: readonly number[]): Draw {
  const chosen = new Uint8Array(columns)
  const random = seededRandom(...seeds, STREAMS.columns)
  let wanted = Math.max(1, Math.round(settings.columnShare * columns))
  for (let column = 0; column < columns; column++) {
    if (random.below(columns - column) >= wanted) continue
    chosen[column] = 1
    wanted -= 1
  }
  return { rowSeed: seededRandom(...seeds, STREAMS.rows).bits(), columns: chosen }
}

function errorOf(ensemble: TreeEnsemble, rows: EncodedRows): number {
  const predictions = predictTrees(ensemble, rows)
  return predictions.reduce((sum, prediction, row) => sum + Math.abs(prediction - rows.target[row]!), 0) / rows.rows
}

function checkFinite({ epoch, loss, valLoss }: EpochRecord): void {
  if (Number.isFinite(loss) && Number.isFinite(valLoss ?? 0)) return
  throw new PlannedError(
    'BAD_DATA',
    `trees lost their way at tree ${epoch}: the loss is ${loss} and ${valLoss} on the early-stop rows`,
    { next: 'look for extreme values in the target', facts: { epoch } },
  )
}
