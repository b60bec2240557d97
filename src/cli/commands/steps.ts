// The recipe's single steps: `preprocess`, `train`, `evaluate`, `predict`.
import { z } from 'zod'
import { countText } from '../../evaluation/figures.ts'
import { PlannedError } from '../../kernel/errors.ts'
import { addMonths, DAY_MS, dayText, parseDay, type TimeWindow } from '../../kernel/window.ts'
import { type Evaluation, evaluateVersion } from '../../lifecycle/evaluate-version.ts'
import { HISTORY_SPLIT } from '../../lifecycle/first-model.ts'
import { preprocess } from '../../lifecycle/preprocess.ts'
import { tablesOf } from '../../lifecycle/project.ts'
import { ensureRawTable } from '../../lifecycle/raw-table.ts'
import { trainByHand } from '../../lifecycle/train-by-hand.ts'
import { defineCommand } from '../command.ts'
import { withProgress } from '../progress.ts'
import { coverageText, errorText } from '../report-cycle.ts'
import { fromSettings, historyWindow } from '../request.ts'
import { VersionArgs, versionChoice, versionOptions } from '../version-choice.ts'

const days = z.object({ from: z.string().optional(), to: z.string().optional() })
/** `--from` and `--to`, with what they are where they are not given. */
const dayOptions = (from: string, to: string) =>
  [
    ['--from <YYYY-MM-DD>', `first day (default: ${from})`],
    ['--to <YYYY-MM-DD>', `day after the last (default: ${to})`],
  ] as const

/** The window asked for, or the step's own. Throws `BAD_INPUT` if it is empty. */
function windowOf(args: z.infer<typeof days>, fallback: TimeWindow): TimeWindow {
  const fromMs = args.from === undefined ? fallback.fromMs : parseDay(args.from, '--from')
  const toMs = args.to === undefined ? fallback.toMs : parseDay(args.to, '--to')
  if (toMs <= fromMs)
    throw new PlannedError('BAD_INPUT', `the window ${dayText(fromMs)} to ${dayText(toMs)} is empty`, {
      why: '--to is the day after the last',
      next: 'give a --to that is later than --from',
    })
  return { fromMs, toMs }
}

/** `understudy preprocess [--from 2009-01-01] [--to 2015-01-01]` */
export const preprocessCommand = defineCommand({
  name: 'preprocess',
  example: 'preprocess --from 2014-01-01 --to 2015-01-01',
  summary: 'clean a window of raw rows and compute their features, month by month',
  options: dayOptions('the first day of history', 'EVALUATION_START_DATE'),
  args: days,
  async run(args, context) {
    const settings = context.settings()
    const rooms = await context.rooms()
    const window = windowOf(args, historyWindow(rooms.project, settings))
    const done = await withProgress(context, async (watch) => {
      const { origin } = await ensureRawTable(rooms, settings.size, watch)
      return await preprocess(rooms, { ...settings, origin, window, rebuild: 'all', ...watch })
    })
    const table = tablesOf(rooms.project, settings).processed
    context.terminal.out(
      context.terminal.json
        ? JSON.stringify({ table, ...done })
        : `${table} holds ${countText(done.keptRows)} ${rooms.project.row.many} of ${dayText(window.fromMs)} to ${dayText(window.toMs - 1)}`,
    )
  },
})

/** `understudy train [--from …] [--to …] [--split 0.02]` */
export const trainCommand = defineCommand({
  name: 'train',
  example: 'train --to 2015-01-01 --split 0.02',
  summary: 'train a version on a window and put it in Staging',
  options: [
    ...dayOptions('the first day of history', 'EVALUATION_START_DATE'),
    ['--split <ratio>', 'share of the rows, the last ones, held out (default: 0.02)'],
  ],
  args: days.extend({
    split: z.coerce.number({ error: '--split is a share between 0 and 0.5' }).gt(0).max(0.5).default(HISTORY_SPLIT),
  }),
  async run(args, context) {
    const settings = context.settings()
    const rooms = await context.rooms()
    const window = windowOf(args, historyWindow(rooms.project, settings))
    const { model, experiment, size, seed, trainers, timeReading, threshold, trainerSettings } = fromSettings(settings)
    const asked = { model, experiment, size, seed, trainers, timeReading, threshold, trainerSettings }
    const request = { ...asked, window, splitRatio: args.split }
    const trained = await withProgress(context, (watch) => trainByHand(rooms, request, watch))
    const { unit } = trained.metric
    context.terminal.out(
      context.terminal.json
        ? JSON.stringify(trained)
        : [
            `v${trained.version} of ${trained.model} learnt ${countText(trained.rows - trained.holdoutRows)} ${rooms.project.row.many} and waits in Staging`,
            `   early-stop ${trained.metric.name} ${errorText(trained.earlyStopError)} ${unit} (a selection figure); on the ${countText(trained.holdoutRows)} held-out ${rooms.project.row.many} ${errorText(trained.error)} ${unit}`,
            `   next: ./understudy promote ${trained.model} --version ${trained.version} --why "…"`,
          ].join('\n'),
    )
  },
})

/** `understudy evaluate [--stage Production | --version 3] [--from …] [--to …]` */
export const evaluateCommand = defineCommand({
  name: 'evaluate',
  example: 'evaluate --stage Staging --from 2014-11-15 --to 2015-01-01',
  summary: 'measure a version on a window (default: the year before EVALUATION_START_DATE)',
  options: [...versionOptions, ...dayOptions('a year before --to', 'EVALUATION_START_DATE')],
  args: VersionArgs.extend(days.shape),
  async run(args, context) {
    const settings = context.settings()
    const rooms = await context.rooms()
    const toMs = settings.evaluationStartMs
    const window = windowOf(args, { fromMs: addMonths(toMs, -12), toMs })
    const request = { ...fromSettings(settings), choice: versionChoice(args), window }
    const found = await withProgress(context, (watch) => evaluateVersion(rooms, request, watch))
    const { metric } = found
    context.terminal.out(
      context.terminal.json
        ? JSON.stringify(found)
        : [
            `v${found.version} (${found.stage}) of ${found.model}: ${metric.name} ${errorText(found.error)} ${metric.unit} on ${countText(found.rows)} ${rooms.project.row.many}, ${found.window}`,
            ...(found.coverage.length === 0 ? [] : [`   intervals: ${coverageText(found.coverage, metric.unit)}`]),
            sampleText(found, window),
          ].join('\n'),
    )
  },
})

/** Whether an error may be believed: one on rows that the version has learnt says nothing about others. */
function sampleText({ version, inSample, trainedTo }: Evaluation, window: TimeWindow): string {
  if (inSample === null || trainedTo === null) {
    return '⚠️  which rows it has learnt is not known: this error may be too good'
  }
  if (!inSample) return '   out of sample: it has learnt none of these rows'
  const unseenFromMs = Math.ceil(Date.parse(trainedTo) / DAY_MS) * DAY_MS
  const next =
    unseenFromMs < window.toMs ? `; on rows it has not seen: --version ${version} --from ${dayText(unseenFromMs)}` : ''
  return `⚠️  in-sample: it has learnt rows of this window, so this error is too good${next}`
}
