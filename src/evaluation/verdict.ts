// The gate's words: what it is told, and what it answers. Plain JSON, because both are journalled and kept.
import type { ErrorMetric, Score } from './day-losses.ts'
import type { Difference, ErrorEstimate } from './interval.ts'

/** `point`: the lower error wins. `significant`: its interval must lie below zero too. */
export type Rule = 'point' | 'significant'

export type VerdictKind = 'promote' | 'keep' | 'escalate'

/** Why a verdict was given, as a name that does not change. */
export type VerdictCase =
  | 'first-model'
  | 'too-little-data'
  | 'challenger-cannot-score'
  | 'challenger-rows-unknown'
  | 'challenger-rows-seen'
  | 'no-champion'
  | 'champion-cannot-score'
  | 'challenger-better'
  | 'champion-good-enough'
  | 'none-good-enough'

/** Everything the gate needs to know. */
export type Situation = {
  /** The rows both models are scored on, counted before any training. */
  readonly holdout: { readonly rows: number; readonly days: number }
  /**
   * Its losses on the holdout, or why it has none; `removed`: there was a champion and there is none now;
   * `none-ever`: this model never had one, and whether the first is taken or a person is asked.
   */
  readonly champion:
    | Score
    | { readonly kind: 'removed' }
    | { readonly kind: 'none-ever'; readonly firstChampion: 'accept' | 'ask' }
  /**
   * Its losses on the same rows; `rowsLearnt`: `unknown` for a version made elsewhere that does not say which rows it has learnt,
   * `seen` for one that has learnt rows of this holdout.
   * `not-trained` when there was too little to judge it on.
   */
  readonly challenger:
    | {
        readonly kind: 'scored'
        readonly days: Extract<Score, { kind: 'scored' }>['days']
        readonly rowsLearnt: 'known' | 'unknown' | 'seen'
      }
    | Extract<Score, { kind: 'cannot-score' }>
    | { readonly kind: 'not-trained' }
  /** An error under it is good enough; in the metric's unit. */
  readonly threshold: number
  readonly rule: Rule
  /** Which use of this holdout for a decision this is: 1 for the first. */
  readonly looks: number
  readonly metric: ErrorMetric
}

/** The figures behind a verdict. */
export type Evidence = {
  readonly rows: number
  readonly days: number
  readonly looks: number
  /** Of all intervals here: 0.95 at a first look. */
  readonly level: number
  readonly champion: ErrorEstimate | null
  readonly challenger: ErrorEstimate | null
  readonly difference: Difference | null
}

export type Verdict = {
  readonly kind: VerdictKind
  readonly case: VerdictCase
  /** One sentence for a person. */
  readonly reason: string
  /** What a person should know before trusting this verdict, or null. */
  readonly warning: string | null
  readonly evidence: Evidence
  /** What the rule that was not asked would have said. */
  readonly otherRule: { readonly rule: Rule; readonly kind: VerdictKind; readonly why: string }
}
