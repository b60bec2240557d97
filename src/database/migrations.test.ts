import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { type Migration, migrate } from './migrations.ts'
import { openSqlite } from './sqlite.ts'

const FIRST: Migration = {
  number: 1,
  name: 'things',
  breaking: false,
  sql: 'create table thing (id integer primary key); create table other (a);',
}
const SECOND: Migration = { number: 2, name: 'labels', breaking: false, sql: 'alter table thing add column label text' }
const BREAKING: Migration = { ...SECOND, breaking: true }

async function freshPath(): Promise<string> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'understudy-migrations-'))
  onTestFinished(() => folder.remove())
  return join(folder.path, 'some.db')
}

test('each migration is applied once and recorded in order', async () => {
  await using database = await openSqlite<{ ledger: { number: number; name: string } }>(await freshPath())
  await migrate(database, 'ledger', [FIRST])
  await migrate(database, 'ledger', [FIRST, SECOND])
  await migrate(database, 'ledger', [FIRST, SECOND])
  expect(await database.sql.selectFrom('ledger').select(['number', 'name']).orderBy('number').execute()).toEqual([
    { number: 1, name: 'things' },
    { number: 2, name: 'labels' },
  ])
  await sql`insert into thing (label) values ('x')`.execute(database.sql)
})

test('a migration that fails leaves neither its tables nor those before it in the same start', async () => {
  await using database = await openSqlite<{ ledger: { number: number } }>(await freshPath())
  const wrong = { ...SECOND, sql: 'create table half (a); alter table nowhere add column b' }
  await expect(migrate(database, 'ledger', [FIRST, wrong])).rejects.toThrow('nowhere')
  expect((await sql`select name from sqlite_schema`.execute(database.sql)).rows).toEqual([])
})

test('an older build works on a newer schema, but refuses one that was changed in a breaking way', async () => {
  await using harmless = await openSqlite(await freshPath())
  await migrate(harmless, 'ledger', [FIRST, SECOND])
  await expect(migrate(harmless, 'ledger', [FIRST])).resolves.toBeUndefined()

  await using changed = await openSqlite(await freshPath())
  await migrate(changed, 'ledger', [FIRST, BREAKING])
  await expect(migrate(changed, 'ledger', [FIRST])).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('number 2 (labels)'),
  })
  await expect(migrate(changed, 'ledger', [FIRST])).rejects.toMatchObject({
    what: `${changed.file} was changed by a newer build of Understudy`,
  })
})

test('a database that is only read is checked, and nothing is applied to it', async () => {
  const path = await freshPath()
  await using writer = await openSqlite(path)
  await writer.script('create table unrelated (a)')
  await using reader = await openSqlite(path, { readOnly: true })
  await expect(migrate(reader, 'ledger', [FIRST])).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('lacks number 1 (things)'),
  })
  await migrate(writer, 'ledger', [FIRST])
  await expect(migrate(reader, 'ledger', [FIRST])).resolves.toBeUndefined()
  await expect(migrate(reader, 'ledger', [FIRST, SECOND])).rejects.toMatchObject({
    message: expect.stringContaining('lacks number 2 (labels)'),
  })
  await migrate(writer, 'ledger', [FIRST, BREAKING])
  await expect(migrate(reader, 'ledger', [FIRST])).rejects.toMatchObject({
    what: `${path} was changed by a newer build of Understudy`,
  })
})

test('a migration edited after it was applied is refused', async () => {
  await using database = await openSqlite(await freshPath())
  await migrate(database, 'ledger', [FIRST])
  const edited = { ...FIRST, sql: 'create table thing (id text)' }
  await expect(migrate(database, 'ledger', [edited])).rejects.toMatchObject({ code: 'CONFLICT' })
})

test('several connections that start at once apply everything once', async () => {
  const path = await freshPath()
  const start = async (): Promise<void> => {
    await using database = await openSqlite(path)
    await migrate(database, 'ledger', [FIRST, SECOND])
  }
  await Promise.all(Array.from({ length: 6 }, start))
  await using database = await openSqlite(path)
  expect((await sql`select number from ledger`.execute(database.sql)).rows).toEqual([{ number: 1 }, { number: 2 }])
})

test('numbers that skip or repeat are a bug', async () => {
  await using database = await openSqlite(':memory:')
  await expect(migrate(database, 'ledger', [FIRST, { ...SECOND, number: 3 }])).rejects.toThrow('should be number 2')
})
