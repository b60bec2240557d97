// Cleaning in JavaScript, row by row the same as in SQL: why each row is left out, if it is.
import type { Batch } from '../warehouse/port.ts'
import { evaluate } from './evaluate.ts'
import { programOf } from './program.ts'
import type { FeatureSpecification } from './specification.ts'

/** Stands for "no reason": the row stays. */
export const KEPT = -1

const DUPLICATE = 0
const NULL = 1
const FIRST_RULE = 2

/** Per row the position of the first reason to drop it, among those of `cleaningReasons`, or `KEPT`. */
export function reasonsToDrop({ columns, timeColumn, cleaning }: FeatureSpecification, source: Batch): Int32Array {
  const reasons = new Int32Array(source.rows).fill(KEPT)
  const ordered = [timeColumn, ...columns.map(({ name }) => name).filter((name) => name !== timeColumn)]
  // `evaluate` or the caller has checked that they are there.
  const values = ordered.map((name) => source.columns[name]!)
  if (cleaning.duplicates !== null) {
    const rounded = new Set(cleaning.duplicates.asFloat32)
    markDuplicates(
      reasons,
      values,
      ordered.map((name) => rounded.has(name)),
    )
  }
  const kept = evaluate(programOf(cleaning.rules.map(({ keep }) => keep)), source)
  for (let row = 0; row < source.rows; row++) {
    if (reasons[row] !== KEPT) continue
    if (cleaning.nulls === 'drop' && values.some((column) => Number.isNaN(column[row]))) {
      reasons[row] = NULL
      continue
    }
    const failed = kept.findIndex((keep) => keep[row] === 0 || Number.isNaN(keep[row]))
    if (failed !== -1) reasons[row] = FIRST_RULE + failed
  }
  return reasons
}

/** Of rows that are equal once rounded, all but the first in order. */
function markDuplicates(reasons: Int32Array, values: readonly Float64Array[], isRounded: readonly boolean[]): void {
  const firsts = new Map<string, number>()
  const cells = new Float64Array(values.length)
  const bytes = Buffer.from(cells.buffer)
  for (let row = 0; row < reasons.length; row++) {
    for (let i = 0; i < cells.length; i++) {
      const value = values[i]![row]!
      // One NaN and one zero: the bits are compared, and -0 equals 0.
      cells[i] = Number.isNaN(value) ? Number.NaN : (isRounded[i] ? Math.fround(value) : value) + 0
    }
    const key = bytes.toString('latin1')
    const first = firsts.get(key)
    if (first === undefined) {
      firsts.set(key, row)
    } else if (comesBefore(values, row, first)) {
      reasons[first] = DUPLICATE
      firsts.set(key, row)
    } else {
      reasons[row] = DUPLICATE
    }
  }
}

/**
 * Whether a row is before another, its duplicate, by the first column in which they differ. Their nulls are the same
 * ones.
 */
function comesBefore(values: readonly Float64Array[], row: number, other: number): boolean {
  for (const column of values) {
    const [mine, theirs] = [column[row]!, column[other]!]
    if (mine < theirs) return true
    if (mine > theirs) return false
  }
  return false
}
