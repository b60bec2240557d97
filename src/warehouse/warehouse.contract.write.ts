// Laws of writing: what goes in, what it replaces, and that it happens whole or not at all.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  ALWAYS,
  allRows,
  at,
  batchOf,
  inPieces,
  month,
  OPTIONS,
  type Open,
  openWith,
  type Row,
  rowsOf,
  SCHEMA,
  someRows,
} from './contract-rows.ts'
import type { Warehouse } from './port.ts'

const JANUARY: Row = [at('2015-01-10'), 1, 1, 1]
const FEBRUARY: Row = [at('2015-02-10'), 2, 2, 2]
const fingerprints = async (warehouse: Warehouse): Promise<string[]> =>
  (await warehouse.describe('rides'))?.partitions.map(({ fingerprint }) => fingerprint) ?? []

export function writingLaws(open: Open): void {
  replacingLaws(open)
  originLaws(open)
  exactnessLaws(open)
  wholenessLaws(open)
  refusalLaws(open)
  fingerprintLaws(open)
}

function replacingLaws(open: Open): void {
  test('a month that is written is replaced, and every other month stays', async () => {
    await using warehouse = await openWith(open, [JANUARY, FEBRUARY])
    const info = await warehouse.write('rides', [batchOf([[at('2015-02-20'), 3, 3, 3]])], OPTIONS)
    expect(info.partitions.map((part) => [part.month, part.rows, part.basis])).toEqual([
      ['2015-01', 1, null],
      ['2015-02', 1, null],
    ])
    expect(await allRows(warehouse)).toEqual([[...JANUARY], [at('2015-02-20'), 3, 3, 3]])
  })

  test('months that are not written go when the others are to be dropped', async () => {
    await using warehouse = await openWith(open, [JANUARY, FEBRUARY])
    await warehouse.write('rides', [batchOf([FEBRUARY])], { ...OPTIONS, others: 'drop' })
    expect(await allRows(warehouse)).toEqual([[...FEBRUARY]])
    await warehouse.write('rides', [], { ...OPTIONS, others: 'drop' })
    expect((await warehouse.describe('rides'))?.partitions).toEqual([])
  })

  test('appended rows stand beside those of their month, as if all had been written at once', async () => {
    await using warehouse = await openWith(open, [JANUARY, FEBRUARY])
    await using atOnce = await openWith(open, [FEBRUARY, JANUARY, JANUARY])
    const info = await warehouse.write('rides', [batchOf([JANUARY])], { ...OPTIONS, within: 'append' })
    expect(info.partitions.map(({ rows }) => rows)).toEqual([2, 1])
    expect(await allRows(warehouse)).toEqual(await allRows(atOnce))
    expect(await fingerprints(warehouse)).toEqual(await fingerprints(atOnce))
  })
}

function originLaws(open: Open): void {
  test('rows of another origin or other columns are refused, unless the whole table is replaced', async () => {
    await using warehouse = await openWith(open, [JANUARY])
    const renamed = {
      ...SCHEMA,
      columns: SCHEMA.columns.map((column) => ({ ...column, name: column.name.replace('tilt', 'slope') })),
    }
    const other = {
      rows: 1,
      columns: {
        at: Float64Array.of(at('2015-03-01')),
        amount: new Float64Array(1),
        slope: new Float64Array(1),
        count: new Float64Array(1),
      },
    }
    await expect(
      warehouse.write('rides', [batchOf([FEBRUARY])], { ...OPTIONS, origin: 'found' }),
    ).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringMatching(/made up.*found/) })
    await expect(warehouse.write('rides', [other], { ...OPTIONS, schema: renamed })).rejects.toMatchObject({
      code: 'CONFLICT',
    })
    expect(await allRows(warehouse)).toEqual([[...JANUARY]])
    await warehouse.write('rides', [other], { schema: renamed, origin: 'found', others: 'drop' })
    expect(await warehouse.describe('rides')).toMatchObject({
      origin: 'found',
      schema: renamed,
      partitions: [{ month: '2015-03' }],
    })
  })

  test('writers of different months at the same time lose nothing', async () => {
    await using warehouse = await open()
    const months = Array.from({ length: 8 }, (_, i): Row => [Date.UTC(2014, i, 3), i, i, i])
    await Promise.all(months.map((row) => warehouse.write('rides', [batchOf([row])], OPTIONS)))
    expect(await allRows(warehouse)).toEqual(months.map((row) => [...row]))
  })
}

function exactnessLaws(open: Open): void {
  test('numbers come back bit for bit, and the size of the batches changes nothing', async () => {
    await using warehouse = await open()
    const anew = { ...OPTIONS, others: 'drop' } as const
    await fc.assert(
      fc.asyncProperty(someRows, fc.integer({ min: 1, max: 9 }), async (rows, size) => {
        const whole = await warehouse.write('whole', [batchOf(rows)], anew)
        const pieces = await warehouse.write('pieces', inPieces(rows, size), anew)
        const sorted = (read: number[][]): string[] =>
          read.map((row) => row.map((value) => (Object.is(value, -0) ? '-0' : String(value))).join()).sort()
        // An integer has no -0.
        expect(sorted(await allRows(warehouse, 'whole'))).toEqual(
          sorted(rows.map(([time, amount, tilt, count]) => [time, amount, tilt, count + 0])),
        )
        expect(await allRows(warehouse, 'pieces')).toEqual(await allRows(warehouse, 'whole'))
        expect(pieces.partitions).toEqual(whole.partitions)
      }),
      { seed: 20_260_822, numRuns: 15 },
    )
  })

  test('0 and -0 stay two numbers, however often they come', async () => {
    const zeros = Array.from({ length: 3000 }, (_, i): Row => [at('2015-01-01') + i, [0, -0, 1.5][i % 3]!, 0, i])
    await using warehouse = await openWith(open, zeros)
    const { columns } = await warehouse.read('rides', ALWAYS, { columns: ['amount'], orderBy: [] })
    expect([...columns.amount!].every((amount, i) => Object.is(amount, zeros[i]![1]))).toBe(true)
  })

  test('times keep their microseconds, before 1970 too', async () => {
    const times = [
      at('1969-12-31T23:59:59.999Z'),
      at('2015-01-01T00:00:00.001Z') - 0.001,
      1_421_000_000_123.457,
      at('1969-12-31') + 0.25,
    ]
    await using warehouse = await openWith(
      open,
      times.map((time): Row => [time, 0, 0, 0]),
    )
    const read = await warehouse.read('rides', ALWAYS, { columns: ['at'], orderBy: [] })
    expect([...read.columns.at!]).toEqual(times.toSorted((a, b) => a - b))
  })
}

