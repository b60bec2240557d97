import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Clock } from '../kernel/clock.ts'
import { ALWAYS, allRows, at, batchOf, inPieces, OPTIONS, type Row, SCHEMA } from './contract-rows.ts'
import { openDuckdbWarehouse } from './duckdb.ts'
import type { Warehouse } from './port.ts'
import { warehouseContract } from './warehouse.contract.ts'

const MODULE = new URL('duckdb.ts', import.meta.url).href
const JANUARY: Row = [at('2015-01-10'), 1, 1, 1]
const FEBRUARY: Row = [at('2015-02-10'), 2, 2, 2]
let scratch = ''
let opened = 0
// Signs that mean something to SQL and to DuckDB's file patterns.
const freshDirectory = (): string => join(scratch, `warehouse '${opened++}' [é*?]`)
const openAt = (directory: string, clock?: Clock): Promise<Warehouse> =>
  openDuckdbWarehouse({
    directory,
    temporaryDirectory: join(scratch, 'tmp'),
    ...(clock === undefined ? {} : { clock }),
  })

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'understudy-warehouse-'))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

warehouseContract('the DuckDB warehouse', () => openAt(freshDirectory()))

const partsOf = async (directory: string): Promise<string[]> =>
  (await readdir(directory, { recursive: true })).filter((name) => name.endsWith('.parquet')).sort()

test('a month is a Parquet file in a folder of its own, and nothing else lies about', async () => {
  const directory = freshDirectory()
  await using warehouse = await openAt(directory)
  await warehouse.write('rides', inPieces([JANUARY, FEBRUARY, JANUARY], 1), OPTIONS)
  const names = (await readdir(directory, { recursive: true })).map((name) => name.replace(/part-[0-9a-f-]+/, 'part'))
  expect(names.sort()).toEqual([
    'rides',
    'rides/manifest.json',
    'rides/month=2015-01',
    'rides/month=2015-01/part.parquet',
    'rides/month=2015-02',
    'rides/month=2015-02/part.parquet',
  ])
})

test('what was written is there for the next program that opens it', async () => {
  const directory = freshDirectory()
  await using first = await openAt(directory)
  await first.write('rides', [batchOf([JANUARY])], OPTIONS)
  await using second = await openAt(directory)
  expect(await second.describe('rides')).toEqual(await first.describe('rides'))
  expect(await allRows(second)).toEqual([[...JANUARY]])
})

test('a replaced file stays an hour for those who still read it, and goes at the next write after', async () => {
  const directory = freshDirectory()
  let nowMs = Date.now()
  await using warehouse = await openAt(directory, { nowMs: () => nowMs })
  await warehouse.write('rides', [batchOf([JANUARY])], OPTIONS)
  const [first] = await partsOf(directory)
  await warehouse.write('rides', [batchOf([FEBRUARY, JANUARY, JANUARY])], OPTIONS)
  nowMs += 3_599_000
  await warehouse.write('rides', [batchOf([FEBRUARY])], OPTIONS)
  expect(await partsOf(directory)).toContain(first)
  nowMs += 2000
  await warehouse.write('rides', [batchOf([FEBRUARY])], OPTIONS)
  expect(await partsOf(directory)).not.toContain(first)
  expect(await allRows(warehouse)).toEqual([[...JANUARY], [...JANUARY], [...FEBRUARY]])
})

test('the folder of a dropped table goes with the first write an hour later', async () => {
  const directory = freshDirectory()
  let nowMs = Date.now()
  await using warehouse = await openAt(directory, { nowMs: () => nowMs })
  await warehouse.write('rides', [batchOf([JANUARY])], OPTIONS)
  await warehouse.drop('rides')
  await warehouse.write('others', [batchOf([JANUARY])], OPTIONS)
  expect(await partsOf(join(directory, 'rides'))).toHaveLength(1)
  nowMs += 3_600_001
  await warehouse.write('others', [batchOf([JANUARY])], OPTIONS)
  expect(existsSync(join(directory, 'rides'))).toBe(false)
})

test.each([
  ['cut short', (text: string) => text.slice(0, -20), /manifest\.json, is damaged/],
  ['naming a file elsewhere', (text: string) => text.replace(/month=2015-01\/part/, '../../etc/part'), /damaged/],
  ['of a newer version', (text: string) => text.replace('"format": 1', '"format": 2'), /newer build/],
])('a manifest %s is BAD_DATA, naming it', async (_, change, message) => {
  const directory = freshDirectory()
  await using warehouse = await openAt(directory)
  await warehouse.write('rides', [batchOf([JANUARY])], OPTIONS)
  const path = join(directory, 'rides/manifest.json')
  await writeFile(path, change(await readFile(path, 'utf8')))
  const damaged = { code: 'BAD_DATA', message: expect.stringMatching(message) }
  await expect(warehouse.describe('rides')).rejects.toMatchObject(damaged)
  await expect(allRows(warehouse)).rejects.toMatchObject(damaged)
  await expect(warehouse.write('rides', [batchOf([JANUARY])], OPTIONS)).rejects.toMatchObject(damaged)
})

