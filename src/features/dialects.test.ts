import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aRow, EXACT_BINARY, EXACT_UNARY, features, numbered, specificationOf } from './arbitrary.contract.ts'
import { compileToJavaScript } from './compile-javascript.ts'
import { type Dialects, openDialects } from './dialects.contract.ts'
import * as e from './expressions.ts'
import type { Expression, Feature, UnaryOperator } from './specification.ts'

let dialects: Dialects
beforeAll(async () => {
  dialects = await openDialects()
})
afterAll(() => dialects[Symbol.asyncDispose]())

describe('the three dialects', () => {
  test('agree to 1e-6 on random expressions over random rows', async () => {
    await fc.assert(
      fc.asyncProperty(features, fc.array(aRow, { minLength: 1, maxLength: 40 }), async (list, rows) => {
        await dialects.expectEqual(specificationOf(list), numbered(rows), 'row')
      }),
      { seed: 20_261_122, numRuns: 60 },
    )
  }, 600_000)
})

const NOTHING = Number.NaN
const EDGES = [
  NOTHING,
  0,
  -0,
  1,
  -1,
  0.5,
  -2.5,
  1e300,
  -1e300,
  2 ** 53,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
]
const everyPair = numbered(EDGES.flatMap((a) => EDGES.map((b) => ({ time: 0, a, b, count: 1, target: 1 }))))

describe('every operator', () => {
  const [a, b] = [e.column('a'), e.column('b')]

  test.each([...EXACT_BINARY])(
    '%s means the same at every pair of edges, nulls made on the way included',
    async (op) => {
      // divide(a, b) and the root of a make nulls that DuckDB shows as NaN.
      const operands = [
        [a, b],
        [e.divide(a, b), b],
        [a, e.squareRoot(b)],
        [e.less(a, b), e.subtract(a, b)],
      ] as const
      const list = operands.map(
        ([left, right], i): Feature => ({ kind: 'number', name: `case_${i}`, value: { op, left, right } }),
      )
      await dialects.expectEqual(specificationOf(list), everyPair, 'row')
    },
  )

  test('with one operand means the same at every edge', async () => {
    const ops: readonly UnaryOperator[] = [...EXACT_UNARY, 'sine', 'cosine', 'arcsine']
    const list = ops.flatMap((op): Feature[] => [
      { kind: 'number', name: op, value: { op, of: a } },
      { kind: 'number', name: `${op}_of_ratio`, value: { op, of: e.divide(a, b) } },
      { kind: 'category', name: `${op}_code`, code: { op, of: e.multiply(a, b) }, size: 3 },
    ])
    await dialects.expectEqual(specificationOf(list), everyPair, 'row')
  })

  test('with a null follows the words of the specification', () => {
    const computed = (value: Expression, row: { a: number; b: number }): number => {
      const rows = numbered([{ time: 0, count: 1, target: 1, ...row }])
      return compileToJavaScript(specificationOf([{ kind: 'number', name: 'value', value }])).features(rows).value![0]!
    }
    const row = { a: NOTHING, b: 0 }
    expect(computed(e.less(a, b), row)).toBeNaN()
    expect(computed(e.and(a, b), row)).toBe(0)
    expect(computed(e.or(a, b), row)).toBeNaN()
    expect(computed(e.or(a, e.not(b)), row)).toBe(1)
    expect(computed(e.minimum(a, b), row)).toBeNaN()
    expect(computed(e.position(a, [0]), row)).toBe(-1)
    expect(computed(e.divide(b, b), row)).toBeNaN()
    expect(computed(e.divide(1, b), row)).toBe(Number.POSITIVE_INFINITY)
  })
})
