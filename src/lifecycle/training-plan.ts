// What a training is to learn from, and by what.
import type { JsonObject } from '../kernel/json.ts'
import type { TimeWindow } from '../kernel/window.ts'
import type { Intervals } from '../learning/intervals.ts'
import type { ModelVersion, Run } from '../tracking/port.ts'
import type { TrainingResult } from './rooms.ts'

export interface TrainingPlan {
  readonly trainer: string
  /** In place of the trainer's own. */
  readonly settings: JsonObject
  readonly fit: TimeWindow
  /** Null to train for exactly `steps` steps. */
  readonly earlyStop: TimeWindow | null
  readonly steps: number | null
  readonly warmStart: ModelVersion | null
  /** What to say of a start without anybody's weights, where there were some. */
  readonly coldWhy?: string | null
  readonly seed: number
  readonly splitRatio: number
  /** The intervals that a refit takes over, having no early-stop rows to calibrate its own on. */
  readonly inherits?: Intervals | null
  /** Further tags of the version. */
  readonly tags: Readonly<Record<string, string>>
}

/** What a training needs of the task it belongs to. */
export interface TaskHandle {
  readonly effectKey: string
  readonly signal: AbortSignal
  progress(text: string): void
  log(line: string): void
}

/** A training that has come to its end. */
export interface Trained {
  readonly plan: TrainingPlan
  readonly run: Run
  readonly result: TrainingResult
}

/** Number of the version whose weights a training began with; null for a cold start. */
export function warmStartText(plan: TrainingPlan, result: TrainingResult): string | null {
  return plan.warmStart !== null && result.warmStarted ? String(plan.warmStart.version) : null
}

/** All rows a plan looks at, those that say when to stop among them: what the version is said to have learnt. */
export function learntBy({ fit, earlyStop }: TrainingPlan): TimeWindow {
  return { fromMs: fit.fromMs, toMs: (earlyStop ?? fit).toMs }
}
