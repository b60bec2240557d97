import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { openDuckdbWarehouse } from './duckdb.ts'
import { warehouseContract } from './warehouse.contract.ts'

let scratch = ''
let opened = 0
const freshDirectory = (): string => join(scratch, `warehouse '${opened++}' [é*?]`)

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'understudy-warehouse-'))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

warehouseContract('the DuckDB warehouse', () =>
  openDuckdbWarehouse({ directory: freshDirectory(), temporaryDirectory: join(scratch, 'tmp') }),
)
