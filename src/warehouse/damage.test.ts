// A table whose files somebody touched: noticed before it is read, told in words, and cured by writing or dropping.
import { existsSync } from 'node:fs'
import { copyFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ALWAYS, allRows, at, batchOf, OPTIONS, type Row, SCHEMA } from './contract-rows.ts'
import { openDuckdbWarehouse } from './duckdb.ts'
import type { Warehouse } from './port.ts'

const JANUARY: Row = [at('2015-01-10'), 1, 1, 1]
const FEBRUARY: Row[] = [
  [at('2015-02-10'), 2, 2, 2],
  [at('2015-02-11'), 3, 3, 3],
]
const COPY = { dialect: 'duckdb', sql: 'from source' } as const

let scratch = ''
let opened = 0
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'understudy-damage-'))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

/** A warehouse with the table `rides`, and `copies` derived from it, each of January and February. */
async function openTwoTables(): Promise<{ directory: string; warehouse: Warehouse }> {
  const directory = join(scratch, String(opened++))
  const warehouse = await openDuckdbWarehouse({ directory, temporaryDirectory: join(scratch, 'tmp') })
  await warehouse.write('rides', [batchOf([JANUARY, ...FEBRUARY])], OPTIONS)
  await deriveJanuary(warehouse)
  return { directory, warehouse }
}
const deriveJanuary = (warehouse: Warehouse) =>
  warehouse.derive({
    from: 'rides',
    to: 'copies',
    months: [{ month: '2015-01', basis: 'b' }],
    select: COPY,
    schema: SCHEMA,
  })

async function januaryOf(directory: string, table: string): Promise<string> {
  const [file = ''] = await readdir(join(directory, table, 'month=2015-01'))
  return join(directory, table, 'month=2015-01', file)
}

const FAULTS: [string, (path: string, directory: string) => Promise<void>, RegExp][] = [
  ['went', (path) => rm(path), /is not there any more/],
  ['was cut short', (path) => truncate(path, 300), /has 300 bytes and was written with \d+: somebody changed it/],
  [
    'gave way to that of another month',
    async (path, directory) => {
      const [file = ''] = await readdir(join(directory, 'rides/month=2015-02'))
      await copyFile(join(directory, 'rides/month=2015-02', file), path)
    },
    /has \d+ bytes and was written with \d+: somebody changed it/,
  ],
]

test.each(FAULTS)('rows as they came whose file %s: table, month, file and the way out', async (_, damage, why) => {
  const { directory, warehouse } = await openTwoTables()
  await using _closed = warehouse
  const path = await januaryOf(directory, 'rides')
  await damage(path, directory)
  const told = {
    code: 'BAD_DATA',
    what: 'table rides, month 2015-01, is damaged',
    why: expect.stringMatching(why),
    next: expect.stringMatching(/backup; or \.\/understudy data drop rides, then make or import/),
    facts: { table: 'rides', month: '2015-01', path },
  }
  await expect(allRows(warehouse)).rejects.toMatchObject(told)
  await expect(warehouse.query('rides', ALWAYS, COPY)).rejects.toMatchObject(told)
  await expect(deriveJanuary(warehouse)).rejects.toMatchObject(told)
  expect(await warehouse.damagedMonths('rides')).toEqual(['2015-01'])
  expect(await warehouse.damagedMonths('copies')).toEqual([])
  expect(await allRows(warehouse, 'copies')).toEqual([[...JANUARY]])
  await warehouse.write('rides', [batchOf([JANUARY])], OPTIONS)
  expect(await warehouse.damagedMonths('rides')).toEqual([])
  expect(await allRows(warehouse)).toHaveLength(3)
})

test('derived rows whose file went say how they are made again', async () => {
  const { directory, warehouse } = await openTwoTables()
  await using _closed = warehouse
  await rm(await januaryOf(directory, 'copies'))
  await expect(allRows(warehouse, 'copies')).rejects.toMatchObject({
    what: 'table copies, month 2015-01, is damaged',
    next: './understudy preprocess --from 2015-01-01 --to 2015-02-01 makes that month again',
  })
  expect(await warehouse.damagedMonths('copies')).toEqual(['2015-01'])
  await deriveJanuary(warehouse)
  expect(await allRows(warehouse, 'copies')).toEqual([[...JANUARY]])
})

