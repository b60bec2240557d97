import { describe, expect, test } from 'vitest'
import type { RequestField } from './project.ts'
import { localExample, type RequestTimes, readCell, readText } from './request-row.ts'

const NUMBER: RequestField = { name: 'km', kind: 'number', label: 'Kilometres', example: '4.2' }
const WHOLE: RequestField = { name: 'boxes', kind: 'integer', label: 'Boxes', example: '3' }
const TIME: RequestField = {
  name: 'left_at',
  kind: 'time',
  label: 'Left at',
  example: '2014-07-06 23:18:00',
  zone: 'America/New_York',
}
const LOCAL: RequestTimes = { reading: 'utc', unzoned: 'local' }
const at = (text: string): number => Date.parse(`${text}Z`)

describe('a number', () => {
  test.each([
    ['4', 4],
    [' -73.95 ', -73.95],
    ['.5', 0.5],
    ['5.', 5],
    ['1e3', 1000],
    ['+2', 2],
  ])('is read from %j', (text, value) => expect(readText(NUMBER, text, LOCAL)).toBe(value))
  test.each(['', ' ', 'x', '0x10', '1_000', '1,5', '4 5', '--1', 'true'])('is not read from %j', (text) =>
    expect(readText(NUMBER, text, LOCAL)).toBe('not a number'),
  )
  test.each(['nan', 'NaN', 'inf', '-Infinity', '1e999'])('is finite, which %s is not', (text) =>
    expect(readText(NUMBER, text, LOCAL)).toBe('not finite'),
  )
})

test('a whole number may be written as one with zeros behind the point, and is one that a double holds', () => {
  expect(readText(WHOLE, '2.0', LOCAL)).toBe(2)
  expect(readText(WHOLE, '2.5', LOCAL)).toBe('not whole')
  expect(readText(WHOLE, '1e3', LOCAL)).toBe('not whole')
  expect(readText(WHOLE, 'two', LOCAL)).toBe('not a number')
  expect(readText(WHOLE, '9007199254740993', LOCAL)).toBe('too large')
})

describe('a time', () => {
  test.each([
    ['2014-07-06 19:18:00', '2014-07-06T23:18:00'], // in summer, four hours behind
    ['2014-01-06T19:18:00', '2014-01-07T00:18:00'],
    ['2014-07-06 19:18', '2014-07-06T23:18:00'],
    ['2014-07-06 19:18:00.250', '2014-07-06T23:18:00.250'],
    ['2014-07-06 19:18:00Z', '2014-07-06T19:18:00'],
    ['2014-07-06 19:18:00 UTC', '2014-07-06T19:18:00'],
    ['2014-07-06T19:18:00+02:00', '2014-07-06T17:18:00'],
    ['2014-07-06 19:18:00-0530', '2014-07-07T00:48:00'],
    ['2014-11-02 01:30:00', '2014-11-02T05:30:00'], // shown twice: the first of the two
    ['2014-03-09 02:30:00', '2014-03-09T07:30:00'], // never shown: as the clocks were before
  ])('%s in New York is %s', (text, utc) => expect(readText(TIME, text, LOCAL)).toBe(at(utc)))

  test.each([
    '2014-07-06',
    '19:18:00',
    '2014-02-30 10:00:00',
    '2014-07-06 24:00:00',
    '2014-07-06 10:61:00',
    '6/7/2014 10:00:00',
    '',
  ])('%j is none', (text) => expect(readText(TIME, text, LOCAL)).toBe('not a time'))

  test('is the column’s value itself where the source stores what the clocks showed, or where it is asked for as stored', () => {
    const wall = at('2014-07-06T19:18:00')
    expect(readText(TIME, '2014-07-06 19:18:00', { reading: 'local', unzoned: 'local' })).toBe(wall)
    expect(readText(TIME, '2014-07-06 23:18:00Z', { reading: 'local', unzoned: 'local' })).toBe(wall)
    expect(readText(TIME, '2014-07-06 19:18:00', { reading: 'utc', unzoned: 'stored' })).toBe(wall)
  })

  test('the example of a form is told on the clocks that a request is read by', () => {
    expect(localExample(TIME)).toBe('2014-07-06 19:18:00')
    expect(readText(TIME, localExample(TIME), LOCAL)).toBe(at('2014-07-06T23:18:00'))
  })
})

test('a cell may be a number, a text, or one of the ways to write nothing', () => {
  for (const nothing of [null, Number.NaN, '', ' ', 'NaN', 'null', 'None', 'NaT', 'n/a']) {
    for (const field of [NUMBER, WHOLE, TIME]) expect(readCell(field, nothing, LOCAL)).toBeNaN()
  }
  expect(readCell(NUMBER, 4.5, LOCAL)).toBe(4.5)
  expect(readCell(NUMBER, '4.5', LOCAL)).toBe(4.5)
  expect(readCell(WHOLE, 2.5, LOCAL)).toBe('not whole')
  expect(readCell(TIME, 1_404_688_680_000, LOCAL)).toBe(1_404_688_680_000)
  expect(readCell(TIME, 1e300, LOCAL)).toBe('too large')
  expect(readCell(NUMBER, Number.POSITIVE_INFINITY, LOCAL)).toBe('not finite')
  expect(readCell(NUMBER, true, LOCAL)).toBe('not a number')
  expect(readCell(TIME, { at: 1 }, LOCAL)).toBe('not a time')
  expect(readCell(NUMBER, undefined, LOCAL)).toBe('missing')
})
