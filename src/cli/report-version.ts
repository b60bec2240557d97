// One version as a person reads it: what was said of it first, then what it learnt and how, then where it comes from.
import { fileURLToPath } from 'node:url'
import { counted, countText } from '../evaluation/figures.ts'
import type { Json } from '../kernel/json.ts'
import { INTERVAL_LEVELS } from '../learning/intervals.ts'
import { holdoutTag, TAG } from '../lifecycle/champion.ts'
import { type Judgement, type VersionDetails, whenOf } from '../lifecycle/lineage.ts'
import type { DatasetInput } from '../tracking/port.ts'
import { plotLines } from './plot.ts'
import { errorText, shareText, signedText } from './report-cycle.ts'
import { textTable, wrapped } from './table.ts'
import { timeText } from './when.ts'

export interface Manner {
  readonly columns: number
  readonly heading: (text: string) => string
  readonly unit: string
  readonly rows: string
}

/** The report of one version. Sections that have nothing to say are left out. */
export function versionReport(details: VersionDetails, manner: Manner): string {
  const { version, run } = details
  const section = (name: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ['', manner.heading(name), ...lines.flatMap((line) => indented(line, manner))]
  return [
    manner.heading(`${version.name} v${version.version}, ${version.stage}`),
    ...(details.aliases.length === 0 ? [] : [`also called ${details.aliases.join(', ')}`]),
    ...(version.description === '' ? [] : wrapped(version.description, manner.columns)),
    ...section(
      'verdicts',
      details.judgements.flatMap((judgement) => judgementLines(judgement, version.version, manner)),
    ),
    ...section('decisions', details.decisions.map(decisionLine)),
    ...section(
      'stages',
      details.moves.map(
        (move) => `${timeText(move.atMs)}  ${move.from} → ${move.to}  by ${move.actor}: ${move.reason}`,
      ),
    ),
    ...section(
      'data',
      details.data.flatMap((data) => dataLines(data, manner)),
    ),
    ...section('settings', run === null ? [] : [pairs(run.params)]),
    ...section('curve', curveLines(details, manner)),
    ...section('intervals', intervalLines(details, manner)),
    ...section('lineage', lineageLines(details)),
    ...section('file', fileLines(details)),
    ...section('report', reportLines(details)),
  ].join('\n')
}

/** A line below its heading; what it is too long for goes on a little further in. A drawing or a table row is no longer than allowed. */
function indented(line: string, { columns }: Manner): string[] {
  if (line.length + 2 <= columns) return [`  ${line}`]
  const lead = 2 + line.length - line.trimStart().length
  return wrapped(line.trimStart(), columns - lead - 2).map(
    (part, index) => `${' '.repeat(index === 0 ? lead : lead + 2)}${part}`,
  )
}

function judgementLines(judgement: Judgement, version: number, { unit, rows }: Manner): string[] {
  const when = timeText(whenOf(judgement))
  if (judgement.part === 'first model') {
    const { verdict, error, holdoutRows, threshold } = judgement.outcome
    return [
      `first model: ${verdict}, decided ${when}`,
      `  ${errorText(error)} ${unit} on the last ${countText(holdoutRows)} ${rows}, against a threshold of ${threshold}`,
    ]
  }
  const { outcome } = judgement.judged
  const own = judgement.part === 'champion' ? outcome.champion : outcome.challenger
  const other = judgement.part === 'champion' ? outcome.challenger : outcome.champion
  const against = other === null ? 'no other' : `v${other.version} ${errorText(other.error)}`
  const difference =
    outcome.difference === null
      ? ''
      : `; difference ${signedText(outcome.difference.mean)} (${signedText(outcome.difference.low)} to ${signedText(outcome.difference.high)})`
  const moved = outcome.applied ? '' : ', which moved nothing'
  const month = own?.monthError == null ? '' : `; ${errorText(own.monthError)} on all of the month`
  return [
    `${outcome.month} as ${judgement.part}: ${outcome.verdict}${moved}, decided ${when}`,
    `  v${version} ${errorText(own?.error ?? null)} against ${against} ${unit}, threshold ${outcome.threshold}${difference}; ${countText(outcome.holdoutRows)} ${rows} of ${outcome.holdoutDays} days, look ${outcome.looks}${month}`,
  ]
}

function decisionLine({ id, month, askedAtMs, status, because }: VersionDetails['decisions'][number]): string {
  const asked = `decision ${id}, about ${month}, asked ${timeText(askedAtMs)}: ${status}`
  return because === null ? `${asked}; ./understudy decisions shows what can be answered` : `${asked}; ${because}`
}

function dataLines(data: DatasetInput, { rows }: Manner): string[] {
  const source = fieldsOf(data.source)
  const text = (key: string): string => (typeof source[key] === 'string' ? source[key] : 'unknown')
  const count = fieldsOf(data.profile).num_rows
  return [
    `${data.name} (${text('origin')}), ${instantText(text('from'))} to ${instantText(text('to'))}${typeof count === 'number' ? `, ${countText(count)} ${rows}` : ''}`,
    `fingerprint    ${text('fingerprint')}`,
    `preprocessing  ${text('preprocessing')}`,
  ]
}

function fieldsOf(value: Json): { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as { [key: string]: Json }) : {} // no array, no null: an object
}

