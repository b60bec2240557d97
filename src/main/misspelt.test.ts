// A slip of the finger in .env.
import { expect, test } from 'vitest'
import { misspelt } from './misspelt.ts'

const KNOWN = ['GATE_THRESHOLD', 'GATE_RULE', 'SEED']

test('a name one or two letters away from a setting is taken for a slip, and says which was meant', () => {
  expect(misspelt(['GATE_TRESHOLD', 'GATE_RULES', 'SED'], KNOWN)).toEqual([
    { name: 'GATE_TRESHOLD', meant: 'GATE_THRESHOLD' },
    { name: 'GATE_RULES', meant: 'GATE_RULE' },
    { name: 'SED', meant: 'SEED' },
  ])
})

test("settings themselves, and other programs' names, are left alone", () => {
  expect(misspelt(['GATE_RULE', 'GCP_PROJECT', 'PREFECT_FLOW_NAME', 'CHUNK_SIZE'], KNOWN)).toEqual([])
})
