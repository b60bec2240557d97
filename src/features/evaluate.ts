// Runs a program of steps in JavaScript, over columns, a block of rows at a time.
import { PlannedError } from '../kernel/errors.ts'
import type { Batch } from '../warehouse/port.ts'
import type { Program, Step } from './program.ts'
import type { BinaryOperator, UnaryOperator } from './specification.ts'
import { zoneTable } from './time-zone.ts'

/** Rows worked on at once: a few hundred columns of this many doubles stay in the processor's caches. */
const BLOCK_ROWS = 2048

/**
 * The values of a program's results, one array per result.
 *
 * Shapes  n = batch.rows: every result is (n).
 * Units   timestamps in ms since 1970 (UTC); NaN is null, in and out.
 * Throws  PlannedError('BAD_INPUT') if the batch lacks a column the program reads.
 */
export function evaluate({ steps, results }: Program, batch: Batch): Float64Array[] {
  const outputs = results.map(() => new Float64Array(batch.rows)) // (n) each
  const registers = steps.map(() => new Float64Array(Math.min(BLOCK_ROWS, batch.rows)))
  const runs = steps.map((step, i) => compileStep(step, registers, registers[i]!, batch))
  for (let from = 0; from < batch.rows; from += BLOCK_ROWS) {
    const count = Math.min(BLOCK_ROWS, batch.rows - from)
    for (const run of runs) run(from, count)
    for (let i = 0; i < results.length; i++) outputs[i]!.set(registers[results[i]!]!.subarray(0, count), from)
  }
  return outputs
}

type Run = (from: number, count: number) => void

function compileStep(step: Step, registers: readonly Float64Array[], out: Float64Array, batch: Batch): Run {
  if ('left' in step) {
    const [left, right, compute] = [registers[step.left]!, registers[step.right]!, BINARY[step.op]]
    return (_, count) => {
      for (let i = 0; i < count; i++) out[i] = compute(left[i]!, right[i]!)
    }
  }
  if (step.op === 'column') {
    const column = batch.columns[step.name]
    if (column === undefined) {
      throw new PlannedError('BAD_INPUT', `these rows have no column "${step.name}"`, {
        why: `they have ${Object.keys(batch.columns).join(', ')}`,
        next: 'add it to the rows',
      })
    }
    return (from, count) => out.set(column.subarray(from, from + count))
  }
  if (step.op === 'constant') {
    out.fill(step.value)
    return () => undefined
  }
  const of = registers[step.of]!
  const compute =
    step.op === 'zoneOffset'
      ? offsetFinder(step.zone)
      : step.op === 'position'
        ? positionFinder(step.values)
        : UNARY[step.op]
  return (_, count) => {
    for (let i = 0; i < count; i++) out[i] = compute(of[i]!)
  }
}

const isTrue = (value: number): boolean => value < 0 || value > 0 // NaN is neither

const BINARY: Record<BinaryOperator, (left: number, right: number) => number> = {
  add: (left, right) => left + right,
  subtract: (left, right) => left - right,
  multiply: (left, right) => left * right,
  divide: (left, right) => left / right,
  minimum: (left, right) => (left <= right ? left : left > right ? right : Number.NaN),
  maximum: (left, right) => (left >= right ? left : left < right ? right : Number.NaN),
  less: (left, right) => (left < right ? 1 : left >= right ? 0 : Number.NaN),
  lessOrEqual: (left, right) => (left <= right ? 1 : left > right ? 0 : Number.NaN),
  equal: (left, right) => (left === right ? 1 : Number.isNaN(left) || Number.isNaN(right) ? Number.NaN : 0),
  and: (left, right) => (left === 0 || right === 0 ? 0 : isTrue(left) && isTrue(right) ? 1 : Number.NaN),
  or: (left, right) => (isTrue(left) || isTrue(right) ? 1 : left === 0 && right === 0 ? 0 : Number.NaN),
}

const UNARY: Record<UnaryOperator, (of: number) => number> = {
  absolute: Math.abs,
  squareRoot: Math.sqrt,
  sine: Math.sin,
  cosine: Math.cos,
  arcsine: Math.asin,
  floor: Math.floor,
  ceiling: Math.ceil,
  not: (of) => (of === 0 ? 1 : isTrue(of) ? 0 : Number.NaN),
}

function positionFinder(values: readonly number[]): (of: number) => number {
  const positions = new Map(values.map((value, position) => [value, position]))
  return (of) => positions.get(of) ?? -1
}

/** Rows come roughly in order of time, so the span found last is tried first. */
function offsetFinder(zone: string): (atMs: number) => number {
  const { startsMs, offsetsMs } = zoneTable(zone)
  let last = 0
  return (atMs) => {
    const holds = atMs >= startsMs[last]! && !(atMs >= (startsMs[last + 1] ?? Number.POSITIVE_INFINITY))
    if (!holds) {
      let low = 0
      let high = startsMs.length - 1
      while (low < high) {
        const middle = Math.ceil((low + high) / 2)
        if (startsMs[middle]! <= atMs) low = middle
        else high = middle - 1
      }
      last = low
    }
    return offsetsMs[last]!
  }
}
