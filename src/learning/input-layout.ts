// Where each feature lies in a model's input, and the checks every trainer makes before it reads rows.
import { type EncodedRows, encodedLayout } from '../features/encode.ts'
import { encodedWidth, type FeatureSpecification } from '../features/specification.ts'
import { PlannedError } from '../kernel/errors.ts'

/** The columns of a dense input, in the specification's order: a number takes one, a category of n codes n. */
export interface InputLayout {
  readonly width: number
  /** (numberCount) The column of each number. */
  readonly numberColumns: readonly number[]
  /** (categoryCount) The column of each category's code 0. */
  readonly categoryColumns: readonly number[]
  /** (categoryCount) How many codes each category has. */
  readonly categorySizes: readonly number[]
}

/** Lays the specification's features side by side. */
export function inputLayout(specification: FeatureSpecification): InputLayout {
  const features = encodedLayout(specification)
  const numbers = features.filter(({ kind }) => kind === 'number')
  const categories = features.filter(({ kind }) => kind === 'category')
  return {
    width: encodedWidth(specification),
    numberColumns: numbers.map(({ from }) => from),
    categoryColumns: categories.map(({ from }) => from),
    categorySizes: categories.map(({ width }) => width),
  }
}

/**
 * Throws `BAD_INPUT` unless the rows are laid out as the specification says: so many numbers and categories, every array of
 * its length, every code within its category or -1. What is not checked here would be read as another row's value.
 */
export function checkRows(rows: EncodedRows, layout: InputLayout, what: string): void {
  const { numberColumns, categorySizes } = layout
  const categories = categorySizes.length
  const fits =
    rows.numberCount === numberColumns.length &&
    rows.categoryCount === categories &&
    rows.numbers.length === rows.rows * rows.numberCount &&
    rows.codes.length === rows.rows * categories &&
    rows.target.length === rows.rows
  if (!fits) {
    throw new PlannedError(
      'BAD_INPUT',
      `the ${what} rows do not fit the features: ${rows.rows} rows of ${rows.numberCount} numbers and ${rows.categoryCount} ` +
        `categories (arrays of ${rows.numbers.length}, ${rows.codes.length} and ${rows.target.length} values), but the ` +
        `specification has ${numberColumns.length} numbers and ${categories} categories`,
      { next: 'encode the rows again with it' },
    )
  }
  for (let at = 0; at < rows.codes.length; at++) {
    const code = rows.codes[at]!
    const size = categorySizes[at % categories]!
    if (code < -1 || code >= size) {
      throw new PlannedError(
        'BAD_INPUT',
        `the ${what} rows hold code ${code} (row ${Math.floor(at / categories)}) of a category with ${size} codes`,
        { next: 'encode the rows again with this specification' },
      )
    }
  }
}

/** Throws `BAD_INPUT` unless there are 2 rows to fit and 1 to stop by. */
export function checkRowCounts(
  trainer: string,
  job: { fit: { readonly rows: number }; earlyStop: { readonly rows: number } | null },
): void {
  if (job.fit.rows >= 2 && job.earlyStop?.rows !== 0) return
  throw new PlannedError(
    'BAD_INPUT',
    `${trainer} needs at least 2 rows to fit and 1 to stop by, and has ${job.fit.rows} and ${job.earlyStop?.rows ?? 'none asked for'}`,
    { next: 'widen the window it learns from' },
  )
}
