// What the room's laws are tried on: random rows with every awkward number, and random expression trees over them.
import fc from 'fast-check'
import type { Batch } from '../warehouse/port.ts'
import * as e from './expressions.ts'
import type {
  BinaryOperator,
  CleaningRule,
  Expression,
  Feature,
  FeatureSpecification,
  UnaryOperator,
} from './specification.ts'
import { zoneTable } from './time-zone.ts'

const ZONES = ['America/New_York', 'UTC', 'Europe/Berlin', 'Asia/Kolkata', 'Pacific/Apia', 'Africa/Casablanca']

export function specificationOf(
  features: readonly Feature[],
  rules: readonly CleaningRule[] = [],
): FeatureSpecification {
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
export const aRow = fc.record({
  time: aTime,
  a: aDouble,
  b: aDouble,
  count: fc.integer({ min: -20, max: 20 }),
  target: fc.double(),
})

export function batchOf(rows: readonly Readonly<Record<string, number>>[], names: readonly string[]): Batch {
  return {
    rows: rows.length,
    columns: Object.fromEntries(names.map((name) => [name, Float64Array.from(rows, (row) => row[name]!)])),
  }
}

export const numbered = (rows: readonly Readonly<Record<string, number>>[]): Batch =>
  batchOf(
    rows.map((row, i) => ({ ...row, row: i })),
    ['row', 'time', 'a', 'b', 'count', 'target'],
  )

// Every machine gives the same bits for the operators of IEEE 754, so these may feed what jumps (floor, comparisons).
// Sine, cosine and arcsine may differ in the last bit, so they stay on top, where nothing jumps.
export const EXACT_BINARY: readonly BinaryOperator[] = [
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
export const EXACT_UNARY: readonly UnaryOperator[] = ['absolute', 'squareRoot', 'floor', 'ceiling', 'not']

// onnxruntime takes adding a constant for nothing if it is nothing in float32.
const aConstant = fc
  .oneof(fc.integer({ min: -10, max: 10 }), fc.double({ noNaN: true, noDefaultInfinity: true }))
  .filter((value) => value === 0 || Math.fround(value) !== 0)

export const trees = fc.letrec<{ exact: Expression; smooth: Expression; any: Expression }>((tie) => ({
  exact: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'tree' },
    fc.constantFrom(e.column('a'), e.column('b'), e.column('count'), e.column('time')),
    aConstant.map(e.constant),
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
export const features = fc
  .array(aFeature, { minLength: 1, maxLength: 8 })
  .map((list) => list.map((feature, i): Feature => ({ ...feature, name: `feature_${i}` })))
