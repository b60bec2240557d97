// Small words to write expressions with, so that a project's features read like formulas.
import type { BinaryOperator, ClockPart, Expression, UnaryOperator } from './specification.ts'

/** An expression, or a number that stands for itself. */
export type Operand = Expression | number

export function column(name: string): Expression {
  return { op: 'column', name }
}

export function constant(value: number): Expression {
  return { op: 'constant', value }
}

/** An operator over two operands or more, from left to right: `add(a, b, c)` is (a + b) + c. */
type Chain = (first: Operand, second: Operand, ...more: readonly Operand[]) => Expression
type Pair = (left: Operand, right: Operand) => Expression
type Single = (of: Operand) => Expression

export const add: Chain = chain('add')
export const multiply: Chain = chain('multiply')
export const and: Chain = chain('and')
export const or: Chain = chain('or')
export const subtract: Pair = pair('subtract')
export const divide: Pair = pair('divide')
export const minimum: Pair = pair('minimum')
export const maximum: Pair = pair('maximum')
export const less: Pair = pair('less')
export const lessOrEqual: Pair = pair('lessOrEqual')
export const equal: Pair = pair('equal')
export const absolute: Single = single('absolute')
export const squareRoot: Single = single('squareRoot')
export const sine: Single = single('sine')
export const cosine: Single = single('cosine')
export const arcsine: Single = single('arcsine')
export const floor: Single = single('floor')
export const ceiling: Single = single('ceiling')
export const not: Single = single('not')

export function greater(left: Operand, right: Operand): Expression {
  return less(right, left)
}

/** 1 from `from` to `to`, both included. */
export function between(of: Operand, from: Operand, to: Operand): Expression {
  return and(lessOrEqual(from, of), lessOrEqual(of, to))
}

export function square(of: Operand): Expression {
  return multiply(of, of)
}

/** A part of a timestamp on the clocks of an IANA time zone. */
export function clock(part: ClockPart, of: Operand, zone: string): Expression {
  return { op: 'clock', part, of: expression(of), zone }
}

/** Position among `values`, from 0; -1 for any other. */
export function position(of: Operand, values: readonly number[]): Expression {
  return { op: 'position', of: expression(of), values }
}

function expression(operand: Operand): Expression {
  return typeof operand === 'number' ? constant(operand) : operand
}

function pair(op: BinaryOperator): Pair {
  return (left, right) => ({ op, left: expression(left), right: expression(right) })
}

function chain(op: BinaryOperator): Chain {
  const two = pair(op)
  return (first, second, ...more) => more.reduce<Expression>(two, two(first, second))
}

function single(op: UnaryOperator): Single {
  return (of) => ({ op, of: expression(of) })
}
