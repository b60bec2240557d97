// The laws of the Database port. An adapter's test calls `databaseLaws` with a way to open databases on one store.
import fc from 'fast-check'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import type { Database } from './port.ts'

interface Schema {
  item: { id: number; label: string | null; amount: number | bigint | null; bytes: Uint8Array | null }
  child: { item_id: number }
}
const TABLES = `
  create table item (id integer primary key, label text, amount, bytes blob);
  create table child (item_id integer not null references item (id));`

/** `open` gives a database on a fresh store, and a way to open further connections to the same store. */
export interface Opened {
  readonly database: Database<Schema>
  readonly again: (options?: { waitMs: number }) => Promise<Database<Schema>>
}

type Laws = Readonly<Record<string, (opened: Opened) => Promise<void>>>

export function databaseLaws(open: () => Promise<Opened>): void {
  describe.each(Object.entries({ transactionLaws, valueLaws }))('%s', (_, laws) => {
    for (const [name, law] of Object.entries(laws)) {
      test(name, async () => {
        const opened = await open()
        await opened.database.script(TABLES)
        await law(opened)
      })
    }
  })
}

async function ids(database: Database<Schema>): Promise<number[]> {
  return (await database.sql.selectFrom('item').select('id').orderBy('id').execute()).map((row) => row.id)
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5))
}

