import { chmod, mkdir, mkdtempDisposable, readFile, rename, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, onTestFinished, test } from 'vitest'
import { databaseLaws } from './database.contract.ts'
import { openSqlite } from './sqlite.ts'

async function freshFolder(): Promise<string> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'understudy-database-'))
  onTestFinished(() => folder.remove())
  return folder.path
}

describe('the laws of the port', () => {
  databaseLaws(async () => {
    const path = join(await freshFolder(), 'laws.db')
    return { database: await openSqlite(path), again: (options) => openSqlite(path, options) }
  })
})

test('a missing folder is made, and what was written is there for the next one who opens it', async () => {
  const path = join(await freshFolder(), 'a', 'b', 'some.db')
  {
    await using database = await openSqlite<{ t: { a: number } }>(path)
    await database.script('create table t (a); insert into t values (1)')
  }
  await using database = await openSqlite<{ t: { a: number } }>(path)
  expect(await database.sql.selectFrom('t').selectAll().execute()).toEqual([{ a: 1 }])
})

test('the settings that keep data safe are on', async () => {
  await using database = await openSqlite(join(await freshFolder(), 'some.db'))
  const pragma = async (name: string) =>
    Object.values((await sql.raw<Record<string, unknown>>(`pragma ${name}`).execute(database.sql)).rows[0] ?? {})[0]
  expect(await pragma('journal_mode')).toBe('wal')
  expect(await pragma('synchronous')).toBe(2) // full: a commit is on the disk before it is answered
  expect(await pragma('foreign_keys')).toBe(1)
  expect(await pragma('busy_timeout')).toBe(10)
})

test('a folder, a damaged file, a file that is no database and a parent that is a file are named, each with its own words', async () => {
  const folder = await freshFolder()
  await expect(openSqlite(folder)).rejects.toMatchObject({
    code: 'BAD_INPUT',
    message: expect.stringContaining(folder),
  })

  const text = join(folder, 'text.db')
  await writeFile(text, 'A page of text that is long enough to be read as a header. '.repeat(100))
  await expect(openSqlite(text)).rejects.toMatchObject({ code: 'BAD_DATA', message: expect.stringContaining(text) })
  await expect(openSqlite(join(text, 'below.db'))).rejects.toMatchObject({ code: 'BAD_INPUT' })

  const damaged = join(folder, 'damaged.db')
  {
    await using database = await openSqlite(damaged)
    await database.script('create table t (a); create index i on t (a); create table u (b)')
  }
  const bytes = await readFile(damaged)
  await writeFile(damaged, bytes.fill(0xaa, 100, 4_000)) // the first page's b-tree
  await expect(openSqlite(damaged)).rejects.toMatchObject({
    code: 'BAD_DATA',
    message: expect.stringContaining(damaged),
  })
})

test('read only: an absent file is not made, a present one can be read and not written', async () => {
  const path = join(await freshFolder(), 'some.db')
  await expect(openSqlite(path, { readOnly: true })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await using writer = await openSqlite<{ t: { a: number } }>(path)
  await writer.script('create table t (a); insert into t values (1)')
  await using reader = await openSqlite<{ t: { a: number } }>(path, { readOnly: true })
  expect(await reader.sql.selectFrom('t').selectAll().execute()).toEqual([{ a: 1 }])
  await expect(reader.sql.deleteFrom('t').execute()).rejects.toMatchObject({ code: 'BAD_INPUT' })
})

test('a place that may not be written is refused when opened', async () => {
  const locked = join(await freshFolder(), 'locked')
  await mkdir(locked)
  await chmod(locked, 0o500)
  // The superuser may write anywhere but where the kernel itself says no.
  const folder = process.getuid?.() === 0 ? '/sys/understudy' : locked
  await expect(openSqlite(join(folder, 'some.db'))).rejects.toMatchObject({ code: 'BAD_INPUT' })
})

test('a statement that waits for another process leaves the event loop free most of the time', async () => {
  const path = join(await freshFolder(), 'some.db')
  await using one = await openSqlite(path)
  await using two = await openSqlite(path)
  let ticks = 0
  const timer = setInterval(() => ticks++, 10)
  onTestFinished(() => clearInterval(timer))
  await one.transaction(async () => {
    const waiting = two.script('create table t (a)')
    await new Promise((resolve) => setTimeout(resolve, 700))
    expect(ticks).toBeGreaterThan(2)
    waiting.catch(() => undefined)
  })
})

test('a file that was moved away, removed or replaced is written to no more, and nothing is said to be kept', async () => {
  const path = join(await freshFolder(), 'some.db')
  await using database = await openSqlite<{ t: { a: number } }>(path)
  await database.script('create table t (a)')
  const write = (a: number) => database.write((trx) => trx.insertInto('t').values({ a }).execute())
  const refusal = { code: 'UNAVAILABLE', message: expect.stringContaining('was moved away') }
  await write(1)
  await rename(path, `${path}.kept`)
  await expect(write(2)).rejects.toMatchObject(refusal)
  await expect(database.sql.insertInto('t').values({ a: 3 }).execute()).rejects.toMatchObject(refusal)
  await expect(database.sql.selectFrom('t').selectAll().execute()).rejects.toMatchObject(refusal)
  await writeFile(path, '')
  await expect(write(4)).rejects.toMatchObject(refusal)
  await rename(`${path}.kept`, path)
  const between = database.transaction(async (trx) => {
    await trx.insertInto('t').values({ a: 5 }).execute()
    await rename(path, `${path}.kept`)
  })
  await expect(between).rejects.toMatchObject(refusal)
  await rename(`${path}.kept`, path)
  await write(6)
  expect(await database.sql.selectFrom('t').select('a').execute()).toEqual([{ a: 1 }, { a: 6 }])
})

test('a database in memory works without a file', async () => {
  await using database = await openSqlite<{ t: { a: number } }>(':memory:')
  await database.script('create table t (a); insert into t values (3)')
  expect(await database.sql.selectFrom('t').selectAll().execute()).toEqual([{ a: 3 }])
})
