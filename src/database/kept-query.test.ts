import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Kysely, sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { keptQuery } from './kept-query.ts'
import type { Database } from './port.ts'
import { openSqlite } from './sqlite.ts'

interface Schema {
  item: { id: number; label: string | null }
}

async function database(): Promise<Database<Schema>> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'understudy-kept-'))
  const opened = await openSqlite<Schema>(join(folder.path, 'some.db'))
  onTestFinished(async () => {
    await opened[Symbol.asyncDispose]()
    await folder.remove()
  })
  await opened.script('create table item (id integer primary key, label text)')
  return opened
}

test('a kept query is built once, and run with the values of each call, in a transaction and outside', async () => {
  const { sql: outside, transaction } = await database()
  let built = 0
  const insert = keptQuery((db: Kysely<Schema>, given: { readonly id: number; readonly label: string | null }) => {
    built++
    return db.insertInto('item').values({ id: given.id, label: given.label })
  })
  const find = keptQuery((db: Kysely<Schema>, { label, most }: { readonly label: string; readonly most: number }) =>
    db.selectFrom('item').select('id').where('label', '=', label).where('id', '<', 1000).orderBy('id').limit(most),
  )
  await insert(outside, { id: 1, label: 'a' })
  await transaction(async (trx) => {
    await insert(trx, { id: 2, label: 'a' })
    await insert(trx, { id: 3, label: null })
    expect(await find(trx, { label: 'a', most: 9 })).toEqual([{ id: 1 }, { id: 2 }])
  })
  expect(await find(outside, { label: 'a', most: 1 })).toEqual([{ id: 1 }])
  expect(await find(outside, { label: 'b', most: 9 })).toEqual([])
  expect(built).toBe(1)
})

test('a kept query takes lists of the length it was built for, also in a template', async () => {
  const { sql: outside } = await database()
  type Columns = { readonly ids: readonly number[]; readonly labels: readonly string[] }
  const insert = keptQuery(
    (db: Kysely<Schema>, { ids, labels }: Columns) =>
      db.insertInto('item').values([0, 1, 2].map((i) => ({ id: ids[i]!, label: labels[i]! }))),
    { ids: 3, labels: 3 },
  )
  const count = keptQuery(
    (db: Kysely<Schema>, { ids, least }: { readonly ids: readonly number[]; readonly least: number }) =>
      db
        .selectFrom('item')
        .select(sql<number>`count(*) + ${least}`.as('total'))
        .where('id', 'in', ids)
        .where(sql<boolean>`id >= ${least}`),
    { ids: 2 },
  )
  await insert(outside, { ids: [1, 2, 3], labels: ['a', 'b', 'c'] })
  expect(await count(outside, { ids: [1, 3], least: 2 })).toEqual([{ total: 3 }])
  expect(await count(outside, { ids: [1, 3], least: 0 })).toEqual([{ total: 2 }])
})

test('what a query that is kept selects by a star follows the schema', async () => {
  const { sql: outside, script } = await database()
  await script("insert into item values (1, 'a')")
  const all = keptQuery((db: Kysely<Schema>, { id }: { readonly id: number }) =>
    db.selectFrom('item').selectAll().where('id', '=', id),
  )
  expect(await all(outside, { id: 1 })).toEqual([{ id: 1, label: 'a' }])
  await script("alter table item add column more text default 'x'; alter table item drop column label")
  expect(await all(outside, { id: 1 })).toEqual([{ id: 1, more: 'x' }])
})
