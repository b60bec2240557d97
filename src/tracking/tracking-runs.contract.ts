// The laws of experiments and runs, from their start to their seal.
import { expect, test } from 'vitest'
import { INPUT, NOON_MS, type OpenBed, point, startedRun } from './tracking-bed.ts'

export function runLaws(open: OpenBed): void {
  experimentLaws(open)
  startLaws(open)
  effectLaws(open)
  absenceLaws(open)
  artifactLaws(open)
  sealLaws(open)
  searchLaws(open)
}

function experimentLaws(open: OpenBed): void {
  test('an experiment is made when first named, and found by its name', async () => {
    const { tracking } = await open()
    expect(await tracking.findExperiment('taxi é')).toBeNull()
    const made = await tracking.experiment('taxi é')
    expect(await tracking.experiment('taxi é')).toEqual(made)
    expect(await tracking.findExperiment('taxi é')).toEqual(made)
    expect((await tracking.experiment('TAXI é')).id).not.toBe(made.id)
  })

  test('an experiment that many ask for at once is made once', async () => {
    const { tracking, openAgain } = await open()
    const other = await openAgain()
    const asked = await Promise.all([tracking, other, tracking, other].map((each) => each.experiment('taxi')))
    expect(new Set(asked.map((experiment) => experiment.id)).size).toBe(1)
  })

  test.each(['', '  ', 'a\0b', 'x'.repeat(501)])('an experiment cannot be named %j', async (name) => {
    const { tracking } = await open()
    await expect(tracking.experiment(name)).rejects.toMatchObject({ code: 'BAD_INPUT' })
  })
}

function startLaws(open: OpenBed): void {
  test('a run starts with its name, tags, time and place, and is read back so', async () => {
    const { tracking, clock } = await open()
    clock.advance(5)
    const { id: experimentId } = await tracking.experiment('taxi')
    const run = await tracking.startRun({ experimentId, name: 'train é', tags: { month: '2015-01' } })
    expect(run).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      experimentId,
      name: 'train é',
      status: 'RUNNING',
      startedAtMs: NOON_MS + 5,
      endedAtMs: null,
      params: {},
      metrics: {},
      artifactUri: expect.stringContaining(`/${experimentId}/${run.id}/artifacts`),
    })
    expect(run.tags).toMatchObject({ month: '2015-01', 'mlflow.runName': 'train é', 'mlflow.user': 'tester' })
    expect(Object.keys(run.tags)).toEqual(expect.arrayContaining(['mlflow.source.name', 'mlflow.source.type']))
    expect(await tracking.run(run.id)).toEqual(run)
  })
}

function effectLaws(open: OpenBed): void {
  test('a start with an effect key happens once, also through another adapter; without one it happens every time', async () => {
    const { tracking, openAgain, clock } = await open()
    const { id: experimentId } = await tracking.experiment('taxi')
    const first = await tracking.startRun({ experimentId, name: 'a' }, 'flow-1/train')
    await tracking.endRun(first.id, 'FAILED')
    clock.advance(1000)
    expect(await tracking.startRun({ experimentId, name: 'b' }, 'flow-1/train')).toEqual(first)
    expect(await (await openAgain()).startRun({ experimentId, name: 'c' }, 'flow-1/train')).toEqual(first)
    const free = [
      await tracking.startRun({ experimentId, name: 'a' }),
      await tracking.startRun({ experimentId, name: 'a' }),
    ]
    expect((await tracking.findRuns(experimentId, {})).map((run) => run.id).sort()).toEqual(
      [first.id, ...free.map((run) => run.id)].sort(),
    )
  })

  test('starts at once with one effect key make one run', async () => {
    const { tracking, openAgain } = await open()
    const other = await openAgain()
    const { id: experimentId } = await tracking.experiment('taxi')
    const starts = [tracking, other, tracking, other].map((each) => each.startRun({ experimentId, name: 'a' }, 'key'))
    expect(new Set((await Promise.all(starts)).map((run) => run.id)).size).toBe(1)
    expect(await tracking.findRuns(experimentId, {})).toHaveLength(1)
  })

  test('an effect that failed did not happen, and may be tried again', async () => {
    const { tracking } = await open()
    const { id: experimentId } = await tracking.experiment('taxi')
    const tags = { 'not a key!': 'x' }
    await expect(tracking.startRun({ experimentId, name: 'a', tags }, 'key')).rejects.toMatchObject({
      code: 'BAD_INPUT',
    })
    await expect(tracking.startRun({ experimentId: '77', name: 'a' }, 'key')).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
    expect((await tracking.startRun({ experimentId, name: 'a' }, 'key')).name).toBe('a')
  })
}

function absenceLaws(open: OpenBed): void {
  test('what is absent is NOT_FOUND and named', async () => {
    const { tracking } = await open()
    const absent = { code: 'NOT_FOUND', message: expect.stringContaining('f00d') }
    for (const asked of [
      () => tracking.run('f00d'),
      () => tracking.logParams('f00d', { a: '1' }),
      () => tracking.logMetrics('f00d', [point(1, 0, 0)]),
      () => tracking.setTags('f00d', { a: '1' }),
      () => tracking.logInputs('f00d', [INPUT]),
      () => tracking.inputs('f00d'),
      () => tracking.logArtifact('f00d', 'a', new Uint8Array(1)),
      () => tracking.readArtifact('f00d', 'a'),
      () => tracking.listArtifacts('f00d'),
      () => tracking.metricHistory('f00d', 'mae'),
      () => tracking.endRun('f00d', 'FINISHED'),
      () => tracking.findRuns('f00d', {}),
      () => tracking.startRun({ experimentId: 'f00d', name: 'a' }),
    ]) {
      await expect(asked(), asked.toString()).rejects.toMatchObject(absent)
    }
  })
}

