// The UTC offsets of a time zone as a table, so that SQL, JavaScript and ONNX read the same clock.

import { PlannedError } from '../kernel/errors.ts'
import { DAY_MS } from '../kernel/window.ts'

/**
 * Offsets in ms to add to UTC: `offsetsMs[i]` holds from `startsMs[i]` (included) to the next one; the first since
 * ever.
 */
export interface ZoneTable {
  readonly startsMs: readonly number[]
  readonly offsetsMs: readonly number[]
}

const FROM_MS = Date.UTC(2000, 0, 1)
const TO_MS = Date.UTC(2041, 0, 1)
/** No zone has changed twice within so few days (every one that Node knows was read by the day too). */
const STEP_MS = 7 * DAY_MS

const tables = new Map<string, ZoneTable>()

/**
 * The offsets of an IANA zone from 2000 to 2040, as this Node's own time zone data have them. Before and after, the
 * first and last hold. Of two changes within a week only their sum would be seen.
 * Throws `BAD_INPUT` for a zone that is not known.
 */
export function zoneTable(zone: string): ZoneTable {
  const found = tables.get(zone) ?? scan(zone)
  tables.set(zone, found)
  return found
}

/** Throws `BAD_INPUT` for a zone that is not known. Its table is made when it is first read: every command checks, few read. */
export function checkZone(zone: string): void {
  if (!known.has(zone)) offsetReader(zone)
  known.add(zone)
}

const known = new Set<string>()

/** Between instants and what a zone's clocks show, both in ms: a wall clock's time is written as if it were UTC. */
export interface WallClock {
  toWall(instantMs: number): number
  /** A time that the clocks show twice is the first of the two; one that they skip counts from before the change. */
  toInstant(wallMs: number): number
}

/** The clocks of an IANA zone, as `zoneTable` knows them. Throws `BAD_INPUT` for a zone that is not known. */
export function wallClock(zone: string): WallClock {
  const { startsMs, offsetsMs } = zoneTable(zone)
  const offsetAt = (instantMs: number): number => offsetsMs[startsMs.findLastIndex((start) => start <= instantMs)]! // the first start is below all
  return {
    toWall: (instantMs) => instantMs + offsetAt(instantMs),
    toInstant(wallMs) {
      const before = offsetAt(wallMs - DAY_MS)
      const after = offsetAt(wallMs + DAY_MS)
      const isAfter = offsetAt(wallMs - before) !== before && offsetAt(wallMs - after) === after
      return wallMs - (isAfter ? after : before)
    },
  }
}

function scan(zone: string): ZoneTable {
  const offsetAt = offsetReader(zone)
  const startsMs = [Number.NEGATIVE_INFINITY]
  const offsetsMs = [offsetAt(FROM_MS)]
  for (let fromMs = FROM_MS, before = offsetsMs[0]; fromMs < TO_MS; fromMs += STEP_MS) {
    const after = offsetAt(fromMs + STEP_MS)
    if (before === after) continue
    let lastBeforeMs = fromMs
    let changeMs = fromMs + STEP_MS
    while (changeMs - lastBeforeMs > 1) {
      const middleMs = Math.floor((lastBeforeMs + changeMs) / 2)
      if (offsetAt(middleMs) === before) lastBeforeMs = middleMs
      else changeMs = middleMs
    }
    startsMs.push(changeMs)
    offsetsMs.push(after)
    before = after
  }
  return { startsMs, offsetsMs }
}

function offsetReader(zone: string): (atMs: number) => number {
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' })
  } catch (cause) {
    throw new PlannedError('BAD_INPUT', `"${zone}" is not a time zone`, {
      next: 'name one as in America/New_York, or UTC',
      cause,
    })
  }
  return (atMs) => {
    // "1/1/2015, GMT-05:00"; at no offset just "GMT"
    const [, sign, hours, minutes, seconds] = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(format.format(atMs)) ?? []
    const size = (Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0)) * 1000
    return sign === '-' ? -size : size
  }
}
