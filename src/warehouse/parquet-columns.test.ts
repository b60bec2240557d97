import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openParquetReader, type ParquetReader } from './parquet-columns.ts'

let folder = ''
let reader: ParquetReader
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'understudy-parquet-'))
  reader = await openParquetReader(join(folder, 'tmp'))
})
afterAll(async () => {
  reader.close()
  expect(await readdir(join(folder, 'tmp'))).toEqual([])
  await rm(folder, { recursive: true, force: true })
})

let made = 0
/** A Parquet file of a query. The name holds what would be a pattern. */
async function fileOf(select: string): Promise<string> {
  const path = join(folder, `a[b]*'c ${made++}.parquet`)
  const instance = await DuckDBInstance.create()
  const connection = await instance.connect()
  await connection.run("set TimeZone = 'UTC'")
  await connection.run(`copy (${select}) to '${path.replaceAll("'", "''")}' (format parquet)`)
  connection.disconnectSync()
  instance.closeSync()
  return path
}

test('numbers are doubles, instants ms, times without a zone text, and nothing is null', async () => {
  const path = await fileOf(`select * from (values
    (1::tinyint, 2.5::float, 3.25::decimal(9, 2), timestamp '2014-07-06 19:18:00.25', timestamptz '2014-07-06 19:18:00+02', date '2014-07-06', 'text', true),
    (null, 'nan'::float, null, null, null, null, null, null)) t(small, real, exact, wall, instant, day, words, flag)`)
  const names = ['small', 'real', 'exact', 'wall', 'instant', 'day', 'words', 'absent']
  expect(await reader.read(path, names, 10)).toEqual({
    rows: 2,
    columns: {
      small: [1, null],
      real: [2.5, Number.NaN],
      exact: [3.25, null],
      wall: ['2014-07-06 19:18:00.250', null],
      instant: [Date.UTC(2014, 6, 6, 17, 18), null],
      day: ['2014-07-06 00:00:00.000', null],
      words: ['text', null],
    },
  })
})

test('of a file with too many rows only their number is told, and rows keep their order', async () => {
  const path = await fileOf('select range as n from range(5000)')
  expect(await reader.read(path, ['n'], 4_999)).toEqual({ rows: 5_000, columns: {} })
  const { columns } = await reader.read(path, ['n'], 5_000)
  expect(columns.n).toEqual(Array.from({ length: 5_000 }, (_, row) => row))
})

test('columns of other kinds, and files that are none, are refused in words that name no place', async () => {
  const path = await fileOf('select [1, 2] as list')
  await expect(reader.read(path, ['list'], 10)).rejects.toMatchObject({
    code: 'BAD_INPUT',
    what: 'the column list is of type INTEGER[]',
  })
  expect(await reader.read(path, ['other'], 10)).toEqual({ rows: 1, columns: {} })
  for (const text of ['', 'PAR1', `PAR1${'x'.repeat(1_000)}PAR1`]) {
    const broken = join(folder, 'broken.parquet')
    await writeFile(broken, text)
    const refused: unknown = await reader.read(broken, ['n'], 10).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'BAD_INPUT', what: 'this Parquet file cannot be read' })
    expect(String(refused)).not.toContain(folder)
  }
})

test('a small file that says a long text very often is refused before any of it is copied', async () => {
  const path = await fileOf("select repeat('x', 100000) as words, 1 as n from range(2000)") // 200 MB, copied out
  expect((await stat(path)).size).toBeLessThan(20_000)
  await expect(reader.read(path, ['n', 'words'], 10_000)).rejects.toMatchObject({
    code: 'BAD_INPUT',
    what: 'the column words holds a text of more than 1000 bytes',
  })
  const longest = await fileOf("select null as words union all select repeat('é', 500) order by 1 nulls first")
  expect((await reader.read(longest, ['words'], 10)).columns.words).toEqual([null, 'é'.repeat(500)])
})

test('a file that needs more memory than is allowed is refused in words that name no place', async () => {
  const path = await fileOf("select repeat('x' || range, 60000000) as words from range(1, 4)")
  const refused: unknown = await reader.read(path, ['words'], 10).catch((error: unknown) => error)
  expect(refused).toMatchObject({
    code: 'BAD_INPUT',
    what: 'this Parquet file needs more than 256 MB of memory to be read',
  })
  expect(String(refused)).not.toContain(folder)
})
