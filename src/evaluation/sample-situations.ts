// Situations for the gate's tests: eight days of fifty rows, and what each side did on them.
import type { DayLoss, ErrorMetric } from './day-losses.ts'
import type { Rule, Situation } from './verdict.ts'

const METRIC: ErrorMetric = { name: 'mae', unit: 'min', rowsNoun: 'trains' }
export const BOTH: readonly Rule[] = ['point', 'significant']

/** Eight days of 50 rows with a mean loss; `wobble` moves the days apart without moving the mean. */
export function losses(mean: number, wobble = 0): readonly DayLoss[] {
  return Array.from({ length: 8 }, (_, index) => ({
    day: `2015-01-${24 + index}`,
    rows: 50,
    sum: 50 * (mean + (index % 2 === 0 ? wobble : -wobble)),
  }))
}
export const scored = (mean: number, wobble = 0) => ({ kind: 'scored', days: losses(mean, wobble) }) as const
export const learnt = (mean: number, wobble = 0) => ({ ...scored(mean, wobble), rowsLearnt: 'known' }) as const
export const broken = { kind: 'cannot-score', reason: 'it gave no finite number for 3 of 400 trains' } as const

export function situation(changes: Partial<Situation>): Situation {
  return {
    holdout: { rows: 400, days: 8 },
    champion: scored(2.2),
    challenger: learnt(2.1),
    threshold: 2.5,
    rule: 'point',
    looks: 1,
    metric: METRIC,
    ...changes,
  }
}
