// Files as people really have them: the wrong kind, half of one, changed meanwhile, out of reach. Each is told in words, with what to do,
// and a table that is there is not touched.
import { spawnSync } from 'node:child_process'
import { appendFile, chmod, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDuckdbWarehouse } from './duckdb.ts'
import { readForeignFile } from './foreign-file.ts'
import { type ImportOptions, importFile } from './import.ts'
import type { Warehouse } from './port.ts'
import { openSalesFiles, SCHEMA } from './sales-files.fixture.ts'

const { folder, fileOf, pathOf } = openSalesFiles()
const HEADINGS = 'price,sold_at,pieces\n'
const ROW = '1.5,2015-01-31 17:05:00,2\n'
const GOOD = HEADINGS + ROW
const EVERYTHING = { fromMs: Date.UTC(1900, 0), toMs: Date.UTC(2100, 0) }
const isRoot = process.getuid?.() === 0

async function open(): Promise<{ warehouse: Warehouse; directory: string }> {
  const directory = pathOf('warehouse')
  const warehouse = await openDuckdbWarehouse({ directory, temporaryDirectory: join(folder(), 'tmp') })
  return { warehouse, directory }
}
const bring = (warehouse: Warehouse, path: string, existing: ImportOptions['existing'] = 'replace') =>
  importFile(warehouse, 'sales', path, {
    schema: SCHEMA,
    origin: 'imported',
    existing,
    temporaryDirectory: join(folder(), 'tmp'),
  })
const contentOf = async (warehouse: Warehouse, directory: string) => ({
  table: await warehouse.describe('sales'),
  rows: await warehouse.read('sales', EVERYTHING, { columns: ['price', 'pieces'], orderBy: ['price', 'pieces'] }),
  files: (await readdir(directory, { recursive: true })).sort(),
})

/** One for all that is refused: nothing may change it. */
let kept: Awaited<ReturnType<typeof open>>
beforeAll(async () => {
  kept = await open()
  await bring(kept.warehouse, await fileOf(`${GOOD}2,2015-02-01,3\n`))
})
afterAll(() => kept.warehouse[Symbol.asyncDispose]())

/** Imports over a table that is there, by replacing and by appending: both say the same, and the table is as before, file by file. */
async function refusal(path: string): Promise<unknown> {
  const { warehouse, directory } = kept
  const before = await contentOf(warehouse, directory)
  const told: { what: string; code: string }[] = []
  for (const existing of ['replace', 'append'] as const) {
    const outcome = await bring(warehouse, path, existing).then(
      () => ({ what: 'it was taken', code: '' }),
      (error: { what: string; code: string }) => error,
    )
    told.push(outcome)
    expect(await contentOf(warehouse, directory)).toEqual(before)
  }
  expect([told[1]?.code, told[1]?.what]).toEqual([told[0]?.code, told[0]?.what])
  return told[0]
}

const swallowed = (rows: number): string => `${HEADINGS}"${ROW}${ROW.repeat(rows)}1.5",2015-01-31 17:05:00,2\n`

