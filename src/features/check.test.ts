import { expect, test } from 'vitest'
import { checkSpecification } from './check.ts'
import { clock, column, constant, position, squareRoot } from './expressions.ts'
import type { Expression, FeatureSpecification } from './specification.ts'

const sound: FeatureSpecification = {
  columns: [
    { name: 'time', type: 'timestamp' },
    { name: 'size', type: 'double' },
    { name: 'price', type: 'double' },
  ],
  timeColumn: 'time',
  target: 'price',
  cleaning: {
    duplicates: { asFloat32: ['size'] },
    nulls: 'drop',
    rules: [{ name: 'priced', keep: column('price') }],
  },
  features: [{ kind: 'number', name: 'root', value: squareRoot(column('size')) }],
}

const withFeature = (value: Expression, name = 'root'): FeatureSpecification => ({
  ...sound,
  features: [{ kind: 'number', name, value }],
})

test('a sound specification is returned as it is, rules on the target included', () => {
  expect(checkSpecification(sound)).toBe(sound)
})

test.each<[string, FeatureSpecification, string]>([
  [
    'a feature that looks at the target',
    withFeature(column('price')),
    'the feature root reads "price", which is not a column it may see (time, size)',
  ],
  ['a column that is not there', withFeature(column('sise')), 'reads "sise"'],
  ['a feature named like a raw column', withFeature(column('size'), 'Size'), '"Size" is used twice'],
  ['a name that is not plain', withFeature(column('size'), 'size squared'), '"size squared" cannot be a name'],
  ['a constant that JSON cannot hold', withFeature(constant(Number.POSITIVE_INFINITY)), 'holds the constant Infinity'],
  ['positions among equal values', withFeature(position(column('size'), [1, 1])), 'not different integers: [1, 1]'],
  [
    'an unknown time zone',
    withFeature(clock('hour', column('time'), 'Mars/Olympus')),
    '"Mars/Olympus" is not a time zone',
  ],
  [
    'a category without codes',
    { ...sound, features: [{ kind: 'category', name: 'none', code: column('size'), size: 0 }] },
    'has 0 codes',
  ],
  ['no features', { ...sound, features: [] }, 'there are no features'],
  ['a time column of numbers', { ...sound, timeColumn: 'size' }, 'timeColumn is "size"'],
  ['a target that is not there', { ...sound, target: 'cost' }, 'target is "cost"'],
  [
    'rounding of a timestamp',
    { ...sound, cleaning: { ...sound.cleaning, duplicates: { asFloat32: ['time'] } } },
    'asFloat32 names "time"',
  ],
  [
    'a rule named like a count of the report',
    { ...sound, cleaning: { ...sound.cleaning, rules: [{ name: 'kept', keep: constant(1) }] } },
    '"kept" is used twice',
  ],
])('refuses %s', (_, specification, words) => {
  expect(() => checkSpecification(specification)).toThrow(words)
})
