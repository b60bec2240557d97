import type { EncodedRows } from '../features/encode.ts'
import type { FeatureSpecification } from '../features/specification.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Intervals } from './intervals.ts'

export interface EpochRecord {
  readonly epoch: number
  /** Training loss, penalty included; mean absolute error in training mode (with dropout), as Keras reports them. */
  readonly loss: number
  readonly mae: number
  /** The same two on the early-stop rows, in inference mode, after the epoch; null without early-stop rows. */
  readonly valLoss: number | null
  readonly valMae: number | null
}

/** Rows to learn from, however many: block by block, so that nobody need hold them all at once. */
export interface RowSource {
  readonly rows: number
  readonly numberCount: number
  readonly categoryCount: number
  /** All rows in their order, in blocks of any size. Each call begins anew and gives the same rows in the same order. */
  blocks(): AsyncIterable<EncodedRows>
}

/** How far a training is, in what the trainer counts by. */
export interface LearningProgress {
  readonly unit: 'epoch' | 'tree'
  /** How many are done, with the part of the one under way: 2.4. */
  readonly done: number
  /** There will be no more than these; fewer if learning stops early. */
  readonly atMost: number
}

/** A weight by name: shape and values. */
export interface Tensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly values: Float32Array
}

export interface TrainingJob<Settings> {
  /** With the features this trainer learns from, and no others. */
  readonly specification: FeatureSpecification
  readonly fit: RowSource
  /** Decides when to stop and which epoch's weights are kept; null (a refit): nothing does, and the last weights are kept. */
  readonly earlyStop: EncodedRows | null
  /** Take no more optimiser steps than this; without early-stop rows, exactly this many, whatever the settings' epochs say. */
  readonly steps: number | null
  readonly settings: Settings
  readonly seed: number
  /** Weights to start from (same trainer, same features); null for a cold start. */
  readonly warmStart: readonly Tensor[] | null
  /** Threads it may use at most; 1 unless given. Whatever the number, the weights are the same, bit for bit. */
  readonly threads?: number
  /** A folder that is there for files of this training, and goes with it; without one, all is held in memory. */
  readonly scratch?: string
  readonly onEpoch?: (record: EpochRecord) => void
  /** Hears as often as the trainer likes how far it is: also within an epoch, when one takes long. */
  readonly onProgress?: (progress: LearningProgress) => void
  /** Hears in words what this machine could not do and what was done instead. */
  readonly onNotice?: (text: string) => void
  readonly signal?: AbortSignal
}

export interface TrainedModel {
  readonly weights: readonly Tensor[]
  readonly epochs: readonly EpochRecord[]
  /** Epoch whose weights were kept, 0-based. */
  readonly keptEpoch: number
  /** Optimiser steps that led to the weights kept. */
  readonly keptSteps: number
  /** Mean absolute error of the weights kept, on the early-stop rows; null without such rows. */
  readonly earlyStopMae: number | null
  /** Whether learning ended because it stopped improving, not because epochs ran out. */
  readonly stoppedEarly: boolean
  /** What computed it, in words: `TypeScript`, `WebAssembly with relaxed SIMD`. Other instructions round otherwise. */
  readonly computedBy: string
  /** Rows of the fit part that the epochs' `mae` is told of, evenly spread; absent where it is told of all. */
  readonly sampledRows?: number
  /** How many models, learnt alike, are averaged in the weights; absent where it is one. The epochs are those of the first. */
  readonly averaged?: number
  /** What each feature was worth, by name, where the trainer can tell: shares of the total gain, which sum to 1. */
  readonly importances?: Readonly<Record<string, number>>
}

/**
 * A way of learning. `settings` are JSON, so that they can be logged, journalled and compared. All pass `trainer.contract.ts`:
 * - the same job gives the same weights, bit for bit;
 * - the error told is that of the weights kept;
 * - `BAD_INPUT` for settings, rows or warm-start weights that do not fit, `BAD_DATA` if learning runs out of the finite numbers,
 *   `CANCELLED` soon after the signal;
 * - the model file predicts what the weights do, and gives the weights back if others may start from them;
 * - a null in gives a null out, unless the trainer takes missing values and cleaning keeps nulls: then the model file answers rows
 *   without a double as the weights do, and says so. Rows without a time or an integer that a feature reads it never answers.
 */
export interface Trainer<Settings extends JsonObject> {
  readonly name: string
  readonly defaults: Settings
  /** What it learns best from unless told otherwise: a month, going on from earlier weights, or all history at once. */
  readonly prefers: 'month' | 'history'
  /** Whether `warmStart` makes a difference to it. */
  readonly warmStarts: boolean
  /** What its records count: epochs unless given. */
  readonly countsBy?: LearningProgress['unit']
  /** Whether it learns from numbers that have no value, NaN; not so unless it says so, and such rows are refused. */
  readonly takesMissing?: boolean
  /** Throws `BAD_INPUT` naming each setting that is wrong, before anything is paid for. */
  checkSettings(settings: JsonObject): void
  /** The steps that answers come in, in the target's unit; 0 or absent: any number. */
  answerStep?(settings: JsonObject): number
  train(job: TrainingJob<Settings>): Promise<TrainedModel>
  /** What mlflow.tensorflow.autolog would have recorded of such a training in Keras; absent where Keras has no counterpart. */
  readonly autolog?: {
    params(settings: Settings, options: { stopsEarly: boolean }): Record<string, string>
    /** The layers and their weights, in words. */
    summary(specification: FeatureSpecification, settings: Settings): string
  }
  /** What the weights predict for encoded rows, (rows), in plain JavaScript: the reference the model file is held to. */
  predictEncoded(specification: FeatureSpecification, weights: readonly Tensor[], rows: EncodedRows): Float32Array
  /** One ONNX file from raw columns to the target, and to the ends of its intervals where it is given some. */
  toOnnx(
    specification: FeatureSpecification,
    weights: readonly Tensor[],
    metadata: Readonly<Record<string, string>>,
    intervals?: Intervals | null,
  ): Uint8Array
}

/** Intervals of one level around the predictions of rows: both (rows), in the target's unit. */
export interface RowIntervals {
  /** How many of a hundred rows like those it was calibrated on are within. */
  readonly level: number
  readonly low: Float64Array
  readonly high: Float64Array
}

/**
 * A loaded model: raw columns in (double; timestamps in ms), one prediction per row out. A null (NaN) in gives NaN out, for
 * that row only, but for nulls in the columns `answersWithout`. Throws `BAD_INPUT` if a column is missing or too short, `BAD_DATA` if the model cannot take the values.
 */
export interface Predictor {
  /** The raw columns the model reads, by name. */
  readonly inputs: readonly string[]
  /** Those among the raw columns without whose values it answers all the same: of most models none. */
  readonly answersWithout: readonly string[]
  /** What the file says of its intervals; null where it has none. */
  readonly intervals: Intervals | null
  predict(columns: Readonly<Record<string, Float64Array>>, rows: number): Promise<Float64Array>
  /** The same predictions, and the interval around each at every level the file has, narrow before wide. */
  predictWithIntervals(
    columns: Readonly<Record<string, Float64Array>>,
    rows: number,
  ): Promise<{ readonly values: Float64Array; readonly intervals: readonly RowIntervals[] }>
  [Symbol.asyncDispose](): Promise<void>
}
