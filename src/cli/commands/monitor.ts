// `monitor`: Production's error on each whole month, drawn against the threshold, and how many rows its intervals held.
import { z } from 'zod'
import { LEAST_COVERAGE_ROWS } from '../../evaluation/coverage.ts'
import { countText } from '../../evaluation/figures.ts'
import { type MonitorPoint, monitorSeries, seriesAtHand } from '../../lifecycle/monitor.ts'
import { defineCommand } from '../command.ts'
import { errorText, shareText } from '../report-cycle.ts'
import { textTable } from '../table.ts'

/** `understudy monitor` */
export const monitorCommand = defineCommand({
  name: 'monitor',
  example: 'monitor',
  summary: "Production's error on each whole month, against the threshold, and how many rows its intervals held",
  args: z.object({}),
  async run(_, context) {
    const settings = context.settings()
    const { tracking, project } = await context.rooms()
    const all = await monitorSeries({ tracking }, settings)
    const { origin, points: series } = seriesAtHand(all, await tracking.versions(settings.model))
    const { unit } = project.metric
    if (context.terminal.json) {
      return context.terminal.out(
        JSON.stringify({
          model: settings.model,
          origin,
          unit,
          threshold: settings.threshold,
          months: series.map(({ month, error, rows, coverage }) => ({ month, error, rows, coverage })),
        }),
      )
    }
    if (series.length === 0)
      return context.terminal.out(
        all.length === 0
          ? `no month of ${settings.model} was measured yet; begin with: ./understudy cycle`
          : `no month of ${origin} ${project.row.many} was measured yet for what is in Production of ${settings.model}; go on with: ./understudy cycle`,
      )
    const scale = 40 / Math.max(settings.threshold, ...series.map((point) => point.error))
    const mark = Math.round(settings.threshold * scale)
    const rows = series.map((point) => {
      const bar = '█'.repeat(Math.round(point.error * scale)).padEnd(Math.max(mark, 1))
      const drawn = bar.length > mark ? bar : `${bar.slice(0, mark)}│`
      return [point.month, errorText(point.error), drawn, point.error < settings.threshold ? '' : 'over the threshold']
    })
    context.terminal.out(
      [
        `${settings.model} in Production, ${project.metric.name} in ${unit} on the whole month of ${origin} ${project.row.many}; │ is the threshold, ${settings.threshold}`,
        ...textTable(rows),
        ...coverageLines(series, { unit, noun: project.row.many }),
      ].join('\n'),
    )
  },
})

/** What share of each month was within the intervals of the version in Production then; nothing if none of them had any. */
function coverageLines(series: readonly MonitorPoint[], { unit, noun }: { unit: string; noun: string }): string[] {
  const levels = [...new Set(series.flatMap(({ coverage }) => coverage.map(({ level }) => level)))]
  if (levels.length === 0) return []
  const line = ({ month, rows, coverage }: MonitorPoint): string[] => {
    if (coverage.length === 0) return [month, ...levels.map(() => 'none')]
    const cells = levels.map((level) => {
      const found = coverage.find((one) => one.level === level)
      return found === undefined ? 'none' : `${shareText(found.within)}, ${errorText(found.meanWidth)} ${unit} wide`
    })
    const isFew = rows !== null && rows < LEAST_COVERAGE_ROWS
    return [
      month,
      ...cells,
      rows === null ? '' : `of ${countText(rows)} ${noun}${isFew ? ', which are too few to tell' : ''}`,
    ]
  }
  return [
    '',
    `how many ${noun} of the month were within the intervals around their predictions`,
    ...textTable([['', ...levels.map((level) => `${level} % intervals`)], ...series.map(line)]),
  ]
}
