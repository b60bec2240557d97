// The months of a replay, one line each.
import { countText } from '../evaluation/figures.ts'
import type { CycleOutcome, ScoredVersion } from '../lifecycle/outcome.ts'
import type { Replay } from '../lifecycle/replay.ts'
import type { Style } from './colour.ts'
import { errorText, signedText } from './report-cycle.ts'
import { textTable } from './table.ts'

/** The table of a replay, with what it was played on. */
export function replayTable(
  replay: Replay,
  context: { rows: string; unit: string; onEscalate: string; style: Style },
): string {
  const rows = replay.months.map((month) => [
    month.month,
    countText(month.rows),
    `${countText(month.holdoutRows)} on ${month.holdoutDays} d`,
    scoredText(month.champion),
    scoredText(month.challenger),
    differenceText(month),
    verdictText(month),
  ])
  return [
    '',
    ...textTable(
      [
        ['month', context.rows, 'holdout', 'champion', 'challenger', `difference (95 %), ${context.unit}`, 'verdict'],
        ...rows,
      ],
      [1],
      context.style.dim,
    ),
    '',
    `Errors in ${context.unit} on each month's holdout. Where a person would have been asked: ${context.onEscalate === 'keep' ? 'the champion was kept' : 'the better one was promoted'} (--on-escalate ${context.onEscalate}).`,
    `Played as ${replay.model}; the real model was not touched.`,
  ].join('\n')
}

function scoredText(scored: ScoredVersion | null): string {
  return scored === null ? 'none' : `v${scored.version} ${errorText(scored.error)}`
}

function differenceText({ difference }: CycleOutcome): string {
  if (difference === null) return ''
  return `${signedText(difference.mean)} (${signedText(difference.low)} to ${signedText(difference.high)})`
}

function verdictText(month: CycleOutcome): string {
  const other = month.otherRule
  const differs = other !== null && other.kind !== month.verdict ? ` (${other.rule}: ${other.kind})` : ''
  const instead = month.insteadOfAsking === null ? '' : ` → ${month.insteadOfAsking}`
  const blind = month.case === 'too-little-data' ? ', cannot tell' : ''
  return `${month.verdict}${instead}${blind}${differs}`
}
