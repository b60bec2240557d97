// The laws of what a run records: parameters, tags, data sets, metrics.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { DatasetInput, Metric } from './port.ts'
import { INPUT, NOON_MS, type OpenBed, point, startedRun } from './tracking-bed.ts'

const seeded = (share: number) => ({ seed: 20_260_822, numRuns: Math.ceil(40 * share) })
const anyText = fc.string({ unit: 'binary', maxLength: 60 }).map((text) => text.replaceAll('\0', ''))
const anyKey = fc.stringMatching(/^[A-Za-z0-9_]{1,8}([ .:/-][a-z0-9é日]{1,6}){0,2}$/)

export function valueLaws(open: OpenBed, share: number): void {
  textLaws(open, share)
  refusedTextLaws(open)
  inputLaws(open)
  metricLaws(open, share)
  seriesLaws(open)
}

function textLaws(open: OpenBed, share: number): void {
  test('parameters and tags of any Unicode text are read back', async () => {
    const { tracking } = await open()
    await fc.assert(
      fc.asyncProperty(fc.dictionary(anyKey, anyText, { maxKeys: 5 }), async (texts) => {
        const run = await startedRun(tracking)
        await tracking.logParams(run.id, texts)
        await tracking.setTags(run.id, texts)
        const read = await tracking.run(run.id)
        expect({ ...read.params }).toEqual({ ...texts })
        expect(read.tags).toMatchObject(texts)
      }),
      seeded(share),
    )
  })

  test('a parameter is written once: the same value changes nothing, another one is CONFLICT and names both', async () => {
    const { tracking } = await open()
    const run = await startedRun(tracking)
    await tracking.logParams(run.id, { rate: '0.1' })
    await tracking.logParams(run.id, { rate: '0.1', epochs: '50' })
    const refused = tracking.logParams(run.id, { batch: '256', rate: '0.2' })
    await expect(refused).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(/rate.*"0\.1".*"0\.2"/),
    })
    expect((await tracking.run(run.id)).params).toEqual({ rate: '0.1', epochs: '50' })
  })

  test('a tag may be changed; the name tag is the name', async () => {
    const { tracking } = await open()
    const run = await startedRun(tracking)
    await tracking.setTags(run.id, { verdict: 'keep' })
    await tracking.setTags(run.id, { verdict: 'promote', 'mlflow.runName': 'renamed' })
    const read = await tracking.run(run.id)
    expect(read.tags.verdict).toBe('promote')
    expect(read.name).toBe('renamed')
  })

  test('long values are cut in whole characters as MLflow cuts them, and the cut one is the same parameter', async () => {
    const { tracking } = await open()
    const run = await startedRun(tracking)
    const taxis = '🚕'.repeat(9000)
    await tracking.logParams(run.id, { long: taxis })
    await tracking.logParams(run.id, { long: taxis })
    await tracking.setTags(run.id, { long: taxis })
    const read = await tracking.run(run.id)
    expect(read.params.long).toBe('🚕'.repeat(6000))
    expect(read.tags.long).toBe('🚕'.repeat(8000))
  })
}

function refusedTextLaws(open: OpenBed): void {
  test.each(['', 'a*b', '/a', 'a//b', '../a', 'a/.', 'a\0', 'x'.repeat(251)])('no key may be %j', async (key) => {
    const { tracking } = await open()
    const run = await startedRun(tracking)
    const refusal = { code: 'BAD_INPUT' }
    await expect(tracking.logParams(run.id, { [key]: '1' })).rejects.toMatchObject(refusal)
    await expect(tracking.setTags(run.id, { [key]: '1' })).rejects.toMatchObject(refusal)
    await expect(tracking.logMetrics(run.id, [{ ...point(1, 0, 0), key }])).rejects.toMatchObject(refusal)
  })

  test.each(['half \ud83d a taxi', 'a\0b'])('no value may be %j, which would come back as another', async (value) => {
    const { tracking } = await open()
    const run = await startedRun(tracking)
    await expect(tracking.logParams(run.id, { a: value })).rejects.toMatchObject({ code: 'BAD_INPUT' })
    await expect(tracking.setTags(run.id, { a: value })).rejects.toMatchObject({ code: 'BAD_INPUT' })
  })
}

function inputLaws(open: OpenBed): void {
  test('the data sets of a run are read back; logging one again changes nothing, in another context it is CONFLICT', async () => {
    const { tracking } = await open()
    const run = await startedRun(tracking)
    const second: DatasetInput = { ...INPUT, digest: 'c3d4', context: 'eval', schema: null, profile: [1, 'é', null] }
    await tracking.logInputs(run.id, [INPUT, second])
    await tracking.logInputs(run.id, [second, INPUT])
    expect(await tracking.inputs(run.id)).toEqual([INPUT, second])
    const refused = tracking.logInputs(run.id, [{ ...INPUT, context: 'eval' }])
    await expect(refused).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('"train"') })
    const other = await startedRun(tracking)
    await tracking.logInputs(other.id, [{ ...INPUT, context: 'eval' }])
    expect(await tracking.inputs(other.id)).toEqual([{ ...INPUT, context: 'eval' }])
    await expect(tracking.logInputs(run.id, [{ ...INPUT, digest: 'x'.repeat(37) }])).rejects.toMatchObject({
      code: 'BAD_INPUT',
    })
  })
}

