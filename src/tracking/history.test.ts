import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { memoryArtifacts } from '../artifacts/memory.ts'
import { type EmbeddedTracking, openEmbeddedTracking } from './embedded.ts'
import { CAUSE, MODEL, registered, testClock } from './tracking-bed.ts'

let folder = ''
let tracking: EmbeddedTracking
const elsewhere = (statements: string): void => {
  const connection = new DatabaseSync(join(folder, 'mlflow.db'))
  connection.exec(statements)
  connection.close()
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'understudy-history-'))
  const databasePath = join(folder, 'mlflow.db')
  tracking = await openEmbeddedTracking({ databasePath, artifacts: memoryArtifacts(), clock: testClock(), user: 't' })
  await registered(tracking, 3)
  for (const version of [1, 2, 3]) await tracking.move(MODEL, [{ version, to: 'Production', cause: CAUSE }])
})
afterEach(async () => {
  await tracking[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const COLUMNS = 'id, name, version, from_stage, to_stage, actor, reason, evidence, at_ms, previous_seal, seal'

test.each([
  ['update', `update understudy_transitions set reason = 'other' where id = 2`],
  ['delete', 'delete from understudy_transitions where id = 5'],
  [
    'replace',
    `insert or replace into understudy_transitions select 2, name, 9, from_stage, to_stage, actor, reason, evidence, at_ms, previous_seal, seal from understudy_transitions where id = 2`,
  ],
  [
    'insert in front',
    `insert into understudy_transitions (${COLUMNS}) values (0, 'm', 1, 'None', 'Staging', 'a', 'r', 'null', 1, '', 'x')`,
  ],
  [
    'insert unlinked',
    `insert into understudy_transitions (${COLUMNS}) values (6, 'm', 1, 'None', 'Staging', 'a', 'r', 'null', 1, 'y', 'x')`,
  ],
])('the database itself refuses to %s a row of the history', async (_, statement) => {
  const before = await tracking.history(MODEL)
  expect(before).toHaveLength(5)
  expect(() => elsewhere(statement)).toThrow('only ever added to')
  expect(await tracking.history(MODEL)).toEqual(before)
  expect(await tracking.verifyHistory()).toEqual({ kind: 'whole', rows: 5 })
})

test.each([
  [`update understudy_transitions set reason = 'because' where id = 2`, 2, 'edited'],
  [`update understudy_transitions set evidence = 'no JSON' where id = 3`, 3, 'edited'],
  [`update understudy_transitions set at_ms = at_ms + 1 where id = 5`, 5, 'edited'],
  ['delete from understudy_transitions where id = 3', 4, 'missing'],
  [
    'delete from understudy_transitions where id = 3; update understudy_transitions set id = id - 1 where id > 3',
    3,
    'follow',
  ],
])('who removes the triggers and runs %s is found out', async (statement, atId, reason) => {
  elsewhere(
    `drop trigger understudy_transitions_are_not_edited; drop trigger understudy_transitions_are_not_deleted; ${statement}`,
  )
  expect(await tracking.verifyHistory()).toEqual({ kind: 'broken', atId, reason: expect.stringContaining(reason) })
})
