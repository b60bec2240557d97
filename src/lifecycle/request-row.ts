// A prediction request's texts, in the project's own words, as one row of raw columns.
import { PlannedError } from '../kernel/errors.ts'
import { dayText } from '../kernel/window.ts'
import type { Project, RequestField } from './project.ts'

/**
 * Reads a request's texts to columns of one row; fields that are absent take the project's example.
 * Throws `BAD_INPUT` that names every field that is wrong, and fields that the project does not know.
 */
export function readRequest(project: Project, texts: Readonly<Record<string, string>>): Record<string, Float64Array> {
  const known = project.request.map((field) => field.name).join(', ')
  const faults = Object.keys(texts)
    .filter((name) => !project.request.some((field) => field.name === name))
    .map((name) => ({ what: `${name} is not a field`, next: `set one of ${known}` }))
  const columns: Record<string, Float64Array> = {}
  for (const field of project.request) {
    const text = texts[field.name] ?? field.example
    const value = parseField(field, text)
    if (value === null)
      faults.push({
        what: `${field.name} is "${text}"`,
        next: `write ${HOW[field.kind]}, for example ${field.name}=${field.example}`,
      })
    else columns[field.name] = Float64Array.of(value)
  }
  if (faults.length > 0) {
    throw new PlannedError('BAD_INPUT', faults.map(({ what }) => what).join('\n  '), {
      next: [...new Set(faults.map(({ next }) => next))].join('; '),
    })
  }
  return columns
}

const HOW = {
  time: 'a UTC time as YYYY-MM-DD HH:MM:SS',
  number: 'a number',
  integer: 'a whole number',
} as const

function parseField(field: RequestField, text: string): number | null {
  if (field.kind === 'time') {
    const match = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})( ?UTC|Z)?$/.exec(text)
    const ms = match === null ? Number.NaN : Date.parse(`${match[1]}T${match[2]}Z`)
    return Number.isNaN(ms) || dayText(ms) !== match?.[1] ? null : ms // 30 February would be taken for 1 March
  }
  const value = text.trim() === '' ? Number.NaN : Number(text)
  const fits = field.kind === 'integer' ? Number.isSafeInteger(value) : Number.isFinite(value)
  return fits ? value : null
}
