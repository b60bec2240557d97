// Processed rows as arrays for training: numbers in float32, categories as codes.
import { PlannedError } from '../kernel/errors.ts'
import type { Batch } from '../warehouse/port.ts'
import { checkSpecification } from './check.ts'
import { type FeatureSpecification, widthOf } from './specification.ts'

/** How features lie in memory. A feature list's numbers and categories keep their order among themselves. */
export interface EncodedRows {
  readonly rows: number
  readonly numberCount: number
  readonly categoryCount: number
  /** (rows, numberCount), row-major; NaN for none, which only some trainers take. */
  readonly numbers: Float32Array
  /** (rows, categoryCount), row-major; -1 for none. */
  readonly codes: Int16Array
  /** (rows) */
  readonly target: Float32Array
}

/** Where a feature lies in the model's input of `encodedWidth` columns: `width` of them, beginning at `from`. */
export interface EncodedFeature {
  readonly name: string
  readonly kind: 'number' | 'category'
  readonly from: number
  readonly width: number
}

/** The model's input columns, feature by feature, in feature order. */
export function encodedLayout({ features }: FeatureSpecification): readonly EncodedFeature[] {
  let from = 0
  return features.map((feature) => {
    const width = widthOf(feature)
    from += width
    return { name: feature.name, kind: feature.kind, from: from - width, width }
  })
}

/**
 * Rows `[from, to)` of a processed table, for training. With `takesMissing`, a number feature that has no value (null, NaN) is
 * NaN; without, and in the target always, it is refused.
 *
 * Throws  PlannedError('BAD_DATA') if a column is missing, a number is not finite in float32, or a code is not -1 …
 *         n-1: one such value would silently spoil every weight.
 */
export function encode(
  specification: FeatureSpecification,
  processed: Batch,
  rows: { readonly from: number; readonly to: number },
  { takesMissing = false }: { readonly takesMissing?: boolean } = {},
): EncodedRows {
  const { features, target } = checkSpecification(specification)
  const count = rows.to - rows.from
  const numbers = features.filter((feature) => feature.kind === 'number')
  const categories = features.filter((feature) => feature.kind === 'category')
  const encoded: EncodedRows = {
    rows: count,
    numberCount: numbers.length,
    categoryCount: categories.length,
    numbers: new Float32Array(count * numbers.length),
    codes: new Int16Array(count * categories.length),
    target: new Float32Array(count),
  }
  const copy = (
    name: string,
    into: Float32Array | Int16Array,
    at: number,
    stride: number,
    fits: (value: number) => boolean,
  ): void => {
    const column = processed.columns[name]
    if (column === undefined)
      throw new PlannedError('BAD_DATA', `the processed rows have no column "${name}"`, {
        next: 'make the table again',
      })
    for (let row = 0; row < count; row++) {
      const value = column[rows.from + row] ?? Number.NaN
      if (!fits(value)) {
        throw new PlannedError(
          'BAD_DATA',
          `row ${rows.from + row} has ${value} as "${name}", which a model cannot learn from`,
          { next: 'add a cleaning rule' },
        )
      }
      into[row * stride + at] = value
    }
  }
  const isNumber = takesMissing ? (value: number): boolean => Number.isNaN(value) || isFloat(value) : isFloat
  for (const [i, { name }] of numbers.entries()) copy(name, encoded.numbers, i, numbers.length, isNumber)
  for (const [i, { name, size }] of categories.entries()) {
    copy(name, encoded.codes, i, categories.length, (value) => Number.isInteger(value) && value >= -1 && value < size)
  }
  copy(target, encoded.target, 0, 1, isFloat)
  return encoded
}

function isFloat(value: number): boolean {
  return Number.isFinite(Math.fround(value))
}
