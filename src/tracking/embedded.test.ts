import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll } from 'vitest'
import { diskArtifacts } from '../artifacts/disk.ts'
import { openEmbeddedTracking } from './embedded.ts'
import type { Tracking } from './port.ts'
import { trackingContract } from './tracking.contract.ts'
import { NOON_MS, type TrackingBed, testClock } from './tracking-bed.ts'

let scratch = ''
let opened = 0
const toClose: Tracking[] = []

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'understudy-tracking-'))
})
afterAll(async () => {
  for (const tracking of toClose) await tracking[Symbol.asyncDispose]()
  await rm(scratch, { recursive: true, force: true })
})

trackingContract('the embedded store', async (): Promise<TrackingBed> => {
  const home = join(scratch, String(opened++))
  const databasePath = join(home, 'mlflow.db')
  const clock = testClock()
  const open = async (): Promise<Tracking> => {
    const artifacts = diskArtifacts(join(home, 'artifacts'))
    const tracking = await openEmbeddedTracking({ databasePath, artifacts, clock, user: 'tester' })
    toClose.push(tracking)
    return tracking
  }
  const mlflow = (...statements: readonly [string, ...(string | number)[]][]): void => {
    const connection = new DatabaseSync(databasePath, { timeout: 5000 })
    for (const [text, ...values] of statements) connection.prepare(text).run(...values)
    connection.close()
  }
  return {
    tracking: await open(),
    clock,
    madeAtMs: NOON_MS,
    openAgain: open,
    async moveOutside(name, version, to) {
      mlflow(['update model_versions set current_stage = ? where name = ? and version = ?', to, name, version])
    },
    async aliasOutside(name, alias, version) {
      mlflow(
        ['delete from registered_model_aliases where name = ? and alias = ?', name, alias],
        ['insert into registered_model_aliases (name, alias, version) values (?, ?, ?)', name, alias, version],
      )
    },
    async deleteOutside(name, version) {
      mlflow(
        ['delete from registered_model_aliases where name = ? and version = ?', name, version],
        ['delete from model_version_tags where name = ? and version = ?', name, version],
        [
          `update model_versions set current_stage = 'Deleted_Internal', source = 'REDACTED-SOURCE-PATH', run_id = 'REDACTED-RUN-ID'
           where name = ? and version = ?`,
          ...[name, version],
        ],
      )
    },
    async deleteModelOutside(name) {
      for (const table of ['registered_model_aliases', 'model_version_tags', 'model_versions', 'registered_models']) {
        mlflow([`delete from ${table} where name = ?`, name])
      }
    },
  }
})
