// Laws of reading: windows, order, and what is told of a table.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  ALWAYS,
  allRows,
  at,
  batchOf,
  inOrder,
  inPieces,
  month,
  OPTIONS,
  type Open,
  openWith,
  type Row,
  rowsOf,
  SCHEMA,
  someRows,
  TOTAL_ORDER,
} from './contract-rows.ts'
import type { Select } from './port.ts'

/** The same question in each dialect: every row's count and time, the larger count first. */
const LARGEST_FIRST: Record<Select['dialect'], Select> = {
  duckdb: {
    dialect: 'duckdb',
    sql: 'with x as (from source) select "count" as n, "at", "count" > 1 as "is large" from x order by n desc -- end',
  },
  javascript: {
    dialect: 'javascript',
    run: ({ rows, columns }) => {
      const order = Array.from({ length: rows }, (_, i) => i).sort((a, b) => columns.count![b]! - columns.count![a]!)
      const pick = (values: Float64Array): Float64Array => Float64Array.from(order, (i) => values[i]!)
      const n = pick(columns.count!)
      return { rows, columns: { n, at: pick(columns.at!), 'is large': n.map((value) => Number(value > 1)) } }
    },
  },
}

export function readingLaws(open: Open): void {
  windowLaws(open)
  selectionLaws(open)
  tellingLaws(open)
}

function windowLaws(open: Open): void {
  test('a window is half-open, to the millisecond, across months', async () => {
    const times = ['2014-12-31T23:59:59.999Z', '2015-01-01', '2015-01-31T23:59:59.999Z', '2015-02-01', '2015-02-28']
    await using warehouse = await openWith(
      open,
      times.map((text, i): Row => [at(text), i, i, i]),
    )
    const idsIn = async (fromMs: number, toMs: number): Promise<number[]> => {
      const { columns, rows } = await warehouse.read('rides', { fromMs, toMs }, { columns: ['count'], orderBy: [] })
      expect(await warehouse.count('rides', { fromMs, toMs })).toBe(rows)
      return [...columns.count!]
    }
    expect(await idsIn(at('2015-01-01'), at('2015-02-01'))).toEqual([1, 2])
    expect(await idsIn(at('2014-12-31T23:59:59.999Z'), at('2015-01-31T23:59:59.999Z'))).toEqual([0, 1])
    expect(await idsIn(at('2015-01-01') + 1, at('2015-02-01') + 1)).toEqual([2, 3])
    expect(await idsIn(at('2015-03-01'), at('2015-04-01'))).toEqual([])
    expect(await idsIn(at('2015-02-01'), at('2015-01-01'))).toEqual([])
    expect(await idsIn(-8.64e15, 8.64e15)).toEqual([0, 1, 2, 3, 4])
  })

  test('rows come in order of time, then of the columns named, nulls last', async () => {
    await using warehouse = await open()
    await fc.assert(
      fc.asyncProperty(someRows, async (rows) => {
        await warehouse.write('rides', [batchOf(rows)], { ...OPTIONS, others: 'drop' })
        expect(await allRows(warehouse)).toEqual(inOrder(rows).map((row) => [...row].map((value) => value + 0)))
      }),
      { seed: 20_260_822, numRuns: 15 },
    )
  })

  test('two reads of a window are identical while another month is being written', async () => {
    const rows = Array.from(
      { length: 3000 },
      (_, i): Row => [at('2015-01-05') + (i % 7) * 1000, (i * 7919) % 100, i % 3, i],
    )
    await using warehouse = await openWith(open, rows)
    const first = await warehouse.read('rides', month('2015-01'), TOTAL_ORDER)
    const february = rows.map(([time, ...rest]): Row => [time + 31 * 86_400_000, ...rest])
    const writing = warehouse.write('rides', inPieces(february, 500), OPTIONS)
    expect(await warehouse.read('rides', month('2015-01'), TOTAL_ORDER)).toEqual(first)
    await writing
    expect(await warehouse.read('rides', month('2015-01'), TOTAL_ORDER)).toEqual(first)
    expect(await warehouse.count('rides', month('2015-02'))).toBe(3000)
  })
}

