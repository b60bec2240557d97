// Who was in Production when, read off a history.
import { expect, test } from 'vitest'
import { parseDay } from '../kernel/window.ts'
import type { Stage, Transition } from '../tracking/port.ts'
import { madeOutside, momentOf, reignsDuring, reignsOf } from './reign.ts'

/** A history of moves at hours of 14 February 2026. */
function history(
  ...moves: readonly (readonly [hour: number, version: number, from: Stage, to: Stage])[]
): Transition[] {
  return moves.map(([hour, version, from, to], index) => ({
    id: index + 1,
    name: 'parcels',
    version,
    from,
    to,
    actor: 'tester',
    reason: `move ${index + 1}`,
    evidence: null,
    atMs: at(hour),
  }))
}

const DAY = parseDay('2026-02-14')
const at = (hour: number): number => DAY + hour * 3_600_000
const day = momentOf('2026-02-14')

const TWO = history([9, 1, 'None', 'Production'], [12, 1, 'Production', 'Archived'], [12, 2, 'Staging', 'Production'])

test('a stay in Production lasts from the move in to the move out', () => {
  expect(reignsOf(TWO)).toMatchObject([
    { version: 1, fromMs: at(9), toMs: at(12), began: { id: 1 }, ended: { id: 2 } },
    { version: 2, fromMs: at(12), toMs: null, began: { id: 3 }, ended: null },
  ])
})

test('a version that comes back has two stays', () => {
  const back = history([1, 1, 'None', 'Production'], [2, 1, 'Production', 'Archived'], [3, 1, 'Archived', 'Production'])
  expect(reignsOf(back).map(({ fromMs, toMs }) => [fromMs, toMs])).toEqual([
    [at(1), at(2)],
    [at(3), null],
  ])
})

test('a day names every version that served during it, and the hours without one', () => {
  const { reigns, gaps } = reignsDuring(TWO, day, at(100))
  expect(reigns.map(({ version }) => version)).toEqual([1, 2])
  expect(gaps).toEqual([{ fromMs: DAY, toMs: at(9) }])
})

test('at the very moment of a change the new version serves, and the old one does not', () => {
  const versionsAt = (text: string): number[] =>
    reignsDuring(TWO, momentOf(text), at(100)).reigns.map(({ version }) => version)
  expect(versionsAt('2026-02-14 11:59:59.999')).toEqual([1])
  expect(versionsAt('2026-02-14 12:00')).toEqual([2])
  expect(versionsAt('2026-02-14 08:59:59')).toEqual([])
  expect(versionsAt('2026-02-14T09:00:00Z')).toEqual([1])
})

test('what has not come yet is no gap', () => {
  expect(reignsDuring(TWO, momentOf('2026-02-15'), at(13)).gaps).toEqual([])
  const left = history([9, 1, 'None', 'Production'], [10, 1, 'Production', 'Archived'])
  expect(reignsDuring(left, day, at(11)).gaps).toEqual([
    { fromMs: DAY, toMs: at(9) },
    { fromMs: at(10), toMs: at(11) + 1 },
  ])
})

test('a date is a whole day, a time is an instant, and anything else is refused with how to write it', () => {
  expect(momentOf('2026-02-14')).toEqual({ fromMs: DAY, toMs: at(24) })
  expect(momentOf('2026-02-14 10:30 UTC')).toEqual({ fromMs: at(10.5), toMs: at(10.5) + 1 })
  for (const wrong of ['yesterday', '2026-02-30', '2026-02-14 25:00', '2026-02-14 10:30+02:00', '14.02.2026', '']) {
    expect(() => momentOf(wrong), wrong).toThrow(/is (not a date|no date and no time).*write/)
  }
})

test('moves that others made are known by what the store wrote of them, and not by who is called unknown', () => {
  const [move] = TWO
  if (move === undefined) throw new Error('the history is empty')
  const seen = (reason: string, actor = 'unknown') => madeOutside({ ...move, actor, reason })
  expect(seen('moved outside Understudy, seen at 2026-02-14T00:00:00.000Z')).toBe('moved')
  expect(seen('deleted outside Understudy, seen at 2026-02-14T00:00:00.000Z')).toBe('deleted')
  expect(seen('I do not know')).toBeNull()
  expect(seen('moved outside Understudy, I think', 'tester')).toBeNull()
})
