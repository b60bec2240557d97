// What the lifecycle works with: the rooms it is handed, and the words its flows share.
import { z } from 'zod'
import type { Engine } from '../flow/port.ts'
import type { Clock } from '../kernel/clock.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { TimeWindow } from '../kernel/window.ts'
import type { Intervals } from '../learning/intervals.ts'
import type { EpochRecord, LearningProgress } from '../learning/port.ts'
import type { Outbox } from '../notify/port.ts'
import type { Tracking } from '../tracking/port.ts'
import type { Warehouse } from '../warehouse/port.ts'
import type { Project } from './project.ts'

/** What a run records about the program that made it. */
export interface Provenance {
  /** Commit of the checkout, or null outside one. */
  readonly gitCommit: string | null
  readonly gitDirty: boolean
  /** Digest over the program's and the project's source files: changes with the code, commit or not. */
  readonly codeDigest: string
  /** Digest over the locked versions of every package. */
  readonly packagesDigest: string
  readonly node: string
  readonly machine: string
}

/** One training, by reference: everything a worker thread needs to do it alone. */
export interface TrainingRequest {
  readonly table: string
  readonly fit: TimeWindow
  /** Null trains for exactly `steps` steps. */
  readonly earlyStop: TimeWindow | null
  readonly steps: number | null
  /** Rows that the result is measured on besides, after them: a search does, on rows of no holdout. */
  readonly validate?: TimeWindow
  /** Threads it may compute on at most; as many as the machine lends a training unless given. */
  readonly threads?: number
  readonly trainer: string
  /** In place of the trainer's own. */
  readonly settings: JsonObject
  readonly seed: number
  readonly timeReading: 'utc' | 'local'
  /** The model file to start from, base64; null for a cold start. */
  readonly warmStart: string | null
  readonly metadata: Readonly<Record<string, string>>
  /** The intervals that a refit takes over; without them, its own are calibrated on the early-stop rows. */
  readonly inherits?: Intervals | null
}

export interface TrainingResult {
  /** The ONNX file, base64. */
  readonly model: string
  readonly settings: JsonObject
  readonly fitRows: number
  readonly earlyStopRows: number
  readonly epochs: readonly EpochRecord[]
  /** Rows learnt that the epochs' error is told of, where not of all. */
  readonly sampledRows?: number
  /** How many models, learnt alike, are averaged, where more than one; the epochs are the first's. */
  readonly averaged?: number
  readonly keptEpoch: number
  readonly keptSteps: number
  /** Whether learning ended because it stopped improving. */
  readonly stoppedEarly: boolean
  /** Mean absolute error of the weights kept on the early-stop rows; null without such rows. */
  readonly earlyStopMae: number | null
  /** The same on the rows of `validate`, where some were given. */
  readonly validation?: { readonly mae: number; readonly rows: number }
  /** What computed it, in words: `TypeScript`, `WebAssembly with relaxed SIMD`. */
  readonly computedBy: string
  /** What each feature was worth, by name, as shares of the total; null of a trainer that cannot tell. */
  readonly importances: Readonly<Record<string, number>> | null
  /** Those of the model file; null where it has none. */
  readonly intervals: Intervals | null
  /** False for a cold start, asked for or because the file to start from is damaged. */
  readonly warmStarted: boolean
  readonly seconds: number
}

/** Runs a training away from the event loop. */
export type RunTraining = (
  request: TrainingRequest,
  options: {
    signal: AbortSignal
    onEpoch: (record: EpochRecord) => void
    onProgress?: (progress: LearningProgress) => void
    log: (line: string) => void
  },
) => Promise<TrainingResult>

/** Where the recipe's own files go (`training_outputs/`): write-only copies under MODEL_TARGET local. */
export interface RecipeOutputs {
  save(kind: 'models' | 'params' | 'metrics', extension: 'onnx' | 'json', content: Uint8Array | string): Promise<void>
}

export interface LifecycleRooms {
  /** A short digest of where tracking keeps its data. */
  readonly store: string
  readonly project: Project
  readonly warehouse: Warehouse
  readonly tracking: Tracking
  /** Whether others keep models there that are no business of ours, as on a team's server. */
  readonly isTrackingShared?: boolean
  readonly engine: Engine
  readonly outbox: Outbox
  readonly clock: Clock
  readonly runTraining: RunTraining
  readonly provenance: Provenance
  readonly outputs: RecipeOutputs | null
}

/** A value of a trainer's settings. */
const TrainerSetting = z.union([z.number(), z.boolean(), z.string(), z.array(z.number())])
export type TrainerSetting = z.infer<typeof TrainerSetting>

/** One month of the lifecycle, as it is asked for. It is journalled: all of it must be equal for a run to be resumed. */
export const CycleInput = z.object({
  /** Which tracking store, by a short digest: the same model name in another store is another model. */
  store: z.string(),
  model: z.string(),
  experiment: z.string(),
  size: z.string(),
  origin: z.string(),
  fromMs: z.int(),
  toMs: z.int(),
  seed: z.int(),
  trainers: z.array(z.string()).min(1),
  /** Null: as each trainer prefers. */
  trainWindow: z.enum(['month', 'history']).nullable(),
  refit: z.boolean(),
  timeReading: z.enum(['utc', 'local']),
  threshold: z.number().positive(),
  rule: z.enum(['point', 'significant']),
  /** `ask` a person, or, in a replay, go on without one. */
  onEscalate: z.enum(['ask', 'keep', 'promote-better']),
  /** A further look at a month that was decided: moves nothing. */
  again: z.boolean(),
  /** A version made elsewhere to score instead of training one. */
  challenger: z.int().nullable(),
  /**
   * Trainers' settings in place of their own, by name; each trainer takes those it has. One that is meant for one trainer alone carries its
   * name: `mlp.learningRate`.
   */
  trainerSettings: z.record(z.string(), TrainerSetting),
  /** How many settings of each trainer are tried before the challenger is trained; absent: none. Cycles of earlier versions lack it. */
  tuneTrials: z.int().positive().exactOptional(),
  /** The decision that asked for this further look with other settings: it may promote. */
  retrainOf: z.int().nullable(),
})
export type CycleInput = z.infer<typeof CycleInput>

export const FirstModelInput = CycleInput.pick({
  store: true,
  model: true,
  experiment: true,
  size: true,
  origin: true,
  seed: true,
  trainers: true,
  timeReading: true,
  threshold: true,
  trainerSettings: true,
  retrainOf: true,
}).extend({
  fromMs: z.int(),
  toMs: z.int(),
  splitRatio: z.number(),
  accept: z.boolean(),
  /** Whether people are told; nobody is of a replay. */
  tell: z.boolean(),
  /** A version that waits in Staging and is taken instead of training one. */
  waiting: z.int().nullable(),
  /** The version in Production that learnt from another origin and gives way. */
  foreign: z.int().nullable(),
})
export type FirstModelInput = z.infer<typeof FirstModelInput>
