import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Batch } from '../warehouse/port.ts'
import { type Dialects, openDialects, runSelect } from './dialects.contract.ts'
import { encode } from './encode.ts'
import { add, column, constant, divide, floor, greater, position } from './expressions.ts'
import { processedSchema, recipeLayoutSelect, selectProcessed } from './select.ts'
import { type FeatureSpecification, featureDigest, specificationDigest } from './specification.ts'

let dialects: Dialects
beforeAll(async () => {
  dialects = await openDialects()
})
afterAll(() => dialects[Symbol.asyncDispose]())

const specification: FeatureSpecification = {
  columns: [
    { name: 'price', type: 'double' },
    { name: 'time', type: 'timestamp' },
    { name: 'size', type: 'double' },
    { name: 'rooms', type: 'integer' },
  ],
  timeColumn: 'time',
  target: 'price',
  cleaning: { duplicates: null, nulls: 'drop', rules: [{ name: 'priced', keep: greater(column('price'), 0) }] },
  features: [
    { kind: 'category', name: 'kind', code: position(column('rooms'), [2, 3, 4]), size: 3 },
    { kind: 'number', name: 'sum', value: add(column('size'), column('rooms')) },
    { kind: 'number', name: 'ratio', value: divide(column('size'), column('rooms')) },
    { kind: 'category', name: 'band', code: floor(divide(column('size'), 50)), size: 2 },
  ],
}

const homes: Batch = {
  rows: 4,
  columns: {
    price: Float64Array.of(100, 0, 300, 400),
    time: Float64Array.of(1000, 2000, 3000, 4000),
    size: Float64Array.of(40, 50, 60, 120),
    rooms: Float64Array.of(2, 2, 4, 7),
  },
}

test('a processed table has the raw columns, then the features: numbers as doubles, categories as codes', async () => {
  const schema = processedSchema(specification)
  expect(schema.columns.slice(4).map(({ name, type }) => `${name} ${type}`)).toEqual([
    'kind integer',
    'sum double',
    'ratio double',
    'band integer',
  ])
  for (const dialect of ['duckdb', 'javascript'] as const) {
    const { columns, rows } = await runSelect(dialects, specification, homes, selectProcessed(specification, dialect))
    expect(Object.keys(columns)).toEqual(schema.columns.map(({ name }) => name))
    expect(rows).toBe(3)
    expect(columns).toMatchObject({
      time: Float64Array.of(1000, 3000, 4000),
      kind: Float64Array.of(0, 2, -1),
      sum: Float64Array.of(42, 64, 127),
      band: Float64Array.of(0, 1, -1), // 120 m² is beyond the last band
    })
  }
})

test('rows are encoded for training as float32 numbers and codes, each list in feature order', async () => {
  const processed = await runSelect(dialects, specification, homes, selectProcessed(specification, 'javascript'))
  expect(encode(specification, processed, { from: 1, to: 3 })).toEqual({
    rows: 2,
    numberCount: 2,
    categoryCount: 2,
    numbers: Float32Array.of(64, 15, 127, 120 / 7),
    codes: Int16Array.of(2, 1, -1, -1),
    target: Float32Array.of(300, 400),
  })
})

test('a number that is not one, a code that is not one and a missing column are not learnt from', async () => {
  const processed = await runSelect(dialects, specification, homes, selectProcessed(specification, 'javascript'))
  const spoilt = (name: string, value: number): Batch => ({
    ...processed,
    columns: { ...processed.columns, [name]: new Float64Array(3).fill(value) },
  })
  const encodeAll = (batch: Batch) => encode(specification, batch, { from: 0, to: 3 })
  expect(() => encodeAll(spoilt('ratio', Number.NaN))).toThrow(
    'row 0 has NaN as "ratio", which a model cannot learn from',
  )
  expect(() => encodeAll(spoilt('ratio', 1e39))).toThrow('row 0 has 1e+39')
  expect(() => encodeAll(spoilt('kind', 3))).toThrow('row 0 has 3 as "kind"')
  expect(() => encodeAll({ rows: 3, columns: {} })).toThrow('no column "sum"')
  expect(() => encode(specification, processed, { from: 0, to: 4 })).toThrow('row 3')
})

test('a number without a value is NaN for a trainer that takes missing ones; infinities and targets are refused all the same', async () => {
  const processed = await runSelect(dialects, specification, homes, selectProcessed(specification, 'javascript'))
  const spoilt = (name: string, value: number) => () =>
    encode(
      specification,
      { ...processed, columns: { ...processed.columns, [name]: processed.columns[name]!.with(1, value) } },
      { from: 0, to: 3 },
      { takesMissing: true },
    )
  expect(spoilt('ratio', Number.NaN)().numbers).toEqual(Float32Array.of(42, 20, 64, Number.NaN, 127, 120 / 7))
  expect(spoilt('ratio', Number.POSITIVE_INFINITY)).toThrow('row 1 has Infinity as "ratio"')
  expect(spoilt('price', Number.NaN)).toThrow('row 1 has NaN as "price"')
  expect(spoilt('kind', Number.NaN)).toThrow('row 1 has NaN as "kind"')
})

test('the recipe’s layout is the time, the inputs with categories one-hot, and the target', async () => {
  const processed = await runSelect(dialects, specification, homes, selectProcessed(specification, 'javascript'))
  const stored = { ...specification, columns: processedSchema(specification).columns }
  const { columns } = await runSelect(dialects, stored, processed, recipeLayoutSelect(specification))
  const lastRow = Object.entries(columns).map(([name, values]) => [name, values[2]])
  expect(lastRow.slice(0, 6)).toEqual([
    ['_0', 4000],
    ['_1', 0],
    ['_2', 0],
    ['_3', 0],
    ['_4', 127],
    ['_5', 120 / 7],
  ])
  expect(lastRow.slice(6)).toEqual([
    ['_6', 0],
    ['_7', 0],
    ['_8', 400],
  ])
  expect(Array.from(columns._1!)).toEqual([1, 0, 0])
})

test('the digests tell a change of cleaning from a change of features', () => {
  const otherCleaning: FeatureSpecification = {
    ...specification,
    cleaning: { ...specification.cleaning, nulls: 'keep' },
  }
  const otherFeatures: FeatureSpecification = {
    ...specification,
    features: [{ kind: 'number', name: 'one', value: constant(1) }],
  }
  expect(specificationDigest(JSON.parse(JSON.stringify(specification)) as FeatureSpecification)).toBe(
    specificationDigest(specification),
  ) // its own JSON
  expect(specificationDigest(otherCleaning)).not.toBe(specificationDigest(specification))
  expect(featureDigest(otherCleaning)).toBe(featureDigest(specification))
  expect(featureDigest(otherFeatures)).not.toBe(featureDigest(specification))
})

test('rows that lack a raw column are refused by name', () => {
  const select = selectProcessed(specification, 'javascript')
  const { rooms: _, ...columns } = homes.columns
  expect(() => select.dialect === 'javascript' && select.run({ rows: 4, columns })).toThrow('no column "rooms"')
})
