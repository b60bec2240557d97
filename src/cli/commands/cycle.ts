// `cycle`: one month, from fresh rows to a verdict.
import { z } from 'zod'
import { addMonths, dayText, monthWindow, parseDay, parseMonth } from '../../kernel/window.ts'
import { monitorSeries } from '../../lifecycle/monitor.ts'
import { type CycleResult, runCycle } from '../../lifecycle/run-cycle.ts'
import { type CommandContext, defineCommand, type Settings } from '../command.ts'
import { openProgress } from '../progress.ts'
import { cycleReport, firstModelReport } from '../report-cycle.ts'
import { cycleRequest } from '../request.ts'

const Args = z.object({
  month: z.string().optional(),
  again: z.boolean().default(false),
  challenger: z.coerce.number().int().positive().nullable().default(null),
})

/** `understudy cycle [--month 2015-02] [--again] [--challenger 7]` */
export const cycleCommand = defineCommand({
  name: 'cycle',
  summary: 'keep the model valid for one month: evaluate Production, train a challenger, compare, decide',
  options: [
    ['--month <YYYY-MM or YYYY-MM-DD>', 'the month that is fresh (default: EVALUATION_START_DATE)'],
    ['--again', 'look once more at a month that was decided; moves nothing'],
    ['--challenger <version>', 'score this version instead of training one'],
  ],
  args: Args,
  async run(args, context) {
    const { terminal } = context
    const settings = context.settings()
    const fromMs = args.month === undefined ? settings.evaluationStartMs : startOf(args.month)
    const rooms = await context.rooms()
    const progress = openProgress(terminal)
    let result: CycleResult
    try {
      result = await runCycle(rooms, cycleRequest(settings, fromMs, args), {
        signal: context.signal,
        onEvent: progress.onEvent,
      })
    } finally {
      progress.close()
    }
    terminal.out(
      terminal.json ? JSON.stringify(jsonOf(result, settings, dayText(fromMs))) : await textOf(result, fromMs, context),
    )
  },
})

function startOf(month: string): number {
  return month.length > 7 ? parseDay(month) : monthWindow(parseMonth(month)).fromMs
}

/** The cycle's outcome; where no month was run, the same shape with what is known of the first model. */
function jsonOf({ first, cycle, decidedBefore }: CycleResult, settings: Settings, from: string): object {
  if (cycle !== null) return { ...cycle, decidedBefore, firstModel: first }
  return {
    month: from.slice(0, 7),
    holdoutRows: 0,
    holdoutDays: 0,
    metric: first?.metric,
    champion: null,
    challenger: first === null ? null : { version: first.version, error: first.error },
    difference: null,
    threshold: first?.threshold,
    rule: settings.rule,
    verdict: 'escalate',
    reason: first?.reason,
    decidedBefore,
    firstModel: first,
  }
}

async function textOf(
  { first, cycle, decidedBefore }: CycleResult,
  fromMs: number,
  context: CommandContext,
): Promise<string> {
  const { project, ...rooms } = await context.rooms()
  const settings = context.settings()
  const rows = project.row.many
  const parts = first === null ? [] : [firstModelReport(first, rows, context.terminal.columns)]
  if (cycle === null) {
    const next = `./understudy promote ${settings.model} --version ${first?.version} --why "…"`
    return [...parts, '', `No month is run before there is a champion. To accept it: ${next}`].join('\n')
  }
  const series = await monitorSeries(rooms, settings)
  const following = dayText(addMonths(fromMs, 1))
  const next = [
    `EVALUATION_START_DATE=${following} make run_workflow   (the month after)`,
    './understudy history   (every move, with its reason)',
  ]
  if (cycle.verdict === 'escalate' && cycle.challenger !== null && cycle.applied) {
    next.unshift(
      `./understudy promote ${cycle.model} --version ${cycle.challenger.version} --why "…"   (or leave the champion in place)`,
    )
  }
  if (decidedBefore) {
    parts.push(
      '',
      `${cycle.month} was decided before; this is what was found then, and nothing was done now (--again looks once more).`,
    )
  }
  return [...parts, cycleReport(cycle, { rows, series, home: settings.home, next, columns: context.terminal.columns })].join('\n')
}
