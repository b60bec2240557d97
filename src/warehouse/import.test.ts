import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isPlanned } from '../kernel/errors.ts'
import { openDuckdbWarehouse } from './duckdb.ts'
import { importFile } from './import.ts'
import { openMemoryWarehouse } from './memory.ts'
import type { Warehouse } from './port.ts'
import { openSalesFiles, SCHEMA } from './sales-files.fixture.ts'

const { folder, fileOf } = openSalesFiles()

const options = {
  schema: SCHEMA,
  origin: 'imported',
  existing: 'refuse',
  get temporaryDirectory() {
    return join(folder(), 'tmp')
  },
} as const
const january = 'price,sold_at,pieces\n1,2015-01-01,1\nx,2015-01-01,1\n'
const rowsIn = async (warehouse: Warehouse) =>
  (await warehouse.describe('sales'))?.partitions.map(({ month, rows }) => [month, rows])

test('a file becomes a table, joins it, or replaces it', async () => {
  await using warehouse = openMemoryWarehouse()
  const path = await fileOf(january)
  expect(await importFile(warehouse, 'sales', path, options)).toMatchObject({
    rowsRead: 2,
    rowsTaken: 1,
    format: 'csv',
    table: { origin: 'imported' },
  })
  await expect(importFile(warehouse, 'sales', path, options)).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('say what should become of them'),
  })
  const both = await fileOf('price,sold_at,pieces\n1,2015-01-05,1\n1,2015-02-05,1\n')
  await importFile(warehouse, 'sales', both, { ...options, existing: 'append' })
  expect(await rowsIn(warehouse)).toEqual([
    ['2015-01', 2],
    ['2015-02', 1],
  ])
  await importFile(warehouse, 'sales', path, { ...options, existing: 'replace' })
  expect(await rowsIn(warehouse)).toEqual([['2015-01', 1]])
})

test('origins are never mixed, and a bad file writes nothing', async () => {
  await using warehouse = openMemoryWarehouse()
  await importFile(warehouse, 'sales', await fileOf(january), { ...options, origin: 'simulated' })
  await expect(
    importFile(warehouse, 'sales', await fileOf(january), { ...options, existing: 'append' }),
  ).rejects.toMatchObject({ code: 'CONFLICT' })
  const commaAtTheEnd = `price;sold_at;pieces\n${'1;2015-03-01;1\n'.repeat(70_000)}1,5;2015-03-01;1\n`
  await expect(
    importFile(warehouse, 'sales', await fileOf(commaAtTheEnd), { ...options, existing: 'replace' }),
  ).rejects.toMatchObject({ code: 'BAD_INPUT' })
  expect(await warehouse.describe('sales')).toMatchObject({
    origin: 'simulated',
    partitions: [{ month: '2015-01', rows: 1 }],
  })
  expect(await readdir(join(folder(), 'tmp'))).toEqual([])
})

test('memory and disk take the same rows of a file', async () => {
  const path = await fileOf(
    `price,sold_at,pieces\n${Array.from({ length: 500 }, (_, i) => `${i / 7},2015-0${(i % 6) + 1}-01 00:00:${i % 60},${i}\n`).join('')}`,
  )
  await using memory = openMemoryWarehouse()
  await using disk = await openDuckdbWarehouse({
    directory: join(folder(), 'warehouse'),
    temporaryDirectory: join(folder(), 'tmp'),
  })
  const rows = async (warehouse: Warehouse) => {
    await importFile(warehouse, 'sales', path, options)
    return await warehouse.read(
      'sales',
      { fromMs: 0, toMs: 2e12 },
      { columns: ['price', 'sold_at', 'pieces'], orderBy: ['pieces'] },
    )
  }
  expect(await rows(disk)).toEqual(await rows(memory))
})

test('whenever it is stopped, it says so, leaves nothing behind, and works again', async () => {
  const rows = Array.from({ length: 40_000 }, (_, i) => `${i},2015-0${(i % 6) + 1}-01,1\n`)
  const path = await fileOf(`price,sold_at,pieces\n${rows.join('')}`)
  const directory = join(folder(), 'stopped')
  await using warehouse = await openDuckdbWarehouse({ directory, temporaryDirectory: join(folder(), 'tmp') })
  const codes = new Set<unknown>()
  for (let delayMs = 0; delayMs < 80; delayMs += 2) {
    const stop = new AbortController()
    setTimeout(() => stop.abort(), delayMs)
    const outcome = await importFile(warehouse, 'sales', path, { ...options, signal: stop.signal }).then(
      () => 'taken',
      (error: unknown) => (isPlanned(error) ? error.code : error),
    )
    codes.add(outcome)
    if (outcome === 'taken') await warehouse.drop('sales')
    else expect(await readdir(join(folder(), 'stopped')).catch(() => [])).toEqual([])
    if (outcome === 'taken') break
  }
  expect([...codes].filter((code) => code !== 'taken')).toEqual(['CANCELLED'])
  expect(await importFile(warehouse, 'sales', path, options)).toMatchObject({ rowsTaken: 40_000 })
})
