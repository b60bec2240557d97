import { spawnSync } from 'node:child_process'
import { mkdir, mkdtempDisposable, readdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { OWN_MARK } from '../kernel/process-mark.ts'
import { openDuckdbWarehouse } from './duckdb.ts'
import { removeLeftBehind } from './left-behind.ts'

/** The mark of a process that has ended. */
const GONE = `${spawnSync(process.execPath, ['--version']).pid}-1`

test('opening a warehouse clears what killed processes left in it, and nothing of those that live', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'understudy-left-'))
  await using elsewhere = await mkdtempDisposable(join(tmpdir(), 'understudy-left-'))
  const root = folder.path
  for (const path of [
    `raw/.writing-${GONE}-a1`,
    `raw/.writing-${OWN_MARK}-a1`,
    `never/.writing-${GONE}-a1`,
    'raw/month=2015-01',
  ])
    await mkdir(join(root, path), { recursive: true })
  await writeFile(join(root, `raw/.writing-${GONE}-a1`, 'half.parquet'), 'PAR1')
  await writeFile(join(root, 'raw.lock'), `${GONE} a1`)
  await writeFile(join(root, 'raw.lock-breaking-b2'), GONE)
  await writeFile(join(root, 'other.lock'), `${OWN_MARK} a1`)
  await writeFile(join(root, 'named-by-nobody.lock'), '')
  await using _warehouse = await openDuckdbWarehouse({
    directory: root,
    temporaryDirectory: join(elsewhere.path, 'tmp'),
  })
  expect((await readdir(root)).sort()).toEqual(['named-by-nobody.lock', 'other.lock', 'raw'])
  expect((await readdir(join(root, 'raw'))).sort()).toEqual([`.writing-${OWN_MARK}-a1`, 'month=2015-01'])
})

test('a warehouse that is not there yet is not made', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'understudy-left-'))
  removeLeftBehind(join(folder.path, 'warehouse'))
  expect(await readdir(folder.path)).toEqual([])
})
