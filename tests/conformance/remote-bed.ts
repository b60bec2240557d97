// What tests of tracking on a server need around it: the adapter, a clock, and MLflow's own interface to act behind the adapter's back.
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'vitest'
import { diskArtifacts } from '../../src/artifacts/disk.ts'
import type { Tracking } from '../../src/tracking/port.ts'
import { openRemoteTracking } from '../../src/tracking/remote.ts'
import type { Patience } from '../../src/tracking/rest.ts'
import { type TrackingBed, testClock } from '../../src/tracking/tracking-bed.ts'

export const QUICK: Patience = { tries: 6, firstWaitMs: 5, longestWaitMs: 40, timeoutMs: 20_000 }

/** A bed on an empty server. */
export function remoteBed(address: string): TrackingBed {
  const clock = testClock()
  const open = (): Tracking =>
    openRemoteTracking({
      address: { uri: address, username: null, password: null, token: null },
      ...{ clock, user: 'tester', folder: diskArtifacts, patience: QUICK, othersMoveMs: 500 },
    })
  const ask = (method: string, path: string, body: object): Promise<unknown> => askMlflow(address, method, path, body)
  return {
    tracking: open(),
    clock,
    madeAtMs: expect.any(Number),
    openAgain: async () => open(),
    async moveOutside(name, version, to) {
      await ask('POST', 'model-versions/transition-stage', {
        ...{ name, version: String(version), stage: to, archive_existing_versions: false },
      })
    },
    async aliasOutside(name, alias, version) {
      await ask('POST', 'registered-models/alias', { name, alias, version: String(version) })
    },
    async deleteOutside(name, version) {
      await ask('DELETE', 'model-versions/delete', { name, version: String(version) })
    },
    async deleteModelOutside(name) {
      await ask('DELETE', 'registered-models/delete', { name })
    },
  }
}

/** A request as anybody's program would make it. Throws for any answer but a success. */
export async function askMlflow(address: string, method: string, path: string, body: object): Promise<unknown> {
  const response = await fetch(`${address}/api/2.0/mlflow/${path}`, {
    ...{ method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
  return JSON.parse(text)
}

/** Empties the database of a server that goes on running: starting one for each law would take minutes. */
export function emptyDatabase(path: string): void {
  const database = new DatabaseSync(path, { timeout: 20_000, enableForeignKeyConstraints: false })
  const names = database.prepare("select name from sqlite_master where type = 'table'").all()
  const tables = names.map(({ name }) => String(name))
  database.exec('begin immediate')
  for (const table of tables) {
    if (table === 'experiments') database.exec('delete from experiments where experiment_id <> 0')
    else if (/^(runs|metrics|latest_metrics|params|tags|datasets|inputs|input_tags|experiment_tags)$/.test(table)) {
      database.exec(`delete from ${table}`)
    } else if (/^(registered_model|model_version|logged_model)/.test(table)) database.exec(`delete from ${table}`)
  }
  database.exec('commit')
  database.close()
}
