// The README's table of exit codes is the one that --help prints.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { exitCodeTable } from '../cli/help.ts'
import { EXIT_CODES } from '../kernel/errors.ts'
import { ROOT } from './settings.ts'

test('the README’s exit codes are made from the table of errors', () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
  expect(readme).toContain(`<!-- exit codes -->\n${exitCodeTable()}\n<!-- end of exit codes -->`)
})

test('each exit code has one meaning, in words', () => {
  const codes = EXIT_CODES.map(({ exitCode }) => exitCode)
  expect(codes).toEqual([0, 1, 2, 3, 4, 5, 6, 130])
  expect(new Set(EXIT_CODES.map(({ meaning }) => meaning)).size).toBe(codes.length)
})