/** An ISO instant to the second; midnight is left out. */
function instantText(iso: string): string {
  const ms = Date.parse(iso)
  return Number.isNaN(ms) ? iso : timeText(ms).replace(' 00:00:00', '')
}

function pairs(record: Readonly<Record<string, string>>): string {
  return Object.entries(record)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([key, value]) => `${key}=${value}`)
    .join(' ')
}

const CURVE_LINES = 10

function curveLines({ curve, run, version }: VersionDetails, { columns, unit }: Manner): string[] {
  const values = curve.points.map((point) => point.value)
  const [only] = values
  if (only === undefined) return []
  const on = curve.metric === 'val_mae' ? 'the early-stop rows (a selection figure)' : 'the rows it learnt'
  const name = `${curve.metric}, the error on ${on} in ${unit}`
  if (values.length === 1) return [`${name}: ${errorText(only)} in its one ${curve.counts}`]
  const kept = run?.metrics.restored_epoch
  const marked = curve.points.findIndex((point) => point.step === kept)
  const width = Math.min(columns, 100) - 4
  return [
    `${name}, by ${curve.counts} (1 to ${values.length})${marked < 0 ? '' : `; ◆ is what was kept, ${curve.counts} ${marked + 1}: ${errorText(values[marked] ?? null)}`}`,
    ...plotLines(values, { height: CURVE_LINES, columns: width, marked: marked < 0 ? null : marked }),
    ...(version.tags[TAG.holdoutMae] === undefined
      ? []
      : [`on the holdout, which took no part in this: ${errorText(Number(version.tags[TAG.holdoutMae]))}`]),
  ]
}

/** The intervals around its predictions: whence they are, and what they held on the holdout. */
function intervalLines({ version: { tags } }: VersionDetails, { unit, rows }: Manner): string[] {
  const whence = tags[TAG.intervals]
  if (whence === undefined) return []
  const levels = INTERVAL_LEVELS.flatMap((level) => {
    const held = Number(tags[holdoutTag('coverage', level)] ?? Number.NaN)
    const width = Number(tags[holdoutTag('width', level)] ?? Number.NaN)
    if (Number.isNaN(held) || Number.isNaN(width)) return []
    return [`${level} %: held ${shareText(held)} of the ${rows}, ${errorText(width)} ${unit} wide on average`]
  })
  return [whence, ...(levels.length === 0 ? [] : ['on the holdout', ...levels.map((line) => `  ${line}`)])]
}

function lineageLines({ version, run, lineage }: VersionDetails): string[] {
  const list = (numbers: readonly number[]): string => numbers.map((number) => `v${number}`).join(', ')
  const tag = (name: string): string | undefined => run?.tags[name]
  const commit = tag('mlflow.source.git.commit')
  const dirty = tag('understudy.git_dirty') === 'true' ? ', with changes that were not committed' : ''
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['weights', lineage.chain.length > 1 ? lineage.chain.map((number) => `v${number}`).join(' ← ') : 'a cold start'],
    ['went on in', lineage.descendants.length === 0 ? undefined : list(lineage.descendants)],
    ['refit of', lineage.refitOf === null ? undefined : `v${lineage.refitOf}`],
    ['refitted as', lineage.refits.length === 0 ? undefined : list(lineage.refits)],
    ['trainer', version.tags[TAG.trainer]],
    ['', version.tags[TAG.selection]],
    ['learnt', learntText(version.tags, lineage.chain.length > 1)],
    ['features', version.tags[TAG.featureDigest]],
    ['code', run === null ? undefined : `${commit === undefined ? 'no commit' : `commit ${commit}`}${dirty}`],
    ['', tag('understudy.code_digest') === undefined ? undefined : `digest ${tag('understudy.code_digest')}`],
    ['packages', tag('understudy.packages_digest')],
    ['node', tag('understudy.node')],
    ['machine', tag('understudy.machine')],
    ['run', run === null ? undefined : `${run.id} (${run.name}, ${run.status})`],
  ]
  return textTable(facts.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))
}

/** All rows a version goes back to, those of the weights it began with included. */
function learntText(tags: Readonly<Record<string, string>>, hasParents: boolean): string {
  const to = tags[TAG.trainedTo]
  if (to === undefined) return 'it does not say which rows; no later month can be compared with it fairly'
  return `${instantText(tags[TAG.trainedFrom] ?? 'unknown')} to ${instantText(to)}${hasParents ? ', with what those it descends from had learnt' : ''}`
}

function fileLines({ version, file }: VersionDetails): string[] {
  const path = `${version.source}/model.onnx`
  return file.kind === 'missing'
    ? [path, `⚠️  it cannot be read: ${file.why}`]
    : [path, `${countText(file.bytes)} bytes, sha256 ${file.sha256}`]
}

/** Where a person finds the card and the charts of its training. */
function reportLines({ version, report }: VersionDetails): string[] {
  const card = report.find((address) => address.endsWith('.md'))
  if (card === undefined) return []
  const charts = report.filter((address) => address.endsWith('.svg')).length
  return [
    `${card.startsWith('file:///') ? fileURLToPath(card) : card}${charts === 0 ? '' : `, and ${counted(charts, 'chart')} beside it`}`,
    `the same again: ./understudy reproduce --version ${version.version}`,
  ]
}
