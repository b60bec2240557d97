// Answers to requests for predictions, as JSON and as CSV.
import { INTERVAL_LEVELS } from '../learning/intervals.ts'
import { endsOf, intervalsKey } from '../lifecycle/intervals.ts'
import type { Answered } from '../lifecycle/serve-version.ts'

/** A number as Python writes a float, so that it is read back as one: 12 is `12.0`. */
export function floatText(value: number): string {
  const text = String(value)
  return Number.isInteger(value) && !text.includes('e') ? `${text}.0` : text
}

/** One prediction under its own key, alone but where intervals were asked for; those of a version without any are null. */
export function oneText(replyKey: string, answer: Answered, withIntervals: boolean): string {
  const value = `${JSON.stringify(replyKey)}:${floatText(answer.values[0] ?? Number.NaN)}`
  const intervals = () => intervalsText(answer, (level) => endsText(answer, level, 0))
  return withIntervals ? `{${value},${JSON.stringify(intervalsKey(replyKey))}:${intervals()}}` : `{${value}}`
}

/**
 * Predictions in the order of the rows, null where there is none; the interval around each, where they were asked for; flags, a list for
 * each row; and which version answered.
 */
export function answerText(replyKey: string, answer: Answered, withIntervals: boolean): string {
  const { values, flags, version } = answer
  const predictions = Array.from(values, (value) => (Number.isNaN(value) ? 'null' : floatText(value)))
  const ends = (level: number): string => `[${predictions.map((_, row) => endsText(answer, level, row)).join(',')}]`
  const intervals = withIntervals ? `${JSON.stringify(intervalsKey(replyKey))}:${intervalsText(answer, ends)},` : ''
  const about = JSON.stringify({ flags, model: version.name, version: version.version, stage: version.stage })
  return `{${JSON.stringify(replyKey)}:[${predictions.join(',')}],${intervals}${about.slice(1)}`
}

/** What `ends` gives for each level, by level; null of a version without intervals. */
function intervalsText({ intervals }: Answered, ends: (level: number) => string): string {
  if (intervals.length === 0) return 'null'
  return `{${intervals.map(({ level }) => `"${level}":${ends(level)}`).join(',')}}`
}

function endsText({ intervals }: Answered, level: number, row: number): string {
  const one = intervals.find((of) => of.level === level)
  const ends = one === undefined ? null : endsOf(one, row)
  return ends === null ? 'null' : `[${ends.map(floatText).join(',')}]`
}

/**
 * The same as lines of prediction, ends of intervals where they were asked for, and flags; several flags of one row have spaces between
 * them.
 */
export function csvText(replyKey: string, { values, flags, intervals }: Answered, withIntervals: boolean): string {
  const levels = withIntervals ? INTERVAL_LEVELS : []
  const columns = levels.map((level) => intervals.find((one) => one.level === level))
  const lines = Array.from(values, (value, row) => {
    const ends = columns.flatMap((one) => (one === undefined ? null : endsOf(one, row)) ?? [Number.NaN, Number.NaN])
    const cells = [value, ...ends].map((number) => (Number.isNaN(number) ? '' : floatText(number)))
    return [...cells, flags[row]?.join(' ') ?? ''].join(',')
  })
  const heads = levels.flatMap((level) => [`${replyKey}_low_${level}`, `${replyKey}_high_${level}`])
  return `${[[replyKey, ...heads, 'flags'].join(','), ...lines].join('\n')}\n`
}