test('a file overwritten within its size is found out when it is read', async () => {
  const { directory, warehouse } = await openTwoTables()
  await using _closed = warehouse
  const path = await januaryOf(directory, 'rides')
  await writeFile(path, (await readFile(path)).fill(0x55, 4, 200))
  await expect(allRows(warehouse)).rejects.toMatchObject({
    code: 'BAD_DATA',
    what: 'table rides, month 2015-01, is damaged',
    why: expect.stringMatching(/^its file .*parquet cannot be read \(/),
  })
})

test('a table that was written before sizes were noted is read all the same, and grows', async () => {
  const { directory, warehouse } = await openTwoTables()
  await using _closed = warehouse
  const manifest = join(directory, 'rides/manifest.json')
  const text = await readFile(manifest, 'utf8')
  const before = JSON.parse(text, (key, value: unknown) => (key === 'bytes' ? undefined : value))
  await writeFile(manifest, JSON.stringify(before))
  expect(await allRows(warehouse)).toHaveLength(3)
  await warehouse.write('rides', [batchOf([JANUARY])], { ...OPTIONS, within: 'append' })
  expect(await allRows(warehouse)).toHaveLength(4)
  expect(await warehouse.damagedMonths('rides')).toEqual([])
  const [february = ''] = await readdir(join(directory, 'rides/month=2015-02'))
  const january = await januaryOf(directory, 'rides')
  const other = (await readdir(join(directory, 'rides/month=2015-01'))).map((name) =>
    join(directory, 'rides/month=2015-01', name),
  )
  for (const path of [january, ...other]) await copyFile(join(directory, 'rides/month=2015-02', february), path)
  await expect(allRows(warehouse)).rejects.toMatchObject({ code: 'BAD_DATA' })
})

test('a table whose manifest is damaged names the way out, and that way is open', async () => {
  const { directory, warehouse } = await openTwoTables()
  await using _closed = warehouse
  await truncate(join(directory, 'rides/manifest.json'), 100)
  const told = {
    code: 'BAD_DATA',
    what: `the list of what table rides is made of, ${directory}/rides/manifest.json, is damaged`,
    next: 'restore it from a backup; or ./understudy data drop rides, then make or import the table again',
  }
  await expect(warehouse.describe('rides')).rejects.toMatchObject(told)
  await expect(warehouse.tables()).rejects.toMatchObject(told)
  await expect(warehouse.write('rides', [batchOf([JANUARY])], OPTIONS)).rejects.toMatchObject(told)
  await warehouse.drop('rides')
  expect(await warehouse.describe('rides')).toBeNull()
  expect((await warehouse.tables()).map(({ name }) => name)).toEqual(['copies'])
  expect(existsSync(join(directory, 'rides/month=2015-01'))).toBe(false)
  await warehouse.write('rides', [batchOf([JANUARY])], OPTIONS)
  expect(await allRows(warehouse)).toEqual([[...JANUARY]])
})

test('a table that a newer build wrote is neither read nor dropped', async () => {
  const { directory, warehouse } = await openTwoTables()
  await using _closed = warehouse
  const path = join(directory, 'rides/manifest.json')
  await writeFile(path, (await readFile(path, 'utf8')).replace('"format": 1', '"format": 2'))
  const told = {
    code: 'BAD_DATA',
    what: 'table rides was written by a newer build',
    why: `${path} is of format 2, and this build reads 1`,
    next: 'update this one, or use the newer one',
  }
  await expect(warehouse.describe('rides')).rejects.toMatchObject(told)
  await expect(warehouse.drop('rides')).rejects.toMatchObject(told)
  expect(existsSync(join(directory, 'rides/month=2015-01'))).toBe(true)
})