describe('a file that is refused says what it is and what to do, and the table stays as it was', () => {
  test.each<[string, string | Uint8Array, string, RegExp]>([
    ['a gzip with other bytes behind it', Buffer.concat([gzipSync(GOOD), Buffer.from('more')]), 'BAD_DATA', /gunzip/],
    ['a gzip padded with zeros', Buffer.concat([gzipSync(GOOD), Buffer.alloc(512)]), 'BAD_DATA', /behind its end/],
    ['a gzip in a gzip', gzipSync(gzipSync(GOOD)), 'BAD_INPUT', /a gzip in a gzip; unpack it/],
    ['a Parquet file in a gzip', gzipSync('PAR1 and so on PAR1'), 'BAD_INPUT', /a Parquet file in a gzip; unpack it/],
    [
      'an Excel workbook',
      Buffer.from('PK\u0003\u0004[Content_Types].xml'),
      'BAD_INPUT',
      /Excel.*save the sheet as CSV/,
    ],
    ['an old Excel workbook', Uint8Array.of(0xd0, 0xcf, 0x11, 0xe0, 0xa1), 'BAD_INPUT', /save the sheet as CSV/],
    ['bzip2', Buffer.from('BZh91AY&SY'), 'BAD_INPUT', /bunzip2/],
    ['xz', Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 1), 'BAD_INPUT', /unxz/],
    ['zstd', Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 1), 'BAD_INPUT', /unzstd/],
    ['a database', Buffer.from('SQLite format 3\0 and more'), 'BAD_INPUT', /SQLite.*CSV/],
    ['a web page', '<!DOCTYPE html><html>Not found</html>\n', 'BAD_INPUT', /web page.*fetch the table itself/],
    ['JSON', '[{"price": 1, "sold_at": "2015-01-01", "pieces": 2}]\n', 'BAD_INPUT', /JSON; write it as CSV/],
    ['a pointer of Git LFS', 'version https://git-lfs.github.com/spec/v1\nsize 1\n', 'BAD_INPUT', /git lfs pull/],
    ['UTF-16 without its mark', Buffer.from(GOOD, 'utf16le'), 'BAD_INPUT', /UTF-16 text; save it as UTF-8/],
    ['UTF-16, big end first', Buffer.from(GOOD, 'utf16le').swap16(), 'BAD_INPUT', /UTF-16 text/],
    ['a column too few', GOOD.replace(',pieces', ''), 'BAD_INPUT', /lacks pieces: its headings are: price, sold_at;/],
    ['spaces between the columns', GOOD.replaceAll(',', ' '), 'BAD_INPUT', /lacks price.*price sold_at pieces/],
    ['a comma for thousands', `${GOOD}"1,234",2015-01-31,2\n`, 'BAD_INPUT', /line 3, holds "1,234"; write numbers/],
    [
      'a decimal comma far down',
      `${HEADINGS}${ROW.repeat(30_000)}"1,5",2015-01-31,2\n`,
      'BAD_INPUT',
      /line 30002, holds/,
    ],
    ['rows swallowed by a quote', swallowed(50), 'BAD_DATA', /quote.*column price/],
    ['a megabyte swallowed by a quote', swallowed(45_000), 'BAD_DATA', /quote.*line 2/],
    ['no row with as many fields as headings', `${HEADINGS}1,2015-01-01\n`, 'BAD_DATA', /fewer fields.*line 2: 1,2015/],
    ['times as seconds', `${HEADINGS}1,1421313759,1\n`, 'BAD_DATA', /not a date and time.*line 2: 1421313759/],
    ['months first', `${HEADINGS}1,01/15/2015 09:22,1\n`, 'BAD_DATA', /not a date and time.*01\/15\/2015/],
  ])('%s', async (_, content, code, message) => {
    const path = await fileOf(content)
    const told = { code, message: expect.stringMatching(message), next: expect.stringMatching(/./) }
    const error = await refusal(path)
    expect(error).toMatchObject(told)
    expect(error).toHaveProperty('message', expect.stringContaining(path))
  })

  test('Parquet that was cut off, or damaged inside, or in its footer', async () => {
    const whole = await readFile(
      await parquetOf("select 1.5 as price, timestamp '2015-01-01' as sold_at, 2 as pieces from range(50000)"),
    )
    const cut = await refusal(await fileOf(whole.subarray(0, whole.length - 100), 'table.parquet'))
    expect(cut).toMatchObject({
      code: 'BAD_DATA',
      why: 'it begins like one and does not end like one',
      next: 'fetch it again',
    })
    const inside = await refusal(await fileOf(Buffer.from(whole).fill(7, 100, whole.length / 2), 'table.parquet'))
    expect(inside).toMatchObject({ code: 'BAD_DATA', what: expect.stringMatching(/is damaged$/) })
    const footer = Buffer.from(whole).fill(7, whole.length - 200, whole.length - 8)
    expect(await refusal(await fileOf(footer, 'table.parquet'))).toMatchObject({ code: 'BAD_DATA' })
  })

  test.each([
    ['a yes or no', 'true as pieces', /pieces of .* is of type BOOLEAN; write it as a number or text/],
    ['bytes', `'1'::blob as pieces`, /BLOB; write it as a number/],
    ['a record', '{a: 1} as pieces', /STRUCT\(a INTEGER\); write it as a number/],
    [
      'a time of day',
      `2 as pieces, time '10:00' as sold_at`,
      /sold_at of .* TIME; write it as a timestamp, a date or text/,
    ],
    ['a number for the time', '2 as pieces, 1422723900 as sold_at', /INTEGER; write it as a timestamp/],
  ])('a Parquet column that is %s', async (_, column, message) => {
    const time = column.includes('sold_at') ? '' : `, timestamp '2015-01-01' as sold_at`
    const path = await parquetOf(`select 1.5 as price, ${column}${time}`)
    expect(await refusal(path)).toMatchObject({ code: 'BAD_INPUT', message: expect.stringMatching(message) })
  })
})

