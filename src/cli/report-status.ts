// The screen of all models: one line each, and below it what a person can do.
import { dayText } from '../kernel/window.ts'
import type { ModelStatus } from '../lifecycle/status.ts'
import { type Style, widthOf } from './colour.ts'
import { errorText } from './report-cycle.ts'
import { textTable, wrapped } from './table.ts'
import { ageText, timeText } from './when.ts'

/** A project that is there, and the model it keeps. */
export interface Known {
  readonly project: string
  readonly model: string
  /** What is good enough by its settings now; null if they cannot be read. */
  readonly threshold: number | null
  /** What a command needs to work with it: ` --project NAME`, or nothing. */
  readonly option: string
  /** The table its months are taken from; null where there is none yet. */
  readonly raw: { readonly table: string; readonly lastMonth: string; readonly origin: string } | null
  /** Why it cannot be read. */
  readonly fault: string | null
}

export interface StatusPage {
  /** `project` is null for a model whose project is not there any more. */
  readonly models: readonly (ModelStatus & { readonly project: Known | null })[]
  readonly neverRun: readonly Known[]
  /** Models that more than one project wants to keep. */
  readonly shared: readonly { readonly model: string; readonly projects: readonly string[] }[]
  /** What the outbox holds for channels that could not be told yet. */
  readonly notices: readonly { readonly channel: string; readonly waiting: number }[]
  readonly home: string
  readonly nowMs: number
}

type Line = StatusPage['models'][number]

/** A table where the terminal is wide enough for it, a small block per model where not. */
export function statusReport(page: StatusPage, manner: { columns: number; style: Style }): string {
  const { models, home } = page
  const { columns, style } = manner
  const heads = ['model', 'serves, for', 'learnt to', 'last verdict', 'ago', 'error, threshold']
  const rows = [heads, ...models.map((line) => tableRow(line, page.nowMs, style))]
  const fits = textTable(rows).every((line) => widthOf(line) <= columns)
  const shown = fits ? textTable(rows, [], style.dim) : models.flatMap((line) => block(line, page.nowMs, style))
  return [...(models.length === 0 ? [`Nothing has run yet in ${home}.`] : shown), '', ...below(page, manner)].join('\n')
}

function tableRow(line: Line, nowMs: number, style: Style): string[] {
  const { last } = line
  const ago = last === null ? '' : ageText(nowMs - last.atMs)
  return [
    line.model,
    servesText(line, nowMs, ', '),
    learntText(line),
    verdictText(line),
    ago,
    errorCell(line, style, {
      unit: '',
      on: (basis) => ` (${basis})`,
    }),
  ]
}

function block(line: Line, nowMs: number, style: Style): string[] {
  const { model, last, unit, champion } = line
  const learnt = champion === null ? '' : `, learnt to ${learntText(line)}`
  return [
    style.bold(model),
    ...textTable([
      ['  serves', `${servesText(line, nowMs, ' for ')}${learnt}`],
      ['  verdict', `${verdictText(line)}${last === null ? '' : `, ${ageText(nowMs - last.atMs)} ago`}`],
      [
        '  error',
        errorCell(line, style, {
          unit: unit === null ? '' : ` ${unit}`,
          on: (basis) => (basis === HOLDOUT ? ` on its ${basis}` : ` on ${basis}`),
        }),
      ],
    ]),
  ]
}

/** The version in Production, and for how long. */
function servesText({ champion }: Line, nowMs: number, between: string): string {
  if (champion === null) return 'none'
  const age = champion.sinceMs === null ? '' : `${between}${ageText(nowMs - champion.sinceMs)}`
  return `v${champion.version}${age}`
}

/** The last day of the rows it learnt. */
function learntText({ champion }: Line): string {
  if (champion === null) return ''
  const reached = champion.trainedTo === null ? Number.NaN : Date.parse(champion.trainedTo)
  return Number.isNaN(reached) ? 'unknown' : dayText(reached - 1)
}

function verdictText({ last }: Line): string {
  if (last === null) return 'none'
  const blind = last.case === 'too-little-data' ? ', cannot tell' : ''
  return `${last.month ?? 'first model'} ${last.verdict}${blind}`
}

const HOLDOUT = 'holdout'

/** The champion's error, against what is good enough, and what it was measured on: a whole month, or its holdout. */
function errorCell(
  { champion, error }: Line,
  style: Style,
  { unit, on }: { unit: string; on: (basis: string) => string },
): string {
  if (error === null) return champion === null ? 'none' : 'not measured'
  const limit = error.threshold === null ? '' : ` ${error.isOver ? '≥' : '<'} ${error.threshold}`
  const text = `${errorText(error.value)}${limit}${unit}${on(error.month ?? HOLDOUT)}`
  return error.isOver ? style.red(`${text} !`) : text
}

