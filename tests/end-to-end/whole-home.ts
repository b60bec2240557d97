// What must be true of a home whenever nobody is at work in it, however often somebody was killed there.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'vitest'
import { diskArtifacts } from '../../src/artifacts/disk.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { monthWindow } from '../../src/kernel/window.ts'
import { openWarehouse } from '../../src/main/open-warehouse.ts'
import { openEmbeddedTracking } from '../../src/tracking/embedded.ts'

/** What a home has come to, as far as it must be the same whatever happened on the way. */
export interface Kept {
  /** `v1 Archived`, oldest first. */
  readonly versions: readonly string[]
  /** `v1 None → Staging`, in order. */
  readonly moves: readonly string[]
}

/** Rows of one query, in a connection of their own. */
export function rowsOf(home: string, file: 'mlflow.db' | 'flow.db', sql: string): Record<string, unknown>[] {
  const database = new DatabaseSync(join(home, file), { timeout: 5_000 }) // one that may only read leaves its log behind
  try {
    return database.prepare(sql).all()
  } finally {
    database.close()
  }
}

/** Holds a home against the rules. `context` is shown where one is broken. Returns what it has come to. */
export async function expectWhole(home: string, model: string, context: string): Promise<Kept> {
  expect(leftovers(home), context).toEqual([])
  for (const file of ['mlflow.db', 'flow.db'] as const) {
    expect(rowsOf(home, file, 'pragma integrity_check'), `${file}, ${context}`).toEqual([{ integrity_check: 'ok' }])
    expect(rowsOf(home, file, 'pragma foreign_key_check'), `${file}, ${context}`).toEqual([])
  }
  expect(rowsOf(home, 'flow.db', `select flow, key from flow_runs where status = 'running'`), context).toEqual([])
  const registered = `select value, count(*) as versions from model_version_tags where key = 'understudy.effect' group by value having count(*) > 1`
  expect(rowsOf(home, 'mlflow.db', registered), `registered twice, ${context}`).toEqual([])
  const running = `select t.value as kind from runs r join tags t on t.run_uuid = r.run_uuid and t.key = 'understudy.kind'
    where r.status = 'RUNNING' and t.value <> 'monitor'`
  expect(rowsOf(home, 'mlflow.db', running), `runs that never ended, ${context}`).toEqual([])
  await expectReadable(home, context)
  return await keptIn(home, model, context)
}

async function keptIn(home: string, model: string, context: string): Promise<Kept> {
  const artifacts = diskArtifacts(join(home, 'artifacts'))
  const databasePath = join(home, 'mlflow.db')
  await using tracking = await openEmbeddedTracking({ databasePath, artifacts, clock: systemClock, user: 'tester' })
  expect(await tracking.verifyHistory(), context).toMatchObject({ kind: 'whole' })
  expect(await tracking.noticeOutsideMoves(model), `moved without a line in the history, ${context}`).toEqual([])
  const versions = (await tracking.versions(model)).toReversed()
  for (const stage of ['Production', 'Staging']) {
    expect(versions.filter((version) => version.stage === stage).length, `in ${stage}, ${context}`).toBeLessThan(2)
  }
  for (const { version } of versions) await tracking.readModelFile(model, version, 'model.onnx')
  return {
    versions: versions.map(({ version, stage }) => `v${version} ${stage}`),
    moves: (await tracking.history(model)).map(({ version, from, to }) => `v${version} ${from} → ${to}`),
  }
}

/** Reads every row of every table. */
async function expectReadable(home: string, context: string): Promise<void> {
  await using warehouse = await openWarehouse(home)
  for (const { name, partitions, schema } of await warehouse.tables()) {
    for (const { month, rows } of partitions) {
      const columns = schema.columns.map((column) => column.name)
      const batch = await warehouse.read(name, monthWindow(month), { columns, orderBy: [] })
      expect(batch.rows, `${name} ${month}, ${context}`).toBe(rows)
    }
  }
}

/** Files that belong to nobody: half-written ones, locks, and parts that no table lists. */
export function leftovers(home: string): string[] {
  const files = globSync('**', { cwd: home, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(home.length + 1))
  const halfWritten = /\.new$|\.lock$|-breaking-|\.writing-|\.partial\/|^tmp\/|\.db-(wal|shm|journal)$/
  const listed = globSync('warehouse/*/manifest.json', { cwd: home }).map((path) =>
    readFileSync(join(home, path), 'utf8'),
  )
  const isUnlisted = (path: string): boolean => {
    const part = /^warehouse\/.*\/(part-.*\.parquet)$/.exec(path)?.[1]
    return part !== undefined && !listed.some((manifest) => manifest.includes(part))
  }
  return files.filter((path) => halfWritten.test(path) || isUnlisted(path)).sort()
}
