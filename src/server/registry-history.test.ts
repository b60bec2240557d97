// Every change of stage that a client of MLflow's interface makes is in the sealed history, and the lifecycle lives with what clients do.
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { memoryArtifacts } from '../artifacts/memory.ts'
import { type EmbeddedTracking, openEmbeddedTracking } from '../tracking/embedded.ts'
import { CAUSE, registered } from '../tracking/tracking-bed.ts'
import { granted, moveTo, newModel, newRun, newVersion, refused } from './registry-bed.ts'
import { openServerBed, type ServerBed } from './server-bed.ts'

let bed: ServerBed
let tracking: EmbeddedTracking
beforeEach(async () => {
  bed = await openServerBed({ artifactsIn: () => memoryArtifacts() })
  const { databasePath, artifacts, clock } = bed
  tracking = await openEmbeddedTracking({ databasePath, artifacts, clock, user: 'tester' })
})
afterEach(async () => {
  expect(bed.reported).toEqual([])
  expect(await tracking.verifyHistory()).toMatchObject({ kind: 'whole' })
  await tracking[Symbol.asyncDispose]()
  await bed[Symbol.asyncDispose]()
})

/** `1 None>Staging (why)` of every row, oldest first. */
async function historyOf(model: string): Promise<string[]> {
  const rows = await tracking.history(model)
  return rows.map(({ version, from, to, actor, reason }) => `${version} ${from}>${to} ${actor}: ${reason}`)
}

/** The history of a model says of each of its versions the stage that it is in. */
async function expectExplained(model: string): Promise<void> {
  const last = new Map((await tracking.history(model)).map(({ version, to }) => [version, to]))
  for (const { version, stage } of await tracking.versions(model)) expect(last.get(version) ?? 'None').toBe(stage)
  expect(await tracking.noticeOutsideMoves(model)).toEqual([])
}

const one = (version: number) => ({ name: 'one', version: String(version) })
const MOVED = "MLflow client: moved through MLflow's interface"

async function makeVersions(count: number): Promise<void> {
  await newModel(bed, 'one')
  for (let made = 0; made < count; made++) await newVersion(bed, 'one')
}

test('a move is in the history with who, from where to where and when; one to where the version is already is none', async () => {
  await makeVersions(1)
  bed.clock.advance(9)
  const moved = await moveTo(bed, one(1), 'staging')
  expect(moved).toMatchObject({ current_stage: 'Staging', last_updated_timestamp: bed.clock.nowMs() })
  await moveTo(bed, one(1), 'STAGING')
  expect(await historyOf('one')).toEqual([`1 None>Staging ${MOVED}`])
  expect((await tracking.history('one'))[0]?.atMs).toBe(bed.clock.nowMs())
  await expectExplained('one')
})

test('archiving those that are there gives each a row of its own, before the one that takes the place', async () => {
  await makeVersions(3)
  await moveTo(bed, one(1), 'Production')
  await moveTo(bed, one(2), 'Production', false)
  expect((await tracking.versions('one')).map(({ stage }) => stage)).toEqual(['None', 'Production', 'Production'])
  await moveTo(bed, one(3), 'Production', true)
  expect((await historyOf('one')).slice(2)).toEqual([
    "1 Production>Archived MLflow client: superseded by v3 through MLflow's interface",
    "2 Production>Archived MLflow client: superseded by v3 through MLflow's interface",
    `3 None>Production ${MOVED}`,
  ])
  await moveTo(bed, one(3), 'None')
  await moveTo(bed, one(3), 'Archived', false)
  await expectExplained('one')
})

test('archiving makes no sense for None and Archived, which is the caller’s mistake; an unknown stage is named', async () => {
  await makeVersions(1)
  for (const stage of ['None', 'archived']) {
    const body = { ...one(1), stage, archive_existing_versions: true }
    const message = `Model version transition cannot archive existing model versions because '${stage}' is not an Active stage. Valid stages are ['Staging', 'Production']`
    expect(await bed.ask('POST', 'model-versions/transition-stage', body)).toEqual(refused(400, message))
  }
  for (const stage of ['Prod', 'Deleted_Internal']) {
    const message = `Invalid Model Version stage: ${stage}. Value must be one of None, Staging, Production, Archived.`
    const answer = await bed.ask('POST', 'model-versions/transition-stage', { ...one(1), stage })
    expect(answer).toEqual(refused(400, message))
  }
  expect(await historyOf('one')).toEqual([])
})

test('what was moved behind the server’s back is noticed first', async () => {
  await makeVersions(2)
  const connection = new DatabaseSync(bed.databasePath)
  connection.exec("update model_versions set current_stage = 'Production' where version = 1")
  connection.close()
  await moveTo(bed, one(2), 'Production', true)
  expect(await historyOf('one')).toEqual([
    '1 None>Production unknown: moved outside Understudy, seen at 2015-01-31T12:00:00.000Z',
    "1 Production>Archived MLflow client: superseded by v2 through MLflow's interface",
    `2 None>Production ${MOVED}`,
  ])
})

