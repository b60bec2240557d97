// Files that were damaged in every way we could think of, and places where nothing may be written.
import { execFileSync } from 'node:child_process'
import {
  copyFile,
  mkdir,
  mkdtempDisposable,
  open,
  readdir,
  readFile,
  rename,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, onTestFinished, test } from 'vitest'
import { BACKUP_RECORD, knownBackups, rememberBackups } from './known-backups.ts'
import type { Database } from './port.ts'
import { openSqlite } from './sqlite.ts'
import { copyDatabase, integrityFaults } from './sqlite-files.ts'

interface Schema {
  item: { id: number; label: string }
}

const PAGE_BYTES = 4096

async function freshFolder(): Promise<string> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'understudy-damage-'))
  onTestFinished(() => folder.remove())
  return folder.path
}

/** A database of some forty pages, closed. */
async function madeDatabase(): Promise<string> {
  const path = join(await freshFolder(), 'some.db')
  await using database = await openSqlite<Schema>(path)
  await database.script('create table item (id integer primary key, label text); create index by_label on item (label)')
  const rows = Array.from({ length: 2000 }, (_, id) => ({ id, label: `label ${id} ${'x'.repeat(30)}` }))
  for (let at = 0; at < rows.length; at += 200) {
    await database.sql
      .insertInto('item')
      .values(rows.slice(at, at + 200))
      .execute()
  }
  return path
}

async function overwrite(path: string, from: number, bytes: Uint8Array): Promise<void> {
  await using file = await open(path, 'r+')
  await file.write(bytes, 0, bytes.length, from)
}

function noise(bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, index) => (index * 167 + 13) % 251)
}

async function useAll(path: string): Promise<void> {
  await using database = await openSqlite<Schema>(path)
  await database.sql.selectFrom('item').selectAll().execute()
  await database.sql.selectFrom('item').select('label').orderBy('label').execute()
}

describe('a damaged file is named when it is opened or used, with what to do', () => {
  test.each<[string, (path: string) => Promise<void>]>([
    ['its header overwritten', (path) => overwrite(path, 0, noise(100))],
    ['a page in the middle overwritten', (path) => overwrite(path, 12 * PAGE_BYTES, noise(PAGE_BYTES))],
    ['cut off in the middle', (path) => truncate(path, 7 * PAGE_BYTES + 100)],
    ['replaced by a long text', (path) => writeFile(path, 'not a database at all. '.repeat(500))],
    ['replaced by a short text', (path) => writeFile(path, 'hello')],
  ])('%s', async (_, damage) => {
    const path = await madeDatabase()
    await damage(path)
    const error = await useAll(path).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'BAD_DATA', what: `the database file ${path} is damaged` })
    expect(error).toMatchObject({ next: expect.stringContaining('no backup is known here') })
    expect((await integrityFaults(path)).length).toBeGreaterThan(0)
  })

  test('a write-ahead log that is none', async () => {
    const path = await madeDatabase()
    await writeFile(`${path}-wal`, noise(5000))
    await expect(openSqlite(path)).rejects.toMatchObject({
      code: 'BAD_DATA',
      what: `the database file ${path}-wal is damaged`,
    })
    expect(await readFile(`${path}-wal`)).toHaveLength(5000) // nothing was touched: somebody may still want to look at it
    await writeFile(`${path}-wal`, '')
    await useAll(path)
  })

  test('the newest backup that is still there is named, as a line that a shell takes', async () => {
    const path = await madeDatabase()
    const folder = join(path, '..')
    const [old, newest, gone] = ['old', "the newest one's", 'gone'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ] // three names in, three out
    for (const backup of [old, newest]) {
      await mkdir(backup)
      await writeFile(join(backup, BACKUP_RECORD), '{}')
    }
    rememberBackups(folder, [{ path: newest, atMs: Date.UTC(2026, 4, 2, 3, 4) }])
    rememberBackups(folder, [{ path: old, atMs: Date.UTC(2026, 4, 1) }])
    rememberBackups(folder, [{ path: gone, atMs: Date.UTC(2026, 4, 3) }])
    await overwrite(path, 0, noise(100))
    await expect(openSqlite(path)).rejects.toMatchObject({
      next: `the newest backup is of 2026-05-02 03:04 UTC: ./understudy restore '${folder}/the newest one'\\''s' --replace`,
    })
    await writeFile(join(folder, 'understudy-backups.json'), 'no list')
    expect(knownBackups(folder)).toEqual([])
  })
})