function artifactLaws(open: OpenBed): void {
  test('artifacts of a run are written, listed and read by their path below it, and never leave it', async () => {
    const { tracking } = await open()
    const run = await startedRun(tracking)
    const other = await startedRun(tracking)
    await tracking.logArtifact(run.id, 'model/MLmodel', Uint8Array.of(1))
    await tracking.logArtifact(run.id, 'curve é.json', Uint8Array.of(2, 3))
    await tracking.logArtifact(other.id, 'secret', Uint8Array.of(9))
    expect(await tracking.listArtifacts(run.id)).toEqual([
      { path: 'curve é.json', bytes: 2 },
      { path: 'model/MLmodel', bytes: 1 },
    ])
    expect(await tracking.readArtifact(run.id, 'curve é.json')).toEqual(Uint8Array.of(2, 3))
    await expect(tracking.readArtifact(run.id, 'none')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    for (const path of [`../../${other.id}/artifacts/secret`, '/etc/passwd', '', 'a//b']) {
      await expect(tracking.readArtifact(run.id, path), path).rejects.toMatchObject({ code: 'BAD_INPUT' })
      await expect(tracking.logArtifact(run.id, path, Uint8Array.of(1)), path).rejects.toMatchObject({
        code: 'BAD_INPUT',
      })
    }
  })
}

function sealLaws(open: OpenBed): void {
  test.each(['FINISHED', 'FAILED', 'KILLED'] as const)(
    'a run that has ended as %s is sealed and can still be read',
    async (status) => {
      const { tracking, clock } = await open()
      const run = await startedRun(tracking)
      await tracking.logArtifact(run.id, 'a', Uint8Array.of(1))
      clock.advance(60_000)
      await tracking.endRun(run.id, status)
      const sealed = await tracking.run(run.id)
      expect(sealed).toMatchObject({ status, endedAtMs: NOON_MS + 60_000 })
      const other = status === 'FAILED' ? 'FINISHED' : 'FAILED'
      for (const write of [
        () => tracking.logParams(run.id, { a: '1' }),
        () => tracking.logMetrics(run.id, [point(1, 0, 0)]),
        () => tracking.setTags(run.id, { a: '1' }),
        () => tracking.logInputs(run.id, [INPUT]),
        () => tracking.logArtifact(run.id, 'a', Uint8Array.of(2)),
        () => tracking.endRun(run.id, other),
      ]) {
        const refusal = { code: 'CONFLICT', message: expect.stringContaining(`ended as ${status}`) }
        await expect(write(), write.toString()).rejects.toMatchObject(refusal)
      }
      clock.advance(1)
      await tracking.endRun(run.id, status) // said again by a task that was resumed
      expect(await tracking.run(run.id)).toEqual(sealed)
      expect(await tracking.readArtifact(run.id, 'a')).toEqual(Uint8Array.of(1))
    },
  )
}

function searchLaws(open: OpenBed): void {
  test('runs are found by experiment and by all of their tags, newest first', async () => {
    const { tracking, clock } = await open()
    const { id: experimentId } = await tracking.experiment('taxi')
    const start = async (name: string, tags: Record<string, string>): Promise<void> => {
      await tracking.startRun({ experimentId, name, tags })
    }
    await start('a', { kind: 'train', month: '2015-01' })
    clock.advance(1)
    await start('b', { kind: 'train', month: '2015-02' })
    clock.advance(1000)
    await start('c', { kind: 'evaluate', month: '2015-02' })
    await tracking.startRun({
      experimentId: (await tracking.experiment('other')).id,
      name: 'd',
      tags: { kind: 'train' },
    })
    const names = async (tags: Record<string, string>): Promise<string[]> =>
      (await tracking.findRuns(experimentId, tags)).map((run) => run.name)
    expect(await names({})).toEqual(['c', 'b', 'a'])
    expect(await names({ kind: 'train' })).toEqual(['b', 'a'])
    expect(await names({ kind: 'train', month: '2015-02' })).toEqual(['b'])
    expect(await names({ kind: 'TRAIN' })).toEqual([])
    expect(await names({ month: '2015-0%' })).toEqual([])
    expect(await names({ month: "' or 1=1 --" })).toEqual([])
    expect(await names({ 'no such tag': 'x' })).toEqual([])
    expect((await tracking.findRuns(experimentId, { kind: 'evaluate' }))[0]?.tags.month).toBe('2015-02')
  })

  test('of runs that were started in one millisecond the last one is the newest', async () => {
    const { tracking } = await open()
    const { id: experimentId } = await tracking.experiment('taxi')
    const started: string[] = []
    for (const name of ['a', 'b', 'c', 'd', 'e']) started.unshift((await tracking.startRun({ experimentId, name })).id)
    expect((await tracking.findRuns(experimentId, {})).map(({ id }) => id)).toEqual(started)
  })
}