const transactionLaws: Laws = {
  'a transaction whose work fails leaves nothing, and the error comes out as it was': async ({ database }) => {
    await using _ = database
    const failure = new Error('no')
    const work = database.transaction(async (trx) => {
      await trx.insertInto('item').values({ id: 1 }).execute()
      throw failure
    })
    await expect(work).rejects.toBe(failure)
    expect(await ids(database)).toEqual([])
  },

  'two transactions at once never interleave, and statements outside see only what was committed': async ({
    database,
  }) => {
    await using _ = database
    const seen: string[] = []
    const work = (name: string, id: number) =>
      database.transaction(async (trx) => {
        seen.push(`${name} begins`)
        await trx.insertInto('item').values({ id }).execute()
        await pause()
        await trx
          .insertInto('item')
          .values({ id: id + 1 })
          .execute()
        seen.push(`${name} ends`)
      })
    const first = work('a', 1)
    const between = ids(database)
    await Promise.all([first, work('b', 3)])
    expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends'])
    expect([[], [1, 2]]).toContainEqual(await between) // before or after the first, never half of it
    expect(await ids(database)).toEqual([1, 2, 3, 4])
  },

  'writes asked for together are each kept or undone by themselves, and answered when they are kept': async ({
    database,
    again,
  }) => {
    await using _ = database
    await using other = await again()
    const answers = await Promise.allSettled(
      Array.from({ length: 300 }, (_, id) =>
        database.write(async (trx) => {
          await trx
            .insertInto('item')
            .values({ id, label: `${id}`, amount: null, bytes: null })
            .execute()
          if (id % 3 === 1) throw new Error(`not ${id}`)
          return id
        }),
      ),
    )
    const kept = Array.from({ length: 300 }, (_, id) => id).filter((id) => id % 3 !== 1)
    expect(answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))).toEqual(kept)
    expect(answers[1]).toMatchObject({ status: 'rejected', reason: { message: 'not 1' } })
    expect(await ids(other)).toEqual(kept)
    const inside = database.transaction(() => database.write(async () => 1))
    await expect(inside).rejects.toThrow('use the trx')
  },

  'a select waits for no transaction, and sees what was committed before it': async ({ database }) => {
    await using _ = database
    await database.sql.insertInto('item').values({ id: 1 }).execute()
    const first = Promise.withResolvers<void>()
    const open = database.transaction(async (trx) => {
      await trx.insertInto('item').values({ id: 2 }).execute()
      await first.promise
    })
    await pause()
    expect(await ids(database)).toEqual([1])
    first.resolve()
    await open
    for (const id of [3, 4, 5]) {
      await database.write((trx) => trx.insertInto('item').values({ id }).execute())
      expect((await ids(database)).at(-1)).toBe(id)
    }
  },

  'what is selected over one connection is of one moment, several at once too, until something else is done there':
    async ({ database, again }) => {
      await using _ = database
      await using other = await again()
      const add = (id: number) => other.sql.insertInto('item').values({ id }).execute()
      await add(1)
      await database.sql.connection().execute(async (held) => {
        const read = async () =>
          (await held.selectFrom('item').select('id').orderBy('id').execute()).map(({ id }) => id)
        expect(await Promise.all([read(), read()])).toEqual([[1], [1]])
        await add(2)
        expect(await read()).toEqual([1])
        await held.insertInto('item').values({ id: 3 }).execute()
        expect(await read()).toEqual([1, 2, 3])
        const late = Promise.all([held.deleteFrom('item').execute(), read()])
        expect((await late)[1]).toEqual([])
      })
      expect(await ids(database)).toEqual([])
    },

  'a script is one transaction, and cannot end it': async ({ database }) => {
    await using _ = database
    await expect(database.script('insert into item (id) values (1); insert into nowhere values (1)')).rejects.toThrow(
      'nowhere',
    )
    expect(await ids(database)).toEqual([])
    await expect(database.script('insert into item (id) values (1); commit')).rejects.toThrow(
      'ended its own transaction',
    )
    await expect(database.script('insert into item (id) values (2);')).resolves.toBeUndefined()
  },

  'using the database inside its own transaction is refused instead of waiting for ever': async ({ database }) => {
    await using _ = database
    await expect(database.transaction(() => ids(database))).rejects.toThrow('use the trx')
    await expect(database.transaction(() => database.script('select 1'))).rejects.toThrow('use the trx')
    expect(await ids(database)).toEqual([])
  },

  'work left running when its transaction ended can do nothing any more': async ({ database }) => {
    await using _ = database
    const late: Promise<unknown>[] = []
    await database.transaction(async (trx, script) => {
      late.push(pause().then(() => trx.insertInto('item').values({ id: 9 }).execute()))
      late.push(pause().then(() => script('insert into item (id) values (10)')))
    })
    for (const { status } of await Promise.allSettled(late)) expect(status).toBe('rejected')
    expect(await ids(database)).toEqual([])
  },

  'two connections that read, wait and write in a hundred transactions lose nothing': async ({ database, again }) => {
    await using one = database
    await using two = await again()
    await one.sql.insertInto('item').values({ id: 1, amount: 0 }).execute()
    const add = (to: Database<Schema>) =>
      to.transaction(async (trx) => {
        const { amount } = await trx.selectFrom('item').select('amount').executeTakeFirstOrThrow()
        await new Promise((resolve) => setImmediate(resolve)) // the other one gets its chance here
        await trx
          .updateTable('item')
          .set({ amount: Number(amount) + 1 })
          .execute()
      })
    await Promise.all(Array.from({ length: 100 }, (_, i) => add(i % 2 === 0 ? one : two)))
    expect(await one.sql.selectFrom('item').select('amount').execute()).toEqual([{ amount: 100 }])
  },

  'a writer that waited too long for another one is told where and how long, and nothing was written': async ({
    database,
    again,
  }) => {
    await using one = database
    await using two = await again({ waitMs: 30 })
    await one.transaction(async () => {
      const write = two.sql.insertInto('item').values({ id: 1 }).execute()
      await expect(write).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringMatching(/writing to .* for 30 ms/),
      })
      await expect(two.script('select 1')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      expect(await ids(two)).toEqual([]) // reading needs nobody's leave
    })
    await two.sql.insertInto('item').values({ id: 2 }).execute()
    expect(await ids(one)).toEqual([2])
  },

  'while another process writes, reading goes on, and who waits behind another waits no longer than alone': async ({
    database,
    again,
  }) => {
    await using one = database
    await using two = await again({ waitMs: 300 })
    await one.transaction(async () => {
      const beganMs = performance.now()
      const writes = Array.from({ length: 4 }, async (_, id) => {
        if (id === 1) await pause() // it comes too late for the first group
        const write =
          id < 2 ? two.write((trx) => trx.insertInto('item').values({ id }).execute()) : two.script('select 1')
        await expect(write).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      })
      await pause()
      expect(await ids(two)).toEqual([])
      expect(performance.now() - beganMs).toBeLessThan(200)
      await Promise.all(writes)
      expect(performance.now() - beganMs).toBeLessThan(700) // and not four times 300
    })
    await two.write((trx) => trx.insertInto('item').values({ id: 7 }).execute())
    expect(await ids(one)).toEqual([7])
  },

  'closing waits for the open transaction; afterwards every use is refused': async ({ database, again }) => {
    const work = database.transaction(async (trx) => {
      await pause()
      await trx.insertInto('item').values({ id: 1 }).execute()
    })
    await database[Symbol.asyncDispose]()
    await database[Symbol.asyncDispose]()
    await work
    await expect(ids(database)).rejects.toThrow()
    await using other = await again()
    expect(await ids(other)).toEqual([1])
  },
}

