// Advice for another project than the default one.
import { expect, test } from 'vitest'
import { openTerminal } from '../cli/terminal.ts'
import { advisingFor, namingProject } from './project-advice.ts'

test('every command in a text names the project, whatever it stands in', () => {
  expect(namingProject('begin with: ./understudy cycle (./understudy data import FILE brings your own)', 'demo')).toBe(
    'begin with: ./understudy --project demo cycle (./understudy --project demo data import FILE brings your own)',
  )
  expect(namingProject('see ./understudy history', 'my folder/it')).toContain("--project 'my folder/it' history")
})

test('a line that names a project already, a new one, and what is no command are left alone', () => {
  for (const text of [
    './understudy decisions --project other',
    'make it: ./understudy init other',
    '.understudy/mlflow.db is kept',
    'set GATE_RULE=point in .env',
  ])
    expect(namingProject(text, 'demo')).toBe(text)
})

test('only settings of one model take its name, from a path too', () => {
  const text = 'DATA_SIZE=all ./understudy replay\nUNDERSTUDY_HOME=/srv ./understudy replay'
  expect(namingProject(text, 'made/my-shop/project.ts').split('\n')).toEqual([
    'MY_SHOP__DATA_SIZE=all ./understudy --project made/my-shop/project.ts replay',
    'UNDERSTUDY_HOME=/srv ./understudy --project made/my-shop/project.ts replay',
  ])
})

test('a terminal says it in results and notes, and leaves JSON as it is', () => {
  const said = { out: '', err: '' }
  const streams = {
    out: { write: (text: string) => (said.out += text) },
    err: { write: (text: string) => (said.err += text) },
  }
  const terminal = advisingFor('demo', openTerminal({ json: false, ...streams }))
  terminal.out('./understudy cycle')
  terminal.note('./understudy models')
  terminal.warn('./understudy status')
  expect(said).toEqual({
    out: './understudy --project demo cycle\n',
    err: './understudy --project demo models\n./understudy --project demo status\n',
  })
  const json = openTerminal({ json: true, ...streams })
  expect(advisingFor('demo', json)).toBe(json)
})