test.each<[string, (path: string) => Promise<void>]>([
  ['missing', (path) => rm(path)],
  ['cut short', (path) => truncate(path, 300)],
  ['overwritten inside', async (path) => writeFile(path, (await readFile(path)).fill(0x55, 4, 200))],
  ['something else', (path) => writeFile(path, 'not a Parquet file at all')],
])('a Parquet file that is %s is BAD_DATA, naming it and what to do; other months can be read', async (_, damage) => {
  const directory = freshDirectory()
  await using warehouse = await openAt(directory)
  await warehouse.write('rides', [batchOf([JANUARY, FEBRUARY])], OPTIONS)
  const [path = ''] = await partsOf(directory)
  await damage(join(directory, path))
  const named = { code: 'BAD_DATA', message: expect.stringContaining(path), facts: { table: 'rides' } }
  await expect(allRows(warehouse)).rejects.toMatchObject(named)
  await expect(
    warehouse.query('rides', ALWAYS, {
      dialect: 'duckdb',
      sql: 'select sum(amount + tilt + "count") + max(epoch_ms("at")) as s from source',
    }),
  ).rejects.toMatchObject(named)
  const derivation = {
    from: 'rides',
    to: 'copies',
    months: [{ month: '2015-01', basis: 'b' }],
    select: { dialect: 'duckdb', sql: 'from source' },
    schema: SCHEMA,
  } as const
  await expect(warehouse.derive(derivation)).rejects.toMatchObject(named)
  expect(await allRows(warehouse, 'rides', { fromMs: at('2015-02-01'), toMs: at('2015-03-01') })).toEqual([
    [...FEBRUARY],
  ])
  await warehouse.write('rides', [batchOf([JANUARY])], OPTIONS)
  expect(await allRows(warehouse)).toEqual([[...JANUARY], [...FEBRUARY]])
})

test('a mistake in a query is told as DuckDB tells it, not as damage', async () => {
  await using warehouse = await openAt(freshDirectory())
  await warehouse.write('rides', [batchOf([JANUARY])], OPTIONS)
  const mistaken = { dialect: 'duckdb', sql: 'select nothing_of_the_kind from source' } as const
  await expect(warehouse.query('rides', ALWAYS, mistaken)).rejects.toThrow(/^Binder Error.*nothing_of_the_kind/)
  await expect(
    warehouse.query('rides', ALWAYS, { dialect: 'duckdb', sql: `select 'text' as word` }),
  ).rejects.toMatchObject({ code: 'BAD_INPUT', message: expect.stringContaining('"word" is VARCHAR') })
})

test('DuckDB keeps to UTC, to its threads and memory, and fetches nothing from the network', async () => {
  await using warehouse = await openAt(freshDirectory())
  await warehouse.write('rides', [batchOf([JANUARY])], OPTIONS)
  const sql = `select (current_setting('TimeZone') = 'UTC') as utc, current_setting('threads') as threads,
    current_setting('autoinstall_known_extensions') or current_setting('autoload_known_extensions') as loads,
    current_setting('memory_limit') = '381.4 MiB' as bounded, hour(make_timestamptz(0)) as hour`
  expect((await warehouse.query('rides', ALWAYS, { dialect: 'duckdb', sql })).columns).toEqual(
    Object.fromEntries(
      Object.entries({ utc: 1, threads: 2, loads: 0, bounded: 1, hour: 0 }).map(([name, value]) => [
        name,
        Float64Array.of(value),
      ]),
    ),
  )
})

test('a statement under way is interrupted, and nothing of it stays', async () => {
  const directory = freshDirectory()
  await using warehouse = await openAt(directory)
  await warehouse.write('rides', [batchOf([JANUARY])], OPTIONS)
  const stop = new AbortController()
  const sql =
    'select "at", count(*)::double as amount, 0 as tilt, 0 as "count" from source, range(100000000000) as endless(i) where i * i % 7 = 3 group by 1'
  const deriving = warehouse.derive(
    {
      from: 'rides',
      to: 'slow',
      months: [{ month: '2015-01', basis: 'b' }],
      select: { dialect: 'duckdb', sql },
      schema: SCHEMA,
    },
    stop.signal,
  )
  setTimeout(() => stop.abort(), 100)
  await expect(deriving).rejects.toMatchObject({ code: 'CANCELLED' })
  expect(await readdir(directory)).toEqual(['rides'])
  expect(await allRows(warehouse)).toEqual([[...JANUARY]])
})

