// `replay`: months played again in a place of their own.
import { z } from 'zod'
import type { FlowEvent } from '../../flow/port.ts'
import { PlannedError } from '../../kernel/errors.ts'
import { type Month, monthsOf, monthWindow, parseMonth } from '../../kernel/window.ts'
import type { CycleOutcome } from '../../lifecycle/outcome.ts'
import { replay } from '../../lifecycle/replay.ts'
import { defineCommand } from '../command.ts'
import { withProgress } from '../progress.ts'
import { replayTable } from '../replay-table.ts'
import { firstModelReport } from '../report-cycle.ts'
import { fromSettings } from '../request.ts'

const Args = z.object({
  from: z.string().optional(),
  to: z.string().optional(),
  onEscalate: z.enum(['keep', 'promote-better'], { error: '--on-escalate is keep or promote-better' }).default('keep'),
})

/** `understudy replay --from 2015-01 --to 2015-06` */
export const replayCommand = defineCommand({
  name: 'replay',
  example: 'replay --from 2015-01 --to 2015-06',
  summary: 'play months again beside the real model: what would have happened',
  options: [
    ['--from <YYYY-MM>', "first month (default: the project's)"],
    ['--to <YYYY-MM>', "last month, included (default: the project's)"],
    ['--on-escalate <keep|promote-better>', 'what stands in for a person (default: keep)'],
  ],
  args: Args,
  async run({ from, to, onEscalate }, context) {
    const { terminal } = context
    const settings = context.settings()
    const rooms = await context.rooms()
    const { replayMonths } = rooms.project
    const months = monthsBetween(
      parseMonth(from ?? replayMonths.from, '--from'),
      parseMonth(to ?? replayMonths.to, '--to'),
    )
    const request = { ...fromSettings(settings), months, onEscalate }
    const onMonth = ({ month, verdict }: CycleOutcome): void => {
      if (!terminal.json) terminal.note(`  ${month}: ${verdict}`)
    }
    const played = await withProgress(context, ({ signal, onEvent }) => {
      // Six months of every step's lines would bury the table.
      const shown = (event: FlowEvent): void => (event.kind === 'task-log' ? undefined : onEvent(event))
      return replay(rooms, request, { signal, onEvent: shown, onMonth })
    })
    if (terminal.json) {
      terminal.out(JSON.stringify(played.months))
      return
    }
    const { row, metric } = rooms.project
    if (played.first !== null) terminal.out(firstModelReport(played.first, row.many, terminal.columns))
    terminal.out(replayTable(played, { rows: row.many, unit: metric.unit, onEscalate, style: terminal.style }))
  },
})

/** Every month of a span, both ends included. Throws `BAD_INPUT` if it ends before it begins. */
function monthsBetween(from: Month, to: Month): Month[] {
  const months = monthsOf({ fromMs: monthWindow(from).fromMs, toMs: monthWindow(to).toMs })
  if (months.length === 0)
    throw new PlannedError('BAD_INPUT', `--to ${to} is before --from ${from}`, {
      next: 'exchange them, or give one month twice: both are included',
    })
  return months
}
