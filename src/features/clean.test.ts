import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Batch } from '../warehouse/port.ts'
import { batchOf, specificationOf, trees } from './arbitrary.contract.ts'
import { type Dialects, openDialects, runSelect } from './dialects.contract.ts'
import * as e from './expressions.ts'
import { selectCleaningReport, selectProcessed } from './select.ts'
import type { FeatureSpecification } from './specification.ts'

let dialects: Dialects
beforeAll(async () => {
  dialects = await openDialects()
})
afterAll(() => dialects[Symbol.asyncDispose]())

describe('cleaning', () => {
  // Few values, so that rows collide: equal ones, some apart by less than float32 sees or beyond its range, every kind
  // of nothing.
  const row = fc.record({
    row: fc.constant(1),
    time: fc.constantFrom(Date.UTC(2015, 0, 1), Date.UTC(2015, 0, 1) + 1, Number.NaN),
    a: fc.constantFrom(
      1,
      1 + 1e-9,
      1 - 1e-9,
      0,
      -0,
      -1e-60,
      1e-60,
      Number.NaN,
      1e300,
      4e38,
      -1e300,
      Number.POSITIVE_INFINITY,
    ),
    b: fc.constantFrom(2, 2 + 1e-9, Number.NaN),
    count: fc.constantFrom(1, Number.NaN),
    target: fc.constantFrom(1, 1 + 1e-9),
  })
  const aCleaning = fc.record({
    duplicates: fc.option(fc.subarray(['a', 'b', 'target']).map((asFloat32) => ({ asFloat32 }))),
    nulls: fc.constantFrom('drop' as const, 'keep' as const),
    rules: fc
      .array(trees.exact, { maxLength: 3 })
      .map((rules) => rules.map((keep, i) => ({ name: `rule_${i}`, keep }))),
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
