// What is printed when something goes wrong.
import { expect, test } from 'vitest'
import { ERROR_CODES, type ErrorCode, PlannedError } from '../kernel/errors.ts'
import { explain, explanationOf } from './explain.ts'
import { openTerminal } from './terminal.ts'

function explained(error: unknown, options: { json?: boolean; environment?: Record<string, string> } = {}) {
  const written = { out: '', err: '' }
  const stream = (name: 'out' | 'err') => ({
    write: (text: string) => {
      written[name] += text
    },
  })
  const { json = false, environment = {} } = options
  const code = explain(error, openTerminal({ json, out: stream('out'), err: stream('err'), environment }))
  return { code, ...written }
}

test('a planned error is three lines: what, why, what to do', () => {
  const error = new PlannedError('CONFLICT', 'the table is there', { why: 'it was imported', next: 'drop it first' })
  expect(explained(error)).toEqual({
    code: 4,
    out: '',
    err: 'understudy: the table is there\n  why: it was imported\n  do:  drop it first\n',
  })
})

test('without a why the code says its meaning, with the exit code', () => {
  for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
    const { exitCode, meaning } = ERROR_CODES[code]
    const { code: ended, err } = explained(new PlannedError(code, 'it did not go', { next: 'try again' }))
    expect(ended).toBe(exitCode)
    expect(err).toBe(`understudy: it did not go\n  why: ${meaning} (exit code ${exitCode})\n  do:  try again\n`)
  }
})

test('an instruction behind the last semicolon is what to do; what is none stays where it is', () => {
  const words = (message: string) => {
    const { what, next } = explanationOf(new PlannedError('BAD_INPUT', message))
    return [what, next]
  }
  expect(words('no run 7; it was deleted; look its id up')).toEqual(['no run 7; it was deleted', 'look its id up'])
  expect(words('there is no table t; ./understudy data lists them')).toEqual([
    'there is no table t',
    './understudy data lists them',
  ])
  expect(words('two things; and a third')).toEqual([
    'two things; and a third',
    'run ./understudy doctor, which checks the settings and this machine',
  ])
})

test('what has lost its class on the way here is told as well', () => {
  const crossed = { name: 'PlannedError', code: 'UNAVAILABLE', message: 'the store did not answer; try again' }
  expect(explained(crossed)).toMatchObject({
    code: 6,
    err: expect.stringMatching(/^understudy: the store did not answer\n {2}why: .*\n {2}do: {2}try again\n$/),
  })
})

test('what happened may have several lines, one for each fault', () => {
  const { err } = explained(
    new PlannedError('BAD_INPUT', 'settings are wrong:\n  A is 1\n  B is 2', { next: 'fix them' }),
  )
  expect(err.split('\n')).toEqual([
    'understudy: settings are wrong:',
    '  A is 1',
    '  B is 2',
    expect.stringMatching(/^ {2}why: /),
    '  do:  fix them',
    '',
  ])
})

test('with --json the error is one JSON object and standard output stays empty', () => {
  const error = new PlannedError('NOT_FOUND', 'no run', { next: 'look again', facts: { runId: 'r' } })
  const { code, out, err } = explained(error, { json: true, environment: { FORCE_COLOR: '1' } })
  expect([code, out]).toEqual([3, ''])
  expect(err.trim().split('\n')).toHaveLength(1)
  expect(JSON.parse(err)).toEqual({
    error: {
      code: 'NOT_FOUND',
      what: 'no run',
      why: 'what was asked for is not there (exit code 3)',
      next: 'look again',
      facts: { runId: 'r' },
    },
  })
})

test('a bug shows its stack and asks to be reported, a planned error never shows one', () => {
  const bug = explained(new TypeError('x is not a function'))
  expect(bug.code).toBe(1)
  expect(bug.err).toContain('understudy: this is a bug: TypeError: x is not a function\n')
  expect(bug.err).toMatch(/do: {2}please report it/)
  expect(bug.err).toMatch(/\n {4}at .*explain\.test\.ts/)
  const cause = new Error('inner')
  expect(explained(new PlannedError('BAD_DATA', 'w', { next: 'n', cause })).err).not.toMatch(/\n\s+at /)
  expect(JSON.parse(explained(new Error('b'), { json: true }).err)).toMatchObject({
    error: { code: 'BUG', stack: expect.stringContaining('explain.test.ts') },
  })
  for (const thrown of [undefined, null, 'text', 7]) expect(explained(thrown)).toMatchObject({ code: 1, out: '' })
})

test('in colour the name is red, and nothing else of the error shouts', () => {
  const { err } = explained(new PlannedError('BAD_INPUT', 'w', { why: 'y', next: 'n' }), {
    environment: { FORCE_COLOR: '1' },
  })
  expect(err).toBe('\u001b[31munderstudy:\u001b[39m w\n  \u001b[2mwhy:\u001b[22m y\n  \u001b[2mdo:\u001b[22m  n\n')
})
