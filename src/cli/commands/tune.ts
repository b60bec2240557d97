// `tune`: a search for better settings of a trainer.
import { z } from 'zod'
import { PlannedError } from '../../kernel/errors.ts'
import { closest } from '../../kernel/spelling.ts'
import { dayText, monthWindow, parseDay, parseMonth, type TimeWindow } from '../../kernel/window.ts'
import { SAMPLERS } from '../../learning/search/sampler.ts'
import { canTake, pointCount } from '../../learning/search/space.ts'
import { trainers as everyTrainer } from '../../learning/trainers.ts'
import { mergedSettings, readTrainerSettings, trainerSettingsText } from '../../lifecycle/trainer-settings.ts'
import { MOST_TRIALS } from '../../lifecycle/tune.ts'
import { type TuneRequest, tuneByHand } from '../../lifecycle/tune-by-hand.ts'
import { FOLDS } from '../../lifecycle/tune-cycle.ts'
import type { TrialOutcome, TuneOutcome } from '../../lifecycle/tune-input.ts'
import { spaceFor } from '../../lifecycle/tune-space.ts'
import { type CommandContext, defineCommand } from '../command.ts'
import { wholeNumber } from '../numbers.ts'
import { withProgress } from '../progress.ts'
import { tuneReport } from '../report-tune.ts'
import { fromSettings, historyWindow } from '../request.ts'

/** How many settings are tried unless something else is said. */
const TRIALS = 30
const MOST_FOLDS = 20
const MOST_WORKERS = 16

const Args = z.object({
  trainer: z.string().optional(),
  sampler: z.enum(SAMPLERS, { error: '--sampler is tpe, random or grid' }).default('tpe'),
  space: z.array(z.string()).default([]),
  trials: wholeNumber('--trials is a number of settings').pipe(z.number().max(MOST_TRIALS)).optional(),
  time: z.string().optional(),
  folds: wholeNumber('--folds is a number').pipe(z.number().max(MOST_FOLDS)).default(FOLDS),
  workers: wholeNumber('--workers is a number').pipe(z.number().max(MOST_WORKERS)).nullable().default(null),
  validation: z
    .enum(['forward'], {
      error:
        '--validation is forward: rows of one day resemble each other, so that shuffled ones give away what is asked of later rows, and in use a model is only ever asked about days after those it learnt',
    })
    .default('forward'),
  month: z.string().optional(),
  from: z.string().optional(),
  to: z.string().optional(),
})
type Args = z.infer<typeof Args>

/** `understudy tune [--trainer mlp] [--sampler tpe] [--space …] [--trials 30] [--time 10m] [--folds 3] [--month 2015-01]` */
export const tuneCommand = defineCommand({
  name: 'tune',
  example: 'tune --trainer mlp --space learning_rate=1e-4..1e-2:log batch_size=64,128,256 --trials 20',
  summary:
    'search for better settings of a trainer, judged forward in time; looks at no holdout that a cycle is still to be judged on',
  options: [
    ['--trainer <name>', 'whose settings (default: the first of TRAINERS)'],
    [
      '--sampler <tpe|random|grid>',
      'what to try next: what the trials so far suggest, chance, or every combination',
      'tpe',
    ],
    [
      '--space <name=values...>',
      "what to try, as in learning_rate=1e-4..1e-2:log (a range) or batch_size=64,128 (values); :int and :float say which numbers a range is of (default: the trainer's)",
    ],
    [
      '--trials <number>',
      `how many settings, besides those in force (default: ${TRIALS}; of a grid, all); more than before go on with the trials of a search that asked for the same, by the same program`,
    ],
    [
      '--time <duration>',
      'how long, as in 90s, 10m or 1h30m; what has ended by then counts, and the settings in force are judged to their end however long they take; a longer one goes on with the search, in the time that is left of it',
    ],
    ['--folds <number>', 'how many later parts of the rows each is judged on', String(FOLDS)],
    ['--workers <number>', 'how many are tried at a time (default: 2; 1 where each holds more than 5 million rows)'],
    ['--validation <forward>', 'on rows after those that were learnt, never on shuffled ones', 'forward'],
    ['--month <YYYY-MM>', 'on what a challenger of that month learns, before its early-stop rows and its holdout'],
    ['--from <YYYY-MM-DD>', 'first day (default: the first day of history)'],
    ['--to <YYYY-MM-DD>', 'day after the last (default: EVALUATION_START_DATE); its last 3 % are not used'],
  ],
  args: Args,
  async run(args, context) {
    const { terminal } = context
    const settings = context.settings()
    const request = requestOf(args, context)
    const rooms = await context.rooms()
    const tuned = await withProgress(context, (watch) => tuneByHand(rooms, request, watch))
    const { outcome, holdouts, replayed, stopped } = tuned
    const standing = readTrainerSettings(settings.trainerSettings)
    const line = outcome.better === null ? null : mergedSettings(standing, outcome.trainer, outcome.better)
    const trainerSettings = line === null ? null : trainerSettingsText(line)
    terminal.out(
      terminal.json
        ? JSON.stringify({ ...outcome, trainerSettings, holdouts, replayed, stopped: stopped !== null })
        : tuneReport(outcome, {
            rows: rooms.project.row.many,
            trainerSettings,
            holdouts,
            variable: (name) => variableOf(context, name),
            replayed,
            more: moreOf(request, outcome),
            columns: terminal.columns,
            style: terminal.style,
          }),
    )
    if (stopped !== null) throw stopped
    if (outcome.best === null) throw nothingFinished(outcome.trials.find(({ why }) => why !== null)?.why ?? null)
  },
})

