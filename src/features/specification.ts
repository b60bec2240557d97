// What a model sees of a raw row: one specification, as plain JSON, from which SQL, JavaScript and ONNX are made.
import type { Column } from '../warehouse/port.ts'

/**
 * An expression over one raw row. All arithmetic is in double; a null (NaN) in gives a null out, except where said.
 * Comparisons and logic give 1 or 0; a comparison with a null is null, and a null rule does not keep its row.
 */
export type Expression =
  | { readonly op: 'column'; readonly name: string }
  | { readonly op: 'constant'; readonly value: number }
  | { readonly op: BinaryOperator; readonly left: Expression; readonly right: Expression }
  | { readonly op: UnaryOperator; readonly of: Expression }
  /** A part of a timestamp (ms since 1970, UTC) on the clocks of an IANA time zone: hour 0-23, weekday 0 = Monday … 6, month 1-12. */
  | {
      readonly op: 'clock'
      readonly part: 'hour' | 'weekday' | 'month'
      readonly of: Expression
      readonly zone: string
    }
  /** Position of an integer among `values`, from 0; -1 if it is not there, or null. */
  | { readonly op: 'position'; readonly of: Expression; readonly values: readonly number[] }

export type BinaryOperator =
  | 'add'
  | 'subtract'
  | 'multiply'
  | 'divide'
  | 'minimum'
  | 'maximum'
  | 'less'
  | 'lessOrEqual'
  | 'equal'
  | 'and'
  | 'or'
export type UnaryOperator = 'absolute' | 'squareRoot' | 'sine' | 'cosine' | 'arcsine' | 'floor' | 'ceiling' | 'not'

/** A number takes one column of the model's input; a category of n codes takes n (one-hot), all zero for code -1. */
export type Feature =
  | { readonly kind: 'number'; readonly name: string; readonly value: Expression }
  | { readonly kind: 'category'; readonly name: string; readonly code: Expression; readonly size: number }

/** A reason to leave a row out: rows for which `keep` is not 1 are dropped and counted under `name`, by the first rule that fails. */
export interface CleaningRule {
  readonly name: string
  readonly keep: Expression
}

export interface FeatureSpecification {
  /** The raw columns, in the order that breaks ties of time. */
  readonly columns: readonly Column[]
  readonly timeColumn: string
  readonly target: string
  readonly cleaning: {
    /** Drop rows that equal another in every column after rounding these to float32. The first in order stays. */
    readonly duplicates: { readonly asFloat32: readonly string[] } | null
    /** Drop rows with a null in any column. Before the rules. */
    readonly nulls: 'drop' | 'keep'
    readonly rules: readonly CleaningRule[]
  }
  readonly features: readonly Feature[]
}
