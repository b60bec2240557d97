// Who was in Production when: read off the history of stages, in the world's time and not in that of the data.
import { PlannedError } from '../kernel/errors.ts'
import { DAY_MS, parseDay, type TimeWindow } from '../kernel/window.ts'
import type { Transition } from '../tracking/port.ts'

/** One version's stay in Production, `[fromMs, toMs)`; `toMs` is null while it lasts. */
export interface Reign {
  readonly version: number
  readonly fromMs: number
  readonly toMs: number | null
  readonly began: Transition
  readonly ended: Transition | null
}

/** Every stay in Production, in the order they began. */
export function reignsOf(history: readonly Transition[]): readonly Reign[] {
  const reigns: Reign[] = []
  for (const move of history) {
    const open = reigns.findLastIndex(({ version, toMs }) => version === move.version && toMs === null)
    const reign = reigns[open]
    if (move.to === 'Production' && reign === undefined) {
      reigns.push({ version: move.version, fromMs: move.atMs, toMs: null, began: move, ended: null })
    } else if (move.to !== 'Production' && reign !== undefined) {
      reigns[open] = { ...reign, toMs: move.atMs, ended: move }
    }
  }
  return reigns
}

/** The stays that overlap a window, and the parts of it in which nothing was in Production; what lies after `nowMs` is left out. */
export function reignsDuring(
  history: readonly Transition[],
  window: TimeWindow,
  nowMs: number,
): { readonly reigns: readonly Reign[]; readonly gaps: readonly TimeWindow[] } {
  const reigns = reignsOf(history).filter(
    ({ fromMs, toMs }) => fromMs < window.toMs && (toMs === null || toMs > window.fromMs),
  )
  const gaps: TimeWindow[] = []
  const endMs = Math.min(window.toMs, nowMs + 1)
  let reachedMs = window.fromMs
  for (const { fromMs, toMs } of reigns.toSorted((a, b) => a.fromMs - b.fromMs)) {
    if (fromMs > reachedMs) gaps.push({ fromMs: reachedMs, toMs: Math.min(fromMs, endMs) })
    reachedMs = Math.max(reachedMs, toMs ?? endMs)
  }
  if (reachedMs < endMs) gaps.push({ fromMs: reachedMs, toMs: endMs })
  return { reigns, gaps }
}

/**
 * What a person means by a date or a time, in UTC: `2015-02-14` is all of that day, `2015-02-14 10:30` that minute's beginning,
 * `2015-02-14T10:30:05Z` that second's. Throws `BAD_INPUT` on anything else.
 *
 * @example momentOf('2015-02-14').toMs - momentOf('2015-02-14').fromMs // => 86400000
 * @example momentOf('2015-02-14 10:30').fromMs // => 1423909800000
 */
export function momentOf(text: string): TimeWindow {
  const match = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2}(?:\.\d{1,3})?)?(?: ?UTC|Z)?)?$/.exec(text.trim())
  if (match?.[1] === undefined) throw notAMoment(text)
  const dayMs = parseDay(match[1])
  if (match[2] === undefined) return { fromMs: dayMs, toMs: dayMs + DAY_MS }
  const fromMs = Date.parse(`${match[1]}T${match[2]}${match[3] ?? ':00'}Z`)
  if (Number.isNaN(fromMs) || fromMs >= dayMs + DAY_MS) throw notAMoment(text)
  return { fromMs, toMs: fromMs + 1 }
}

function notAMoment(text: string): PlannedError {
  return new PlannedError('BAD_INPUT', `"${text}" is no date and no time`, {
    next: 'write a day as 2015-02-14, or a time in UTC as "2015-02-14 10:30"',
  })
}

/**
 * A move that others made on the same store, and that was found afterwards; null for one of ours. It happened some time before
 * it was seen, and nobody knows who made it.
 */
export function madeOutside(move: Transition): 'moved' | 'deleted' | null {
  if (move.actor !== 'unknown') return null
  if (move.reason.startsWith('moved outside Understudy')) return 'moved'
  return move.reason.startsWith('deleted outside Understudy') ? 'deleted' : null
}
