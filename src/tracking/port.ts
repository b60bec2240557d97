import type { Json } from '../kernel/json.ts'

export type RunStatus = 'RUNNING' | 'FINISHED' | 'FAILED' | 'KILLED'
export type Stage = 'None' | 'Staging' | 'Production' | 'Archived'

export interface Experiment {
  readonly id: string
  readonly name: string
}

export interface Metric {
  readonly key: string
  readonly value: number
  readonly step: number
  readonly timestampMs: number
}

/** A data set that a run read, as MLflow's inputs hold it. */
export interface DatasetInput {
  readonly name: string
  /** At most 36 characters. */
  readonly digest: string
  /** `train`, `eval`, … */
  readonly context: string
  readonly sourceType: string
  readonly source: Json
  readonly schema: Json
  readonly profile: Json
}

export interface Run {
  readonly id: string
  readonly experimentId: string
  readonly name: string
  readonly status: RunStatus
  readonly startedAtMs: number
  readonly endedAtMs: number | null
  readonly params: Readonly<Record<string, string>>
  /** The latest value of each metric: highest step, then timestamp, then value. */
  readonly metrics: Readonly<Record<string, number>>
  readonly tags: Readonly<Record<string, string>>
  readonly artifactUri: string
}

export interface ModelVersion {
  readonly name: string
  readonly version: number
  readonly stage: Stage
  readonly runId: string | null
  /** Where the model's folder lies. */
  readonly source: string
  readonly description: string
  readonly createdAtMs: number
  readonly tags: Readonly<Record<string, string>>
}

/** Who moved a version, why, and what they knew. */
export type Cause = {
  readonly actor: string
  readonly reason: string
  readonly evidence: Json
}

export interface Transition extends Cause {
  readonly id: number
  readonly name: string
  readonly version: number
  readonly from: Stage
  readonly to: Stage
  readonly atMs: number
}

export type Move = {
  readonly version: number
  readonly to: Stage
  /** Why this very move; the others that come with it (those it archives) say the same unless they carry their own. */
  readonly cause: Cause
  /** The stage the caller saw the version in. Another one by now is `CONFLICT`, and nothing moves. */
  readonly expect?: Stage
  /** The version the caller saw in the stage this one moves to, null for none. Another one by now is `CONFLICT`, and nothing moves. */
  readonly replaces?: number | null
}

/** What checking the history's seals found. */
export type HistoryCheck =
  | { readonly kind: 'whole'; readonly rows: number }
  | { readonly kind: 'broken'; readonly atId: number; readonly reason: string }

/**
 * The key of an effect (flow run and task). An operation that carries one happens once: a second call with the same key
 * returns what the first one did, and changes nothing. Stored in the effect's own transaction.
 */
export type EffectKey = string

/**
 * The port to experiments, runs and registered models, in MLflow's words. Adapters: `embedded.ts` (MLflow's own SQL schema), `remote.ts`
 * (an MLflow server, over its REST interface).
 * All pass `tracking.contract.ts`:
 * - what is written is read back: NaN and infinities, int64 timestamps, any Unicode;
 * - a run that has ended is sealed: writing to it is `CONFLICT`; a parameter is written once, another value is `CONFLICT`;
 * - versions of a model count up from 1 and are never given twice;
 * - all moves of one call happen together or not at all; at most one version per model is in Production and at most one in
 *   Staging: moving one there archives the one that was, with its own row in the history;
 * - the history is only ever added to; every change of stage is in it, in order; one made behind our back (by the real MLflow
 *   on the same store) enters as `moved outside Understudy, seen at T` when next looked at, by `noticeOutsideMoves` or a move;
 * - `NOT_FOUND` for an absent run, model or version.
 */
export interface Tracking {
  /** The experiment of that name, made if absent. */
  experiment(name: string): Promise<Experiment>
  findExperiment(name: string): Promise<Experiment | null>

  startRun(
    options: { experimentId: string; name: string; tags?: Readonly<Record<string, string>> },
    effect?: EffectKey,
  ): Promise<Run>
  logParams(runId: string, params: Readonly<Record<string, string>>): Promise<void>
  /** Logging a metric again with the same step, timestamp and value changes nothing. */
  logMetrics(runId: string, metrics: readonly Metric[]): Promise<void>
  setTags(runId: string, tags: Readonly<Record<string, string>>): Promise<void>
  logInputs(runId: string, inputs: readonly DatasetInput[]): Promise<void>
  /** Writes a file below the run's artifacts. */
  logArtifact(runId: string, path: string, bytes: Uint8Array): Promise<void>
  /** The data sets of a run, in the order they were logged. */
  inputs(runId: string): Promise<readonly DatasetInput[]>
  readArtifact(runId: string, path: string): Promise<Uint8Array>
  listArtifacts(runId: string): Promise<readonly { path: string; bytes: number }[]>
  endRun(runId: string, status: Exclude<RunStatus, 'RUNNING'>): Promise<void>
  run(runId: string): Promise<Run>
  /** Runs of an experiment whose tags have these values, newest first. */
  findRuns(experimentId: string, tags: Readonly<Record<string, string>>): Promise<readonly Run[]>
  /** Every point of one metric, by step, then timestamp. */
  metricHistory(runId: string, key: string): Promise<readonly Metric[]>

  /** The registered models, by name. */
  models(): Promise<readonly string[]>
  /** Registers the next version of a model (made if absent), in stage None. `path` is the model's folder among the run's artifacts. */
  registerVersion(
    options: {
      name: string
      runId: string
      path: string
      description?: string
      tags?: Readonly<Record<string, string>>
    },
    effect?: EffectKey,
  ): Promise<ModelVersion>
  version(name: string, version: number): Promise<ModelVersion>
  /** Every version of a model, newest first; none for a model that does not exist. */
  versions(name: string): Promise<readonly ModelVersion[]>
  /** The newest version of each stage that has one, in any order; none for a model that does not exist. */
  latestVersions(name: string): Promise<readonly ModelVersion[]>
  /** The version that each alias of a model stands for; none for a model that does not exist. */
  aliases(name: string): Promise<Readonly<Record<string, number>>>
  setVersionTags(name: string, version: number, tags: Readonly<Record<string, string>>): Promise<void>
  /** A file of the version's folder, for example `model.onnx`. */
  readModelFile(name: string, version: number, path: string): Promise<Uint8Array>
  /** Moves versions of one model, all or none. Returns every change made, the archivings that came with them too. */
  move(name: string, moves: readonly Move[], effect?: EffectKey): Promise<readonly Transition[]>
  /** Every transition of a model, oldest first. */
  history(name: string): Promise<readonly Transition[]>
  /** Compares the stages with the history and adds what was moved by others. Returns what it added. */
  noticeOutsideMoves(name: string): Promise<readonly Transition[]>
  /** Recomputes the seals of the whole history, all models together. Absent where the store has none. */
  verifyHistory?(): Promise<HistoryCheck>

  [Symbol.asyncDispose](): Promise<void>
}