function metricLaws(open: OpenBed, share: number): void {
  test('every metric value but the largest double is read back, NaN and the infinities too', async () => {
    const { tracking } = await open()
    await fc.assert(
      fc.asyncProperty(fc.double(), fc.maxSafeInteger(), fc.maxSafeNat(), async (any, step, timestampMs) => {
        const value = Math.abs(any) === Number.MAX_VALUE ? 1 : any + 0 // SQL has no negative zero
        const run = await startedRun(tracking)
        await tracking.logMetrics(run.id, [point(value, step, timestampMs)])
        expect(await tracking.metricHistory(run.id, 'mae')).toEqual([point(value, step, timestampMs)])
        expect((await tracking.run(run.id)).metrics).toEqual({ mae: value })
      }),
      seeded(share),
    )
    const run = await startedRun(tracking)
    const specials = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324, -0.1]
    await tracking.logMetrics(
      run.id,
      specials.map((value, step) => point(value, step, 0)),
    )
    expect((await tracking.metricHistory(run.id, 'mae')).map((metric) => metric.value)).toEqual(specials)
  })

  test('the latest metric is the one with the highest step, then timestamp, then value, in whatever order they come', async () => {
    const { tracking } = await open()
    const small = fc.integer({ min: 0, max: 2 })
    const anyPoints = fc.array(fc.tuple(small, small, small), { minLength: 1, maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(anyPoints, fc.boolean(), async (points, isOneCall) => {
        const run = await startedRun(tracking)
        const metrics = points.map(([value, step, timestampMs]) => point(value, step, timestampMs))
        if (isOneCall) await tracking.logMetrics(run.id, metrics)
        else for (const metric of metrics) await tracking.logMetrics(run.id, [metric])
        const order = (a: Metric, b: Metric): number =>
          a.step - b.step || a.timestampMs - b.timestampMs || a.value - b.value
        expect((await tracking.run(run.id)).metrics.mae).toBe(metrics.toSorted(order).at(-1)?.value)
      }),
      seeded(share),
    )
  })

  test('the same point twice is one point; another value at the same step and time is another', async () => {
    const { tracking } = await open()
    const run = await startedRun(tracking)
    await tracking.logMetrics(run.id, [point(2, 1, 5), point(2, 1, 5), point(Number.NaN, 1, 5)])
    await tracking.logMetrics(run.id, [point(Number.NaN, 1, 5), point(2, 1, 5), point(3, 1, 5)])
    const points = await tracking.metricHistory(run.id, 'mae') // those of one step and time in any order
    expect(points.toSorted((a, b) => (Number.isNaN(a.value) ? -1 : a.value - b.value))).toEqual([
      point(Number.NaN, 1, 5),
      point(2, 1, 5),
      point(3, 1, 5),
    ])
  })
}

function seriesLaws(open: OpenBed): void {
  test('a history is ordered by step, then timestamp, and holds one metric only; an unknown one is empty', async () => {
    const { tracking } = await open()
    const run = await startedRun(tracking)
    const points = [point(1, 2, 1), point(2, 1, 9), point(3, 1, 2), point(4, -1, 50)]
    await tracking.logMetrics(run.id, [...points, { ...point(7, 0, 0), key: 'MAE' }])
    expect((await tracking.metricHistory(run.id, 'mae')).map((metric) => metric.value)).toEqual([4, 3, 2, 1])
    expect(await tracking.metricHistory(run.id, 'loss')).toEqual([])
  })

  test('thousands of points in one call are all kept', async () => {
    const { tracking } = await open()
    const run = await startedRun(tracking)
    const points = Array.from({ length: 3210 }, (_, i) => point(i / 7, i, NOON_MS + i))
    await tracking.logMetrics(run.id, points)
    expect(await tracking.metricHistory(run.id, 'mae')).toEqual(points)
    expect((await tracking.run(run.id)).metrics.mae).toBe(3209 / 7)
    await tracking.logMetrics(run.id, [])
  })

  test('a step or timestamp that is no whole number is refused', async () => {
    const { tracking } = await open()
    const run = await startedRun(tracking)
    for (const bad of [1.5, Number.NaN, 2 ** 53]) {
      await expect(tracking.logMetrics(run.id, [point(1, bad, 0)])).rejects.toMatchObject({ code: 'BAD_INPUT' })
      await expect(tracking.logMetrics(run.id, [point(1, 0, bad)])).rejects.toMatchObject({ code: 'BAD_INPUT' })
    }
  })
}
