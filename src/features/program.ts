// Expressions as a list of steps, each written once: what the three compilers translate. Clock parts are taken apart
// here.
import { DAY_MS } from '../kernel/window.ts'
import type { BinaryOperator, ClockPart, Expression, UnaryOperator } from './specification.ts'

/** One value per row. Operands are indices of earlier steps. */
export type Step =
  | { readonly op: 'column'; readonly name: string }
  | { readonly op: 'constant'; readonly value: number }
  | { readonly op: BinaryOperator; readonly left: number; readonly right: number }
  | { readonly op: UnaryOperator; readonly of: number }
  /** What to add to a UTC time (ms) to get the zone's clock; anything for a null, whose sum is null all the same. */
  | { readonly op: 'zoneOffset'; readonly of: number; readonly zone: string }
  | { readonly op: 'position'; readonly of: number; readonly values: readonly number[] }

export interface Program {
  readonly steps: readonly Step[]
  /** The step that holds each expression's value, in the order of the expressions. */
  readonly results: readonly number[]
}

/** The steps that compute all the expressions, in an order that can be run; equal steps are one. */
export function programOf(expressions: readonly Expression[]): Program {
  const builder = openProgram()
  const planned = new Map<Expression, number>()
  const plan = (expression: Expression): number => {
    const found = planned.get(expression) ?? planNew(expression)
    planned.set(expression, found)
    return found
  }
  const planNew = (expression: Expression): number => {
    if ('left' in expression) {
      return builder.step({ op: expression.op, left: plan(expression.left), right: plan(expression.right) })
    }
    switch (expression.op) {
      case 'column':
        return builder.step({ op: 'column', name: expression.name })
      case 'constant':
        return builder.number(expression.value)
      case 'clock':
        return clockStep(builder, expression.part, plan(expression.of), expression.zone)
      case 'position':
        return builder.step({ op: 'position', of: plan(expression.of), values: expression.values })
      default:
        return builder.step({ op: expression.op, of: plan(expression.of) })
    }
  }
  return { results: expressions.map(plan), steps: builder.steps }
}

/** The steps a step reads. */
export function operandsOf(step: Step): readonly number[] {
  if ('left' in step) return [step.left, step.right]
  return 'of' in step ? [step.of] : []
}

interface Builder {
  readonly steps: readonly Step[]
  step(step: Step): number
  number(value: number): number
}

function openProgram(): Builder {
  const steps: Step[] = []
  const known = new Map<string, number>()
  const step = (next: Step): number => {
    const key = JSON.stringify(next)
    const found = known.get(key) ?? steps.push(next) - 1
    known.set(key, found)
    return found
  }
  // -0 becomes 0: JSON has only one zero.
  return { steps, step, number: (value) => step({ op: 'constant', value: value + 0 }) }
}

const HOUR_MS = 3_600_000
const DAYS_PER_ERA = 146_097 // 400 years of the Gregorian calendar

/**
 * A clock part in whole-number arithmetic, exact in doubles for any date a JavaScript Date can hold.
 *
 * Source  the month: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days: years begin in March,
 *         so that the leap day comes last and months of 31, 30, 31, 30, 31 days repeat every 153.
 */
function clockStep({ step, number }: Builder, part: ClockPart, ofMs: number, zone: string): number {
  const two = (op: BinaryOperator) => (left: number, right: number) => step({ op, left, right })
  const [plus, minus, times, over] = [two('add'), two('subtract'), two('multiply'), two('divide')]
  const quotient = (value: number, by: number): number => step({ op: 'floor', of: over(value, number(by)) })
  const remainder = (value: number, by: number): number => minus(value, times(quotient(value, by), number(by)))

  const localMs = zone === 'UTC' ? ofMs : plus(ofMs, step({ op: 'zoneOffset', of: ofMs, zone }))
  if (part === 'hour') return quotient(remainder(localMs, DAY_MS), HOUR_MS)
  const day = quotient(localMs, DAY_MS) // since 1970-01-01, a Thursday
  if (part === 'weekday') return remainder(plus(day, number(3)), 7)

  const dayOfEra = remainder(plus(day, number(719_468)), DAYS_PER_ERA) // eras begin on 1 March of 0000, 0400, …
  const leapDays = plus(
    minus(quotient(dayOfEra, 36_524), quotient(dayOfEra, 1_460)),
    times(quotient(dayOfEra, 146_096), number(-1)),
  )
  const yearOfEra = quotient(plus(dayOfEra, leapDays), 365)
  const yearStart = minus(plus(times(yearOfEra, number(365)), quotient(yearOfEra, 4)), quotient(yearOfEra, 100))
  const monthFromMarch = quotient(plus(times(minus(dayOfEra, yearStart), number(5)), number(2)), 153)
  return plus(remainder(plus(monthFromMarch, number(2)), 12), number(1))
}