function wholenessLaws(open: Open): void {
  test('a write that fails half way writes nothing', async () => {
    await using warehouse = await openWith(open, [JANUARY])
    async function* failing() {
      yield batchOf([FEBRUARY])
      throw new Error('the source broke')
    }
    await expect(warehouse.write('rides', failing(), OPTIONS)).rejects.toThrow('the source broke')
    await expect(warehouse.write('new', failing(), OPTIONS)).rejects.toThrow('the source broke')
    expect(await allRows(warehouse)).toEqual([[...JANUARY]])
    expect((await warehouse.tables()).map(({ name }) => name)).toEqual(['rides'])
  })

  test('a write that is cancelled writes nothing', async () => {
    await using warehouse = await openWith(open, [JANUARY])
    const stop = new AbortController()
    async function* endless() {
      for (let i = 0; ; i++) {
        if (i === 20) stop.abort()
        yield batchOf([FEBRUARY])
      }
    }
    await expect(warehouse.write('rides', endless(), { ...OPTIONS, signal: stop.signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    })
    expect(await allRows(warehouse)).toEqual([[...JANUARY]])
  })
}

function refusalLaws(open: Open): void {
  test.each<[string, Row | readonly number[], RegExp]>([
    ['a row without a time', [Number.NaN, 1, 1, 1], /at, row 0: no time/],
    ['a time beyond the year 9999', [Date.UTC(10_000, 0, 1), 1, 1, 1], /years 1 to 9999/],
    ['a broken integer', [JANUARY[0], 1, 1, 1.5], /count, row 0: 1.5/],
    ['an integer beyond 2^53', [JANUARY[0], 1, 1, 2 ** 53], /2\^53/],
  ])('%s is refused, naming column and value', async (_, row, message) => {
    await using warehouse = await open()
    const columns = Object.fromEntries(SCHEMA.columns.map(({ name }, i) => [name, Float64Array.of(row[i]!)]))
    await expect(warehouse.write('rides', [{ rows: 1, columns }], OPTIONS)).rejects.toMatchObject({
      code: 'BAD_DATA',
      message: expect.stringMatching(message),
    })
    await expect(warehouse.write('rides', [{ rows: 2, columns }], OPTIONS)).rejects.toMatchObject({ code: 'BAD_DATA' })
    expect(await warehouse.tables()).toEqual([])
  })

  test.each(['Rides', '1k', '../rides', 'a b', '', 'x'.repeat(64)])('"%s" is not a table name', async (name) => {
    await using warehouse = await open()
    await expect(warehouse.write(name, [], OPTIONS)).rejects.toMatchObject({ code: 'BAD_INPUT' })
    await expect(warehouse.read(name, month('2015-01'), { columns: [], orderBy: [] })).rejects.toMatchObject({
      code: 'BAD_INPUT',
    })
  })
}

function fingerprintLaws(open: Open): void {
  test('a fingerprint is of the rows, whatever their order, and changes with any value', async () => {
    const rows: Row[] = [JANUARY, [JANUARY[0], 1, Number.NaN, 1], [at('2015-01-11'), 0.1, 2, 3]]
    await using warehouse = await openWith(open, rows)
    const [before] = await fingerprints(warehouse)
    const changed = async (next: Row[]): Promise<boolean> => {
      await warehouse.write('rides', inPieces(next, 2), OPTIONS)
      return (await fingerprints(warehouse))[0] !== before
    }
    expect(await changed(rows.toReversed())).toBe(false)
    expect(await changed([...rows, JANUARY])).toBe(true)
    expect(await changed(rows.with(2, [at('2015-01-11'), 0.1 + 2 ** -55, 2, 3]))).toBe(true)
    expect(await changed(rows.with(2, [at('2015-01-11'), 2, 0.1, 3]))).toBe(true)
    expect(await changed(rows.with(1, [JANUARY[0], 1, 0, 1]))).toBe(true)
    expect(await changed(rows)).toBe(false)
  })

  test('a table that was dropped is gone, and can be made anew', async () => {
    await using warehouse = await openWith(open, [JANUARY])
    await warehouse.drop('rides')
    await warehouse.drop('rides')
    expect(await warehouse.describe('rides')).toBeNull()
    expect(await warehouse.tables()).toEqual([])
    await warehouse.write('rides', [batchOf([FEBRUARY])], { ...OPTIONS, origin: 'found' })
    expect(rowsOf(await warehouse.read('rides', ALWAYS, { columns: ['count'], orderBy: [] }))).toEqual([[2]])
  })
}
