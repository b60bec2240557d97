// A search with other bounds than an earlier one goes on with its trials.
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import type { FlowEvent } from '../../src/flow/port.ts'
import { monthWindow } from '../../src/kernel/window.ts'
import type { LifecycleRooms } from '../../src/lifecycle/rooms.ts'
import { type TuneRequest, tuneByHand } from '../../src/lifecycle/tune-by-hand.ts'
import type { TuneOutcome } from '../../src/lifecycle/tune-input.ts'
import { deliveries } from '../deliveries/project.ts'
import { asked, essence, openWatched, runsOf } from './searches.ts'
import { openStage } from './stage.ts'

test.each([
  ['tpe', 12, 15],
  ['random', 6, 8],
  ['tpe', 8, 6],
] as const)(
  'a search by %s for %i settings, asked for %i, goes on with its trials to what it would have come to',
  async (sampler, first, then) => {
    await using undisturbed = await openStage(deliveries())
    const whole = await tuneByHand(undisturbed, asked({ sampler, trials: then }), {})
    const { stage, requests } = await openWatched()
    await using _ = stage
    const before = await tuneByHand(stage, asked({ sampler, trials: first }), {})
    const learnt = requests.length
    const lines: string[] = []
    const watch = { onEvent: (event: FlowEvent) => void (event.kind === 'task-log' && lines.push(event.line)) }
    const { outcome, replayed } = await tuneByHand(stage, asked({ sampler, trials: then }), watch)
    expect(lines).toContain(`   an earlier search asked for the same: going on with its trials (${first + 1})`)
    expect(replayed).toBe(false)
    expect(essence(outcome)).toEqual(essence(whole.outcome))
    expect(outcome.trials.some(({ state }) => state === 'pruned')).toBe(true)
    const anew = outcome.trials.filter(({ takenOver }) => takenOver === undefined)
    expect(anew.map(({ number }) => number).sort((a, b) => a - b)).toEqual(
      Array.from({ length: Math.max(0, then - first) }, (_, more) => first + 1 + more),
    )
    expect(requests.length - learnt).toBe(anew.reduce((sum, { errors }) => sum + errors.length, 0))
    const search = await stage.tracking.run(outcome.runId)
    expect(search).toMatchObject({ status: 'FINISHED', tags: { 'understudy.goes_on_from': before.outcome.runId } })
    expect(await runsOf(stage, { 'mlflow.parentRunId': outcome.runId })).toHaveLength(anew.length)
  },
)

/** The numbers of the trials that an earlier search made. */
const takenOver = ({ trials }: TuneOutcome) =>
  trials.flatMap(({ number, takenOver }) => (takenOver === true ? [number] : [])).sort((a, b) => a - b)

const numbers = ({ trials }: TuneOutcome, ...states: readonly string[]) =>
  trials.flatMap(({ number, state }) => (states.includes(state) ? [number] : [])).sort((a, b) => a - b)

test('a search goes on with one that was stopped, or whose time was up, but for what the time stopped', async () => {
  const stop = new AbortController()
  let stopsAt = Number.POSITIVE_INFINITY
  const { stage, requests } = await openWatched(async (count) => {
    if (count === stopsAt) stop.abort()
    if (count < 6) await new Promise((resolve) => setTimeout(resolve, 150))
  })
  await using _ = stage
  const search = async (changes: Partial<TuneRequest>, signal = new AbortController().signal) =>
    (await tuneByHand(stage, asked({ sampler: 'random', ...changes }), { signal })).outcome
  const short = await search({ trials: null, timeMs: 250 })
  expect(numbers(short, 'stopped')).not.toEqual([])
  const longer = await search({ trials: 3, timeMs: 60_000 })
  expect(numbers(longer, 'finished', 'pruned')).toEqual([0, 1, 2, 3])
  expect(takenOver(longer)).toEqual(numbers(short, 'finished', 'pruned'))
  stopsAt = requests.length + 6
  const half = await search({ trials: 9 }, stop.signal)
  expect(takenOver(half)).toEqual([0, 1, 2, 3])
  expect(half.trials.length).toBeLessThan(10)
  const resumed = await search({ trials: 9 }) // what it had taken over is journalled, whatever has come since
  expect(resumed).toMatchObject({ runId: half.runId })
  expect([takenOver(resumed), resumed.trials.length]).toEqual([[0, 1, 2, 3], 10])
  expect(takenOver(await search({ trials: 10 }))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})

const RAW = 'deliveries_raw_small'

test('a search on other rows, by another program, otherwise asked for, or of a removed run, begins anew', async () => {
  const { stage, requests } = await openWatched()
  await using _ = stage
  const search = async (changes: Partial<TuneRequest>, rooms: LifecycleRooms = stage) =>
    (await tuneByHand(rooms, asked(changes), {})).outcome
  const first = await search({ trials: 2 })
  expect(takenOver(await search({ trials: 3, folds: 2 }))).toEqual([])
  expect(takenOver(await search({ trials: 3, seed: 5 }))).toEqual([])
  const another = { ...stage, provenance: { ...stage.provenance, codeDigest: 'another' } }
  expect(takenOver(await search({ trials: 4 }, another))).toEqual([])
  expect(takenOver(await search({ trials: 3 }))).toEqual([0, 1, 2])

  const database = new DatabaseSync(join(stage.folder, 'mlflow.db'), { timeout: 5_000 })
  database.exec(`update runs set lifecycle_stage = 'deleted' where run_uuid <> '${first.runId}'`)
  database.close()
  expect(takenOver(await search({ trials: 5 }))).toEqual([0, 1, 2]) // of the first, which has fewer
  const columns = stage.project.rawSchema.columns.map(({ name }) => name)
  const rows = await stage.warehouse.read(RAW, monthWindow('2020-02'), { columns, orderBy: columns })
  rows.columns.minutes![17]! += 7
  await stage.warehouse.write(RAW, [rows], { schema: stage.project.rawSchema, origin: 'simulated', others: 'keep' })
  const learnt = requests.length
  expect(takenOver(await search({ trials: 6 }))).toEqual([])
  expect(requests.length - learnt).toBeGreaterThanOrEqual(3 * 4)
})