async function parquetOf(select: string): Promise<string> {
  const path = pathOf('ü "quoted" table.csv') // names lie
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await connection.run(`copy (${select}) to '${path}' (format parquet)`)
  connection.closeSync()
  return path
}

test('Parquet times of every width, with and without a zone, dates and texts, and whole numbers for decimal ones', async () => {
  const { warehouse } = await open()
  await using _closed = warehouse
  const times = [
    `timestamp_s '2015-01-31 17:05:00'`,
    `timestamp_ms '2015-01-31 17:05:00'`,
    `timestamp '2015-01-31 17:05:00'`,
    `timestamp_ns '2015-01-31 17:05:00'`,
    `timestamptz '2015-01-31 17:05:00Z'`,
    `'2015-01-31T18:05:00+01:00'`,
    `date '2015-01-31'`,
  ]
  const prices = ['7::bigint', '7.00::decimal(12,2)', `'7'`, '7::float', '7::hugeint', '7::double', '7::utinyint']
  for (const [i, time] of times.entries()) {
    await bring(warehouse, await parquetOf(`select ${prices[i]} as price, ${time} as sold_at, 2::smallint as pieces`))
    const { columns } = await warehouse.read('sales', EVERYTHING, { columns: ['price', 'sold_at'], orderBy: [] })
    const expected = Date.parse(time.startsWith('date') ? '2015-01-31T00:00:00Z' : '2015-01-31T17:05:00Z')
    expect([columns.price?.[0], columns.sold_at?.[0]]).toEqual([7, expected])
  }
})

test('a column of nothing but nulls is nulls, and stays rows', async () => {
  const { warehouse } = await open()
  await using _closed = warehouse
  const path = await parquetOf(`select null as price, timestamp '2015-01-31' as sold_at, null::integer as pieces`)
  expect(await bring(warehouse, path)).toMatchObject({ rowsTaken: 1, left: [] })
  const { columns } = await warehouse.read('sales', EVERYTHING, { columns: ['price', 'pieces'], orderBy: [] })
  expect([columns.price?.[0], columns.pieces?.[0]]).toEqual([Number.NaN, Number.NaN])
})

test('values that are none leave their row out, each with its line; the others are taken', async () => {
  const { warehouse } = await open()
  await using _closed = warehouse
  const lines = [
    '1e400,2015-01-31,2',
    '-Infinity,2015-01-31,2',
    '$5,2015-01-31,2',
    '1,2015-02-30,2',
    '1,2015-01-31 25:00,2',
  ]
  const more = [
    '1,infinity,2',
    '1,2015-01-31,9007199254740992',
    '1,2015-01-31,two',
    '1,2015-01-31,1e400',
    '5\0,2015-01-31,2',
  ]
  const text = `${GOOD}${[...lines, ...more].join('\n')}\n`
  const latin1 = Buffer.concat([Buffer.from(`${text}1,2015-01-31,`), Buffer.of(0xb2), Buffer.from('\n')])
  const taken = await bring(warehouse, await fileOf(gzipSync(latin1)))
  expect(taken).toMatchObject({ rowsRead: 12, rowsTaken: 1 })
  expect(taken.left.map(({ reason, rows, example }) => `${rows} ${reason.split(' (')[0]}, ${example}`).sort()).toEqual([
    '1 not UTF-8 text, line 13: 1,2015-01-31,?',
    '1 pieces: not a finite number, line 11: 1e400',
    '1 pieces: not a number, line 10: two',
    '1 pieces: not a whole number, line 9: 9007199254740992',
    '1 sold_at: a time outside the years 1 to 9999, line 8: infinity',
    '2 price: not a finite number, line 3: 1e400',
    '2 price: not a number, line 5: $5',
    '2 sold_at: not a date and time, line 6: 2015-02-30',
  ])
})

