// Tables: `data` lists them, `data import` brings a person's own rows, `data drop` removes one.
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { countText } from '../../evaluation/figures.ts'
import { recipeLayoutSelect } from '../../features/select.ts'
import { isPlanned, PlannedError } from '../../kernel/errors.ts'
import { type Month, monthWindow, parseMonth } from '../../kernel/window.ts'
import { recipeSpecification, tablesOf } from '../../lifecycle/project.ts'
import { noTable } from '../../warehouse/rows.ts'
import { type CommandContext, defineCommand } from '../command.ts'
import { wholeNumber } from '../numbers.ts'
import { textTable } from '../table.ts'

/** `understudy data` */
export const dataCommand = defineCommand({
  name: 'data',
  example: 'data',
  summary: 'the tables there are: rows, months, where they come from',
  args: z.object({}),
  async run(_, context) {
    const { warehouse, project } = await context.rooms()
    const tables = await Promise.all(
      (await warehouse.tables()).map(async (table) => ({
        ...table,
        damagedMonths: await warehouse.damagedMonths(table.name),
      })),
    )
    if (context.terminal.json) {
      return context.terminal.out(JSON.stringify(tables))
    }
    if (tables.length === 0) {
      return context.terminal.out(
        'there are no tables yet; ./understudy preprocess makes them, ./understudy data import brings your own',
      )
    }
    const owners = await ownersOf(context)
    const isMany = tables.some(({ name }) => owners.get(name) !== project.name)
    const rows = tables.map(({ name, origin, partitions }) => [
      name,
      ...(isMany ? [owners.get(name) ?? 'unknown'] : []),
      origin,
      countText(partitions.reduce((total, partition) => total + partition.rows, 0)),
      `${partitions[0]?.month ?? 'none'} to ${partitions.at(-1)?.month ?? 'none'}`,
    ])
    const heads = ['table', ...(isMany ? ['project'] : []), 'origin', 'rows', 'months']
    context.terminal.out(textTable([heads, ...rows], [isMany ? 3 : 2], context.terminal.style.dim).join('\n'))
    for (const { name, damagedMonths } of tables) {
      if (damagedMonths.length === 0) continue
      const [month] = damagedMonths
      const text = `⚠️  ${name}: stored files of ${damagedMonths.join(', ')} went or changed`
      context.terminal.note(`${text}; ./understudy data show ${name} --month ${month} says what to do`)
    }
  },
})

/** The project that each table belongs to, by the names that its tables can have. */
async function ownersOf(context: CommandContext): Promise<ReadonlyMap<string, string>> {
  const found = await Promise.all(
    (await context.projects()).map(async ({ name, path }) => {
      try {
        const { project } = await context.settingsOf(path)
        return project.sizes.flatMap((size) =>
          (['utc', 'local'] as const).flatMap((timeReading) =>
            Object.values(tablesOf(project, { size, timeReading })).map((table) => [table, name] as const),
          ),
        )
      } catch (error) {
        if (isPlanned(error)) return [] // doctor says what is wrong with it
        throw error
      }
    }),
  )
  return new Map(found.flat())
}

/** `understudy data show processed_200k --month 2015-01 --layout recipe > processed.csv` */
export const showDataCommand = defineCommand({
  name: 'data show',
  example: 'data show processed_200k --month 2015-01 --layout recipe > processed.csv',
  summary: "rows of a table as CSV, in order; --layout recipe gives a processed table in the recipe's 67 columns",
  positional: [['<table>', 'the name of the table; ./understudy data lists them']],
  options: [
    ['--month <YYYY-MM>', 'which month (default: the last one)'],
    ['--rows <number>', 'how many at the most (default: all)'],
    [
      '--layout <table|recipe>',
      'columns as stored, or as the recipe has them: `_0` the time, `_1` … the features, the target last',
    ],
  ],
  args: z.object({
    table: z.string(),
    month: z.string().optional(),
    rows: wholeNumber('--rows is a number').default(Number.MAX_SAFE_INTEGER),
    layout: z.enum(['table', 'recipe'], { error: '--layout is table or recipe' }).default('table'),
  }),
  async run({ table, month, rows, layout }, context) {
    const { warehouse, project } = await context.rooms()
    const info = await warehouse.describe(table)
    if (info === null) throw noTable(table)
    const asked = month === undefined ? info.partitions.at(-1)?.month : parseMonth(month, '--month')
    if (asked === undefined)
      throw new PlannedError('NOT_FOUND', `table ${table} has no months`, { next: 'bring it rows' })
    const months = info.partitions.map((partition) => partition.month)
    if (!months.includes(asked)) {
      throw new PlannedError('NOT_FOUND', `${table} has no rows of ${asked}`, {
        why: `it holds ${monthsText(months)}`,
        next: 'name one of those months',
      })
    }
    const window = monthWindow(asked)
    const specification = project.specification(context.settings().timeReading)
    if (layout === 'recipe' && !table.startsWith(`${project.tablePrefix}processed_`)) {
      throw new PlannedError('BAD_INPUT', `${table} has no features`, {
        next: 'give --layout recipe with a processed table',
      })
    }
    const batch =
      layout === 'recipe'
        ? await warehouse.query(
            table,
            window,
            recipeLayoutSelect(recipeSpecification(project, context.settings().timeReading)),
          )
        : await warehouse.read(table, window, {
            columns: info.schema.columns.map(({ name }) => name),
            orderBy: specification.columns.map(({ name }) => name),
          })
    const times = new Set(
      layout === 'recipe'
        ? ['_0']
        : info.schema.columns.flatMap(({ name, type }) => (type === 'timestamp' ? name : [])),
    )
    const columns = Object.entries(batch.columns)
    const count = Math.min(rows, batch.rows)
    if (context.terminal.json) {
      const cut = columns.map(([name, values]) => [name, [...values.subarray(0, count)]])
      return context.terminal.out(JSON.stringify({ rows: count, columns: Object.fromEntries(cut) }))
    }
    context.terminal.out(columns.map(([name]) => name).join(','))
    for (let row = 0; row < count; row++) {
      context.terminal.out(
        columns.map(([name, values]) => cellText(values[row] ?? Number.NaN, times.has(name))).join(','),
      )
    }
  },
})

