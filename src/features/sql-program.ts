// A program of steps as DuckDB SQL: one expression per result, and layers of named columns for what is used more than
// once.
import type { ColumnType } from '../warehouse/port.ts'
import { operandsOf, type Program, type Step } from './program.ts'
import { zoneTable } from './time-zone.ts'

export interface SqlProgram {
  /** Columns to add, layer by layer: each layer may read the columns of those before it. */
  readonly layers: readonly (readonly string[])[]
  /** Per result: its value as a DOUBLE, null where it has none. */
  readonly numbers: readonly string[]
  /** Per result: its value as a truth, null where it has none. */
  readonly truths: readonly string[]
}

/** SQL for one step. `mayBeNaN`: null may show as NaN here, and NaN compares as a number in DuckDB. */
interface Text {
  readonly sql: string
  readonly isTruth: boolean
  readonly mayBeNaN: boolean
  /** The layer it can first be written in. */
  readonly level: number
}

/**
 * Translates a program. `resultUses` says how often each result's text will be written, so that a long one is named
 * instead. The columns it reads must hold null, not NaN, where they have no value.
 */
export function sqlProgram(
  program: Program,
  types: ReadonlyMap<string, ColumnType>,
  resultUses: readonly number[],
): SqlProgram {
  const { steps, results } = program
  const uses = countUses(program, resultUses)
  const layers: string[][] = []
  const texts: Text[] = []
  for (const [index, step] of steps.entries()) {
    const operands = operandsOf(step).map((operand) => texts[operand]!)
    const level = Math.max(0, ...operands.map((operand) => operand.level))
    const text = { ...textOf(step, operands, types), level }
    const isShort = step.op === 'constant' || (step.op === 'column' && types.get(step.name) !== 'timestamp')
    if (isShort || uses[index]! < 2) {
      texts.push(text)
      continue
    }
    const name = `"step ${index}"` // no column is called so: names have no spaces
    layers[level] ??= []
    layers[level].push(`${text.isTruth ? text.sql : number(text)} as ${name}`)
    texts.push({ sql: name, isTruth: text.isTruth, mayBeNaN: false, level: level + 1 })
  }
  return {
    layers,
    numbers: results.map((result) => number(texts[result]!)),
    truths: results.map((result) => truth(texts[result]!)),
  }
}

/** A double as a literal: with an exponent, because DuckDB reads 0.1 as a decimal. */
export function literal(value: number): string {
  const digits = String(value)
  const text = digits.includes('e') ? digits : `${digits}e0`
  return value < 0 ? `(${text})` : text
}

export function quoted(name: string): string {
  return `"${name}"` // names were checked to be letters, digits and underscores
}

/** How often each step's text would be written if none had a name. */
function countUses({ steps, results }: Program, resultUses: readonly number[]): number[] {
  const uses = steps.map(() => 0)
  for (const step of steps) {
    for (const operand of operandsOf(step)) uses[operand]! += REPEATING.has(step.op) ? 2 : 1
  }
  for (const [i, result] of results.entries()) uses[result]! += resultUses[i] ?? 1
  return uses
}

/** Steps whose text repeats an operand. */
const REPEATING: ReadonlySet<Step['op']> = new Set([
  'minimum',
  'maximum',
  'squareRoot',
  'sine',
  'cosine',
  'arcsine',
  'zoneOffset',
])

const INFIX = {
  add: '+',
  subtract: '-',
  multiply: '*',
  divide: '/',
  less: '<',
  lessOrEqual: '<=',
  equal: '=',
  and: 'and',
  or: 'or',
} as const

function textOf(step: Step, operands: readonly Text[], types: ReadonlyMap<string, ColumnType>): Omit<Text, 'level'> {
  const value = (sql: string, mayBeNaN = false) => ({ sql, isTruth: false, mayBeNaN })
  if (step.op === 'column') return value(columnText(step.name, types))
  if (step.op === 'constant') return value(literal(step.value))
  const [first, second] = [operands[0]!, operands[1]!] // `second` is read for binary steps only
  switch (step.op) {
    case 'add':
    case 'subtract':
    case 'multiply':
    case 'divide':
      return value(`(${double(first)} ${INFIX[step.op]} ${double(second)})`, true)
    case 'less':
    case 'lessOrEqual':
    case 'equal':
      return { sql: `(${number(first)} ${INFIX[step.op]} ${number(second)})`, isTruth: true, mayBeNaN: false }
    case 'and':
    case 'or':
      return { sql: `(${truth(first)} ${INFIX[step.op]} ${truth(second)})`, isTruth: true, mayBeNaN: false }
    case 'not':
      return { sql: `(not ${truth(first)})`, isTruth: true, mayBeNaN: false }
    case 'minimum':
    case 'maximum': {
      const [a, b, sign] = [number(first), number(second), step.op === 'minimum' ? '<' : '>']
      // DuckDB’s least() and greatest() would skip nulls.
      return value(`case when ${a} ${sign}= ${b} then ${a} when ${b} ${sign} ${a} then ${b} end`)
    }
    case 'absolute':
      return value(`abs(${double(first)})`, first.mayBeNaN)
    case 'floor':
      return value(`floor(${double(first)})`, first.mayBeNaN)
    case 'ceiling':
      return value(`ceil(${double(first)})`, first.mayBeNaN)
    // Outside their domain DuckDB's functions fail the whole query.
    case 'squareRoot':
      return value(`case when ${number(first)} >= 0 then sqrt(${number(first)}) end`)
    case 'sine':
      return value(`case when isfinite(${number(first)}) then sin(${number(first)}) end`)
    case 'cosine':
      return value(`case when isfinite(${number(first)}) then cos(${number(first)}) end`)
    case 'arcsine':
      return value(`case when ${number(first)} between -1 and 1 then asin(${number(first)}) end`)
    case 'zoneOffset':
      return value(offsetText(number(first), step.zone))
    case 'position':
      return value(
        `(coalesce(list_position([${step.values.map(literal).join(', ')}], ${number(first)}), 0) - 1)::double`,
      )
  }
}

function columnText(name: string, types: ReadonlyMap<string, ColumnType>): string {
  const type = types.get(name)
  if (type === 'timestamp') return `(epoch_us(${quoted(name)})::double / 1000)` // timestamps keep microseconds
  return type === 'integer' ? `${quoted(name)}::double` : quoted(name)
}

/** As a DOUBLE that may be NaN for null: enough for arithmetic. */
function double(text: Text): string {
  return text.isTruth ? `${text.sql}::double` : text.sql
}

/** As a DOUBLE that is never NaN. */
function number(text: Text): string {
  return text.mayBeNaN ? `nullif(${text.sql}, 'nan'::double)` : double(text)
}

function truth(text: Text): string {
  return text.isTruth ? text.sql : `(${number(text)} <> 0)`
}

/** A search tree over the zone's changes: seven comparisons a row instead of eighty. */
function offsetText(atMs: string, zone: string): string {
  const { startsMs, offsetsMs } = zoneTable(zone)
  const search = (from: number, to: number): string => {
    if (from === to) return literal(offsetsMs[from]!)
    const middle = Math.ceil((from + to) / 2)
    return `case when ${atMs} < ${literal(startsMs[middle]!)} then ${search(from, middle - 1)} else ${search(middle, to)} end`
  }
  return search(0, startsMs.length - 1)
}
