// `predict`: one row, typed, or a file of them.
import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { z } from 'zod'
import { countText } from '../../evaluation/figures.ts'
import { messageOf, PlannedError } from '../../kernel/errors.ts'
import { INTERVAL_LEVELS } from '../../learning/intervals.ts'
import { endsOf, intervalsKey } from '../../lifecycle/intervals.ts'
import { type Predicted, predictOne, predictTable } from '../../lifecycle/predict.ts'
import { howToWrite, type RequestTimes } from '../../lifecycle/request-row.ts'
import {
  type CellFault,
  type RequestTable,
  readTable,
  tableFromCsv,
  tableFromJson,
} from '../../lifecycle/request-table.ts'
import { type CommandContext, defineCommand } from '../command.ts'
import { withProgress } from '../progress.ts'
import { VersionArgs, versionChoice, versionOptions } from '../version-choice.ts'

/** Faults of a file that are told; there is mostly one cause for all of them. */
const FAULTS_TOLD = 5

const Args = VersionArgs.extend({
  set: z.array(z.string()).default([]),
  file: z.string().optional(),
  times: z.enum(['utc', 'local'], { error: '--times is utc or local' }).default('utc'),
})
type Args = z.infer<typeof Args>

/** `understudy predict [--set passenger_count=2 …]`, `understudy predict --file rows.csv` */
export const predictCommand = defineCommand({
  name: 'predict',
  example: 'predict --version 3',
  summary: "predict one row, or a file of them; what is not set takes the project's example",
  options: [
    ...versionOptions,
    [
      '--set <field=value...>',
      "fields of the project's request (default: its example row, which the answer shows in full)",
    ],
    [
      '--file <path>',
      'a .csv, .json or .parquet file of rows; they come back with their predictions, as CSV or with --json',
    ],
    ['--times <clock>', 'what a time without a zone is: utc, or local to the place, as over HTTP (default: utc)'],
  ],
  args: Args,
  async run(args, context) {
    if (args.file === undefined) return await predictTyped(args, context)
    if (args.set.length > 0) {
      throw new PlannedError('BAD_INPUT', '--set and --file both say what to predict', { next: 'give one' })
    }
    await predictFile(args, args.file, context)
  },
})

function timesOf({ times }: Args, context: CommandContext): RequestTimes {
  return { reading: context.settings().timeReading, unzoned: times === 'utc' ? 'stored' : 'local' }
}

async function predictTyped(args: Args, context: CommandContext): Promise<void> {
  const rooms = await context.rooms()
  const texts = Object.fromEntries(
    args.set.map((text) => {
      const at = text.indexOf('=')
      if (at < 1)
        throw new PlannedError('BAD_INPUT', `--set ${text} names no field`, {
          next: `write it as field=value; the fields are ${rooms.project.request.map(({ name }) => name).join(', ')}`,
        })
      return [text.slice(0, at), text.slice(at + 1)]
    }),
  )
  const request = { model: context.settings().model, choice: versionChoice(args), texts, times: timesOf(args, context) }
  const predicted = await withProgress(context, ({ log }) => predictOne(rooms, request, log))
  const { value, version, intervals } = predicted
  const { replyKey, metric, request: fields } = rooms.project
  if (context.terminal.json) {
    const ends = Object.fromEntries(intervals.map(({ level, low, high }) => [level, [low, high]]))
    const about = { [intervalsKey(replyKey)]: intervals.length === 0 ? null : ends, version: version.version }
    return context.terminal.out(JSON.stringify({ [replyKey]: value, ...about }))
  }
  const asked = fields.map((field) => `${field.name}=${texts[field.name] ?? field.example}`).join(' ')
  context.terminal.out(
    [
      `${replyKey} ${value.toFixed(2)} ${metric.unit}  (v${version.version}, ${version.stage}; ${asked})`,
      ...intervalLines(predicted, metric.unit),
    ].join('\n'),
  )
}

/** The intervals around a prediction, and whence they are; nothing of a version that has none. */
function intervalLines({ intervals, whence }: Predicted, unit: string): string[] {
  if (intervals.length === 0) return []
  const ends = intervals.map(({ level, low, high }) => `${level} % ${low.toFixed(2)} to ${high.toFixed(2)} ${unit}`)
  return [`   intervals: ${ends.join(', ')}  (${whence})`]
}

