// The laws of registered models and their versions.
import { expect, test } from 'vitest'
import { MODEL, MODEL_BYTES, type OpenBed, registered, startedRun } from './tracking-bed.ts'

export function registryLaws(open: OpenBed): void {
  registrationLaws(open)
  repeatedAndRefusedLaws(open)
  numberLaws(open)
  readingLaws(open)
}

function registrationLaws(open: OpenBed): void {
  test('a version is registered in stage None with all it was given, and read back', async () => {
    const { tracking, madeAtMs } = await open()
    const run = await startedRun(tracking)
    await tracking.logArtifact(run.id, 'deep/model é/model.onnx', MODEL_BYTES)
    const version = await tracking.registerVersion({
      name: 'taxi fare é',
      runId: run.id,
      path: 'deep/model é',
      description: 'trained on January',
      tags: { trained_to: '2015-02-01', measured: 'false' },
    })
    expect(version).toEqual({
      name: 'taxi fare é',
      version: 1,
      stage: 'None',
      runId: run.id,
      source: expect.stringMatching(/\/deep\/model( |%20)(é|%C3%A9)$/), // spelt as addresses are, or as paths are
      description: 'trained on January',
      createdAtMs: madeAtMs,
      tags: { trained_to: '2015-02-01', measured: 'false' },
    })
    expect(version.source.startsWith(run.artifactUri)).toBe(true)
    expect(await tracking.version('taxi fare é', 1)).toEqual(version)
    expect(await tracking.versions('taxi fare é')).toEqual([version])
    expect(await tracking.readModelFile('taxi fare é', 1, 'model.onnx')).toEqual(MODEL_BYTES)
    expect(await tracking.history('taxi fare é')).toEqual([])
  })

  test('models are listed by name, versions newest first, and an unknown model has none', async () => {
    const { tracking } = await open()
    expect(await tracking.models()).toEqual([])
    const [first] = await registered(tracking, 2)
    await tracking.registerVersion({ name: 'another', runId: first?.runId ?? '', path: 'model' })
    expect(await tracking.models()).toEqual(['another', MODEL])
    expect((await tracking.versions(MODEL)).map((version) => version.version)).toEqual([2, 1])
    expect(await tracking.versions('TAXIFARE')).toEqual([])
  })
}

function repeatedAndRefusedLaws(open: OpenBed): void {
  test('a registration with an effect key happens once and returns what it first did', async () => {
    const { tracking, openAgain } = await open()
    const [first] = await registered(tracking)
    const options = { name: MODEL, runId: first?.runId ?? '', path: 'model' }
    const second = await tracking.registerVersion(options, 'flow-1/register')
    await tracking.setVersionTags(MODEL, 2, { later: 'yes' })
    expect(await tracking.registerVersion(options, 'flow-1/register')).toEqual(second)
    expect(await (await openAgain()).registerVersion(options, 'flow-1/register')).toEqual(second)
    expect(await tracking.versions(MODEL)).toHaveLength(2)
    const { id: experimentId } = await tracking.experiment('taxi')
    const misused = tracking.startRun({ experimentId, name: 'a' }, 'flow-1/register')
    await expect(misused).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('flow-1/register'),
    })
  })

  test('a model can be registered from a run that has ended, but not from nothing', async () => {
    const { tracking } = await open()
    const run = await startedRun(tracking)
    await tracking.logArtifact(run.id, 'model/model.onnx', MODEL_BYTES)
    await tracking.endRun(run.id, 'FINISHED')
    const empty = tracking.registerVersion({ name: MODEL, runId: run.id, path: 'mode' })
    await expect(empty).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('"mode"') })
    const noRun = tracking.registerVersion({ name: MODEL, runId: 'f00d', path: 'model' })
    await expect(noRun).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const outside = tracking.registerVersion({ name: MODEL, runId: run.id, path: '../../..' })
    await expect(outside).rejects.toMatchObject({ code: 'BAD_INPUT' })
    expect(await tracking.models()).toEqual([])
    expect((await tracking.registerVersion({ name: MODEL, runId: run.id, path: 'model' })).version).toBe(1)
  })

  test.each(['', ' ', 'a/b', 'a:b', '..', 'x'.repeat(257)])('no model may be named %j', async (name) => {
    const { tracking } = await open()
    const run = await startedRun(tracking)
    await tracking.logArtifact(run.id, 'model/model.onnx', MODEL_BYTES)
    const refused = tracking.registerVersion({ name, runId: run.id, path: 'model' })
    await expect(refused).rejects.toMatchObject({ code: 'BAD_INPUT' })
  })
}

