import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Batch } from '../warehouse/port.ts'
import { type Dialects, openDialects, runSelect } from './dialects.contract.ts'
import * as e from './expressions.ts'
import { selectCleaningReport, selectProcessed } from './select.ts'
import type {
  BinaryOperator,
  CleaningRule,
  Expression,
  Feature,
  FeatureSpecification,
  UnaryOperator,
} from './specification.ts'
import { zoneTable } from './time-zone.ts'

let dialects: Dialects
beforeAll(async () => {
  dialects = await openDialects()
})
afterAll(() => dialects[Symbol.asyncDispose]())

const ZONES = ['America/New_York', 'UTC', 'Europe/Berlin', 'Asia/Kolkata', 'Pacific/Apia', 'Africa/Casablanca']

function specificationOf(features: readonly Feature[], rules: readonly CleaningRule[] = []): FeatureSpecification {
  return {
    columns: [
      { name: 'row', type: 'integer' },
      { name: 'time', type: 'timestamp' },
      { name: 'a', type: 'double' },
      { name: 'b', type: 'double' },
      { name: 'count', type: 'integer' },
      { name: 'target', type: 'double' },
    ],
    timeColumn: 'time',
    target: 'target',
    cleaning: { duplicates: { asFloat32: ['a', 'b'] }, nulls: 'drop', rules },
    features,
  }
}

const aDouble = fc.oneof(
  { weight: 4, arbitrary: fc.double({ min: -200, max: 200, noNaN: true }) },
  { weight: 2, arbitrary: fc.double() }, // every size, infinities and NaN included
  {
    weight: 2,
    arbitrary: fc.constantFrom(Number.NaN, 0, -0, 1, -1, 0.5, -0.5, 1e-300, 1e300, 5e-324, 1 - 2 ** -53, 7),
  },
)
const aTime = fc.oneof(
  fc.integer({ min: Date.UTC(1975, 0, 1), max: Date.UTC(2060, 0, 1) }),
  fc
    .constantFrom(...zoneTable('America/New_York').startsMs.slice(1))
    .chain((ms) => fc.constantFrom(ms - 1, ms, ms + 1)),
)
const aRow = fc.record({
  time: aTime,
  a: aDouble,
  b: aDouble,
  count: fc.integer({ min: -20, max: 20 }),
  target: fc.double(),
})

function batchOf(rows: readonly Readonly<Record<string, number>>[], names: readonly string[]): Batch {
  return {
    rows: rows.length,
    columns: Object.fromEntries(names.map((name) => [name, Float64Array.from(rows, (row) => row[name]!)])),
  }
}

const numbered = (rows: readonly Readonly<Record<string, number>>[]): Batch =>
  batchOf(
    rows.map((row, i) => ({ ...row, row: i })),
    ['row', 'time', 'a', 'b', 'count', 'target'],
  )

// Every machine gives the same bits for the operators of IEEE 754, so these may feed what jumps (floor, comparisons).
// Sine, cosine and arcsine may differ in the last bit, so they stay on top, where nothing jumps.
const EXACT_BINARY: readonly BinaryOperator[] = [
  'add',
  'subtract',
  'multiply',
  'divide',
  'minimum',
  'maximum',
  'less',
  'lessOrEqual',
  'equal',
  'and',
  'or',
]
const EXACT_UNARY: readonly UnaryOperator[] = ['absolute', 'squareRoot', 'floor', 'ceiling', 'not']

const trees = fc.letrec<{ exact: Expression; smooth: Expression; any: Expression }>((tie) => ({
  exact: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'tree' },
    fc.constantFrom(e.column('a'), e.column('b'), e.column('count'), e.column('time')),
    fc.oneof(fc.integer({ min: -10, max: 10 }), fc.double({ noNaN: true, noDefaultInfinity: true })).map(e.constant),
    fc.record({ op: fc.constantFrom(...EXACT_BINARY), left: tie('exact'), right: tie('exact') }),
    fc.record({ op: fc.constantFrom(...EXACT_UNARY), of: tie('exact') }),
    fc
      .tuple(fc.constantFrom('hour' as const, 'weekday' as const, 'month' as const), fc.constantFrom(...ZONES))
      .map(([part, zone]) => e.clock(part, e.column('time'), zone)),
    fc
      .tuple(tie('exact'), fc.uniqueArray(fc.integer({ min: -10, max: 10 }), { minLength: 1 }))
      .map(([of, values]) => e.position(e.floor(of), values)),
  ),
  smooth: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'tree' },
    tie('exact').map(e.sine),
    tie('exact').map(e.cosine),
    tie('exact').map(e.arcsine),
    fc.tuple(tie('smooth'), tie('smooth')).map(([left, right]) => e.add(left, right)),
    fc.tuple(tie('smooth'), tie('smooth')).map(([left, right]) => e.minimum(left, right)),
    tie('smooth').map((of) => e.arcsine(e.multiply(e.sine(of), 0.999))),
    tie('smooth').map((of) => e.squareRoot(e.absolute(of))),
  ),
  any: fc.oneof(tie('exact'), tie('smooth')),
}))

const aFeature = fc.oneof(
  trees.any.map((value) => ({ kind: 'number' as const, value })),
  fc
    .tuple(trees.exact, fc.integer({ min: 1, max: 14 }))
    .map(([code, size]) => ({ kind: 'category' as const, code, size })),
)
const features = fc
  .array(aFeature, { minLength: 1, maxLength: 8 })
  .map((list) => list.map((feature, i): Feature => ({ ...feature, name: `feature_${i}` })))

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

