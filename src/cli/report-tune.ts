// What a search has come to, as a person reads it: a table, best first, a plot, and what to do with it.
import { countText, figureWriter } from '../evaluation/figures.ts'
import { dayText } from '../kernel/window.ts'
import { valueText } from '../learning/search/space.ts'
import { snakeCase } from '../learning/settings.ts'
import type { Holdouts } from '../lifecycle/tune-holdouts.ts'
import type { TrialOutcome, TuneOutcome } from '../lifecycle/tune-input.ts'
import { type Doubt, doubtOf } from '../lifecycle/tune-outcome.ts'
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
  /** The line to put into `.env`; null if nothing is clearly better than the settings in force. */
  readonly trainerSettings: string | null
  readonly holdouts: Holdouts
  /** What a setting is called for this project. */
  readonly variable: (name: 'TRAINER_SETTINGS' | 'TUNE_TRIALS') => string
  readonly replayed: boolean
  /** What would try more than this search has, in words; null if all there is was tried. */
  readonly more: string | null
  readonly columns: number
  readonly style: Style
}

export function tuneReport(outcome: TuneOutcome, context: ReportContext): string {
  const { columns, style } = context
  const { trials, folds, trainer, sampler } = outcome
  const judged = folds.reduce((sum, fold) => sum + fold.validateRows, 0)
  const first = folds[0]
  const where = `${dayText(Date.parse(outcome.from))} to ${dayText(Date.parse(outcome.to) - 1)}`
  const others = trials.filter(({ number }) => number !== 0).length
  const tried = `${others} ${others === 1 ? 'setting' : 'settings'} tried (${sampler}) beside those in force`
  const what = `${trainer}: ${others === 0 ? 'the settings in force alone' : tried}, ${where}`
  const rows = `${countText(judged)} ${context.rows} from ${first === undefined ? '' : dayText(first.validate.fromMs)} on`
  const how =
    folds.length === 1
      ? `Each learnt from the rows before a part of them, and was judged on that part: ${rows}.`
      : `Each learnt ${folds.length} times from the rows before a part of them, and was judged on that part: ${rows}. The error is the mean over these parts.`
  const before = beforeText(outcome, context)
  return [
    '',
    style.bold(what),
    ...wrapped(how, columns),
    ...(before === null ? [] : wrapped(before, columns)),
    '',
    ...table(outcome, style),
    ...plot(outcome, columns),
    '',
    ...ending(outcome, context),
  ].join('\n')
}

/** What was made before now, if anything was. */
function beforeText({ trials }: TuneOutcome, { replayed, more }: ReportContext): string | null {
  if (replayed) {
    const next = more === null ? 'there is nothing else to try in its space' : `${more} would try more`
    return `This very search was made before; nothing was tried anew, and ${next}.`
  }
  const count = trials.filter(({ takenOver }) => takenOver === true).length
  const which = `${count} of these ${trials.length} trials ${count === 1 ? 'was' : 'were'}`
  return count === 0 ? null : `${which} made by an earlier search that asked for the same.`
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
  // NaN of settings in force that were not judged to the end sets no edge.
  const edge = Math.max(errors[0] || 0, middle + 3 * (middle - lowest))
  const highest = Math.min(edge, finite.at(-1) ?? edge)
  if (errorText(lowest) === errorText(highest)) return [] // a scale of one figure, which the table shows
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

function ending(outcome: TuneOutcome, context: ReportContext): string[] {
  const { trainerSettings, columns, style, variable } = context
  if (outcome.best === null) return []
  const said = wrapped(finding(outcome), columns).map(style.bold)
  const looks = wrapped(worth(context.holdouts), columns)
  if (trainerSettings === null) return [...said, ...(othersJudged(outcome) === 0 ? [] : looks)]
  const line = `${variable('TRAINER_SETTINGS')}="${trainerSettings}"`
  return [
    ...said,
    ...looks,
    '',
    `To train ${outcome.trainer} with it from now on, put this line into .env:`,
    `   ${line}`,
    'or before a single command:',
    `   ${line} ./understudy cycle`,
    `or have every month search for itself: ${variable('TUNE_TRIALS')}=20`,
  ]
}

/** How many settings besides those in force were judged on every part. */
function othersJudged({ trials }: TuneOutcome): number {
  return trials.filter(({ number, state }) => number !== 0 && state === 'finished').length
}

/** What the search has found, in a sentence or two. */
function finding(outcome: TuneOutcome): string {
  const { trials, metric, best, bestError, inForce, better } = outcome
  const error = (value: number | null): string => (value === null ? 'none' : `${errorText(value)} ${metric.unit}`)
  const standing = trials.find(({ number }) => number === 0)
  const has = `the settings in force have ${metric.name} ${error(inForce)}`
  if (standing === undefined) {
    return `Trial ${best} is the best so far: ${metric.name} ${error(bestError)}. The settings in force were not judged to the end, so nothing can be said against them.`
  }
  if (trials.length === 1) return `Nothing but the settings in force has been judged yet; ${has}.`
  if (othersJudged(outcome) === 0) return `No other settings were judged on every part; ${has}.`
  if (better !== null) {
    const other = standing.state === 'finished' ? has : 'the settings in force could not be judged'
    return `Trial ${best} is the best: ${metric.name} ${error(bestError)}; ${other}.`
  }
  if (best === 0) return `None was better than the settings in force (${metric.name} ${error(inForce)}).`
  const winner = trials.find(({ number }) => number === best)
  const doubt = winner === undefined ? null : doubtOf(winner, standing)
  return `Trial ${best} is the best with ${metric.name} ${error(bestError)}, and no clear gain: ${has}, and ${doubtText(doubt, outcome)}.`
}

/** Which of the two it is that speaks against a lower error, with its figure. */
function doubtText(doubt: Doubt | null, { metric, folds }: TuneOutcome): string {
  if (doubt === null || doubt.gain === 0) return 'the difference is none'
  const { gain } = doubt
  if (doubt.because === 'small') {
    const percent = (share: number): number => Number((100 * share).toPrecision(share > 0.99 * doubt.least ? 6 : 2))
    const amount = `${Number(gain.toPrecision(2))} ${metric.unit}`
    return `the difference of ${amount} is ${percent(doubt.share)} % of it, less than the ${100 * doubt.least} % that would be noticed`
  }
  const scatter = doubt.standardError
  const text = errorText(gain) === errorText(scatter) ? figureWriter([gain, scatter]) : errorText
  return `the difference of ${text(gain)} ${metric.unit} is within the scatter of the ${folds.length} parts: its standard error over them is ${text(scatter)} ${metric.unit}`
}

/** What the errors are worth, and where they will be measured. */
function worth({ next, seen }: Holdouts): string {
  const first = `These errors chose the settings and flatter them: what they are worth is measured by the cycle of ${next} or a later one, on a holdout that this search has not seen.`
  if (seen.length === 0) return first
  const which =
    seen.length < 4
      ? `${seen.length === 1 ? 'the holdout' : 'the holdouts'} of ${seen.join(', ')}`
      : `${seen.length} holdouts from ${seen[0]} to ${seen.at(-1)}`
  const that =
    seen.length === 1 ? 'which was decided on: a further look at it' : 'which were decided on: a further look at them'
  return `${first} It has seen ${which}, ${that} says nothing of these settings.`
}
