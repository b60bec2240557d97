// What a search may try: named parameters, each with the values it can take, as text for people and as JSON for journals.
import { z } from 'zod'
import { PlannedError } from '../../kernel/errors.ts'
import { canonicalJson } from '../../kernel/json.ts'

/** One value of a setting. */
export const SettingValue = z.union([z.number(), z.boolean(), z.string(), z.array(z.number())])
export type SettingValue = z.infer<typeof SettingValue>

/** Values by parameter. */
export type Point = Readonly<Record<string, SettingValue>>

/** `log`: equal ratios count alike, not equal differences. Both ends are included. */
const Range = z.object({ name: z.string().min(1), low: z.number(), high: z.number(), log: z.boolean() })

export const Parameter = z
  .discriminatedUnion('kind', [
    Range.extend({ kind: z.literal('float') }),
    Range.extend({ kind: z.literal('int'), low: z.int(), high: z.int() }),
    z.object({ kind: z.literal('choice'), name: z.string().min(1), choices: z.array(SettingValue).min(1) }),
  ])
  .check(({ value, issues }) => {
    const fault = faultOf(value)
    if (fault !== null) issues.push({ code: 'custom', message: fault, input: value })
  })
export type Parameter = Readonly<z.infer<typeof Parameter>>

export const Space = z.array(Parameter).min(1)
export type Space = readonly Parameter[]

function faultOf(parameter: Parameter): string | null {
  if (parameter.kind === 'choice') {
    const spelt = parameter.choices.map(canonicalJson)
    return new Set(spelt).size < spelt.length ? 'a value is there twice' : null
  }
  const { low, high, log } = parameter
  if (!(low < high)) return `${low} is not below ${high}`
  return log && low <= 0 ? 'a logarithmic range begins above 0' : null
}

/**
 * A parameter from its text: `NAME=LOW..HIGH` with `:log`, `:int` or `:float` after it, or `NAME=VALUE,VALUE,…`. A range is of whole
 * numbers if both ends are written as such. Throws `BAD_INPUT` that says what is wrong with it.
 *
 * @example parseParameter('leaves=15..255:log') // => { kind: 'int', name: 'leaves', low: 15, high: 255, log: true }
 * @example parseParameter('batch_size=64,128') // => { kind: 'choice', name: 'batch_size', choices: [64, 128] }
 */
export function parseParameter(text: string): Parameter {
  const at = text.indexOf('=')
  const name = text.slice(0, Math.max(0, at)).trim()
  const values = text.slice(at + 1).trim()
  if (name === '' || values === '') throw wrong(text, 'it is a name, =, and values')
  const range = /^([^,:\s]*?)\.\.([^,:\s]+)((?::\w+)*)$/.exec(values)
  const parsed = Parameter.safeParse(
    range === null
      ? { kind: 'choice', name, choices: choicesOf(values) }
      : rangeOf(text, name, [range[1] ?? '', range[2] ?? ''], (range[3] ?? '').split(':').slice(1)),
  )
  if (parsed.success) return parsed.data
  throw wrong(text, parsed.error.issues.map(({ message }) => message).join(', '))
}

function rangeOf(text: string, name: string, [low, high]: [string, string], words: readonly string[]) {
  const unknown = words.find((word) => !['log', 'int', 'float'].includes(word))
  if (unknown !== undefined) throw wrong(text, `":${unknown}" is none of :log, :int and :float`)
  if (words.includes('int') && words.includes('float')) throw wrong(text, 'it cannot be both :int and :float')
  for (const end of [low, high]) {
    if (end === '' || !Number.isFinite(Number(end))) throw wrong(text, `"${end}" is no number`)
  }
  const isWhole = /^-?\d+$/.test(low) && /^-?\d+$/.test(high) && !words.includes('float')
  const kind = isWhole || words.includes('int') ? 'int' : 'float'
  return { kind, name, low: Number(low), high: Number(high), log: words.includes('log') }
}

/** Values separated by commas: numbers, `true` and `false`, lists of numbers in brackets, and words. */
function choicesOf(values: string): unknown[] {
  const list = jsonOf(`[${values}]`)
  return Array.isArray(list) ? list : values.split(',').map((value) => jsonOf(value.trim()) ?? value.trim())
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function wrong(text: string, why: string): PlannedError {
  return new PlannedError('BAD_INPUT', `"${text}" says nothing that can be searched`, {
    why,
    next: 'write a range, as in learning_rate=1e-4..1e-2:log, or values, as in batch_size=64,128,256',
  })
}

/** A parameter as `parseParameter` reads it. */
export function parameterText(parameter: Parameter): string {
  const { name, kind } = parameter
  if (kind === 'choice') return `${name}=${parameter.choices.map(valueText).join(',')}`
  const { low, high, log } = parameter
  const looksWhole = Number.isInteger(low) && Number.isInteger(high)
  return `${name}=${low}..${high}${log ? ':log' : ''}${kind === 'float' && looksWhole ? ':float' : ''}`
}

/** A value as a setting is written. */
export function valueText(value: SettingValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Whether a parameter can take a value. */
export function canTake(parameter: Parameter, value: SettingValue | undefined): boolean {
  if (value === undefined) return false
  if (parameter.kind === 'choice') return indexOf(parameter.choices, value) >= 0
  const isWithin = typeof value === 'number' && value >= parameter.low && value <= parameter.high
  return isWithin && (parameter.kind === 'float' || Number.isInteger(value))
}

/** The place of a value among choices; -1 if it is none of them. */
export function indexOf(choices: readonly SettingValue[], value: SettingValue): number {
  const spelt = canonicalJson(value)
  return choices.findIndex((choice) => canonicalJson(choice) === spelt)
}

/** How many points a space has; infinite where a parameter is continuous. */
export function pointCount(space: Space): number {
  return space.reduce((count, parameter) => count * valueCount(parameter), 1)
}

function valueCount(parameter: Parameter): number {
  switch (parameter.kind) {
    case 'choice':
      return parameter.choices.length
    case 'int':
      return parameter.high - parameter.low + 1
    case 'float':
      return Number.POSITIVE_INFINITY
  }
}

/** The point at a place of a finite space, counting as a clock does: the last parameter runs fastest. */
export function pointAt(space: Space, place: number): Point {
  const point: Record<string, SettingValue> = {}
  let rest = place
  for (const parameter of space.toReversed()) {
    const count = valueCount(parameter)
    const index = rest % count
    rest = Math.floor(rest / count)
    point[parameter.name] = parameter.kind === 'choice' ? parameter.choices[index]! : lowOf(parameter) + index
  }
  return Object.fromEntries(space.map(({ name }) => [name, point[name]!]))
}

function lowOf(parameter: Exclude<Parameter, { kind: 'choice' }>): number {
  return parameter.low
}

/** The one spelling of the values that a space speaks of: equal for two points exactly when they would train the same. */
export function pointKey(space: Space, point: Point): string {
  return canonicalJson(space.map(({ name }) => point[name] ?? null))
}
