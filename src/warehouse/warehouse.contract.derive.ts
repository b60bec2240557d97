// Laws of deriving: months of one table made out of the same months of another.
import { expect, test } from 'vitest'
import { parseMonth } from '../kernel/window.ts'
import { ALWAYS, at, batchOf, OPTIONS, type Open, openWith, type Row, rowsOf } from './contract-rows.ts'
import type { Select, TableSchema, Warehouse } from './port.ts'

const DOUBLED: TableSchema = {
  timeColumn: 'at',
  columns: [
    { name: 'at', type: 'timestamp' },
    { name: 'twice', type: 'double' },
    { name: 'among', type: 'integer' },
  ],
}
/** Twice the amount of rows whose amount is not negative, and how many rows the source has: that is per month. */
const DOUBLE: Record<Select['dialect'], Select> = {
  duckdb: {
    dialect: 'duckdb',
    sql: 'select amount * 2 as twice, "at", count(*) over () as among from source qualify amount >= 0',
  },
  javascript: {
    dialect: 'javascript',
    run: ({ rows, columns }) => {
      const kept = Array.from({ length: rows }, (_, i) => i).filter((i) => columns.amount![i]! >= 0)
      const twice = Float64Array.from(kept, (i) => columns.amount![i]! * 2)
      return {
        rows: kept.length,
        columns: { twice, at: Float64Array.from(kept, (i) => columns.at![i]!), among: twice.map(() => rows) },
      }
    },
  },
}
const LATER: Record<Select['dialect'], Select> = {
  duckdb: { dialect: 'duckdb', sql: `select "at" + interval 31 day as "at", amount as twice, 1 as among from source` },
  javascript: {
    dialect: 'javascript',
    run: ({ rows, columns }) => ({
      rows,
      columns: {
        at: columns.at!.map((ms) => ms + 31 * 86_400_000),
        twice: columns.amount!,
        among: new Float64Array(rows),
      },
    }),
  },
}
const SAME: Record<Select['dialect'], Select> = {
  duckdb: { dialect: 'duckdb', sql: `select "at", amount as twice, "count" as among from source` },
  javascript: {
    dialect: 'javascript',
    run: ({ rows, columns }) => ({ rows, columns: { at: columns.at!, twice: columns.amount!, among: columns.count! } }),
  },
}
const ROWS: Row[] = [
  [at('2015-01-10'), 1, 0, 0],
  [at('2015-01-11'), -1, 0, 0],
  [at('2015-02-10'), 2, 0, 0],
  [at('2015-02-11'), Number.POSITIVE_INFINITY, 0, 0],
  [at('2015-04-10'), -2, 0, 0],
]

const months = (...texts: string[]) => texts.map((text) => ({ month: parseMonth(text), basis: `basis of ${text}` }))
const derive = (warehouse: Warehouse, texts: string[], schema = DOUBLED, signal?: AbortSignal) =>
  warehouse.derive(
    { from: 'rides', to: 'doubled', months: months(...texts), select: DOUBLE[warehouse.dialect], schema },
    signal,
  )
const doubled = async (warehouse: Warehouse): Promise<number[][]> =>
  rowsOf(await warehouse.read('doubled', ALWAYS, { columns: ['at', 'twice', 'among'], orderBy: ['twice'] }))

export function derivingLaws(open: Open): void {
  monthLaws(open)
  refusalLaws(open)
}

