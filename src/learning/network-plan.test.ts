import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { KERNEL_FIELDS, KERNEL_SIZES } from './network-plan.ts'

const assembly = readFileSync(new URL('./assembly/mlp-plan.ts', import.meta.url), 'utf8')

test.for(Object.entries(KERNEL_FIELDS))('the kernels read the fields of %s as they are written', ([name, fields]) => {
  const [, body] = new RegExp(`export class ${name} \\{\\n([^}]*)\\n\\}`).exec(assembly) ?? []
  const declared = [...(body ?? '').matchAll(/^ {2}(\w+): (\w+)$/gm)]
  expect(declared.map(([, field]) => field)).toEqual(fields)
  const types = new Set(declared.map(([, , type]) => type))
  if (name === 'Settings') expect([...types]).toEqual(['f64'])
  else expect([...types].every((type) => ['usize', 'i32', 'Settings'].includes(type ?? ''))).toBe(true) // a pointer has 32 bits
})

test('the kernels count in the same sizes', () => {
  const declared = Object.keys(KERNEL_SIZES).map((name) => [
    name,
    Number(new RegExp(`^export const ${name}: i32 = (\\d+)$`, 'm').exec(assembly)?.[1]),
  ])
  expect(Object.fromEntries(declared)).toEqual(KERNEL_SIZES)
})