/** Months in order, those that follow each other as a span: `2015-01 to 2015-06, 2015-09`. */
function monthsText(months: readonly Month[]): string {
  const spans: Month[][] = []
  for (const month of months) {
    const last = spans.at(-1)?.at(-1)
    if (last !== undefined && monthWindow(last).toMs === monthWindow(month).fromMs) spans.at(-1)?.push(month)
    else spans.push([month])
  }
  return spans.map((span) => (span.length === 1 ? span[0] : `${span[0]} to ${span.at(-1)}`)).join(', ') || 'nothing'
}

/** A value as CSV has it: nothing for a null, an ISO time for a time. */
function cellText(value: number, isTime: boolean): string {
  if (Number.isNaN(value)) return ''
  return isTime ? new Date(value).toISOString() : String(value)
}

/** `understudy data import rides.parquet --table raw_all --replace` */
export const importCommand = defineCommand({
  name: 'data import',
  example: 'data import rows.parquet --table raw_all --replace',
  summary: 'bring your own rows: CSV, gzipped CSV or Parquet, into a raw table',
  positional: [['<file>', 'the file with the rows']],
  options: [
    ['--table <name>', 'the raw table, for example raw_all (required)'],
    ['--replace', 'replace the rows that are there'],
    ['--append', 'add to the rows that are there, which must have been imported too'],
  ],
  args: z.object({
    file: z.string(),
    table: z.string({ error: '--table says where the rows go, for example --table raw_all' }),
    replace: z.boolean().default(false),
    append: z.boolean().default(false),
  }),
  async run({ file, table, replace, append }, context) {
    if (replace && append)
      throw new PlannedError('BAD_INPUT', '--replace and --append cannot both be meant', { next: 'give one' })
    const size = sizeOf(context, table)
    const { warehouse, project } = await context.rooms()
    const { terminal } = context
    const { importFile } = await import('../../warehouse/import.ts') // it loads DuckDB, which no other command pays for
    const imported = await importFile(warehouse, table, resolve(file), {
      schema: project.rawSchema,
      origin: 'imported',
      existing: replace ? 'replace' : append ? 'append' : 'refuse',
      temporaryDirectory: join(context.settings().home, 'tmp'),
      signal: context.signal,
      onProgress: (taken) => terminal.show([`  ${countText(taken)} ${project.row.many} read`]),
    }).catch((error: unknown) => {
      throw withAdvice(error, `./understudy data import ${file} --table ${table}`, replace || append)
    })
    if (context.terminal.json) return context.terminal.out(JSON.stringify(imported))
    const { partitions } = imported.table
    context.terminal.out(
      [
        `✅ ${countText(imported.rowsTaken)} of ${countText(imported.rowsRead)} ${project.row.many} taken into ${table} (${imported.format})`,
        ...imported.left.map(
          ({ reason, rows, example }) => `   left out: ${countText(rows)}, ${reason}, for example ${example}`,
        ),
        ...(imported.ignoredColumns.length === 0 ? [] : [`   columns not used: ${imported.ignoredColumns.join(', ')}`]),
        `   the table has ${countText(partitions.reduce((total, { rows }) => total + rows, 0))} ${project.row.many} now, ${partitions[0]?.month} to ${partitions.at(-1)?.month}`,
        `   next: DATA_SIZE=${size} ./understudy replay`,
      ].join('\n'),
    )
  },
})

/** `understudy data drop raw_200k` */
export const dropDataCommand = defineCommand({
  name: 'data drop',
  example: 'data drop processed_200k',
  summary: 'remove a table; runs and models stay',
  positional: [['<table>', 'the name of the table; ./understudy data lists them']],
  args: z.object({ table: z.string() }),
  async run({ table }, context) {
    const { warehouse } = await context.rooms()
    const isThere = await warehouse.describe(table).then(
      (info) => info !== null,
      (error: unknown) => {
        if (isPlanned(error, 'BAD_DATA')) return true // damaged, which is a reason to drop it
        throw error
      },
    )
    if (!isThere) throw noTable(table)
    await warehouse.drop(table)
    context.terminal.out(context.terminal.json ? JSON.stringify({ dropped: table }) : `${table} is gone`)
  },
})

/** The size whose raw table has this name. Throws `BAD_INPUT` if there is none. */
function sizeOf({ project }: CommandContext, table: string): string {
  const rawOf = (size: string): string => tablesOf(project, { size, timeReading: 'utc' }).raw
  const found = project.sizes.find((size) => rawOf(size) === table)
  if (found === undefined) {
    throw new PlannedError('BAD_INPUT', `--table is "${table}"`, {
      why: `rows can be brought into ${project.sizes.map(rawOf).join(', ')}`,
      next: 'name one of those',
    })
  }
  return found
}

/** The room says what stands in the way; the options that clear it are this command's. */
function withAdvice(error: unknown, command: string, chosen: boolean): unknown {
  if (chosen || !isPlanned(error, 'CONFLICT')) return error
  const options = error.facts.origin === 'imported' ? '--replace, or --append' : '--replace'
  return new PlannedError('CONFLICT', error.what, {
    ...(error.why === null ? {} : { why: error.why }),
    next: `say what should become of them: ${command} ${options}`,
    facts: error.facts,
    cause: error,
  })
}
