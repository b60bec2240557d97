// `monitor`: Production's error on each whole month, drawn against the threshold.
import { z } from 'zod'
import { monitorSeries, seriesAtHand } from '../../lifecycle/monitor.ts'
import { defineCommand } from '../command.ts'
import { errorText } from '../report-cycle.ts'
import { textTable } from '../table.ts'

/** `understudy monitor` */
export const monitorCommand = defineCommand({
  name: 'monitor',
  example: 'monitor',
  summary: "Production's error on each whole month, against the threshold",
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
          months: series.map(({ month, error }) => ({ month, error })),
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
      ].join('\n'),
    )
  },
})
