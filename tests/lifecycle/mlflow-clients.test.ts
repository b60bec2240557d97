// What clients of MLflow's interface may do to a model that the lifecycle keeps: it goes on, or says what is in its way.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { diskArtifacts } from '../../src/artifacts/disk.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { openVersion } from '../../src/lifecycle/open-version.ts'
import { promoteByHand } from '../../src/lifecycle/promote-by-hand.ts'
import { openAddresses } from '../../src/mlflow/addresses.ts'
import { type MlflowStore, openMlflowStore } from '../../src/mlflow/store.ts'
import { openStore } from '../../src/tracking/open-store.ts'
import { deliveries } from '../deliveries/project.ts'
import { openStage, type Stage } from './stage.ts'

const MODEL = 'deliveries'
const BY_ANN = { model: MODEL, actor: 'ann', reason: 'it is good' }

/** Does something over MLflow's interface, as a server beside the lifecycle would. */
async function asClient(stage: Stage, work: (store: MlflowStore) => Promise<unknown>): Promise<void> {
  const artifacts = diskArtifacts(join(stage.folder, 'artifacts'))
  const addresses = openAddresses(artifacts, null)
  const beginning = { nowMs: systemClock.nowMs(), defaultLocation: addresses.experimentLocation('0') }
  await using database = await openStore(join(stage.folder, 'mlflow.db'), beginning)
  await work(openMlflowStore({ database, artifacts, addresses, clock: systemClock }))
}

const named = (version: number) => ({ name: MODEL, version: String(version) })

test('of several versions that clients put into Production the newest is the champion; promoting one leaves it there alone', async () => {
  await using stage = await openStage(deliveries())
  await stage.month('2020-04', { rule: 'significant' })
  const toProduction = { stage: 'Production', archivesOthers: false }
  await asClient(stage, (store) => store.transitionStage(named(2), toProduction))
  expect(await stage.cast()).toBe('v1 Production, v2 Production')
  const { cycle } = await stage.month('2020-05', { rule: 'significant' })
  expect(cycle).toMatchObject({ champion: { version: 2 } })
  await asClient(stage, (store) => store.transitionStage(named(1), toProduction))
  const { moves } = await promoteByHand(stage, { ...BY_ANN, version: 1 })
  expect(moves.map(({ version, to }) => `v${version} ${to}`)).toEqual(['v2 Archived'])
  expect((await promoteByHand(stage, { ...BY_ANN, version: 1 })).moves).toEqual([])
  expect(await stage.tracking.noticeOutsideMoves(MODEL)).toEqual([])
})

test('a version without run or description that lies in an object store is told apart from one whose file is gone', async () => {
  await using stage = await openStage(deliveries())
  await stage.month('2020-04', { rule: 'significant' })
  await asClient(stage, async (store) => {
    const { version } = await store.createModelVersion({ name: MODEL, source: 's3://bucket/model', tags: [] })
    await store.updateModelVersion({ name: MODEL, version })
  })
  expect(await stage.tracking.version(MODEL, 3)).toMatchObject({ runId: null, description: '', stage: 'None' })
  await expect(promoteByHand(stage, { ...BY_ANN, version: 3 })).rejects.toMatchObject({
    code: 'BAD_DATA',
    why: 'its file s3://bucket/model/model.onnx lies where this program cannot read it',
  })
})

test('a copy of a version, made by a client, serves from the files of the first one', async () => {
  await using stage = await openStage(deliveries())
  await stage.month('2020-04', { rule: 'significant' })
  await asClient(stage, (store) => store.createModelVersion({ name: MODEL, source: `models:/${MODEL}/1`, tags: [] }))
  const { runId } = await stage.tracking.version(MODEL, 1)
  expect(await stage.tracking.version(MODEL, 3)).toMatchObject({ runId, source: `models:/${MODEL}/1` })
  await using predictor = await openVersion(stage.tracking, { model: MODEL, version: 3 })
  expect(predictor.inputs.length).toBeGreaterThan(0)
  expect((await promoteByHand(stage, { ...BY_ANN, version: 3 })).moves).toHaveLength(2)
})

test('a model that a client deleted begins anew, with numbers that were not given before', async () => {
  await using stage = await openStage(deliveries())
  await stage.month('2020-04', { rule: 'significant' })
  await asClient(stage, (store) => store.deleteRegisteredModel(MODEL))
  expect(await stage.tracking.noticeOutsideMoves(MODEL)).toEqual([])
  const { cycle } = await stage.month('2020-05', { rule: 'significant' })
  expect(cycle).toMatchObject({ verdict: expect.stringMatching(/promote|escalate/) })
  const versions = await stage.tracking.versions(MODEL)
  expect(Math.min(...versions.map(({ version }) => version))).toBe(3)
})
