// `replay`: months played again in a place of their own.
import { z } from 'zod'
import { PlannedError } from '../../kernel/errors.ts'
import { type Month, monthsOf, monthWindow, parseMonth } from '../../kernel/window.ts'
import { type Replay, replay } from '../../lifecycle/replay.ts'
import { defineCommand } from '../command.ts'
import { openProgress } from '../progress.ts'
import { replayTable } from '../replay-table.ts'
import { firstModelReport } from '../report-cycle.ts'
import { fromSettings } from '../request.ts'

const Args = z.object({
  from: z.string(),
  to: z.string(),
  onEscalate: z.enum(['keep', 'promote-better'], { error: '--on-escalate is keep or promote-better' }).default('keep'),
})

/** `understudy replay --from 2015-01 --to 2015-06` */
export const replayCommand = defineCommand({
  name: 'replay',
  summary: 'play months again beside the real model: what would have happened',
  options: [
    ['--from <YYYY-MM>', 'first month', '2015-01'],
    ['--to <YYYY-MM>', 'last month, included', '2015-06'],
    ['--on-escalate <keep|promote-better>', 'what stands in for a person (default: keep)'],
  ],
  args: Args,
  async run({ from, to, onEscalate }, context) {
    const { terminal } = context
    const settings = context.settings()
    const months = monthsBetween(parseMonth(from), parseMonth(to))
    const rooms = await context.rooms()
    const progress = openProgress(terminal)
    let played: Replay
    try {
      const request = { ...fromSettings(settings), months, onEscalate }
      played = await replay(rooms, request, {
        signal: context.signal,
        onEvent: progress.onEvent,
        onMonth: ({ month, verdict }) => {
          if (!terminal.json) terminal.note(`  ${month}: ${verdict}`)
        },
      })
    } finally {
      progress.close()
    }
    if (terminal.json) {
      terminal.out(JSON.stringify(played.months))
      return
    }
    const { row, metric } = rooms.project
    if (played.first !== null) terminal.out(firstModelReport(played.first, row.many, terminal.columns))
    terminal.out(replayTable(played, { rows: row.many, unit: metric.unit, onEscalate }))
  },
})

/** Every month of a span, both ends included. Throws `BAD_INPUT` if it ends before it begins. */
function monthsBetween(from: Month, to: Month): Month[] {
  const months = monthsOf({ fromMs: monthWindow(from).fromMs, toMs: monthWindow(to).toMs })
  if (months.length === 0)
    throw new PlannedError('BAD_INPUT', `--to ${to} is before --from ${from}; both months are included`)
  return months
}
