import { describe, expect, test } from 'vitest'
import { ERROR_CODES, isPlanned, messageOf, PlannedError, throwIfCancelled, unreachable } from './errors.ts'

describe('PlannedError', () => {
  test('carries its code, facts and cause, and is an Error by name', () => {
    const cause = new Error('socket closed')
    const error = new PlannedError('UNAVAILABLE', 'the store did not answer; try again', {
      facts: { attempts: 3 },
      cause,
    })
    expect(error).toMatchObject({ name: 'PlannedError', code: 'UNAVAILABLE', facts: { attempts: 3 }, cause })
    expect(String(error)).toBe('PlannedError: the store did not answer; try again')
  })

  test('has no facts and no cause unless they are given', () => {
    const error = new PlannedError('NOT_FOUND', 'no table')
    expect(error.facts).toEqual({})
    expect('cause' in error).toBe(false)
    expect('cause' in new PlannedError('NOT_FOUND', 'no table', { cause: undefined })).toBe(true)
  })

  test('every code has an exit code of its own, none of them success, and only an outage is worth another try', () => {
    const exits = Object.values(ERROR_CODES).map((code) => code.exitCode)
    expect(new Set(exits).size).toBe(exits.length)
    expect(exits).not.toContain(0)
    expect(exits).not.toContain(1) // a bug's
    expect(Object.entries(ERROR_CODES).filter(([, code]) => code.retryable)).toEqual([
      ['UNAVAILABLE', ERROR_CODES.UNAVAILABLE],
    ])
  })
})

describe('isPlanned', () => {
  test('recognises by name and code, also what has lost its class', () => {
    expect(isPlanned(new PlannedError('CONFLICT', 'taken'))).toBe(true)
    expect(isPlanned({ name: 'PlannedError', code: 'CONFLICT', message: 'taken', facts: {} }, 'CONFLICT')).toBe(true)
    expect(isPlanned(new PlannedError('CONFLICT', 'taken'), 'BAD_DATA')).toBe(false)
  })

  test('is not fooled by anything else that is thrown', () => {
    for (const thrown of [null, undefined, 'PlannedError', 7, {}, new Error('CONFLICT'), { name: 'PlannedError' }]) {
      expect(isPlanned(thrown)).toBe(false)
    }
    expect(isPlanned({ name: 'Error', code: 'CONFLICT' })).toBe(false)
    expect(isPlanned({ name: 'PlannedError', code: 'ENOENT' })).toBe(false)
  })

  test('a code that every object inherits is not a code', () => {
    expect(isPlanned({ name: 'PlannedError', code: 'toString' })).toBe(false)
  })
})

test('whatever was thrown has a message', () => {
  expect(messageOf(new PlannedError('BAD_INPUT', 'no'))).toBe('no')
  expect(messageOf({ name: 'Error', message: 'from a worker' })).toBe('from a worker')
  expect(messageOf('text')).toBe('text')
  expect(messageOf(undefined)).toBe('undefined')
  expect(messageOf(null)).toBe('null')
  expect(messageOf(Symbol('s'))).toBe('Symbol(s)')
  expect(messageOf(Object.create(null))).toBe('[object Object]')
})

test('a branch the types rule out is a loud bug that shows its value', () => {
  expect(() => unreachable({ kind: 'new' } as never)).toThrow('unreachable: {"kind":"new"}')
})

describe('throwIfCancelled', () => {
  test('lets work go on without a signal, or before it has fired', () => {
    expect(() => throwIfCancelled(undefined)).not.toThrow()
    expect(() => throwIfCancelled(new AbortController().signal)).not.toThrow()
  })

  test('is CANCELLED after it has fired, and says how to go on', () => {
    expect(() => throwIfCancelled(AbortSignal.abort())).toThrow(
      'stopped on request; run the same command again to go on',
    )
    try {
      throwIfCancelled(AbortSignal.abort())
    } catch (error) {
      expect(isPlanned(error, 'CANCELLED')).toBe(true)
    }
  })

  test('throws the planned reason of whoever fired it', () => {
    const lost = new PlannedError('CONFLICT', 'the lease was lost')
    expect(() => throwIfCancelled(AbortSignal.abort(lost))).toThrow(lost)
  })
})
