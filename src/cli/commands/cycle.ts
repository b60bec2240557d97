// `cycle`: one month, from fresh rows to a verdict.
import { z } from 'zod'
import { addMonths, dayText, monthWindow, parseDay, parseMonth } from '../../kernel/window.ts'
import { type DecisionView, decisionsOf } from '../../lifecycle/decisions.ts'
import { monitorSeries } from '../../lifecycle/monitor.ts'
import { tablesOf } from '../../lifecycle/project.ts'
import { stageLines } from '../../lifecycle/record-outcome.ts'
import { windowText } from '../../lifecycle/recording.ts'
import { type CycleResult, runCycle } from '../../lifecycle/run-cycle.ts'
import { type CommandContext, defineCommand, type Settings } from '../command.ts'
import { placeText } from '../home.ts'
import { wholeNumber } from '../numbers.ts'
import { withProgress } from '../progress.ts'
import { cycleReport, firstModelReport } from '../report-cycle.ts'
import { cycleRequest } from '../request.ts'
import { wrapped } from '../table.ts'

const Args = z.object({
  month: z.string().optional(),
  again: z.boolean().default(false),
  challenger: wholeNumber('--challenger is the number of a version').nullable().default(null),
})

/** `understudy cycle [--month 2015-02] [--again] [--challenger 7]` */
export const cycleCommand = defineCommand({
  name: 'cycle',
  example: 'cycle --month 2015-02',
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
    const request = cycleRequest(settings, fromMs, args)
    const result = await withProgress(context, (watch) => runCycle(rooms, request, watch))
    terminal.out(
      terminal.json ? JSON.stringify(jsonOf(result, settings, fromMs)) : await textOf(result, fromMs, context),
    )
  },
})

function startOf(month: string): number {
  return month.length > 7 ? parseDay(month, '--month') : monthWindow(parseMonth(month, '--month')).fromMs
}

/** The cycle's outcome; where no month was run, the same shape with what is known of the first model. */
function jsonOf({ first, cycle, decidedBefore }: CycleResult, settings: Settings, fromMs: number): object {
  const common = { decidedBefore: decidedBefore !== null, askedDifferently: decidedBefore, firstModel: first }
  if (cycle !== null) return { ...cycle, ...common }
  return {
    month: windowText({ fromMs, toMs: addMonths(fromMs, 1) }),
    holdoutRows: 0,
    holdoutDays: 0,
    metric: first?.metric,
    champion: null,
    challenger: first === null ? null : { version: first.version, error: first.error },
    difference: null,
    threshold: settings.threshold,
    rule: settings.rule,
    verdict: 'escalate',
    reason: first?.reason,
    ...common,
  }
}

async function textOf(
  { first, cycle, decidedBefore }: CycleResult,
  fromMs: number,
  context: CommandContext,
): Promise<string> {
  const rooms = await context.rooms()
  const settings = context.settings()
  const { columns } = context.terminal
  const rows = rooms.project.row.many
  const parts = first === null ? [] : [firstModelReport(first, rows, columns)]
  if (cycle === null) {
    const next = `./understudy decide ${first?.decision} promote --why "…"`
    return [...parts, '', `No month is run before there is a champion. To accept it: ${next}`].join('\n')
  }
  const series = await monitorSeries(rooms, settings)
  const rawTable = tablesOf(rooms.project, settings).raw
  const stages = await stageLines(rooms, cycle.model)
  if (decidedBefore !== null) {
    const differs = decidedBefore === '' ? '' : ` Asked for otherwise then: ${decidedBefore}.`
    const text = `${cycle.month} was decided before; this is what was found then, and nothing was done now (--again looks once more).${differs}`
    parts.push('', ...wrapped(text, columns))
  }
  const asked = (await decisionsOf(rooms, { model: cycle.model, all: true })).find(({ id }) => id === cycle.decision)
  if (asked !== undefined && asked.status !== 'open') {
    parts.push('', ...wrapped(`decision ${asked.id} is ${asked.status}: ${asked.because}`, columns))
  }
  const next = nextSteps(asked, dayText(addMonths(fromMs, 1)))
  return [
    ...parts,
    cycleReport(
      { ...cycle, stages },
      { rows, rawTable, series, home: placeText(settings), next, columns, style: context.terminal.style },
    ),
  ].join('\n')
}

/** What to type next. */
function nextSteps(asked: DecisionView | undefined, following: string): string[] {
  const answer = `./understudy decide ${asked?.id} promote | keep | retrain | rollback --why "…"   (./understudy decisions says what each would do)`
  return [
    ...(asked?.status === 'open' ? [answer] : []),
    `EVALUATION_START_DATE=${following} make run_workflow   (the month after)`,
    './understudy history   (every move, with its reason)',
  ]
}
