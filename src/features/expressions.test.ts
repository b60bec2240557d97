import { expect, test } from 'vitest'
import { add, between, clock, column, lessOrEqual, maximum, position, square } from './expressions.ts'

test('numbers stand for themselves', () => {
  expect(maximum(column('size'), 3)).toEqual({
    op: 'maximum',
    left: column('size'),
    right: { op: 'constant', value: 3 },
  })
  expect(position(7, [7])).toEqual({ op: 'position', of: { op: 'constant', value: 7 }, values: [7] })
})

test('more than two operands are taken from left to right', () => {
  expect(add(3, column('size'), 1)).toEqual(add(add(3, column('size')), 1))
})

test('between includes both ends, and a square is the product with itself', () => {
  const size = column('size')
  expect(between(size, 1, 2)).toEqual({ op: 'and', left: lessOrEqual(1, size), right: lessOrEqual(size, 2) })
  expect(square(size)).toEqual({ op: 'multiply', left: size, right: size })
})

test('an expression is plain JSON', () => {
  const hour = clock('hour', column('time'), 'America/New_York')
  expect(JSON.parse(JSON.stringify(hour))).toEqual(hour)
})
