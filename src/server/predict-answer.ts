// Answers to tables of requests, as JSON and as CSV.
import type { Answered } from '../lifecycle/serve-version.ts'

/** A number as Python writes a float, so that it is read back as one: 12 is `12.0`. */
export function floatText(value: number): string {
  const text = String(value)
  return Number.isInteger(value) && !text.includes('e') ? `${text}.0` : text
}

/** Predictions in the order of the rows, null where there is none; flags, a list for each row; and which version answered. */
export function answerText(replyKey: string, { values, flags, version }: Answered): string {
  const predictions = Array.from(values, (value) => (Number.isNaN(value) ? 'null' : floatText(value)))
  const about = JSON.stringify({ flags, model: version.name, version: version.version, stage: version.stage })
  return `{${JSON.stringify(replyKey)}:[${predictions.join(',')}],${about.slice(1)}`
}

/** The same as lines of prediction and flags; several flags of one row have spaces between them. */
export function csvText(replyKey: string, { values, flags }: Answered): string {
  const lines = Array.from(
    values,
    (value, row) => `${Number.isNaN(value) ? '' : floatText(value)},${flags[row]?.join(' ') ?? ''}`,
  )
  return `${[`${replyKey},flags`, ...lines].join('\n')}\n`
}
