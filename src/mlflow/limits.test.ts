import { describe, expect, test } from 'vitest'
import { checkExperimentName, checkMetricName, checkParamName, checkRunId, checkTagName, paramValue } from './limits.ts'

const why =
  'Names may be treated as files in certain cases, and must not resolve to other names when treated as such. This name would resolve to'

describe('a name', () => {
  test.each(['a', 'a/b/c', 'a.b-c_d: e', '.hidden', 'été', '漢字', '٣', 'a..', 'x'.repeat(250), '𝒳'.repeat(250)])(
    'may be %j',
    (name) => {
      for (const check of [checkMetricName, checkParamName, checkTagName]) expect(() => check(name)).not.toThrow()
    },
  )

  // What each would become is what Python's posixpath.normpath makes of it.
  test.each([
    ['', '.'],
    ['.', '.'],
    ['..', '..'],
    ['../a', '../a'],
    ['...', '...'],
    ['/a', '/a'],
    ['//a', '//a'],
    ['///a', '/a'],
    ['a//b', 'a/b'],
    ['a/', 'a'],
    ['a/.', 'a'],
    ['./a', 'a'],
    ['a/../b', 'b'],
    ['a/..', '.'],
    ['/..', '/'],
  ])('may not be %j, which as a path would be %j', (name, path) => {
    expect(() => checkParamName(name)).toThrow(
      `Invalid value ${JSON.stringify(name)} for parameter 'key' supplied: ${why} '${path}'`,
    )
  })

  test.each(['a$b', 'a\nb', 'a\n', 'a\\b', 'a%b', "a'b", 'e\u0301', '😀', 'a\0'])(
    'may not hold the sign in %j',
    (name) => {
      expect(() => checkMetricName(name, 'metrics[2]')).toThrow(
        / for parameter 'metrics\[2\]\.name' supplied: Names may only/,
      )
    },
  )

  test('has 250 characters at most, counted as people do', () => {
    expect(() => checkMetricName('k'.repeat(251))).toThrow("'Metric name' exceeds the maximum length of 250 characters")
    expect(() => checkParamName('𝒳'.repeat(251))).toThrow("'Param key' exceeds the maximum length of 250 characters")
    expect(() => checkTagName('k'.repeat(251), 'tags[0]')).toThrow(
      "'tags[0].key' exceeds the maximum length of 250 characters",
    )
  })
})

test('an experiment is called anything but nothing, up to 500 characters', () => {
  for (const name of ['/', '../..', ' ', 'a$b', '𝒳'.repeat(500)]) expect(() => checkExperimentName(name)).not.toThrow()
  expect(() => checkExperimentName('')).toThrow("Invalid experiment name: ''")
})

test('a run is known by an id of letters and digits', () => {
  for (const id of ['a', '0'.repeat(32), 'A-b_c', 'é'.padStart(2, 'a')]) expect(() => checkRunId(id)).not.toThrow()
  for (const id of ['', '-a', 'a/b', 'a b', 'a'.repeat(257), 'a\n'])
    expect(() => checkRunId(id)).toThrow('Invalid value')
})

test('a value is cut between characters, never within one', () => {
  expect(paramValue(`${'x'.repeat(5999)}𝒳𝒳`, {})).toBe(`${'x'.repeat(5999)}𝒳`)
  expect(paramValue('𝒳'.repeat(6000), { cutsLongValues: false })).toBe('𝒳'.repeat(6000))
})