function numberLaws(open: OpenBed): void {
  test('versions count up from 1 for each model, also when many register at once', async () => {
    const { tracking, openAgain } = await open()
    const [first] = await registered(tracking)
    const other = await openAgain()
    const options = { name: 'other', runId: first?.runId ?? '', path: 'model' }
    const made = await Promise.all(
      [tracking, other, tracking, other, tracking].map((each) => each.registerVersion(options)),
    )
    expect(made.map((version) => version.version).sort()).toEqual([1, 2, 3, 4, 5])
    expect((await registered(tracking))[0]?.version).toBe(2)
  })

  test('a number is never given twice, not after its version or its whole model was deleted elsewhere', async () => {
    const { tracking, deleteOutside, deleteModelOutside } = await open()
    await registered(tracking, 3)
    await deleteOutside(MODEL, 3)
    expect((await registered(tracking))[0]?.version).toBe(4)
    await deleteModelOutside(MODEL)
    expect(await tracking.models()).toEqual([])
    expect((await registered(tracking))[0]?.version).toBe(5)
    expect((await tracking.versions(MODEL)).map((version) => version.version)).toEqual([5])
  })
}

function readingLaws(open: OpenBed): void {
  test("a version's tags can be changed and added to", async () => {
    const { tracking } = await open()
    await registered(tracking, 2)
    await tracking.setVersionTags(MODEL, 1, { verdict: 'keep' })
    await tracking.setVersionTags(MODEL, 1, { verdict: 'promote', note: 'é'.repeat(50_000) })
    expect((await tracking.version(MODEL, 1)).tags).toEqual({ verdict: 'promote', note: 'é'.repeat(50_000) })
    expect((await tracking.version(MODEL, 2)).tags).toEqual({})
    const tooLong = tracking.setVersionTags(MODEL, 1, { note: 'x'.repeat(100_001) })
    await expect(tooLong).rejects.toMatchObject({ code: 'BAD_INPUT' })
  })

  test('the newest version of each stage is found, wherever others moved it', async () => {
    const { tracking, moveOutside, deleteOutside } = await open()
    expect(await tracking.latestVersions(MODEL)).toEqual([])
    await registered(tracking, 5)
    await moveOutside(MODEL, 2, 'Production')
    await moveOutside(MODEL, 3, 'Archived')
    await tracking.setVersionTags(MODEL, 2, { verdict: 'promote' })
    const latest = async () => (await tracking.latestVersions(MODEL)).toSorted((a, b) => a.version - b.version)
    expect(await latest()).toEqual(await Promise.all([2, 3, 5].map((version) => tracking.version(MODEL, version))))
    await moveOutside(MODEL, 4, 'Archived')
    await deleteOutside(MODEL, 5)
    expect((await latest()).map(({ version, stage }) => `${version} ${stage}`)).toEqual([
      '1 None',
      '2 Production',
      '4 Archived',
    ])
  })

  test('an alias stands for the version it was given last', async () => {
    const { tracking, aliasOutside, deleteOutside } = await open()
    expect(await tracking.aliases(MODEL)).toEqual({})
    await registered(tracking, 3)
    await aliasOutside(MODEL, 'shadow', 1)
    await aliasOutside(MODEL, 'champion', 1)
    await aliasOutside(MODEL, 'champion', 3)
    expect(await tracking.aliases(MODEL)).toEqual({ champion: 3, shadow: 1 })
    expect(await tracking.aliases('another')).toEqual({})
    await deleteOutside(MODEL, 3)
    expect(await tracking.aliases(MODEL)).toEqual({ shadow: 1 })
  })

  test('what is absent is NOT_FOUND and named', async () => {
    const { tracking, deleteOutside } = await open()
    await registered(tracking, 2)
    await deleteOutside(MODEL, 2)
    for (const [name, version] of [
      [MODEL, 9],
      [MODEL, 2],
      ['nothing', 1],
    ] as const) {
      const absent = {
        code: 'NOT_FOUND',
        message: expect.stringContaining(`version ${version} of the model "${name}"`),
      }
      await expect(tracking.version(name, version)).rejects.toMatchObject(absent)
      await expect(tracking.setVersionTags(name, version, { a: '1' })).rejects.toMatchObject(absent)
      await expect(tracking.readModelFile(name, version, 'model.onnx')).rejects.toMatchObject(absent)
    }
    await expect(tracking.readModelFile(MODEL, 1, 'other.onnx')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(tracking.readModelFile(MODEL, 1, '../../x')).rejects.toMatchObject({ code: 'BAD_INPUT' })
    expect((await tracking.versions(MODEL)).map((found) => found.version)).toEqual([1])
  })
}
