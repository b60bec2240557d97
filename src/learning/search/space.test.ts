import { expect, test } from 'vitest'
import { Parameter, parameterText, parseParameter, pointAt, pointCount } from './space.ts'

test.each([
  ['learning_rate=1e-4..1e-2:log', { kind: 'float', name: 'learning_rate', low: 0.0001, high: 0.01, log: true }],
  ['leaves=15..255:log', { kind: 'int', name: 'leaves', low: 15, high: 255, log: true }],
  ['l2=0..10:float', { kind: 'float', name: 'l2', low: 0, high: 10, log: false }],
  ['shift=-3..-1', { kind: 'int', name: 'shift', low: -3, high: -1, log: false }],
  ['share=.5..1.', { kind: 'float', name: 'share', low: 0.5, high: 1, log: false }],
  ['batch_size=64, 128,256', { kind: 'choice', name: 'batch_size', choices: [64, 128, 256] }],
  ['loss=l1,l2', { kind: 'choice', name: 'loss', choices: ['l1', 'l2'] }],
  ['on=true,false', { kind: 'choice', name: 'on', choices: [true, false] }],
  ['hidden=[100,50],[64]', { kind: 'choice', name: 'hidden', choices: [[100, 50], [64]] }],
  ['patience=2', { kind: 'choice', name: 'patience', choices: [2] }],
])('%s is read, and written so that it is read again', (text, parameter) => {
  expect(parseParameter(text)).toEqual(parameter)
  expect(parseParameter(parameterText(parseParameter(text)))).toEqual(parameter)
  expect(Parameter.parse(JSON.parse(JSON.stringify(parameter)))).toEqual(parameter)
})

test.each([
  ['learning_rate', 'a name, =, and values'],
  ['=1..2', 'a name, =, and values'],
  ['rate=', 'a name, =, and values'],
  ['rate=2..1', '2 is not below 1'],
  ['rate=0..1:log', 'a logarithmic range begins above 0'],
  ['rate=1..2:lgo', '":lgo" is none of'],
  ['rate=1..2:int:float', 'both'],
  ['rate=a..2', '"a" is no number'],
  ['rate=0.5..2:int', 'Invalid input'],
  ['size=8,8', 'a value is there twice'],
])('%s is refused, and the reason is %s', (text, reason) => {
  let said = ''
  try {
    parseParameter(text)
  } catch (error) {
    said = String(error)
  }
  expect(said).toContain(reason)
  expect(said).toContain('learning_rate=1e-4..1e-2:log')
})

test('a finite space is counted through, the last parameter first', () => {
  const space = ['a=1..2', 'b=x,y,z'].map(parseParameter)
  expect(pointCount(space)).toBe(6)
  const points = Array.from({ length: 6 }, (_, place) => Object.values(pointAt(space, place)).join(''))
  expect(points).toEqual(['1x', '1y', '1z', '2x', '2y', '2z'])
  expect(pointCount([parseParameter('a=0.5..1')])).toBe(Number.POSITIVE_INFINITY)
})
