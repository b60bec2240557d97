// --json and --project stand where a person puts them.
import { expect, test } from 'vitest'
import { takeGlobalOptions } from './global-options.ts'

test('they are taken from anywhere, and what is left is the command', () => {
  const left = { json: true, project: 'taxis', words: ['data', 'show', 't', '--rows', '3'] }
  for (const typed of [
    '--json --project taxis data show t --rows 3',
    'data --project=taxis show t --json --rows 3',
    'data show t --rows 3 --project taxis --json',
  ]) {
    expect(takeGlobalOptions(typed.split(' '))).toEqual(left)
  }
  expect(takeGlobalOptions(['models'])).toEqual({ json: false, project: null, words: ['models'] })
})

test('behind -- nothing is an option', () => {
  expect(takeGlobalOptions(['predict', '--', '--json'])).toEqual({
    json: false,
    project: null,
    words: ['predict', '--', '--json'],
  })
})

test('a project without a name is refused before anything else', () => {
  for (const typed of [
    ['models', '--project'],
    ['--project', '--json', 'models'],
    ['--project=', 'models'],
  ]) {
    expect(() => takeGlobalOptions(typed)).toThrow(/--project needs the name of a project/)
  }
})