test('a version deleted in Production or Staging leaves its stage in the history; one in no stage leaves nothing', async () => {
  await makeVersions(3)
  await moveTo(bed, one(1), 'Production')
  await granted(bed, 'DELETE', 'model-versions/delete', one(1))
  await granted(bed, 'DELETE', 'model-versions/delete', one(2))
  expect(await historyOf('one')).toEqual([
    `1 None>Production ${MOVED}`,
    "1 Production>Archived MLflow client: deleted through MLflow's interface",
  ])
  await expectExplained('one')
})

test('a deleted model leaves its history; made again, its versions go on counting', async () => {
  await makeVersions(2)
  await moveTo(bed, one(2), 'Production')
  await granted(bed, 'POST', 'registered-models/alias', { ...one(2), alias: 'best' })
  await granted(bed, 'POST', 'model-versions/set-tag', { ...one(2), key: 'a', value: 'b' })
  await granted(bed, 'POST', 'registered-models/set-tag', { name: 'one', key: 'a', value: 'b' })
  await granted(bed, 'DELETE', 'registered-models/delete', { name: 'one' })
  expect(await historyOf('one')).toEqual([
    `2 None>Production ${MOVED}`,
    "2 Production>Archived MLflow client: deleted with its model through MLflow's interface",
  ])
  expect(await newModel(bed, 'one')).not.toHaveProperty('tags')
  expect(await newVersion(bed, 'one')).toMatchObject({ version: '3', current_stage: 'None' })
  const run = await newRun(bed)
  await tracking.logArtifact(run.run_id, 'model/model.onnx', Uint8Array.of(1))
  expect(await tracking.registerVersion({ name: 'one', runId: run.run_id, path: 'model' })).toMatchObject({
    version: 4,
  })
  await expectExplained('one')
})

test('a renamed model keeps its versions, tags and aliases, and the history explains both names', async () => {
  await makeVersions(3)
  await moveTo(bed, one(1), 'Archived')
  await moveTo(bed, one(2), 'Production')
  await granted(bed, 'POST', 'registered-models/alias', { ...one(2), alias: 'best' })
  await granted(bed, 'POST', 'model-versions/set-tag', { ...one(2), key: 'a', value: 'b' })
  bed.clock.advance(4)
  const renamed = await granted(bed, 'POST', 'registered-models/rename', { name: 'one', new_name: 'two' })
  expect(renamed.registered_model).toMatchObject({
    name: 'two',
    last_updated_timestamp: bed.clock.nowMs(),
    aliases: [{ alias: 'best', version: '2' }],
  })
  expect(await granted(bed, 'GET', 'model-versions/get?name=two&version=2')).toMatchObject({
    model_version: { current_stage: 'Production', aliases: ['best'], tags: [{ key: 'a', value: 'b' }] },
  })
  const came = 'MLflow client: the model was renamed from "one" through MLflow\'s interface'
  expect(await historyOf('two')).toEqual([`1 None>Archived ${came}`, `2 None>Production ${came}`])
  expect((await historyOf('one')).at(-1)).toBe(
    '2 Production>Archived MLflow client: the model was renamed to "two" through MLflow\'s interface',
  )
  await expectExplained('one')
  await expectExplained('two')
  await newModel(bed, 'one')
  expect((await newVersion(bed, 'one')).version).toBe('4')
  expect((await newVersion(bed, 'two')).version).toBe('4')
})

test('a rename to a name that is taken is refused, and to its own name changes nothing but the time', async () => {
  await makeVersions(1)
  await newModel(bed, 'two')
  const taken = await bed.ask('POST', 'registered-models/rename', { name: 'one', new_name: 'two' })
  expect(taken).toEqual(refused(400, 'Registered Model (name=two) already exists.', 'RESOURCE_ALREADY_EXISTS'))
  const blank = await bed.ask('POST', 'registered-models/rename', { name: 'one', new_name: ' ' })
  expect(blank).toEqual(refused(400, "Missing value for required parameter 'new_name'."))
  await granted(bed, 'POST', 'registered-models/rename', { name: 'one', new_name: 'one' })
  expect(await historyOf('one')).toEqual([])
})

test('a model that takes the name of a deleted one has versions whose stages the history explains', async () => {
  await makeVersions(1)
  await moveTo(bed, one(1), 'Production')
  await granted(bed, 'DELETE', 'registered-models/delete', { name: 'one' })
  await newModel(bed, 'other')
  await newVersion(bed, 'other')
  await granted(bed, 'POST', 'registered-models/rename', { name: 'other', new_name: 'one' })
  await expectExplained('one')
  expect((await newVersion(bed, 'one')).version).toBe('2')
})

test('the lifecycle replaces the newest of several versions in Production, and archives them all', async () => {
  const versions = await registered(tracking, 3)
  const name = versions[0]?.name ?? ''
  for (const version of ['1', '2']) await moveTo(bed, { name, version }, 'Production')
  const promoted = await tracking.move(name, [{ version: 3, to: 'Production', replaces: 2, cause: CAUSE }])
  expect(promoted.map(({ version, to }) => `${version} ${to}`)).toEqual(['1 Archived', '2 Archived', '3 Production'])
})

test('moves by twenty clients at once are all in the history, in order, under whole seals', async () => {
  await makeVersions(20)
  await Promise.all(
    Array.from({ length: 20 }, (_, index) => moveTo(bed, one(index + 1), 'Production', index % 2 === 0)),
  )
  await expectExplained('one')
})
