// A cycle's outcome as a person reads it: the verdict first, then the figures it rests on, then what to do.
import type { Coverage } from '../evaluation/coverage.ts'
import { countText, percentText } from '../evaluation/figures.ts'
import type { MonitorPoint } from '../lifecycle/monitor.ts'
import type { CycleOutcome, FirstModelOutcome, ScoredVersion } from '../lifecycle/outcome.ts'
import { PLAIN, type Style } from './colour.ts'
import { textTable, wrapped } from './table.ts'

/** Production's error on one month. */
type MonthError = Pick<MonitorPoint, 'month' | 'origin' | 'error'>

const HEADLINES = {
  promote: '🚀 PROMOTE',
  keep: '✅ KEEP',
  escalate: '🚨 ASK A PERSON',
} as const satisfies Record<CycleOutcome['verdict'], string>

const HUES = {
  promote: (style) => style.green,
  keep: (style) => style.green,
  escalate: (style) => style.yellow,
} as const satisfies Record<CycleOutcome['verdict'], (style: Style) => Style['green']>

/** Figures are shown to a tenth of a cent's worth: three decimals of the metric's unit. */
export function errorText(value: number | null): string {
  return value === null ? 'none' : value.toFixed(3)
}

/** A difference with its sign. */
export function signedText(value: number): string {
  return `${value > 0 ? '+' : value < 0 ? '−' : '±'}${Math.abs(value).toFixed(3)}`
}

function headline(outcome: CycleOutcome): string {
  if (outcome.case === 'nothing-to-compare') return 'ℹ️  NOTHING TO COMPARE'
  if (outcome.case === 'too-little-data') return `ℹ️  ${outcome.verdict.toUpperCase()}, cannot tell yet`
  if (!outcome.applied) return `ℹ️  NOTHING MOVED (it would have been: ${outcome.verdict})`
  return HEADLINES[outcome.verdict]
}

/** The report of one month. `series` is Production's error month by month, `home` where everything is kept. */
export function cycleReport(
  outcome: CycleOutcome,
  context: {
    rows: string
    rawTable: string
    series: readonly MonthError[]
    home: string
    next: readonly string[]
    columns: number
    style?: Style
  },
): string {
  const { columns, style = PLAIN } = context
  return [
    '',
    `${outcome.model}, ${outcome.month} (${context.rawTable}, ${outcome.origin}: ${countText(outcome.rawRows)} ${context.rows}, ${countText(outcome.rows)} clean)`,
    '',
    style.bold(HUES[outcome.verdict](style)(headline(outcome))),
    ...wrapped(outcome.reason, columns),
    ...(outcome.warning === null ? [] : wrapped(`⚠️  ${outcome.warning}`, columns).map(style.yellow)),
    ...outcome.notes.flatMap((text) => wrapped(text, columns)),
    '',
    ...figuresOf(outcome, context.rows, style),
    '',
    ...textTable([
      ['threshold', `${outcome.threshold} ${outcome.metric.unit}`],
      ['rule', ruleText(outcome)],
      ['looks', `${outcome.looks} at this holdout`],
      [
        'versions',
        outcome.stages
          .slice(0, 4)
          .map(({ version, stage }) => `v${version} ${stage}`)
          .join(', '),
      ],
      [`whole month`, seriesText(outcome, context.series)],
      ['kept in', context.home],
      ...context.next.map((line, index) => [index === 0 ? 'next' : '', line]),
    ]),
  ].join('\n')
}

/** Both errors and their difference, each with its interval. */
export function figuresOf(outcome: CycleOutcome, rows: string, style: Style = PLAIN): string[] {
  const where = `error on the same ${countText(outcome.holdoutRows)} ${rows} of ${outcome.holdoutDays} days`
  const { unit } = outcome.metric
  const line = (name: string, scored: ScoredVersion | null, without: string): string[] => [
    name,
    scored === null ? without : `v${scored.version}`,
    scored?.error === undefined || scored.error === null ? 'none' : `${errorText(scored.error)} ${unit}`,
    scored?.low === undefined || scored.low === null ? '' : `${errorText(scored.low)} to ${errorText(scored.high)}`,
  ]
  const { difference } = outcome
  const coverage = [outcome.champion, outcome.challenger].flatMap((scored) => coverageLine(scored, unit))
  const table = textTable(
    [
      ['', '', where, `${percentText(outcome.level)} interval`],
      line('champion', outcome.champion, 'none to compare with'), // there may be one, of other rows or that has learnt these
      line('challenger', outcome.challenger, 'none'),
      ...(difference === null
        ? []
        : [
            [
              'difference',
              '',
              `${signedText(difference.mean)} ${unit}`,
              `${signedText(difference.low)} to ${signedText(difference.high)}; one of ${errorText(difference.smallestVisible)} could have been seen`,
            ],
          ]),
    ],
    [],
    style.dim,
  )
  return [...table, ...coverage]
}

/** How a version's own intervals did on the holdout. */
function coverageLine(scored: ScoredVersion | null, unit: string): string[] {
  if (scored?.coverage === undefined) return []
  return [`intervals of v${scored.version}: ${coverageText(scored.coverage, unit)}`]
}

/** What intervals held of some rows, and how wide they were on average. */
export function coverageText(coverages: readonly Coverage[], unit: string): string {
  return coverages
    .map(
      ({ level, rows, within, meanWidth }) =>
        `${level} % held ${shareText(within / rows)} (${errorText(meanWidth)} ${unit} wide)`,
    )
    .join(', ')
}

/** A share of rows, to a tenth of a per cent: `79.3 %`. */
export function shareText(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}

function ruleText(outcome: CycleOutcome): string {
  const { otherRule } = outcome
  if (otherRule === null) return outcome.rule
  if (otherRule.kind === outcome.verdict) return `${outcome.rule}; "${otherRule.rule}" says ${otherRule.kind} too`
  return `${outcome.rule}; "${otherRule.rule}" would have said ${otherRule.kind}`
}

function seriesText(outcome: CycleOutcome, series: readonly MonthError[]): string {
  const own = outcome.champion?.monthError ?? null
  const champion =
    own === null
      ? outcome.champion === null
        ? 'no champion was measured'
        : `champion v${outcome.champion.version} was not measured`
      : `champion v${outcome.champion?.version} ${errorText(own)} ${outcome.metric.unit}`
  const earlier = series.filter(({ month, origin }) => month < outcome.month && origin === outcome.origin)
  if (earlier.length === 0) return `${champion}; no earlier month was measured`
  return `${champion}; earlier: ${earlier.map((point) => `${point.month} ${errorText(point.error)}`).join(', ')}`
}

/** The first model, in a few lines. */
export function firstModelReport(first: FirstModelOutcome, rows: string, columns: number): string {
  const learnt = `${first.from.slice(0, 10)} to ${first.to.slice(0, 10)}`
  const made = first.trained
    ? `learnt ${countText(first.rows - first.holdoutRows)} ${rows}, ${learnt}; the ${countText(first.holdoutRows)} after them measure it`
    : `had been waiting in Staging; it learnt ${learnt}`
  return [
    '',
    `First model: v${first.version} ${made}`,
    ...wrapped(first.reason, columns),
    ...(first.warning === null ? [] : wrapped(`⚠️  ${first.warning}`, columns)),
  ].join('\n')
}
