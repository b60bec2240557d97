// Prediction intervals through the lifecycle: calibrated where there are rows enough, measured on rows they have not seen, inherited by a refit.
import { beforeAll, describe, expect, test } from 'vitest'
import { intervalsOf } from '../../src/learning/model-file.ts'
import { monitorSeries } from '../../src/lifecycle/monitor.ts'
import { predictOne, predictTable } from '../../src/lifecycle/predict.ts'
import type { CycleResult } from '../../src/lifecycle/run-cycle.ts'
import { deliveries } from '../deliveries/project.ts'
import { openStage, type Stage } from './stage.ts'

const SUBJECT = { experiment: 'deliveries_experiment', model: 'deliveries' }
/** A hundredth of the history before April stops the first model's training, a tenth of a month a challenger's. */
const MANY = { rows: 7_000 }
const LIMIT_MS = 60_000

const tagsOf = async (stage: Stage, version: number) => (await stage.tracking.version('deliveries', version)).tags
const intervalsIn = async (stage: Stage, version: number) =>
  intervalsOf(await stage.tracking.readModelFile('deliveries', version, 'model.onnx'))

describe('with rows enough', () => {
  let stage: Stage
  let april: CycleResult

  beforeAll(async () => {
    const project = deliveries({ '2020-01': MANY, '2020-02': MANY, '2020-03': MANY, '2020-04': { ...MANY, pace: 6 } })
    stage = await openStage(project)
    april = await stage.month('2020-04', { refit: true, threshold: 5 })
    return async () => await stage[Symbol.asyncDispose]()
  }, LIMIT_MS)

  test('a version has intervals, calibrated on the rows that stopped its training, and says so', async () => {
    const { rows, window, ...intervals } = (await intervalsIn(stage, 1)) ?? expect.unreachable()
    expect(rows).toBeGreaterThanOrEqual(200)
    expect((await tagsOf(stage, 1))['understudy.intervals']).toBe(`calibrated on ${rows} early-stop rows`)
    expect(intervals).toMatchObject({ inheritedFrom: null, bounds: [{ level: 80 }, { level: 95 }] })
    expect(window.fromMs).toBeGreaterThan(Date.UTC(2020, 2))
    expect(window.toMs).toBeLessThan(Date.UTC(2020, 3))
    expect((await tagsOf(stage, 2))['understudy.intervals']).toMatch(/^calibrated on 69\d early-stop rows$/)
  })

  test('the holdout says how many they hold, in the version, its run, and the outcome; no verdict rests on it', async () => {
    const tags = await tagsOf(stage, 2)
    const version = await stage.tracking.version('deliveries', 2)
    const { metrics } = await stage.tracking.run(version.runId ?? '')
    for (const [at, level] of [80, 95].entries()) {
      const coverage = Number(tags[`understudy.holdout_coverage_${level}`])
      expect(coverage).toBeGreaterThan(level / 100 - 0.06)
      expect(coverage).toBeLessThan(level / 100 + 0.05)
      expect(metrics[`holdout_coverage_${level}`]).toBe(coverage)
      const { rows = 0, within = 0, meanWidth } = april.cycle?.challenger?.coverage?.[at] ?? {}
      expect([rows, within / rows]).toEqual([april.cycle?.holdoutRows, coverage])
      expect(metrics[`holdout_width_${level}`]).toBe(meanWidth)
      // What nobody can foresee is uniform, 4 minutes from end to end.
      expect(meanWidth).toBeGreaterThan(0.04 * level * 0.85)
      expect(meanWidth).toBeLessThan(0.04 * level * 1.25)
    }
    expect(april.cycle).toMatchObject({ verdict: 'promote', applied: true })
  })

  test('intervals of a champion that no longer fits hold fewer, and the month’s curve shows it', async () => {
    const [april] = await monitorSeries(stage, SUBJECT)
    expect(april).toMatchObject({ month: '2020-04', rows: 6_930 })
    const [narrow, wide] = april?.coverage ?? []
    expect(narrow).toMatchObject({ level: 80, within: expect.any(Number), meanWidth: expect.any(Number) })
    expect(narrow?.within).toBeLessThan(0.3) // parcels take twice as long by now
    expect(wide?.within).toBeGreaterThanOrEqual(narrow?.within ?? 1)
  })

  test('a refit has the judged version’s intervals around its own predictions, marked as inherited', async () => {
    const judged = await intervalsIn(stage, 2)
    expect(await intervalsIn(stage, 3)).toEqual({ ...judged, inheritedFrom: 2 })
    const tags = await tagsOf(stage, 3)
    expect(tags).toMatchObject({ 'understudy.intervals': 'inherited from v2', 'understudy.refit_of': '2' })
    expect(Object.keys(tags).filter((key) => key.startsWith('understudy.holdout_'))).toEqual([])
  })

  test('a prediction comes with its intervals and whence they are; so do those of a table', async () => {
    const one = await predictOne(
      stage,
      { model: 'deliveries', choice: { stage: 'Production' }, texts: {} },
      () => undefined,
    )
    const [narrow, wide] = one.intervals
    expect(one).toMatchObject({ version: { version: 3 }, whence: 'inherited from v2' })
    expect([narrow?.level, wide?.level]).toEqual([80, 95])
    expect([wide?.low, narrow?.low, one.value, narrow?.high, wide?.high]).toEqual(
      [wide?.low, narrow?.low, one.value, narrow?.high, wide?.high].toSorted((a = 0, b = 0) => a - b),
    )
    const columns = {
      left_at: Float64Array.of(Date.UTC(2020, 2, 2, 8, 30), Number.NaN),
      distance_km: Float64Array.of(4.2, 4.2),
      parcels: Float64Array.of(12, 12),
    }
    const times = { reading: 'utc', unzoned: 'local' } as const
    const table = await predictTable(
      stage,
      { model: 'deliveries', choice: { stage: 'Production' }, times, columns, rows: 2 },
      () => undefined,
    )
    expect(table.intervals.map(({ low }) => low[0])).toEqual([narrow?.low, wide?.low])
    expect(table.intervals.map(({ high }) => high[1])).toEqual([Number.NaN, Number.NaN])
  })
})

