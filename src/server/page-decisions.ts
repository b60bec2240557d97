// What waits for a person, in the lines that a page shows.
import { counted, figureWriter } from '../evaluation/figures.ts'
import type { DecisionView } from '../lifecycle/decisions.ts'
import type { CycleOutcome, ScoredVersion } from '../lifecycle/outcome.ts'
import type { WaitingDecision } from './page-views.ts'

/** The decision as a page tells it: its evidence in words and figures, and what each answer would do. */
export function waitingDecision(view: DecisionView): WaitingDecision {
  const { id, model, month, version, askedAtMs, choices } = view
  return { id, model, month, version, askedAtMs, evidence: evidenceOf(view), choices }
}

function evidenceOf({ cycle, firstModel: first }: DecisionView): string[] {
  if (cycle !== null) return cycleLines(cycle)
  if (first === null) return ['its evidence is not on record yet']
  const { name, unit } = first.metric
  const write = figureWriter([first.error ?? 0, first.threshold])
  const error = first.error === null ? 'none' : write(first.error)
  return [
    first.reason,
    `${name.toUpperCase()} ${error} ${unit} on ${counted(first.holdoutRows, 'row')}; the threshold is ${write(first.threshold)} ${unit}`,
  ]
}

function cycleLines(cycle: CycleOutcome): string[] {
  const { champion, challenger, difference, threshold, metric, holdoutRows, holdoutDays, looks } = cycle
  const write = figureWriter(
    [champion?.error, challenger?.error, threshold].filter((value) => typeof value === 'number'),
  )
  const scored = (who: string, version: ScoredVersion | null): string =>
    version === null
      ? `no ${who}`
      : `${who} v${version.version} ${version.error === null ? 'none' : write(version.error)}`
  const signed = (value: number): string => `${value < 0 ? '' : '+'}${value.toFixed(3)}`
  const between =
    difference === null
      ? ''
      : `; difference ${signed(difference.mean)} (${signed(difference.low)} to ${signed(difference.high)})`
  return [
    cycle.reason,
    `${metric.name.toUpperCase()} in ${metric.unit}: ${scored('champion', champion)}, ${scored('challenger', challenger)}, threshold ${write(threshold)}${between}`,
    `${counted(holdoutRows, 'row')} of ${counted(holdoutDays, 'day')}, look ${looks}`,
  ]
}
