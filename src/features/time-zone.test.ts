import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Batch } from '../warehouse/port.ts'
import { compileToJavaScript } from './compile-javascript.ts'
import { type Dialects, openDialects } from './dialects.contract.ts'
import { clock, column } from './expressions.ts'
import type { FeatureSpecification } from './specification.ts'
import { wallClock, zoneTable } from './time-zone.ts'

const HOUR_MS = 3_600_000

let dialects: Dialects
beforeAll(async () => {
  dialects = await openDialects()
})
afterAll(() => dialects[Symbol.asyncDispose]())

function clocksOf(zone: string): FeatureSpecification {
  return {
    columns: [
      { name: 'time', type: 'timestamp' },
      { name: 'y', type: 'double' },
    ],
    timeColumn: 'time',
    target: 'y',
    cleaning: { duplicates: null, nulls: 'keep', rules: [] },
    features: (['hour', 'weekday', 'month'] as const).map((part) => ({
      kind: 'number',
      name: part,
      value: clock(part, column('time'), zone),
    })),
  }
}

const batchOf = (timesMs: readonly number[]): Batch => ({
  rows: timesMs.length,
  columns: { time: Float64Array.from(timesMs), y: new Float64Array(timesMs.length) },
})

/** Hour, weekday (0 = Monday) and month by Intl's own calendar. */
function byIntl(zone: string, atMs: number): readonly number[] {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    weekday: 'short',
    month: 'numeric',
    hour: 'numeric',
  })
  const parts = Object.fromEntries(format.formatToParts(atMs).map(({ type, value }) => [type, value]))
  return [
    Number(parts.hour),
    ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'].indexOf(parts.weekday!),
    Number(parts.month),
  ]
}

test('New York changes its clocks at the known instants', () => {
  const { startsMs, offsetsMs } = zoneTable('America/New_York')
  const spring = startsMs.indexOf(Date.UTC(2015, 2, 8, 7))
  expect(offsetsMs.slice(spring - 1, spring + 2).map((offset) => offset / HOUR_MS)).toEqual([-5, -4, -5])
  expect(startsMs[spring + 1]).toBe(Date.UTC(2015, 10, 1, 6))
  expect(startsMs[1]).toBe(Date.UTC(2000, 3, 2, 7))
  expect(startsMs.at(-1)).toBe(Date.UTC(2040, 10, 4, 6))
  expect(startsMs).toHaveLength(1 + 2 * 41)
})

test('offsets that are not whole hours, and days that were skipped, are known', () => {
  expect(zoneTable('Asia/Kathmandu').offsetsMs).toEqual([5.75 * HOUR_MS])
  const { startsMs, offsetsMs } = zoneTable('Pacific/Apia') // west of the date line until the end of 2011-12-29
  const skipped = startsMs.indexOf(Date.UTC(2011, 11, 30, 10))
  expect(offsetsMs.slice(skipped - 1, skipped + 1).map((offset) => offset / HOUR_MS)).toEqual([-10, 14])
})

test('an unknown zone is refused in words', () => {
  expect(() => zoneTable('America/Gotham')).toThrow(
    '"America/Gotham" is not a time zone; name one as in America/New_York',
  )
})

test.each(['America/New_York', 'Europe/Berlin', 'Asia/Kathmandu', 'Pacific/Apia', 'UTC'])(
  'the clocks of %s are Intl’s at every change, a millisecond before, and around every end of month, in three dialects',
  async (zone) => {
    const changes = zoneTable(zone)
      .startsMs.slice(1)
      .flatMap((ms) => [ms - 1, ms, ms + 1])
    const months = Array.from({ length: 12 * 41 }, (_, month) => Date.UTC(2000, month, 1))
    const { offsetsMs } = zoneTable(zone)
    const localMidnights = months.flatMap((ms) => [ms - offsetsMs[0]! - 1, ms - offsetsMs[0]!])
    const times = [...new Set([...changes, ...months, ...localMidnights])]
      .filter((ms) => ms < Date.UTC(2040, 11, 31))
      .sort((a, b) => a - b)
    const found = compileToJavaScript(clocksOf(zone)).features(batchOf(times))
    for (const [row, atMs] of times.entries()) {
      const clocks = [found.hour![row], found.weekday![row], found.month![row]]
      expect(clocks, new Date(atMs).toISOString()).toEqual(byIntl(zone, atMs))
    }
    await dialects.expectEqual(clocksOf(zone), batchOf(times), 'time')
  },
)

test('before 2000 and after 2040 the first and the last offset hold', async () => {
  const times = [Date.UTC(1999, 6, 1, 12), Date.UTC(2050, 6, 1, 12), Date.UTC(1582, 9, 4), Date.UTC(2400, 1, 29, 12)]
  const { hour, month } = compileToJavaScript(clocksOf('America/New_York')).features(batchOf(times))
  expect(Array.from(hour!)).toEqual([7, 7, 19, 7]) // winter time, whatever the season
  expect(Array.from(month!)).toEqual([7, 7, 10, 2])
  await dialects.expectEqual(clocksOf('America/New_York'), batchOf(times.toSorted((a, b) => a - b)), 'time')
})

test.each(['America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'UTC'])(
  'what the clocks of %s show is found, and leads back to the instant where they show it once',
  (zone) => {
    const { toWall, toInstant } = wallClock(zone)
    for (let atMs = Date.UTC(2013, 0, 1); atMs < Date.UTC(2015, 0, 1); atMs += 7 * HOUR_MS + 60_000 * 13) {
      const wallMs = toWall(atMs)
      expect(new Date(wallMs).getUTCHours()).toBe(byIntl(zone, atMs)[0])
      const again = toInstant(wallMs)
      expect(toWall(again)).toBe(wallMs)
      expect(again).toBeLessThanOrEqual(atMs) // the first of two
      expect(atMs - again).toBeLessThanOrEqual(HOUR_MS)
    }
  },
)