function selectionLaws(open: Open): void {
  test('only the columns asked for come, in the order asked, and may be ordered by others', async () => {
    await using warehouse = await openWith(open, [
      [at('2015-01-01'), 2, 0, 7],
      [at('2015-01-01'), 1, 0, 8],
    ])
    const read = await warehouse.read('rides', ALWAYS, { columns: ['tilt', 'count'], orderBy: ['amount'] })
    expect(Object.entries(read.columns)).toEqual([
      ['tilt', Float64Array.of(0, 0)],
      ['count', Float64Array.of(8, 7)],
    ])
    await expect(warehouse.read('rides', ALWAYS, { columns: ['nope'], orderBy: [] })).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringContaining('at, amount, tilt, count'),
    })
    await expect(warehouse.read('rides', ALWAYS, { columns: ['at'], orderBy: ['nope'] })).rejects.toMatchObject({
      code: 'BAD_INPUT',
    })
  })

  test('a query sees every column of the window and nothing else, and its order stands', async () => {
    await using warehouse = await openWith(open, [
      [at('2015-01-31'), 0, 0, 1],
      [at('2015-01-02'), 0, 0, 3],
      [at('2015-01-03'), 0, 0, 2],
      [at('2015-02-01'), 0, 0, 9],
    ])
    const select = LARGEST_FIRST[warehouse.dialect]
    const result = await warehouse.query('rides', month('2015-01'), select)
    expect(Object.keys(result.columns)).toEqual(['n', 'at', 'is large'])
    expect(rowsOf(result)).toEqual([
      [3, at('2015-01-02'), 1],
      [2, at('2015-01-03'), 1],
      [1, at('2015-01-31'), 0],
    ])
    expect((await warehouse.query('rides', month('2016-01'), select)).rows).toBe(0)
    const foreign = LARGEST_FIRST[warehouse.dialect === 'duckdb' ? 'javascript' : 'duckdb']
    await expect(warehouse.query('rides', ALWAYS, foreign)).rejects.toMatchObject({ code: 'BAD_INPUT' })
  })
}

function tellingLaws(open: Open): void {
  test('a table that nobody touched has no damaged months, and neither has one that is not there', async () => {
    await using warehouse = await openWith(open, [[at('2015-01-10'), 1, 1, 1]])
    expect(await warehouse.damagedMonths('rides')).toEqual([])
    expect(await warehouse.damagedMonths('nowhere')).toEqual([])
  })

  test('a table that is not there is NOT_FOUND to read, and null to describe', async () => {
    await using warehouse = await open()
    const missing = { code: 'NOT_FOUND', message: expect.stringContaining('rides') }
    await expect(warehouse.read('rides', ALWAYS, { columns: [], orderBy: [] })).rejects.toMatchObject(missing)
    await expect(warehouse.count('rides', ALWAYS)).rejects.toMatchObject(missing)
    await expect(warehouse.query('rides', ALWAYS, LARGEST_FIRST[warehouse.dialect])).rejects.toMatchObject(missing)
    expect(await warehouse.describe('rides')).toBeNull()
    expect(await warehouse.tables()).toEqual([])
  })

  test('a read that was told to stop is CANCELLED', async () => {
    await using warehouse = await openWith(open, [[at('2015-03-01'), 0, 0, 1]])
    const options = { columns: [], orderBy: [], signal: AbortSignal.abort() }
    await expect(warehouse.read('rides', ALWAYS, options)).rejects.toMatchObject({ code: 'CANCELLED' })
  })

  test('a table tells its origin, columns and months with rows', async () => {
    await using warehouse = await openWith(open, [
      [at('2015-03-01'), 0, 0, 1],
      [at('2014-03-01'), 0, 0, 1],
    ])
    await warehouse.write('a_table', [batchOf([])], OPTIONS)
    const [first, second] = await warehouse.tables()
    expect(first).toEqual({ name: 'a_table', origin: 'made up', schema: SCHEMA, partitions: [] })
    expect(second).toMatchObject({
      name: 'rides',
      origin: 'made up',
      schema: SCHEMA,
      partitions: [
        { month: '2014-03', rows: 1 },
        { month: '2015-03', rows: 1 },
      ],
    })
    expect(await warehouse.describe('rides')).toEqual(second)
  })
}
