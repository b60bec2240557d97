// The first look at the rows trees are grown from: what bins each column has, and in which order a category's codes come.
import type { EncodedRows } from '../features/encode.ts'
import { PlannedError } from '../kernel/errors.ts'
import { seededRandom } from '../kernel/random.ts'
import { checkRows, type InputLayout } from './input-layout.ts'
import { openPace } from './pace.ts'
import type { RowSource } from './port.ts'
import { distinctValues, ranksOf, thresholdsOf } from './trees-bins.ts'

/** How a row's columns become bins: its numbers, then the ranks of its categories' codes. */
export interface Binning {
  /** Per column: (bins - 1) the values up to which each bin but the last goes. */
  readonly thresholds: readonly Float32Array[]
  /** Per category: (codes) the place of each code; NaN without one. */
  readonly ranks: readonly Float32Array[]
  readonly numberCount: number
}

/** Bins are made from so many rows at most, evenly spread over all: more would move no edge by much. */
const SAMPLE_ROWS = 200_000

interface Sums {
  target: number
  /** Per category: (codes) */
  readonly ofCode: readonly Float64Array[]
  readonly rowsOfCode: readonly Float64Array[]
}

/**
 * Reads all rows once. Throws `BAD_INPUT` if they do not fit the layout, `BAD_DATA` if a target is no finite number or there
 * are other rows than announced.
 */
export async function survey(
  fit: RowSource,
  layout: InputLayout,
  { bins, seed, signal }: { bins: number; seed: number; signal: AbortSignal | undefined },
): Promise<{ binning: Binning; targetMean: number }> {
  const sampled = Math.min(fit.rows, SAMPLE_ROWS)
  const numbers = layout.numberColumns.map(() => new Float32Array(sampled))
  const next = stratified(fit.rows, sampled, seed)
  const sums: Sums = {
    target: 0,
    ofCode: layout.categorySizes.map((size) => new Float64Array(size)),
    rowsOfCode: layout.categorySizes.map((size) => new Float64Array(size)),
  }
  const pace = openPace(signal)
  let [rows, taken] = [0, 0]
  for await (const block of fit.blocks()) {
    checkRows(block, layout, 'fit')
    for (let row = 0; row < block.rows; row++) {
      addRow(sums, block, row, rows + row)
      if (row % 4_096 === 4_095) await pace(4_096)
      if (rows + row !== next.row) continue
      for (const [i, column] of numbers.entries()) column[taken] = block.numbers[row * block.numberCount + i]!
      taken += 1
      next.advance()
    }
    rows += block.rows
  }
  if (rows !== fit.rows) throw new Error(`${fit.rows} rows were announced and ${rows} came`)
  const targetMean = sums.target / rows
  const ranks = sums.ofCode.map((ofCode, i) => ranksOf(ofCode, sums.rowsOfCode[i]!, targetMean)) // one each
  const ofRanks = ranks.map((places, i) => thresholdsOf(distinctRanks(places, sums.rowsOfCode[i]!), bins))
  const thresholds: Float32Array[] = []
  for (const column of numbers) {
    thresholds.push(thresholdsOf(distinctValues(column), bins))
    await pace(sampled)
  }
  return { binning: { thresholds: [...thresholds, ...ofRanks], ranks, numberCount: numbers.length }, targetMean }
}

function addRow(sums: Sums, block: EncodedRows, row: number, place: number): void {
  const target = finiteTarget(block, row, place)
  sums.target += target
  for (let i = 0; i < block.categoryCount; i++) {
    const code = block.codes[row * block.categoryCount + i]!
    if (code < 0) continue
    sums.ofCode[i]![code]! += target
    sums.rowsOfCode[i]![code]! += 1
  }
}

/** The target of a row; `place` is its number among all. */
export function finiteTarget(block: EncodedRows, row: number, place: number): number {
  const target = block.target[row]!
  if (Number.isFinite(target)) return target
  throw new PlannedError('BAD_DATA', `trees cannot learn from row ${place}: its target is ${target}`, {
    next: 'look for nulls and extreme values in the target',
    facts: { row: place },
  })
}

/** The numbers of `count` of `rows` rows, one drawn from each of as many stretches of the same length, in ascending order. */
function stratified(rows: number, count: number, seed: number): { readonly row: number; advance(): void } {
  const random = seededRandom(seed, SAMPLE_STREAM)
  let [stretch, row] = [-1, -1]
  const advance = (): void => {
    stretch += 1
    const from = Math.floor((stretch * rows) / count)
    const to = Math.floor(((stretch + 1) * rows) / count)
    row = stretch < count ? from + random.below(to - from) : -1
  }
  advance()
  return {
    get row() {
      return row
    },
    advance,
  }
}

const SAMPLE_STREAM = 4

function distinctRanks(ranks: Float32Array, rows: Float64Array): { values: Float32Array; counts: Float64Array } {
  const codes = Array.from(ranks.keys()).filter((code) => !Number.isNaN(ranks[code]))
  codes.sort((one, other) => ranks[one]! - ranks[other]!)
  return {
    values: Float32Array.from(codes, (code) => ranks[code]!),
    counts: Float64Array.from(codes, (code) => rows[code]!),
  }
}
