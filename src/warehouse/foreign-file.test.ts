import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { DuckDBInstance } from '@duckdb/node-api'
import { describe, expect, test } from 'vitest'
import { type ForeignFileOptions, readForeignFile } from './foreign-file.ts'
import type { ImportReport } from './foreign-report.ts'
import { openSalesFiles, SCHEMA } from './sales-files.fixture.ts'

const { folder, fileOf, pathOf } = openSalesFiles()

async function parquetOf(select: string): Promise<string> {
  const path = pathOf('table.parquet')
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await connection.run(`set TimeZone = 'America/New_York'`)
  await connection.run(`copy (${select}) to '${path}'`)
  connection.closeSync()
  return path
}

/** The rows of a file as [price, ISO time, pieces], and what was told of them. */
async function readAll(path: string, options: Partial<ForeignFileOptions> = {}) {
  await using file = await readForeignFile(path, {
    schema: SCHEMA,
    temporaryDirectory: join(folder(), 'tmp'),
    ...options,
  })
  const rows: unknown[][] = []
  for await (const { rows: count, columns } of file.batches()) {
    const [price, time, pieces] = [columns.price!, columns.sold_at!, columns.pieces!]
    for (let i = 0; i < count; i++) rows.push([price[i], new Date(time[i]!).toISOString(), pieces[i]])
  }
  const report: ImportReport = file.report()
  return { rows, report, format: file.format, headings: file.headings }
}
const failure = (path: string, options: Partial<ForeignFileOptions> = {}) =>
  readAll(path, options).then(
    () => 'it was read',
    (error: unknown) => error,
  )

const ROW = [1.5, '2015-01-31T17:05:00.000Z', 2]

