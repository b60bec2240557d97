// Which trials are given up before they have been through all folds.
import type { Trial } from './trial.ts'

/** Nothing is given up before so many others have come as far: a median of fewer says little. */
const LEAST_OTHERS = 4

/** What a trial has to reach after a fold: the median of what the others had. Null while too few have come so far. */
export type Bar = { readonly median: number; readonly others: number } | null

/** The bars after the first, second, … of so many folds, set by the others. */
export function barsOf(others: readonly Trial[], folds: number): Bar[] {
  return Array.from({ length: folds }, (_, fold) => {
    const theirs = others.flatMap(({ errors }) => errors[fold] ?? [])
    return theirs.length < LEAST_OTHERS ? null : { median: medianOf(theirs), others: theirs.length }
  })
}

/**
 * Why a trial is given up after its last fold so far, in words for people; null if it goes on. The median rule: it is given up if its mean
 * error over the folds so far is above the median of what the others had after as many. So at every fold about the worse half leaves, as in
 * successive halving, each when it comes to it, and nobody waits for the others.
 *
 * The comparison is after folds, each learnt to its end and judged on the same rows, and not after epochs: by epochs, settings that learn
 * slowly and end well would leave first. A trial as good as the best so far is never given up, as the best is never above the median.
 *
 * Source  D. Golovin et al., "Google Vizier: A Service for Black-Box Optimization", KDD 2017 (the median rule); L. Li et al., "A System for
 *         Massively Parallel Hyperparameter Tuning", arXiv 1810.05934, 2018 (halving without waiting).
 */
export function whyPruned(errors: readonly number[], bars: readonly Bar[]): string | null {
  const own = errors.at(-1)
  const bar = bars[errors.length - 1] ?? null
  if (own === undefined || bar === null || own <= bar.median) return null
  const when = errors.length === 1 ? 'the first fold' : `${errors.length} folds`
  return `after ${when} its error was ${own.toFixed(4)}, above ${bar.median.toFixed(4)}, the median of ${bar.others} others`
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const last = sorted.length - 1
  return (sorted[Math.floor(last / 2)]! + sorted[Math.ceil(last / 2)]!) / 2
}