async function predictFile(args: Args, path: string, context: CommandContext): Promise<void> {
  const { project, terminal } = context
  const { model } = context.settings()
  const times = timesOf(args, context)
  const choice = versionChoice(args)
  const names = project.request.map(({ name }) => name)
  const table = await readFileTable(path, names, context)
  const read = readTable(project.request, table, times)
  if (read.kind === 'faults') throw unreadableRows(path, read.faults, times)
  const rooms = await context.rooms()
  const { rows } = table
  const request = { model, choice, times, columns: read.columns, rows }
  // What goes on is told beside the result, which is a file for others.
  const answer = await predictTable(rooms, request, (line) => terminal.note(line))
  const { version, flags, intervals } = answer
  const values = Array.from(answer.values, (value) => (Number.isNaN(value) ? null : value))
  const { replyKey, row } = project
  if (terminal.json) {
    const ends = Object.fromEntries(intervals.map((one) => [one.level, values.map((_, at) => endsOf(one, at))]))
    const about = { flags, model, version: version.version, stage: version.stage }
    const between = { [intervalsKey(replyKey)]: intervals.length === 0 ? null : ends }
    return terminal.out(JSON.stringify({ [replyKey]: values, ...between, ...about }))
  }
  const lines = values.map((value, at) => {
    const cells = names.map((name) => table.columns[name]?.[at])
    // The same columns of every version, so that files put together fit; of one without intervals they are empty.
    const ends = INTERVAL_LEVELS.flatMap((level) => {
      const one = intervals.find((of) => of.level === level)
      return (one === undefined ? null : endsOf(one, at)) ?? [null, null]
    })
    return csvLine([...cells, value, ...ends, flags[at]?.join(' ')])
  })
  const ends = INTERVAL_LEVELS.flatMap((level) => [`${replyKey}_low_${level}`, `${replyKey}_high_${level}`])
  terminal.out([csvLine([...names, replyKey, ...ends, 'flags']), ...lines].join('\n'))
  const unusual = flags.filter((of) => of.length > 0).length
  terminal.note(
    `  v${version.version} (${version.stage}): ${countText(rows)} ${rows === 1 ? row.one : row.many}, ${countText(unusual)} with flags${answer.whence === null ? '' : `, intervals ${answer.whence}`}`,
  )
}

/** Throws `NOT_FOUND` if there is no such file, `BAD_INPUT` if it is of a kind that is not read, or not what it is called. */
async function readFileTable(path: string, names: readonly string[], context: CommandContext): Promise<RequestTable> {
  const kind = extname(path).toLowerCase()
  if (!['.csv', '.json', '.parquet'].includes(kind)) {
    throw new PlannedError('BAD_INPUT', `${path} is no .csv, .json or .parquet file`, {
      next: 'write the rows to one of these',
    })
  }
  const bytes = await readFile(path).catch((error: unknown) => {
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    throw new PlannedError(isAbsent ? 'NOT_FOUND' : 'BAD_INPUT', `${path} cannot be read`, {
      why: isAbsent ? 'there is no such file' : messageOf(error),
      next: 'name another file',
      cause: error,
    })
  })
  if (kind === '.parquet') return await context.readParquet(path, names, Number.MAX_SAFE_INTEGER)
  const text = bytes.toString('utf8')
  return kind === '.csv' ? tableFromCsv(text, names) : tableFromJson(text, names)
}

function unreadableRows(path: string, faults: readonly CellFault[], times: RequestTimes): PlannedError {
  const told = faults.slice(0, FAULTS_TOLD).map(({ row, field, fault, value }) => {
    if (row === null) return `there is no column ${field.name}`
    return fault === 'missing'
      ? `row ${row + 1} has no ${field.name}`
      : `row ${row + 1}: ${field.name} is ${JSON.stringify(value)}`
  })
  const more = faults.length > FAULTS_TOLD ? '; there are more' : ''
  const ways = [...new Set(faults.map(({ field }) => `${field.name} is ${howToWrite(field.kind, times)}`))]
  return new PlannedError('BAD_DATA', `${path} cannot be predicted: ${told.join('; ')}${more}`, {
    next: `${ways.join(', ')}; correct it there`,
  })
}

function csvLine(cells: readonly unknown[]): string {
  return cells
    .map((cell) => {
      const text = cell === null || cell === undefined ? '' : String(cell)
      return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
    })
    .join(',')
}