test('more rows than are gathered at once become one file per month all the same', async () => {
  const directory = freshDirectory()
  // 50 MB: one million values, the month among them, are gathered at once.
  await using warehouse = await openDuckdbWarehouse({
    directory,
    temporaryDirectory: join(scratch, 'tmp'),
    memoryLimitMb: 50,
  })
  const rows = 150_000
  function* batches() {
    for (const turn of [0, 1]) {
      const times = Float64Array.from({ length: rows }, (_, i) => at('2015-01-20') + i * 10_000)
      const columns = {
        at: times,
        amount: new Float64Array(rows).fill(turn),
        tilt: times,
        count: new Float64Array(rows),
      }
      yield { rows, columns }
    }
  }
  const info = await warehouse.write('rides', batches(), OPTIONS)
  expect(info.partitions.map((part) => [part.month, part.rows])).toEqual([
    ['2015-01', 207_360],
    ['2015-02', 92_640],
  ])
  expect(await partsOf(directory)).toHaveLength(2)
  const { columns } = await warehouse.read('rides', ALWAYS, { columns: ['amount', 'tilt'], orderBy: ['amount'] })
  expect(columns.amount!.subarray(-4)).toEqual(Float64Array.of(0, 1, 0, 1))
  expect(columns.tilt!.every((value, i) => value === at('2015-01-20') + (i >> 1) * 10_000)).toBe(true)
})

/** A program that writes one row per month, in another process or thread. */
const writerOf = (directory: string, months: readonly number[], end = ''): string => `
  import(${JSON.stringify(MODULE)}).then(async ({ openDuckdbWarehouse }) => {
    const warehouse = await openDuckdbWarehouse(${JSON.stringify({ directory, temporaryDirectory: join(scratch, 'tmp') })})
    for (const month of ${JSON.stringify(months)}) {
      const columns = { at: Float64Array.of(Date.UTC(2014, month, 2)), amount: Float64Array.of(month), tilt: Float64Array.of(0), count: Float64Array.of(month) }
      await warehouse.write('rides', [{ rows: 1, columns }], ${JSON.stringify(OPTIONS)})
    }
    ${end}
    await warehouse[Symbol.asyncDispose]()
  })`

test('processes that write different months of one table at the same time lose nothing', async () => {
  const directory = freshDirectory()
  const run = promisify(execFile)
  const turns = [
    [0, 1, 2, 3],
    [4, 5, 6, 7],
    [8, 9, 10, 11],
  ]
  await Promise.all(turns.map((months) => run(process.execPath, ['--eval', writerOf(directory, months)])))
  await using warehouse = await openAt(directory)
  expect((await allRows(warehouse)).map((row) => row[3])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  expect(await readdir(directory)).toEqual(['rides'])
}, 30_000)

test('it works in a worker thread', async () => {
  const directory = freshDirectory()
  const worker = new Worker(writerOf(directory, [5]), { eval: true })
  expect(await new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject))).toBe(0)
  await using warehouse = await openAt(directory)
  expect(await warehouse.count('rides', ALWAYS)).toBe(1)
})

test('what a killed process left half-written is never seen, and goes with the next write', async () => {
  const directory = freshDirectory()
  const killed = writerOf(
    directory,
    [5],
    `
    async function* cut() {
      yield { rows: 1, columns: { at: Float64Array.of(1e12), amount: Float64Array.of(1), tilt: Float64Array.of(1), count: Float64Array.of(1) } }
      process.kill(process.pid, 'SIGKILL')
      await new Promise(() => {})
    }
    await warehouse.write('rides', cut(), ${JSON.stringify(OPTIONS)})`,
  )
  await expect(promisify(execFile)(process.execPath, ['--eval', killed])).rejects.toMatchObject({ signal: 'SIGKILL' })
  const leftovers = async (): Promise<string[]> =>
    [...(await readdir(join(directory, 'rides'))), ...(await readdir(join(scratch, 'tmp')))].filter(
      (name) => /writing|duckdb/.test(name) && !name.includes(`-${process.pid}-`),
    )
  expect(await leftovers()).not.toEqual([])
  await mkdir(join(directory, 'rides/month=2013-01'))
  await writeFile(join(directory, 'rides/month=2013-01/part-00.parquet'), 'moved in, never listed')
  await using warehouse = await openAt(directory)
  expect(await warehouse.count('rides', ALWAYS)).toBe(1)
  await warehouse.write('rides', [batchOf([JANUARY])], OPTIONS)
  expect(await leftovers()).toEqual([])
  expect(await partsOf(directory)).toHaveLength(2)
}, 30_000)
