// What a model sees of a raw row: one specification, as plain JSON, from which SQL, JavaScript and ONNX are made.
import { digestOf, type Json } from '../kernel/json.ts'
import type { Column } from '../warehouse/port.ts'

/**
 * An expression over one raw row. All arithmetic is in IEEE double. What has no value (0/0, the root of a negative
 * number, an arcsine beyond 1) is null, and a null in gives a null out, except where said. Zero is false, any other
 * number true; comparisons and logic give 1 or 0. A comparison with a null is null; in logic a null is "unknown", as in
 * SQL: `and` with a 0 is 0 and `or` with a 1 is 1 whatever the other side. A rule that is null does not keep its row.
 */
export type Expression =
  | { readonly op: 'column'; readonly name: string }
  | { readonly op: 'constant'; readonly value: number }
  | { readonly op: BinaryOperator; readonly left: Expression; readonly right: Expression }
  | { readonly op: UnaryOperator; readonly of: Expression }
  /**
   * A part of a timestamp (ms since 1970, UTC) on the clocks of an IANA time zone: hour 0-23, weekday 0 = Monday … 6,
   * month 1-12. The zone's changes are known from 2000 to 2040; before and after, its first and last offset hold.
   */
  | { readonly op: 'clock'; readonly part: ClockPart; readonly of: Expression; readonly zone: string }
  /** Position of an integer among `values`, from 0; -1 if it is not there, or null. */
  | { readonly op: 'position'; readonly of: Expression; readonly values: readonly number[] }

export type ClockPart = 'hour' | 'weekday' | 'month'
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

/**
 * A number takes one column of the model's input; a category of n codes takes n (one-hot), all zero for code -1. A code
 * that is null, not whole or outside 0 … n-1 counts as -1.
 */
export type Feature =
  | { readonly kind: 'number'; readonly name: string; readonly value: Expression }
  | { readonly kind: 'category'; readonly name: string; readonly code: Expression; readonly size: number }

/**
 * A reason to leave a row out: rows for which `keep` is not true are dropped and counted under `name`, by the first
 * rule that fails.
 */
export interface CleaningRule {
  readonly name: string
  readonly keep: Expression
}

/** Column, feature and rule names are letters, digits and underscores, and no two are alike but for case. */
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

/**
 * Raise it when the same specification comes to mean other numbers: tables and weights made under the old meaning then
 * count as stale.
 */
const MEANING = 1

/** Changes when anything of the specification does: cleaning, features, or what the words of it mean. */
export function specificationDigest(specification: FeatureSpecification): string {
  return digestOf({ meaning: MEANING, specification: asJson(specification) })
}

/** Changes when the features do; weights fit only features of the same digest. */
export function featureDigest(specification: FeatureSpecification): string {
  return digestOf({ meaning: MEANING, features: asJson(specification.features) })
}

/** How many float columns the features take once categories are one-hot. */
export function encodedWidth(specification: FeatureSpecification): number {
  return specification.features.reduce((sum, feature) => sum + widthOf(feature), 0)
}

/** 1 for a number, the number of codes for a category. */
export function widthOf(feature: Feature): number {
  return feature.kind === 'number' ? 1 : feature.size
}

/** The expression behind a feature. */
export function expressionOf(feature: Feature): Expression {
  return feature.kind === 'number' ? feature.value : feature.code
}

function asJson(value: FeatureSpecification | readonly Feature[]): Json {
  return JSON.parse(JSON.stringify(value)) as Json // a specification is plain JSON by definition
}