test(
  'who takes over from a version with intervals and has none is said to, with the reason',
  async () => {
    await using stage = await openStage(
      deliveries({ '2020-01': MANY, '2020-02': MANY, '2020-03': MANY, '2020-04': { pace: 6 } }),
    )
    const { cycle } = await stage.month('2020-04', { threshold: 5 })
    expect(cycle).toMatchObject({ verdict: 'promote', champion: { coverage: [{ level: 80 }, { level: 95 }] } })
    expect(cycle?.notes).toEqual([
      'v1 gave intervals with its predictions, and v2 has none: 60 early-stop rows, 200 needed',
    ])
  },
  LIMIT_MS,
)

test('a version of few rows has none and says why; its predictions and its scores are as they were', async () => {
  await using stage = await openStage(deliveries({ '2020-04': { pace: 6 } }))
  const { cycle } = await stage.month('2020-04', { refit: true, threshold: 5 })
  expect(cycle?.verdict).toBe('promote')
  expect((await tagsOf(stage, 1))['understudy.intervals']).toBe('none: 18 early-stop rows, 200 needed')
  expect((await tagsOf(stage, 3))['understudy.intervals']).toBe('none: v2 has none to inherit')
  expect([await intervalsIn(stage, 2), await intervalsIn(stage, 3)]).toEqual([null, null])
  expect(cycle?.challenger).not.toHaveProperty('coverage')
  const [april] = await monitorSeries(stage, SUBJECT)
  expect(april).toMatchObject({ month: '2020-04', rows: 594, coverage: [] })
  const request = { model: 'deliveries', choice: { version: 2 }, texts: {} }
  expect(await predictOne(stage, request, () => undefined)).toMatchObject({ intervals: [], whence: null })
}, 30_000)
