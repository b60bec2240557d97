// Colours are for people who can see them, and for nobody else.
import { expect, test } from 'vitest'
import { PLAIN, styleOf, widthOf } from './colour.ts'
import { textTable, wrapped } from './table.ts'
import { openTerminal } from './terminal.ts'

const coloured = (isTTY: boolean, environment: Record<string, string>): boolean =>
  styleOf({ isTTY }, environment).red('x') !== 'x'

test('a terminal has colours, a pipe has none', () => {
  expect(coloured(true, { TERM: 'xterm' })).toBe(true)
  expect(coloured(true, {})).toBe(true)
  expect(coloured(false, { TERM: 'xterm' })).toBe(false)
  expect(styleOf({}, {})).toBe(PLAIN)
})

test('NO_COLOR with any value says no, whatever else is said; empty it says nothing', () => {
  for (const value of ['1', '0', 'false', 'yes'])
    expect(coloured(true, { NO_COLOR: value, FORCE_COLOR: '1' })).toBe(false)
  expect(coloured(true, { NO_COLOR: '' })).toBe(true)
})

test('a dumb terminal has none, FORCE_COLOR has them anywhere, and FORCE_COLOR=0 nowhere', () => {
  expect(coloured(true, { TERM: 'dumb' })).toBe(false)
  expect(coloured(false, { FORCE_COLOR: '1' })).toBe(true)
  expect(coloured(false, { FORCE_COLOR: '1', TERM: 'dumb' })).toBe(true)
  expect(coloured(true, { FORCE_COLOR: '0' })).toBe(false)
})

test('every colour ends where its text ends, and two may lie in each other', () => {
  const { bold, dim, red, green, yellow } = styleOf({ isTTY: true }, {})
  for (const mark of [bold, dim, red, green, yellow]) {
    expect(mark('text').replaceAll(/\d+/g, 'n')).toBe('\u001b[nmtext\u001b[nm')
    expect(widthOf(mark('text'))).toBe(4)
  }
  expect(bold(red('x'))).toBe('\u001b[1m\u001b[31mx\u001b[39m\u001b[22m')
})

test('columns and lines are as wide as what is seen of them', () => {
  const { red, dim } = styleOf({ isTTY: true }, {})
  const plain = textTable(
    [
      ['name', 'n'],
      ['long name', '12'],
    ],
    [1],
  ) // prettier than one line
  const marked = textTable(
    [
      ['name', 'n'],
      [red('long name'), '12'],
    ],
    [1],
  )
  expect(marked.map(widthOf)).toEqual(plain.map(widthOf))
  expect(textTable([['name'], ['x']], [], dim)).toEqual([dim('name'), 'x'])
  expect(wrapped(`${red('four')} ${red('five')} six`, 9)).toEqual([`${red('four')} ${red('five')}`, 'six'])
})

test('each stream is asked for itself, and JSON has no colours at all', () => {
  const stream = (isTTY: boolean) => ({ isTTY, write: () => {} })
  const mixed = openTerminal({ json: false, out: stream(false), err: stream(true) })
  expect([mixed.style.red('x'), mixed.noteStyle.red('x')]).toEqual(['x', '\u001b[31mx\u001b[39m'])
  const json = openTerminal({ json: true, out: stream(true), err: stream(true), environment: { FORCE_COLOR: '1' } })
  expect([json.style.red('x'), json.noteStyle.red('x')]).toEqual(['x', 'x'])
})
