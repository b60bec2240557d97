// Tests of a filter as conditions of SQL, with every value bound.
import { type Expression, expressionBuilder, type SqlBool } from 'kysely'
import type { Sql, TrackingSchema } from '../tracking/schema.ts'
import type { Test } from './read-filter.ts'

/** Something that a test is about: a column, or what is made of one. */
export type Tested = Expression<string | number | bigint | null>

const build = expressionBuilder<TrackingSchema>()

/**
 * The condition that a value passes a test. What is missing passes none but IS NULL. `%` stands for any letters and `_` for one; LIKE tells
 * capitals from small letters and ILIKE does not, on every database.
 */
export function passes(value: Tested, test: Test): Expression<SqlBool> {
  switch (test.comparator) {
    case 'IS NULL':
      return build(value, 'is', null)
    case 'IS NOT NULL':
      return build(value, 'is not', null)
    case 'IN':
      return build(value, 'in', test.values)
    case 'NOT IN':
      return build(value, 'not in', test.values)
    case 'LIKE':
      return build(value, 'like', test.value)
    case 'ILIKE':
      return build(build.fn('lower', [value]), 'like', build.fn('lower', [build.val(test.value)]))
    default:
      return build(value, test.comparator, test.value)
  }
}

/** The condition that a value stored with `is_nan` beside it passes a test: NaN, stored as 0, is unequal to everything and nothing else. */
export function numberPasses(value: Tested, isNan: Expression<number | null>, test: Test): Expression<SqlBool> {
  const passed = passes(value, test)
  return test.comparator === '!=' ? build.or([passed, build(isNan, '=', 1)]) : build.and([passed, build(isNan, '=', 0)])
}

/** For ordering: 1 where a value is missing, so that those come last whichever way the rest is ordered. */
export function missingLast(value: Expression<unknown>): Expression<number> {
  return build
    .case()
    .when(build(value, 'is', null))
    .then(build.lit(1))
    .else(build.lit(0))
    .end()
}

/** Likewise for a number with `is_nan` beside it: NaN comes after the numbers, and before what is missing. */
export function nanThenMissingLast(value: Expression<unknown>, isNan: Expression<number | null>): Expression<number> {
  return build
    .case()
    .when(build(isNan, '=', 1))
    .then(build.lit(1))
    .when(build(value, 'is', null))
    .then(build.lit(2))
    .else(build.lit(0))
    .end()
}

/** Reads several times in one turn: waiting for the connection takes longer than most queries. */
export function inOneTurn<T>(sql: Sql, read: (held: Sql) => Promise<T>): Promise<T> {
  return sql.isTransaction ? read(sql) : sql.connection().execute(read)
}