const valueLaws: Laws = {
  'text of any script, infinities, integers of 64 bits and bytes are read back as written': async ({ database }) => {
    await using _ = database
    const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    const value = fc.record({
      label: fc.string({ unit: 'binary' }),
      amount: fc.oneof(fc.double({ noNaN: true }), fc.maxSafeInteger(), int64),
      bytes: fc.uint8Array(),
    })
    const property = fc.asyncProperty(value, async ({ label, amount, bytes }) => {
      await database.sql.deleteFrom('item').execute()
      const written = await database.sql
        .insertInto('item')
        .values({ id: 1, label, amount, bytes })
        .returningAll()
        .execute()
      const read = await database.sql.selectFrom('item').selectAll().execute()
      const expected = typeof amount === 'bigint' && Number.isSafeInteger(Number(amount)) ? Number(amount) : amount
      for (const row of [written[0], read[0]]) {
        expect(row?.label).toBe(label)
        expect(row?.amount === expected).toBe(true) // 0 and -0 count as equal: SQLite keeps one zero among integers
        expect(row?.bytes).toEqual(bytes)
      }
    })
    await fc.assert(property, { seed: 20_150_101, numRuns: 200 })
  },

  'an insert that returns an integer beyond 2^53 inserts once': async ({ database }) => {
    await using _ = database
    const query = sql<{ amount: bigint }>`insert into item (amount) values (${2n ** 60n}) returning amount`
    expect((await query.execute(database.sql)).rows).toEqual([{ amount: 2n ** 60n }])
    expect(await database.sql.selectFrom('item').select('amount').execute()).toEqual([{ amount: 2n ** 60n }])
  },

  'NaN, undefined, objects and symbols are refused, not stored as something else': async ({ database }) => {
    await using _ = database
    for (const value of [Number.NaN, undefined, new Date(0), {}, Symbol('s')]) {
      const insert = sql`insert into item (id, amount) values (${1}, ${value})`.execute(database.sql)
      await expect(insert).rejects.toThrow(TypeError)
      await expect(insert).rejects.toThrow('parameter 2')
    }
    expect(await ids(database)).toEqual([])
  },

  'a row that points nowhere is refused, and like tells capitals from small letters': async ({ database }) => {
    await using _ = database
    await expect(database.sql.insertInto('child').values({ item_id: 7 }).execute()).rejects.toThrow(/foreign key/i)
    await database.sql.insertInto('item').values({ id: 1, label: 'Abc' }).execute()
    const found = (pattern: string) =>
      database.sql.selectFrom('item').select('id').where('label', 'like', pattern).execute()
    expect(await found('abc')).toEqual([])
    expect(await found('Ab%')).toEqual([{ id: 1 }])
  },
}
