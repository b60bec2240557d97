// What a search has come to, as a person reads it: a table, best first, a plot, and what to do with it.
import { countText } from '../evaluation/figures.ts'
import { dayText } from '../kernel/window.ts'
import { valueText } from '../learning/search/space.ts'
import { snakeCase } from '../lifecycle/trainer-settings.ts'
import type { TrialOutcome, TuneOutcome } from '../lifecycle/tune-input.ts'
import type { Style } from './colour.ts'
import { plotLines } from './plot.ts'
import { errorText } from './report-cycle.ts'
import { textTable, wrapped } from './table.ts'

/** Trials in the table; of more the best are shown. */
const SHOWN = 15
const PLOT_LINES = 8
/** Columns of a plot where nobody said how wide a line is. */
const PLOT_COLUMNS = 80

interface ReportContext {
  /** What rows are called. */
  readonly rows: string
  /** The line to put into `.env`; null if the settings in force are the best. */
  readonly trainerSettings: string | null
  readonly replayed: boolean
  readonly columns: number
  readonly style: Style
}

export function tuneReport(outcome: TuneOutcome, context: ReportContext): string {
  const { columns, style } = context
  const { trials, folds, trainer, sampler } = outcome
  const judged = folds.reduce((sum, fold) => sum + fold.validateRows, 0)
  const first = folds[0]
  const where = `${dayText(Date.parse(outcome.from))} to ${dayText(Date.parse(outcome.to) - 1)}`
  const what = `${trainer}: ${trials.length - 1} settings tried (${sampler}) beside those in force, ${where}`
  const how = `Each learnt ${folds.length} times from the rows before a part of them, and was judged on that part: ${countText(judged)} ${context.rows} from ${first === undefined ? '' : dayText(first.validate.fromMs)} on. The error is the mean over these parts.`
  return [
    '',
    style.bold(what),
    ...wrapped(how, columns),
    ...(context.replayed ? wrapped('This very search was made before; nothing was tried anew.', columns) : []),
    '',
    ...table(outcome, style),
    ...plot(outcome, columns),
    '',
    ...ending(outcome, context),
  ].join('\n')
}

function table({ trials, metric, folds }: TuneOutcome, style: Style): string[] {
  const names = Object.keys(trials[0]?.settings ?? {})
  const shown = trials.filter(({ number }, place) => place < SHOWN || number === 0)
  const rows = shown.map((trial) => [
    trial.number === 0 ? 'in force' : String(trial.number),
    resultText(trial),
    `${trial.errors.length}/${folds.length}`,
    trial.seconds.toFixed(1),
    ...names.map((name) => valueText(trial.settings[name] ?? '')),
  ])
  const heading = ['trial', `${metric.name} ${metric.unit}`, 'parts', 'seconds', ...names.map(snakeCase)]
  const right = heading.map((_, column) => column)
  const hidden = trials.length - shown.length
  return [
    ...textTable([heading, ...rows], right, style.dim),
    ...(hidden === 0 ? [] : [`… and ${hidden} more, not as good (--json lists them)`]),
  ]
}

/** A finished trial's error; of another what became of it, with the error it had by then. */
function resultText({ state, errors }: TrialOutcome): string {
  const error = errors.at(-1)
  if (state === 'finished') return errorText(error ?? null)
  return error === undefined ? state : `${state} at ${errorText(error)}`
}

/** Every trial's error in the order they began; far worse ones are drawn at the upper edge, so that the others can be told apart. */
function plot({ trials, best }: TuneOutcome, columns: number): string[] {
  const inOrder = trials.toSorted((a, b) => a.number - b.number)
  const errors = inOrder.map(({ state, errors }) => (state === 'finished' ? (errors.at(-1) ?? Number.NaN) : Number.NaN))
  const finite = errors.filter(Number.isFinite).sort((a, b) => a - b)
  const [lowest, middle] = [finite[0], finite[Math.floor(finite.length / 2)]]
  if (lowest === undefined || middle === undefined || finite.length < 2) return []
  const edge = Math.max(errors[0] ?? 0, middle + 3 * (middle - lowest))
  let least = Number.POSITIVE_INFINITY
  const below = errors.map((error) => {
    least = Math.min(least, Number.isNaN(error) ? least : error)
    return least
  })
  const marked = inOrder.findIndex(({ number }) => number === best)
  const width = Math.min(columns, PLOT_COLUMNS)
  return [
    '',
    'error by trial (◆ the best, · the best so far)',
    ...plotLines(
      errors.map((error) => Math.min(error, edge)),
      { height: PLOT_LINES, columns: width, marked: marked < 0 ? null : marked, below },
    ),
  ]
}

function ending({ trainer, metric, best, bestError, inForce }: TuneOutcome, context: ReportContext): string[] {
  const { trainerSettings, columns, style } = context
  const looks = wrapped(
    'These errors chose the settings and flatter them: what they are worth is measured by the next cycle, on a holdout that no search has seen.',
    columns,
  )
  const error = (value: number | null): string => (value === null ? 'none' : `${errorText(value)} ${metric.unit}`)
  if (best === null) return []
  if (trainerSettings === null) {
    return [style.bold(`None was better than the settings in force (${metric.name} ${error(inForce)}).`), ...looks]
  }
  return [
    style.bold(
      `Trial ${best} is the best: ${metric.name} ${error(bestError)}; the settings in force have ${error(inForce)}.`,
    ),
    ...looks,
    '',
    `To train ${trainer} with it from now on, put this line into .env:`,
    `   TRAINER_SETTINGS="${trainerSettings}"`,
    'or before a single command:',
    `   TRAINER_SETTINGS="${trainerSettings}" ./understudy cycle`,
    'or have every month search for itself: TUNE_TRIALS=20',
  ]
}
