// Times as a person reads them; the world's time, in UTC.
import { DAY_MS } from '../kernel/window.ts'

/**
 * An instant to the second.
 *
 * @example timeText(0) // => '1970-01-01 00:00:00'
 */
export function timeText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 'YYYY-MM-DDTHH:MM:SS'.length).replace('T', ' ')
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/**
 * How long something has lasted, in its largest unit, rounded down; a clock that was set back makes nothing younger than new.
 *
 * @example ageText(3 * 86_400_000) // => '3 days'
 * @example ageText(61_000) // => '1 min'
 * @example ageText(-5) // => '0 min'
 */
export function ageText(ageMs: number): string {
  if (ageMs < HOUR_MS) return `${Math.max(0, Math.floor(ageMs / MINUTE_MS))} min`
  if (ageMs < DAY_MS) return `${Math.floor(ageMs / HOUR_MS)} h`
  const days = Math.floor(ageMs / DAY_MS)
  return days === 1 ? '1 day' : `${days} days`
}