describe('what can be read', () => {
  test.each([
    ['commas', 'price,sold_at,pieces\n1.5,2015-01-31 17:05:00,2\n'],
    ['no end of the last line', 'price,sold_at,pieces\n1.5,2015-01-31 17:05:00,2'],
    ['Windows line ends and a byte order mark', '\ufeffprice,sold_at,pieces\r\n1.5,2015-01-31 17:05:00,2\r\n\r\n'],
    ['semicolons', 'price;sold_at;pieces\n1.5;2015-01-31 17:05:00;2\n'],
    ['tabs', 'price\tsold_at\tpieces\n1.5\t2015-01-31 17:05:00\t2\n'],
    ['blank lines first', '\n \nprice,sold_at,pieces\n1.5,2015-01-31 17:05:00,2\n'],
    ['quotes, capitals, spaces and another order', '"PIECES", "Sold_At" ,price\n"2","2015-01-31 17:05:00", 1.5 \n'],
    ['a whole number written as a decimal one', 'price,sold_at,pieces\n1.5,2015-01-31 17:05:00,2.0\n'],
  ])('text with %s', async (_, text) => {
    expect(await readAll(await fileOf(text))).toMatchObject({
      rows: [ROW],
      format: 'csv',
      report: { rowsRead: 1, rowsTaken: 1, left: [], ignoredColumns: [] },
    })
    expect(await readAll(await fileOf(gzipSync(text), 'named.parquet'))).toMatchObject({
      rows: [ROW],
      format: 'csv in gzip',
    })
  })

  test('a gzip of several parts', async () => {
    const parts = ['price,sold_at,pieces\n1.5,2015-01-31 17:05:00', ',2\n'].map((text) => gzipSync(text))
    expect((await readAll(await fileOf(Buffer.concat(parts)))).rows).toEqual([ROW])
  })

  test.each([
    ['2009-06-15 17:26:21 UTC', '2009-06-15T17:26:21.000Z'],
    ['2009-06-15 17:26:21', '2009-06-15T17:26:21.000Z'],
    ['2009-06-15 17:26:21+00:00', '2009-06-15T17:26:21.000Z'],
    ['2009-06-15T17:26:21Z', '2009-06-15T17:26:21.000Z'],
    ['2009-06-15T17:26:21.125-04:00', '2009-06-15T21:26:21.125Z'],
    ['2009-06-15 17:26:21 America/New_York', '2009-06-15T21:26:21.000Z'],
    ['2009-06-15', '2009-06-15T00:00:00.000Z'],
    ['1960-02-29 01:02:03.5', '1960-02-29T01:02:03.500Z'],
  ])('the time %s is %s', async (text, iso) => {
    expect((await readAll(await fileOf(`price,sold_at,pieces\n1,"${text}",1\n`))).rows[0]![1]).toBe(iso)
  })

  test('numbers are read to the last bit', async () => {
    const prices = ['0.1', '-73.98814', '1e-7', '5e-324', '9007199254740993', '40.738354000000001']
    const { rows } = await readAll(
      await fileOf(`price,sold_at,pieces\n${prices.map((price) => `${price},2015-01-01,1\n`).join('')}`),
    )
    expect(rows.map(([price]) => price)).toEqual(prices.map(Number))
  })

  test('what stands for nothing is null, and stays a row', async () => {
    const { rows, report } = await readAll(
      await fileOf('price,sold_at,pieces\n,2015-01-01,\nNaN,2015-01-01,NULL\n n/a ,2015-01-01,\\N\n'),
    )
    expect(rows.map(([price, , pieces]) => [price, pieces])).toEqual(
      Array.from({ length: 3 }, () => [Number.NaN, Number.NaN]),
    )
    expect(report).toMatchObject({ rowsTaken: 3, left: [] })
  })

  test('Parquet, with or without zones, whatever the widths of its numbers', async () => {
    const zoned = `select 1.5::float as price, timestamptz '2015-01-31 12:05:00-05' as sold_at, 2::utinyint as pieces, 'x' as "odd ""name"`
    expect(await readAll(await parquetOf(zoned))).toMatchObject({
      rows: [ROW],
      format: 'parquet',
      report: { ignoredColumns: ['odd "name'] },
    })
    expect(
      (
        await readAll(
          await parquetOf(
            `select 1.50::decimal(9,2) as price, timestamp '2015-01-31 17:05:00' as SOLD_AT, 2::bigint as pieces`,
          ),
        )
      ).rows,
    ).toEqual([ROW])
    expect(
      (await readAll(await parquetOf(`select '1.5' as price, '2015-01-31T17:05:00Z' as sold_at, 2::double as pieces`)))
        .rows,
    ).toEqual([ROW])
    const nulls = await readAll(
      await parquetOf(
        `select null::double as price, timestamp_ns '2015-01-31 17:05:00' as sold_at, null::int as pieces union all select 1, null, 1`,
      ),
    )
    expect(nulls).toMatchObject({
      rows: [[Number.NaN, ROW[1], Number.NaN]],
      report: { left: [{ reason: 'sold_at: no time', rows: 1 }] },
    })
  })

  test('columns under other headings, their own first; what is not needed is told', async () => {
    const aliases = { sold_at: ['date of sale'], price: ['amount'] }
    const text = 'id,amount,Date of Sale,pieces,price\n7,9,2015-01-31 17:05:00,2,1.5\n'
    expect(await readAll(await fileOf(text), { aliases })).toMatchObject({
      rows: [ROW],
      headings: { price: 'price', sold_at: 'Date of Sale', pieces: 'pieces' },
      report: { ignoredColumns: ['id', 'amount'] },
    })
  })

  test('many rows stream in batches, each row once', async () => {
    const lines = Array.from({ length: 150_000 }, (_, i) => `${i},2015-01-01,${i % 1000 === 7 ? 'x' : 1}`)
    await using file = await readForeignFile(await fileOf(`price,sold_at,pieces\n${lines.join('\n')}\n`), {
      schema: SCHEMA,
    })
    const prices = new Set<number>()
    let batches = 0
    for await (const { rows, columns } of file.batches()) {
      batches++
      expect(columns.price!.length).toBe(rows)
      for (const price of columns.price!) prices.add(price)
    }
    expect(prices.size).toBe(149_850)
    expect(batches).toBeGreaterThan(2)
    expect(file.report()).toMatchObject({
      rowsRead: 150_000,
      rowsTaken: 149_850,
      left: [{ reason: 'pieces: not a number', rows: 150, example: 'line 9: x' }],
    })
  })

  // "offset is out of bounds": DuckDB reads text in parts of 8 MiB that end with a short chunk, here just before a batch is full.
  test.each([129, 130, 131, 132])(
    'a short chunk before a whole one at the end of a batch, rows of %d bytes',
    async (bytes) => {
      const lines = Array.from({ length: 70_000 }, (_, row) => {
        const line = `${row},2015-01-31 17:05:00,2,`
        return line + '.'.repeat(bytes - 1 - line.length)
      })
      const { rows, report } = await readAll(await fileOf(['price,sold_at,pieces,note', ...lines, ''].join('\n')))
      expect(report.rowsTaken).toBe(70_000)
      expect(new Set(rows.map(([price]) => price)).size).toBe(70_000)
    },
  )
})

test('rows that cannot be read are left, with the reason and an example; dirty ones are taken', async () => {
  const text = `price,sold_at,pieces
1.5,2015-01-31 17:05:00,2
-99,1999-01-01,0
cheap,2015-01-01,1
free,2015-01-01,1
1,soon,1
1,2015-02-30 00:00:00,1
1,,1
1,12015-01-01,1
1,2015-01-01,1.5
inf,2015-01-01,1
1,2015-01-01
1,2015-01-01,1,1
`
  const { rows, report } = await readAll(await fileOf(text))
  expect(rows).toHaveLength(2)
  expect(report).toMatchObject({ rowsRead: 12, rowsTaken: 2 })
  expect(
    report.left.map(({ reason, rows: count, example }) => `${count} ${reason.split(' (')[0]} <${example}>`).sort(),
  ).toEqual([
    '1 fewer fields than headings <line 12: 1,2015-01-01>',
    '1 more fields than headings <line 13: 1,2015-01-01,1,1>',
    '1 pieces: not a whole number <line 10: 1.5>',
    '1 price: not a finite number <line 11: inf>',
    '1 sold_at: a time outside the years 1 to 9999 <line 9: 12015-01-01>',
    '1 sold_at: no time <line 8>',
    '2 price: not a number <line 4: cheap>',
    '2 sold_at: not a date and time <line 6: soon>',
  ])
})

