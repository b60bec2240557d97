// Learning the logarithm of the target, or rounding the answers: what the trees learn from goes in, errors of the answers come out.
import type { EncodedRows } from '../features/encode.ts'
import { PlannedError } from '../kernel/errors.ts'
import type { RowSource } from './port.ts'
import { type Answering, addLeaves, columnsOf, predictionOf, type TreeEnsemble } from './tree-ensemble.ts'

/** The source's rows with the natural logarithm of each target. Throws `BAD_DATA` for a target that has none. */
export function logarithmsOf(source: RowSource): RowSource {
  return {
    ...source,
    async *blocks() {
      for await (const block of source.blocks()) yield withLogarithms(block)
    },
  }
}

/** Rows with the natural logarithm of each target. Throws `BAD_DATA` for a target that has none. */
export function withLogarithms(rows: EncodedRows): EncodedRows {
  return { ...rows, target: rows.target.map(logarithm) }
}

function logarithm(target: number): number {
  if (target > 0) return Math.log(target)
  throw new PlannedError('BAD_DATA', `trees cannot learn the logarithm of the target ${target}`, {
    next: 'clean such rows away, or set logTarget to false',
  })
}

/** Rows of the fit part whose error is told after every tree: all of them would cost more than the trees do. */
const SAMPLED_ROWS = 4_096

/** Takes every k-th row of blocks as they pass, 4,096 at most. */
export function openSample({ rows, numberCount, categoryCount }: RowSource): {
  take(block: EncodedRows): void
  readonly taken: EncodedRows
} {
  const step = Math.max(1, Math.ceil(rows / SAMPLED_ROWS))
  const count = Math.ceil(rows / step)
  const taken: EncodedRows = {
    rows: count,
    numberCount,
    categoryCount,
    numbers: new Float32Array(count * numberCount),
    codes: new Int16Array(count * categoryCount),
    target: new Float32Array(count),
  }
  let passed = 0
  return {
    taken,
    take(block) {
      const first = (step - (passed % step)) % step
      for (let row = first; row < block.rows; row += step) {
        const to = (passed + row) / step
        taken.numbers.set(block.numbers.subarray(row * numberCount, (row + 1) * numberCount), to * numberCount)
        taken.codes.set(block.codes.subarray(row * categoryCount, (row + 1) * categoryCount), to * categoryCount)
        taken.target[to] = block.target[row]! // row < rows
      }
      passed += block.rows
    },
  }
}

/** Follows rows through a growing ensemble; `rows` hold the target itself. `after` gives their mean absolute error with one tree more. */
export function openErrors(
  rows: EncodedRows,
  start: Answering & Pick<TreeEnsemble, 'ranks'>,
): { after(tree: TreeEnsemble): number } {
  const columns = columnsOf(rows, start.ranks)
  const sums = new Float64Array(rows.rows).fill(Math.fround(start.base))
  return {
    after(tree) {
      addLeaves(tree, columns, rows.numberCount + rows.categoryCount, sums)
      let absolute = 0
      for (let row = 0; row < rows.rows; row++) {
        absolute += Math.abs(Math.fround(predictionOf(start, sums[row]!)) - rows.target[row]!) // row < rows
      }
      return absolute / rows.rows
    },
  }
}
