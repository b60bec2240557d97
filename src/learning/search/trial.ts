// What a search knows of a trial.
import type { Point, Space } from './space.ts'

/**
 * One set of settings that was tried, or is being tried. `errors` are the mean errors over the folds so far: after the first, the first two,
 * …; of a finished trial the last one is its error. A trial is `stopped` when the time is up.
 */
export interface Trial {
  readonly settings: Point
  readonly state: 'finished' | 'pruned' | 'stopped' | 'failed' | 'running'
  readonly errors: readonly number[]
}

/** What a sampler goes by. The same always gives the same point. */
export interface Situation {
  readonly space: Space
  /** Every trial so far, in the order they began. */
  readonly trials: readonly Trial[]
  readonly seed: number
}

/** A finished trial's error; null of any other. */
export function errorOf(trial: Trial): number | null {
  return trial.state === 'finished' ? (trial.errors.at(-1) ?? null) : null
}

/** Best first: finished ones by their error, then pruned ones by how far they came and how well they did there, then the others. */
export function ranked<T extends Trial>(trials: readonly T[]): T[] {
  const order = ['finished', 'pruned', 'stopped', 'failed', 'running']
  return trials.toSorted((a, b) => {
    const byState = order.indexOf(a.state) - order.indexOf(b.state)
    if (byState !== 0) return byState
    const byFolds = b.errors.length - a.errors.length
    return byFolds !== 0 ? byFolds : (a.errors.at(-1) ?? 0) - (b.errors.at(-1) ?? 0)
  })
}