describe('what is refused, in words', () => {
  const good = 'price,sold_at,pieces\n1.5,2015-01-31 17:05:00,2\n'
  test.each<[string, string | Uint8Array, string, RegExp]>([
    ['an empty file', '', 'BAD_INPUT', /is empty/],
    ['blank lines', '\n\n  \n', 'BAD_INPUT', /nothing but blank lines/],
    [
      'missing columns',
      'price,when\n1,2\n',
      'BAD_INPUT',
      /lacks sold_at, pieces: its headings are: price, when; expected.*price, sold_at, pieces/,
    ],
    [
      'no headings',
      '1.5,2015-01-31 17:05:00,2\n',
      'BAD_INPUT',
      /has no headings: its first line holds values: 1\.5.*write the headings above them: price, sold_at, pieces/,
    ],
    ['a column twice', 'price,sold_at,pieces,Price\n1,2015-01-01,1,1\n', 'BAD_INPUT', /2 columns called price/],
    ['headings alone', 'price,sold_at,pieces\n', 'BAD_DATA', /headings and no rows/],
    ['a zip archive', Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0), 'BAD_INPUT', /zip archive/],
    ['UTF-16', Buffer.from(`\ufeff${good}`, 'utf16le'), 'BAD_INPUT', /UTF-16/],
    ['a picture', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 13), 'BAD_INPUT', /neither text nor Parquet/],
    ['a gzip that was cut off', gzipSync(good).subarray(0, 50), 'BAD_DATA', /cut off or damaged/],
    ['a gzip cut off in its check sum', gzipSync(good).subarray(0, -3), 'BAD_DATA', /cut off or damaged/],
    ['a damaged gzip', gzipSync(good).fill(7, 20, 30), 'BAD_DATA', /cut off or damaged/],
    ['a gzip of nothing', gzipSync(''), 'BAD_INPUT', /gzip of an empty file/],
    ['a Parquet file cut off', Buffer.from(`PAR1${'x'.repeat(100)}`), 'BAD_DATA', /does not end like one/],
    [
      'what only begins and ends like Parquet',
      Buffer.from(`PAR1${'x'.repeat(100)}PAR1`),
      'BAD_DATA',
      /is damaged.*Footer/,
    ],
    [
      'decimal commas',
      'price;sold_at;pieces\n1;2015-01-01;1\n1,5;2015-01-01;2\n',
      'BAD_INPUT',
      /column price .*line 3, holds "1,5".*decimal point/,
    ],
    [
      'decimal commas between commas',
      'price,sold_at,pieces\n1,5,2015-01-01,2\n',
      'BAD_DATA',
      /none of the rows.*1 in all.*more fields than headings.*line 2: 1,5,/,
    ],
    [
      'times nobody can read',
      'price,sold_at,pieces\n1,31.01.2015,1\n2,01.02.2015,1\n',
      'BAD_DATA',
      /none of the rows.*2 in all.*not a date and time.*line 2: 31\.01\.2015/,
    ],
    [
      'a quote that is never closed',
      'price,sold_at,pieces\n1,2015-01-01,"1\n2,2015-01-01,1\n',
      'BAD_DATA',
      /quote.*line 2/,
    ],
    [
      'lines that end in two ways',
      'price,sold_at,pieces\r\n1,2015-01-01,1\n2,2015-01-01,1\r\n',
      'BAD_DATA',
      /do not all end in the same way/,
    ],
  ])('%s', async (_, content, code, message) => {
    const told = { code, message: expect.stringMatching(message), next: expect.stringMatching(/./) }
    expect(await failure(await fileOf(content))).toMatchObject(told)
  })

  test('Parquet columns of a type that says something else', async () => {
    const epoch = await parquetOf('select 1.5 as price, 1422723900 as sold_at, 2 as pieces')
    expect(await failure(epoch)).toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringMatching(/sold_at.*INTEGER; write it as a timestamp, a date or text/),
    })
    const list = await parquetOf(`select [1.5] as price, timestamp '2015-01-01' as sold_at, 2 as pieces`)
    expect(await failure(list)).toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringMatching(/price.*write it as a number or text/),
    })
  })

  test('whoever cancels', async () => {
    const path = await fileOf(good)
    expect(await failure(path, { signal: AbortSignal.abort() })).toMatchObject({ code: 'CANCELLED' })
    const stop = new AbortController()
    await using file = await readForeignFile(path, { schema: SCHEMA, signal: stop.signal })
    stop.abort()
    await expect(file.batches().next()).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})