function monthLaws(open: Open): void {
  test('each month is made from its own rows only, and keeps its basis; one that kept nothing is an empty partition', async () => {
    await using warehouse = await openWith(open, ROWS)
    const info = await derive(warehouse, ['2015-02', '2015-01', '2015-03', '2015-04'])
    expect(info.origin).toBe('made up')
    expect(info.partitions.map((part) => [part.month, part.rows, part.basis])).toEqual([
      ['2015-01', 1, 'basis of 2015-01'],
      ['2015-02', 2, 'basis of 2015-02'],
      ['2015-03', 0, 'basis of 2015-03'],
      ['2015-04', 0, 'basis of 2015-04'],
    ])
    expect(await doubled(warehouse)).toEqual([
      [at('2015-01-10'), 2, 2],
      [at('2015-02-10'), 4, 2],
      [at('2015-02-11'), Number.POSITIVE_INFINITY, 2],
    ])
  })

  test('deriving a month again replaces it and keeps the others; the fingerprint follows the rows', async () => {
    await using warehouse = await openWith(open, ROWS)
    const first = await derive(warehouse, ['2015-01', '2015-02'])
    expect((await derive(warehouse, ['2015-01'])).partitions).toEqual(first.partitions)
    await warehouse.write('rides', [batchOf([[at('2015-01-10'), 7, 0, 0]])], OPTIONS)
    const second = await derive(warehouse, ['2015-01'])
    expect(second.partitions[0]!.fingerprint).not.toBe(first.partitions[0]!.fingerprint)
    expect(second.partitions[1]).toEqual(first.partitions[1])
    expect((await doubled(warehouse))[0]).toEqual([at('2015-01-10'), 14, 1])
  })

  test('derived months of another origin or schema go, as they can be made again', async () => {
    await using warehouse = await openWith(open, ROWS)
    await derive(warehouse, ['2015-01', '2015-02'])
    const wider = {
      ...DOUBLED,
      columns: DOUBLED.columns.map((column) => ({
        ...column,
        type: column.name === 'among' ? ('double' as const) : column.type,
      })),
    }
    expect((await derive(warehouse, ['2015-02'], wider)).partitions.map(({ month }) => month)).toEqual(['2015-02'])
    await warehouse.write('rides', [batchOf(ROWS)], { ...OPTIONS, origin: 'found', others: 'drop' })
    expect(await derive(warehouse, ['2015-01'], wider)).toMatchObject({
      origin: 'found',
      partitions: [{ month: '2015-01' }],
    })
  })

  test('months of a separable query come out the same, derived together or one by one', async () => {
    const rows = Array.from(
      { length: 600 },
      (_, i): Row => [Date.UTC(2014, i % 12, 1 + (i % 28), i % 24), i % 3 === 0 ? Number.NaN : i / 7, 0, i],
    )
    await using warehouse = await openWith(open, rows)
    const texts = [...new Set(rows.map(([time]) => new Date(time).toISOString().slice(0, 7))), '2015-01']
    const derivation = { from: 'rides', months: months(...texts), select: SAME[warehouse.dialect], schema: DOUBLED }
    const together = await warehouse.derive({ ...derivation, to: 'together', separable: true })
    const apart = await warehouse.derive({ ...derivation, to: 'apart' })
    expect(together.partitions).toEqual(apart.partitions)
    expect(together.partitions.map(({ rows: count }) => count)).toEqual([...Array.from({ length: 12 }, () => 50), 0])
  })
}

function refusalLaws(open: Open): void {
  test('rows as they came are never derived over', async () => {
    await using warehouse = await openWith(open, ROWS)
    await warehouse.write('doubled', [batchOf(ROWS)], OPTIONS)
    await expect(derive(warehouse, ['2015-01'])).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(await warehouse.count('doubled', ALWAYS)).toBe(ROWS.length)
  })

  test('a derived row outside its month fails the whole derivation', async () => {
    await using warehouse = await openWith(open, ROWS)
    const derivation = {
      from: 'rides',
      to: 'doubled',
      months: months('2015-01'),
      select: LATER[warehouse.dialect],
      schema: DOUBLED,
    }
    const separable = { ...derivation, months: months('2015-01', '2015-02'), separable: true }
    await expect(warehouse.derive(separable)).rejects.toMatchObject({ code: 'BAD_DATA' })
    await expect(warehouse.derive(derivation)).rejects.toMatchObject({
      code: 'BAD_DATA',
      message: expect.stringContaining('2015-01'),
    })
    expect(await warehouse.describe('doubled')).toBeNull()
  })

  test('a derivation that is cancelled, or cannot be, changes nothing', async () => {
    await using warehouse = await openWith(open, ROWS)
    await derive(warehouse, ['2015-01'])
    const before = await warehouse.describe('doubled')
    await expect(derive(warehouse, ['2015-02'], DOUBLED, AbortSignal.abort())).rejects.toMatchObject({
      code: 'CANCELLED',
    })
    await expect(derive(warehouse, ['2015-02', '2015-02'])).rejects.toMatchObject({ code: 'BAD_INPUT' })
    const from = { to: 'doubled', months: months('2015-02'), select: DOUBLE[warehouse.dialect], schema: DOUBLED }
    await expect(warehouse.derive({ ...from, from: 'doubled' })).rejects.toMatchObject({ code: 'BAD_INPUT' })
    await expect(warehouse.derive({ ...from, from: 'missing' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await warehouse.describe('doubled')).toEqual(before)
  })
}