/** What a setting is called for this project, in `.env` and before a command. */
function variableOf(context: CommandContext, name: string): string {
  return context.settingReports().find((report) => report.name === name)?.variable ?? name
}

function requestOf(args: Args, context: CommandContext): TuneRequest {
  const settings = context.settings()
  const { model, experiment, size, timeReading, seed, trainWindow, trainers, trainerSettings } = fromSettings(settings)
  const trainer = args.trainer === undefined ? (trainers[0] ?? 'mlp') : known(args.trainer)
  const space = spaceFor(trainer, args.sampler, args.space)
  const isBounded = args.trials !== undefined || args.time !== undefined || args.sampler === 'grid'
  return {
    ...{ model, experiment, size, timeReading, seed, trainWindow, trainerSettings, trainer, space },
    sampler: args.sampler,
    trials: args.trials ?? (isBounded ? null : TRIALS),
    timeMs: args.time === undefined ? null : durationMs(args.time),
    folds: args.folds,
    workers: args.workers,
    learns: args.month === undefined ? 'window' : 'month',
    window: windowOf(args, historyWindow(context.project, settings)),
    evaluationFromMs: settings.evaluationStartMs,
  }
}

/** What would try more than a search has; null if all points of its space have been tried. */
function moreOf({ space, trials, timeMs }: TuneRequest, outcome: TuneOutcome): string | null {
  const isOfSpace = ({ settings }: TrialOutcome): boolean => space.every((one) => canTake(one, settings[one.name]))
  const tried = outcome.trials.filter((trial) => trial.state !== 'stopped' && isOfSpace(trial)).length
  if (tried >= pointCount(space)) return null
  const bounds = [...(trials === null ? [] : ['more --trials']), ...(timeMs === null ? [] : ['a longer --time'])]
  return bounds.length === 0 ? null : bounds.join(' or ')
}

/** A trainer that there is. */
function known(trainer: string): string {
  if (Object.hasOwn(everyTrainer, trainer)) return trainer
  const names = Object.keys(everyTrainer)
  const meant = closest(trainer, names)
  throw new PlannedError('BAD_INPUT', `--trainer ${trainer}: there is no trainer named "${trainer}"`, {
    next: `${meant === null ? '' : `did you mean ${meant}? `}there are ${names.join(', ')}`,
  })
}

function windowOf({ month, from, to }: Args, history: TimeWindow): TimeWindow {
  if (month !== undefined) {
    if (from === undefined && to === undefined) return monthWindow(parseMonth(month, '--month'))
    throw new PlannedError('BAD_INPUT', '--month says which rows, and so do --from and --to', {
      next: 'give the one or the others',
    })
  }
  const fromMs = from === undefined ? history.fromMs : parseDay(from, '--from')
  const toMs = to === undefined ? history.toMs : parseDay(to, '--to')
  if (fromMs < toMs) return { fromMs, toMs }
  throw new PlannedError('BAD_INPUT', `the window ${dayText(fromMs)} to ${dayText(toMs)} is empty`, {
    why: '--to is the day after the last',
    next: 'give a --to that is later than --from',
  })
}

const UNITS_MS = [3_600_000, 60_000, 1_000] as const

/** `1h30m` as milliseconds. */
function durationMs(text: string): number {
  const parts = /^(?:(\d{1,4})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s)?$/.exec(text)?.slice(1) ?? []
  const ms = parts.reduce((sum, part, at) => sum + Number(part ?? 0) * UNITS_MS[at]!, 0) // three groups, three units
  if (ms > 0) return ms
  throw new PlannedError('BAD_INPUT', `--time ${text} is no duration`, { next: 'write it as 90s, 10m or 1h30m' })
}

function nothingFinished(why: string | null): PlannedError {
  return new PlannedError('BAD_DATA', 'no trial came to its end', {
    ...(why === null ? {} : { why }),
    next: 'try settings nearer to those in force, or more rows',
  })
}
