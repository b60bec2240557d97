// What a cycle comes to: plain JSON, journalled as the flow's result, kept in tracking as evidence, and printed.
import type { Coverage } from '../evaluation/coverage.ts'
import type { Rule, Verdict } from '../evaluation/verdict.ts'
import type { Stage } from '../tracking/port.ts'

/** A model's error with its interval, in the metric's unit. */
export type ScoredVersion = {
  readonly version: number
  /** On the holdout; null where it was not, or could not be, scored. */
  readonly error: number | null
  readonly low: number | null
  readonly high: number | null
  /** On the whole month; null for a challenger. */
  readonly monthError: number | null
  /** How its intervals did on the holdout, a level each; absent where it has none. No verdict rests on it. */
  readonly coverage?: readonly Coverage[]
}

/** A version's place after a cycle. */
export type StageLine = {
  readonly version: number
  readonly stage: Stage
  readonly note: string
}

/** One month, decided. */
export type CycleOutcome = {
  /** `YYYY-MM`, or the first and last day where the window is not a calendar month. */
  readonly month: string
  readonly from: string
  readonly to: string
  readonly holdoutFrom: string
  readonly model: string
  readonly size: string
  readonly origin: string
  readonly rawRows: number
  readonly rawFingerprint: string
  readonly rows: number
  readonly holdoutRows: number
  readonly holdoutDays: number
  readonly looks: number
  /** Of every interval here: 0.95 at a first look. */
  readonly level: number
  readonly metric: { readonly name: string; readonly unit: string }
  readonly champion: ScoredVersion | null
  readonly challenger: ScoredVersion | null
  readonly difference: {
    readonly mean: number
    readonly low: number
    readonly high: number
    readonly smallestVisible: number
  } | null
  readonly threshold: number
  readonly rule: Rule
  readonly verdict: Verdict['kind']
  /** `overtaken`: stages were moved by others while this was judged, and nothing was done. */
  readonly case: Verdict['case'] | 'nothing-to-compare' | 'overtaken'
  readonly reason: string
  /** What a person should know before trusting the verdict. */
  readonly warning: string | null
  readonly otherRule: { readonly rule: Rule; readonly kind: Verdict['kind']; readonly why: string } | null
  /** Whether the verdict was carried out; false for a further look, in hindsight, and if others moved stages meanwhile. */
  readonly applied: boolean
  /** What a replay did instead of asking a person. */
  readonly insteadOfAsking: 'kept' | 'promoted' | null
  readonly notes: readonly string[]
  readonly stages: readonly StageLine[]
  /** The decision a person was asked for; null if nobody was. */
  readonly decision: number | null
  /** The decision that asked for this look. */
  readonly retrainOf: number | null
  readonly runId: string
}

/** The first model, trained or taken from Staging. */
export type FirstModelOutcome = {
  readonly model: string
  readonly version: number
  readonly trained: boolean
  readonly from: string
  readonly to: string
  readonly rows: number
  readonly holdoutRows: number
  readonly error: number | null
  readonly threshold: number
  readonly metric: { readonly name: string; readonly unit: string }
  readonly verdict: 'promote' | 'escalate'
  readonly reason: string
  readonly warning: string | null
  /** The decision a person was asked for; null if nobody was. */
  readonly decision: number | null
}

/** A version trained by hand. */
export type TrainOutcome = {
  readonly model: string
  readonly version: number
  readonly rows: number
  readonly fitRows: number
  /** On the early-stop rows, which chose the weights and the trainer: a selection figure, not a measurement. */
  readonly earlyStopError: number
  readonly holdoutRows: number
  readonly error: number | null
  readonly metric: { readonly name: string; readonly unit: string }
  readonly stage: Stage
  readonly runId: string | null
}
