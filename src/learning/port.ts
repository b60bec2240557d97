import type { FeatureSpecification } from '../features/specification.ts'
import type { JsonObject } from '../kernel/json.ts'

/** How features lie in memory. A feature list's numbers and categories keep their order among themselves. */
export interface EncodedRows {
  readonly rows: number
  readonly numberCount: number
  readonly categoryCount: number
  /** (rows, numberCount), row-major. */
  readonly numbers: Float32Array
  /** (rows, categoryCount), row-major; -1 for none. */
  readonly codes: Int16Array
  /** (rows) */
  readonly target: Float32Array
}

export interface EpochRecord {
  readonly epoch: number
  /** Training loss, penalty included; mean absolute error in training mode (with dropout), as Keras reports them. */
  readonly loss: number
  readonly mae: number
  readonly valLoss: number
  readonly valMae: number
}

/** A weight by name: shape and values. */
export interface Tensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly values: Float32Array
}

export interface TrainingJob<Settings> {
  readonly specification: FeatureSpecification
  readonly fit: EncodedRows
  /** Decides when to stop and which epoch's weights are kept. */
  readonly earlyStop: EncodedRows
  readonly settings: Settings
  readonly seed: number
  /** Weights to start from (same trainer, same features); null for a cold start. */
  readonly warmStart: readonly Tensor[] | null
  readonly onEpoch?: (record: EpochRecord) => void
  readonly signal?: AbortSignal
}

export interface TrainedModel {
  readonly weights: readonly Tensor[]
  readonly epochs: readonly EpochRecord[]
  /** Epoch whose weights were kept, 0-based. */
  readonly keptEpoch: number
  /** Optimiser steps that led to the weights kept. */
  readonly keptSteps: number
  /** Mean absolute error of the weights kept, on the early-stop rows. */
  readonly earlyStopMae: number
  /** Whether learning ended because it stopped improving, not because epochs ran out. */
  readonly stoppedEarly: boolean
}

/** A way of learning. `settings` are JSON, so that they can be logged, journalled and compared. */
export interface Trainer<Settings extends JsonObject> {
  readonly name: string
  readonly defaults: Settings
  train(job: TrainingJob<Settings>): Promise<TrainedModel>
  /** One ONNX file from raw columns to the target. */
  toOnnx(specification: FeatureSpecification, weights: readonly Tensor[], metadata: Readonly<Record<string, string>>): Uint8Array
}

/** A loaded model: raw columns in (double; timestamps in ms), one prediction per row out. */
export interface Predictor {
  readonly inputs: readonly string[]
  predict(columns: Readonly<Record<string, Float64Array>>, rows: number): Promise<Float64Array>
  [Symbol.asyncDispose](): Promise<void>
}
