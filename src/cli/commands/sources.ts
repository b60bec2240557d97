// `sources`: everything there is to work from, place by place. What is wrong with one place hides no other.
import { existsSync } from 'node:fs'
import { z } from 'zod'
import { countText } from '../../evaluation/figures.ts'
import { messageOf } from '../../kernel/errors.ts'
import { tablesOf } from '../../lifecycle/project.ts'
import type { TableInfo } from '../../warehouse/port.ts'
import { bucket, type CloudPlace, dataSet } from '../cloud.ts'
import { type CommandContext, defineCommand } from '../command.ts'
import { entryRows, readHome } from '../home.ts'
import { textTable } from '../table.ts'

/** `understudy sources` */
export const sourcesCommand = defineCommand({
  name: 'sources',
  example: 'sources',
  summary: 'everything there is to work from: files, tables, and which setting would bring a data set or a bucket',
  args: z.object({}),
  async run(_, context) {
    const { terminal } = context
    const { home, artifacts } = context.settings()
    const reports = context.settingReports()
    const files = await attempt(() => readHome(context.settings()))
    const tables = await attempt(() => (existsSync(home) ? tableLines(context) : Promise.resolve([])))
    const clouds = { dataSet: dataSet(reports, home), bucket: bucket(reports, artifacts) }
    if (terminal.json) return terminal.out(JSON.stringify({ home, files, tables, ...clouds }))
    terminal.out(
      [
        `files in ${home}`,
        ...linesOf(
          files,
          (entries) => textTable(entryRows(entries), [1, 2]),
          'nothing yet; every command makes what it needs',
        ),
        '',
        'tables',
        ...linesOf(
          tables,
          (all) =>
            textTable(
              all.map((one) => [`  ${one.table}`, one.origin, one.rows, one.months]),
              [2],
            ),
          'nothing yet; ./understudy preprocess makes them, ./understudy data import brings your own',
        ),
        '',
        ...cloudLines('data set', clouds.dataSet),
        ...cloudLines('bucket', clouds.bucket),
      ].join('\n'),
    )
  },
})

type Attempt<T> = { readonly found: T } | { readonly error: string }

async function attempt<T>(look: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { found: await look() }
  } catch (error) {
    return { error: messageOf(error) }
  }
}

function linesOf<T>(attempt: Attempt<readonly T[]>, show: (all: readonly T[]) => string[], none: string): string[] {
  if ('error' in attempt) return [`  ❌ ${attempt.error}`]
  return attempt.found.length === 0 ? [`  ${none}`] : show(attempt.found)
}

function cloudLines(name: string, { what, why, next }: CloudPlace): string[] {
  return [name, `  ${what}: ${why}`, `  ${next}`]
}

interface TableLine {
  readonly table: string
  readonly origin: string
  readonly rows: string
  readonly months: string
}

/** The raw and processed tables of every size, there or not, then all others. */
async function tableLines(context: CommandContext): Promise<TableLine[]> {
  const rooms = await context.rooms()
  const known = rooms.project.sizes.map((size) => tablesOf(rooms.project, { size, timeReading: 'utc' }))
  const own = [...known.flatMap(({ raw, processed }) => [raw, processed])]
  const lines = await Promise.all(own.map((name) => tableLine(context, name)))
  const rest = await attempt(() => rooms.warehouse.tables())
  if ('error' in rest) return [...lines, { table: 'others', origin: `❌ ${rest.error}`, rows: '', months: '' }]
  const others = rest.found.filter(({ name }) => !own.includes(name))
  return [...lines, ...others.map(describe)]
}

async function tableLine(context: CommandContext, name: string): Promise<TableLine> {
  const { warehouse } = await context.rooms()
  const info = await attempt(() => warehouse.describe(name))
  if ('error' in info) return { table: name, origin: `❌ ${info.error}`, rows: '', months: '' }
  return info.found === null ? { table: name, origin: 'not there', rows: '', months: '' } : describe(info.found)
}

function describe({ name, origin, partitions }: TableInfo): TableLine {
  const rows = partitions.reduce((sum, partition) => sum + partition.rows, 0)
  return {
    table: name,
    origin,
    rows: `${countText(rows)} rows`,
    months: partitions.length === 0 ? 'no months' : `${partitions[0]?.month} to ${partitions.at(-1)?.month}`,
  }
}
