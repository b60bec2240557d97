import { expect, test } from 'vitest'
import { closest } from './spelling.ts'

test('a slip of one or two letters is told from a word that is another one', () => {
  const known = ['cycle', 'replay', 'train', 'data import']
  expect(closest('cylce', known)).toBe('cycle')
  expect(closest('trian', known)).toBe('train')
  expect(closest('data improt', known)).toBe('data import')
  expect(closest('predict', known)).toBe(null)
  expect(closest('', known)).toBe(null)
  expect(closest('x', [])).toBe(null)
})

test('the nearest word is meant, the first of two that are as near', () => {
  expect(closest('tables', ['table', 'tables', 'cables'])).toBe('tables')
  expect(closest('bat', ['cat', 'hat'])).toBe('cat')
})

test('in a short word two slips make another word; neighbours that changed places are one', () => {
  expect(closest('fish', ['bash', 'zsh'])).toBe(null)
  expect(closest('bahs', ['bash', 'zsh'])).toBe('bash')
  expect(closest('fish', ['dish'])).toBe('dish')
})
