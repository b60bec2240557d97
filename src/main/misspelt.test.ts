// A slip of the finger in .env.
import { expect, test } from 'vitest'
import { misspelt } from './misspelt.ts'

const KNOWN = {
  own: ['GATE_THRESHOLD', 'GATE_RULE', 'SEED'],
  shared: ['UNDERSTUDY_HOME'],
  prefixes: ['DEMO__', 'MY_MODEL__'],
}
const meant = (...names: string[]): string[] => misspelt(names, KNOWN).map((slip) => `${slip.name} -> ${slip.meant}`)

test('a name one or two letters away from a setting is taken for a slip, and says which was meant', () => {
  expect(meant('GATE_TRESHOLD', 'GATE_RULES', 'SED', 'UNDERSTUDY_HOM')).toEqual([
    'GATE_TRESHOLD -> GATE_THRESHOLD',
    'GATE_RULES -> GATE_RULE',
    'SED -> SEED',
    'UNDERSTUDY_HOM -> UNDERSTUDY_HOME',
  ])
})

test('a slip behind or in the name of a project is found too', () => {
  expect(meant('DEMO__GATE_TRESHOLD', 'MY_MODLE__SEED', 'DEM__SED')).toEqual([
    'DEMO__GATE_TRESHOLD -> DEMO__GATE_THRESHOLD',
    'MY_MODLE__SEED -> MY_MODEL__SEED',
    'DEM__SED -> DEMO__SEED',
  ])
})

test('what all projects share has no project before it', () => {
  expect(meant('DEMO__UNDERSTUDY_HOME')).toEqual(['DEMO__UNDERSTUDY_HOME -> UNDERSTUDY_HOME'])
})

test("settings themselves, and other programs' names, are left alone", () => {
  expect(
    meant(
      'GATE_RULE',
      'DEMO__SEED',
      'MY_MODEL__GATE_RULE',
      'GCP_PROJECT',
      'DEMO__COLOUR',
      'PREFECT__LOGGING__LEVEL',
      '__SEED',
    ),
  ).toEqual([])
})
