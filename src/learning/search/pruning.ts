// Which trials are given up before they have been through all folds.
import type { Trial } from './trial.ts'

/** Nothing is given up before so many others have come as far: a median of fewer says little. */
const LEAST_OTHERS = 4

/**
 * Why a trial is given up after a fold, in words for people; null if it goes on. The median rule: it is given up if its mean error over the
 * folds so far is worse than the median of what the others had after as many folds. At every fold about the worse half leaves, as in
 * successive halving, whenever they come to it: nobody waits for the others.
 *
 * The comparison is after folds, each learnt to its end on the same rows, and not after epochs: by epochs, settings that learn slowly and end
 * well would leave first. A trial at least as good as the best so far is never given up, as the best is never worse than the median.
 *
 * Source  D. Golovin et al., "Google Vizier", KDD 2017, section 3.2.2 (the median rule); L. Li et al., "A System for Massively Parallel
 *         Hyperparameter Tuning", MLSys 2020 (arXiv 1810.05934), for leaving without waiting for the others.
 */
export function whyPruned(errors: readonly number[], others: readonly Trial[]): string | null {
  const folds = errors.length
  const own = errors.at(-1)
  if (own === undefined) return null
  const theirs = others.flatMap(({ errors }) => errors[folds - 1] ?? [])
  if (theirs.length < LEAST_OTHERS) return null
  const middle = median(theirs)
  if (own <= middle) return null
  return `after ${folds === 1 ? 'the first fold' : `${folds} folds`} its error was ${own.toFixed(4)}, above ${middle.toFixed(4)}, the median of ${theirs.length} others`
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const last = sorted.length - 1
  return (sorted[Math.floor(last / 2)]! + sorted[Math.ceil(last / 2)]!) / 2
}