describe('a path that leads to no file says where it leads', () => {
  test.each<[string, (path: string) => Promise<unknown>, string, RegExp]>([
    ['nothing', async () => {}, 'NOT_FOUND', /there is no file .*; name it from the folder you are in/],
    ['a file taken for a folder', (path) => writeFile(dirname(path), ''), 'NOT_FOUND', /there is no file/],
    ['a link to nothing', (path) => symlink('/nowhere/at/all', path), 'NOT_FOUND', /there is no file/],
    ['a link to itself', (path) => symlink(path, path), 'BAD_INPUT', /cannot be opened: ELOOP.*name another file/],
    [
      'a pipe',
      async (path) => spawnSync('sh', ['-c', 'mkfifo "$0"', path]),
      'BAD_INPUT',
      /pipe or a device.*write what it gives to a file/,
    ],
  ])('%s', async (name, make, code, message) => {
    const inner = name.includes('folder') ? join(pathOf('file'), 'table.csv') : pathOf('table.csv')
    await make(inner)
    expect(await refusal(inner)).toMatchObject({ code, message: expect.stringMatching(message) })
  })

  test.skipIf(process.platform === 'win32')('a device, and a name longer than names can be', async () => {
    expect(await refusal('/dev/null')).toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringContaining('a device'),
    })
    const long = pathOf('x'.repeat(300))
    expect(await refusal(long)).toMatchObject({ code: 'BAD_INPUT', message: expect.stringMatching(/ENAMETOOLONG/) })
  })

  test.skipIf(process.platform === 'win32')('a file that this user may not read, the superuser aside', async () => {
    const path = await fileOf(GOOD)
    await chmod(path, 0)
    const told = { code: 'BAD_INPUT', what: `${path} may not be read`, next: expect.stringContaining('chmod u+r') }
    if (isRoot) process.seteuid?.('nobody') // root may read everything, so this is tried as somebody who may not
    try {
      await expect(readForeignFile(path, { schema: SCHEMA })).rejects.toMatchObject(told)
    } finally {
      if (isRoot) process.seteuid?.(0)
    }
  })
})

test.each<[string, (path: string) => Promise<unknown>]>([
  ['grows', (path) => appendFile(path, ROW)],
  ['is cut short', (path) => truncate(path, 1_000_000)],
  ['goes', (path) => rm(path)],
  ['gives way to another', (path) => rm(path).then(() => writeFile(path, GOOD))],
])(
  'a file that %s while it is read is not taken, and the same command takes it once it is still',
  async (_, change) => {
    const { warehouse, directory } = await open()
    await using _closed = warehouse
    await bring(warehouse, await fileOf(GOOD))
    const before = await contentOf(warehouse, directory)
    const path = await fileOf(HEADINGS + ROW.repeat(200_000))
    await using file = await readForeignFile(path, { schema: SCHEMA, temporaryDirectory: join(folder(), 'tmp') })
    async function* changing() {
      let batches = 0
      for await (const batch of file.batches()) {
        yield batch
        if (++batches === 1) await change(path)
      }
    }
    const written = warehouse.write('sales', changing(), { schema: SCHEMA, origin: 'imported', others: 'drop' })
    await expect(written).rejects.toMatchObject({
      code: 'BAD_DATA',
      what: `${path} changed or went while it was read, so nothing was taken`,
      next: 'wait until nobody writes to it, and import it again',
    })
    expect(await contentOf(warehouse, directory)).toEqual(before)
    await writeFile(path, GOOD)
    expect(await bring(warehouse, path)).toMatchObject({ rowsTaken: 1 })
  },
)