/** What waits, what is at work, what comes next; each with the line to type. */
function below(page: StatusPage, { columns, style }: { columns: number; style: Style }): string[] {
  const { models, neverRun } = page
  const rows = [
    ...models.flatMap((line) => waitsRows(line)),
    ...models.flatMap((line) => nextRows(line)),
    ...neverRun
      .filter(({ fault }) => fault === null)
      .map(({ model, option }) => [model, 'has never run', `./understudy cycle${option}`]),
  ]
  const lines = textTable(rows)
  const fits = lines.every((line) => line.length <= columns)
  const stacked = rows.flatMap(([model = '', what = '', type = '']) => [
    ...wrapped(`${model}  ${what}`, columns),
    `  ${type}`,
  ])
  const known = notes(page).flatMap((note) => wrapped(note, columns))
  return [
    ...known,
    ...(known.length > 0 && rows.length > 0 ? [''] : []),
    ...(rows.length === 0
      ? []
      : [style.bold('to do'), ...(fits ? lines : stacked), ...wrapped(BY_HAND, columns).map(style.dim)]),
  ]
}

/** What is only to be known: there is nothing to type for it, or it is not for a line. */
function notes({ models, neverRun, shared, notices }: StatusPage): string[] {
  return [
    ...models.flatMap(({ model, working }) =>
      working === null ? [] : [`${model}: ${flowText(working)} is at work, since ${timeText(working.sinceMs)} UTC.`],
    ),
    ...models.flatMap(({ model, project, last }) => (project === null ? [`${model}: ${homeless(last)}`] : [])),
    ...models.flatMap(({ model, working, stopped }) =>
      working !== null || stopped === null || stopped.error === null
        ? []
        : [`${model}: ${flowText(stopped)} failed at ${timeText(stopped.atMs)} UTC: ${stopped.error}`],
    ),
    ...notices.map(
      ({ channel, waiting }) =>
        `${waiting} ${waiting === 1 ? 'notice waits' : 'notices wait'} for ${channel}, which could not be told yet: ./understudy outbox`,
    ),
    ...shared.map(
      ({ model, projects }) =>
        `${model} is the model of more than one project: ${projects.join(', ')}. Give each its own: name in project.ts, or MLFLOW_MODEL_NAME`,
    ),
    ...[...models.flatMap(({ project }) => project ?? []), ...neverRun].flatMap(({ project, fault }) =>
      fault === null ? [] : [`${project}: the project cannot be read: ${fault}`],
    ),
  ]
}

function homeless(last: Line['last']): string {
  return last === null
    ? 'no project here keeps it; it was registered by another program, or its project is gone.'
    : 'its project is not here any more; its figures are from the journal and the registry. Name its definition to go on: --project PATH'
}

const BY_HAND = 'Nothing runs by itself: each of these is begun by hand.'

function waitsRows(line: Line): string[][] {
  return line.waits.map(({ decision, kind, version, month }) => [
    line.model,
    `decision ${decision} waits: ${kind === 'cycle' ? month : 'the first model'}${version === null ? '' : `, v${version}`}`,
    `./understudy decisions${line.project?.option ?? ''}`,
  ])
}

const FLOW_WORDS: Readonly<Record<string, string>> = {
  cycle: 'the cycle',
  first_model: 'the first model',
  train: 'a training',
  promotion: 'a promotion',
  rollback: 'a rollback',
  decision: 'an answer to a decision',
}

function flowText({ flow, month }: { flow: string; month: string | null }): string {
  return `${FLOW_WORDS[flow] ?? flow}${month === null ? '' : ` of ${month}`}`
}

/** The month after the last one, or the rows that it waits for. */
function followingRow(model: string, next: string | null, { raw, option }: Known): string[] {
  if (next === null) return [model, 'its first month', `./understudy cycle${option}`]
  if (raw === null || next.slice(0, 7) <= raw.lastMonth)
    return [model, `next month, ${next}`, `./understudy cycle --month ${next}${option}`]
  const existing = raw.origin === 'imported' ? '--append' : '--replace'
  return [
    model,
    `${raw.table} ends with ${raw.lastMonth}: bring newer rows`,
    `./understudy data import FILE --table ${raw.table} ${existing}${option}`,
  ]
}

/** What was stopped half-way, which the same command goes on with, or else the month after the last one. */
function nextRows({ model, next, working, stopped, project }: Line): string[][] {
  if (working !== null || project === null || project.fault !== null) return []
  const { option } = project
  const month = next === null ? '' : ` --month ${next}`
  const following = followingRow(model, next, project)
  if (stopped === null) return [following]
  const goesOn = (command: string): string[] => [
    model,
    `goes on with ${flowText(stopped)}, which ${stopped.error === null ? 'was stopped' : 'failed'}`,
    `./understudy ${command}${option}`,
  ]
  if (stopped.further === 'again') return [goesOn(`cycle --month ${stopped.month} --again`), following]
  if (stopped.further !== null) return [goesOn(`decide ${stopped.further} retrain --why "…"`), following]
  return [goesOn(stopped.flow === 'train' ? 'train' : `cycle${month}`)]
}