describe('a copy', () => {
  test('is one moment of a database that is written to all the time, in one file', async () => {
    const path = await madeDatabase()
    await using database = await openSqlite<Schema>(path)
    let isOver = false
    const writing = (async () => {
      // Two rows at a time: a copy that shows one of a pair is no moment.
      for (let id = 10_000; !isOver; id += 2) await writePair(database, id)
    })()
    const folder = await freshFolder()
    for (const name of ['a.db', 'b.db', 'c.db']) await copyDatabase(path, join(folder, name))
    isOver = true
    await writing
    expect((await readdir(folder)).sort()).toEqual(['a.db', 'b.db', 'c.db'])
    for (const name of ['a.db', 'b.db', 'c.db']) {
      expect(await integrityFaults(join(folder, name))).toEqual([])
      await using copy = await openSqlite<Schema>(join(folder, name), { readOnly: true })
      const { count } = await copy.sql
        .selectFrom('item')
        .select((row) => row.fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow()
      expect(count % 2).toBe(0)
      expect(count).toBeGreaterThanOrEqual(2000)
    }
  })

  test('holds what only the write-ahead log has, and leaves nothing where it fails', async () => {
    const path = await madeDatabase()
    await using database = await openSqlite<Schema>(path)
    await database.sql.insertInto('item').values({ id: 5000, label: 'in the log' }).execute()
    const folder = await freshFolder()
    await copyDatabase(path, join(folder, 'copy.db'))
    await using copy = await openSqlite<Schema>(join(folder, 'copy.db'), { readOnly: true })
    expect(await copy.sql.selectFrom('item').select('label').where('id', '=', 5000).execute()).toEqual([
      { label: 'in the log' },
    ])
    await expect(copyDatabase(path, join(folder, 'no', 'such', 'folder.db'))).rejects.toMatchObject({
      code: 'BAD_INPUT',
    })
    expect(await readdir(folder)).toEqual(['copy.db'])
  })
})

async function writePair(database: Database<Schema>, id: number): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve)) // SQLite answers at once: without this nothing else had a turn
  await database.transaction(async (trx) => {
    await trx.insertInto('item').values({ id, label: 'one' }).execute()
    await trx
      .insertInto('item')
      .values({ id: id + 1, label: 'two' })
      .execute()
  })
}

/** Mounts a folder over itself, to be read only. Says why it cannot be done here. */
function mountReadOnly(folder: string): string | null {
  try {
    const system = (command: string, ...args: string[]): void => void execFileSync(command, args, { stdio: 'pipe' })
    system('mount', '--bind', folder, folder)
    onTestFinished(() => system('umount', folder))
    system('mount', '-o', 'remount,ro,bind', folder)
    return null
  } catch (error) {
    return `no mount can be made here: ${String(error).split('\n')[0]}`
  }
}

describe('where nothing may be written', () => {
  test('a database that was closed is read, one that was not with what its log holds, and writing is refused', async (context) => {
    const path = await madeDatabase()
    const folder = join(path, '..')
    const left = join(folder, 'left.db')
    {
      // What a process that was killed leaves: a file, and a log that has more.
      await using database = await openSqlite<Schema>(path)
      await database.sql.insertInto('item').values({ id: 7000, label: 'in the log' }).execute()
      await copyFile(path, left)
      await copyFile(`${path}-wal`, `${left}-wal`)
    }
    const refusal = mountReadOnly(folder)
    if (refusal !== null) return context.skip(refusal)
    for (const file of [path, left]) {
      await using database = await openSqlite<Schema>(file, { readOnly: true })
      expect(await database.sql.selectFrom('item').select('label').where('id', '=', 7000).execute()).toEqual([
        { label: 'in the log' },
      ])
      await expect(sql`delete from item`.execute(database.sql)).rejects.toMatchObject({
        code: 'BAD_INPUT',
        message: expect.stringContaining('can only be read'),
      })
      await expect(openSqlite(file)).rejects.toMatchObject({ code: 'BAD_INPUT' })
    }
  })
})

test('a value that was changed in a table and not in its index is found by the check, and so is a file that is gone', async () => {
  const path = await madeDatabase()
  const bytes = await readFile(path)
  await overwrite(path, bytes.indexOf('label 1500 '), Buffer.from('label 15_0 '))
  await useAll(path) // nothing else notices
  expect((await integrityFaults(path)).join(' ')).toContain('by_label')
  await truncate(path, 0)
  expect(await integrityFaults(path)).toEqual(['the file is empty']) // SQLite would call it a new database
  await rename(path, `${path}.away`)
  expect(await integrityFaults(path)).toEqual([`there is no database at ${path}`])
})