describe('cleaning', () => {
  // Values that repeat, differ below float32's resolution or beyond its range, and every kind of nothing.
  const close = fc.constantFrom(
    1,
    1 + 1e-9,
    1 + 1e-7,
    -1,
    0,
    -0,
    -1e-60,
    1e-60,
    Number.NaN,
    1e300,
    -1e300,
    4e38,
    Number.POSITIVE_INFINITY,
    5,
  )
  const row = fc.record({
    row: fc.constantFrom(1, 2, Number.NaN),
    time: fc.constantFrom(Date.UTC(2015, 0, 1), Date.UTC(2015, 0, 1) + 1, Number.NaN),
    a: close,
    b: close,
    count: fc.constantFrom(0, 1, Number.NaN),
    target: fc.constantFrom(1, 1 + 1e-9, Number.NaN),
  })
  const aRule = trees.exact.map((keep) => keep)
  const aCleaning = fc.record({
    duplicates: fc.option(fc.subarray(['a', 'b', 'target']).map((asFloat32) => ({ asFloat32 }))),
    nulls: fc.constantFrom('drop' as const, 'keep' as const),
    rules: fc.array(aRule, { maxLength: 3 }).map((rules) => rules.map((keep, i) => ({ name: `rule_${i}`, keep }))),
  })

  test('keeps the same rows and counts the same reasons in SQL and in JavaScript', async () => {
    await fc.assert(
      fc.asyncProperty(aCleaning, fc.array(row, { maxLength: 60 }), async (cleaning, rows) => {
        const specification = {
          ...specificationOf([{ kind: 'number', name: 'sum', value: e.add(e.column('a'), e.column('b')) }]),
          cleaning,
        }
        const source = batchOf(rows, ['row', 'time', 'a', 'b', 'count', 'target'])
        for (const select of [selectProcessed, selectCleaningReport]) {
          const sql = await runSelect(dialects, specification, source, select(specification, 'duckdb'))
          const javascript = await runSelect(dialects, specification, source, select(specification, 'javascript'))
          expect(rowTexts(sql)).toEqual(rowTexts(javascript))
        }
      }),
      { seed: 20_261_122, numRuns: 60 },
    )
  }, 60_000)

  const twoColumns = {
    ...specificationOf([{ kind: 'number', name: 'sum', value: e.add(e.column('a'), e.column('b')) }]),
  }
  const anyRow = { row: 1, time: 0, a: 1, b: 1, count: 1, target: 1 }
  const clean = (specification: FeatureSpecification, rows: readonly Readonly<Record<string, number>>[]) =>
    Promise.all(
      (['duckdb', 'javascript'] as const).map((dialect) =>
        runSelect(dialects, specification, batchOf(rows, Object.keys(anyRow)), selectProcessed(specification, dialect)),
      ),
    )

  test('of rows that are equal in float32, the first in order stays with its doubles', async () => {
    const rows = [
      { ...anyRow, a: 1 + 1e-9 },
      { ...anyRow, a: 1 },
      { ...anyRow, a: 1, b: 1 + 1e-6 },
    ]
    for (const kept of await clean(twoColumns, rows)) {
      expect(Array.from(kept.columns.a!)).toEqual([1, 1])
      expect(Array.from(kept.columns.b!).sort()).toEqual([1, 1 + 1e-6])
    }
  })

  test('a column that is not named for float32 is compared to the last bit', async () => {
    for (const kept of await clean(twoColumns, [anyRow, { ...anyRow, target: 1 + 1e-9 }])) expect(kept.rows).toBe(2)
  })

  test('nulls equal each other as duplicates, and a NaN that was stored is a null', async () => {
    const specification = { ...twoColumns, cleaning: { ...twoColumns.cleaning, nulls: 'keep' as const } }
    const rows = [
      { ...anyRow, a: Number.NaN },
      { ...anyRow, a: Number.NaN },
      { ...anyRow, a: 1, b: -0 },
      { ...anyRow, a: 1, b: 0 },
    ]
    for (const kept of await clean(specification, rows)) expect(kept.rows).toBe(2)
    for (const kept of await clean(twoColumns, rows)) expect(kept.rows).toBe(1)
  })

  test('a rule that cannot tell drops the row, and the first reason that applies is the one counted', async () => {
    const rules = [
      { name: 'root', keep: e.less(e.squareRoot(e.column('a')), 5) },
      { name: 'positive', keep: e.greater(e.column('a'), 0) },
    ]
    const specification = { ...twoColumns, cleaning: { ...twoColumns.cleaning, rules } }
    const source = batchOf(
      [anyRow, { ...anyRow, a: -4 }, { ...anyRow, a: 0 }, { ...anyRow, a: 1, b: Number.NaN }],
      Object.keys(anyRow),
    )
    for (const dialect of ['duckdb', 'javascript'] as const) {
      const report = await runSelect(dialects, specification, source, selectCleaningReport(specification, dialect))
      const counts = Object.entries(report.columns).map(([name, [count]]) => [name, count])
      expect(counts).toEqual([
        ['source', 4],
        ['duplicates', 0],
        ['nulls', 1],
        ['root', 1],
        ['positive', 1],
        ['kept', 1],
      ])
    }
  })
})

/** Rows as text, sorted: a SELECT has no order. Ties between 0 and -0 may go either way. */
function rowTexts({ rows, columns }: Batch): string[] {
  const names = Object.keys(columns).sort()
  return Array.from({ length: rows }, (_, row) =>
    names.map((name) => `${name}=${columns[name]![row]! + 0}`).join(' '),
  ).sort()
}
