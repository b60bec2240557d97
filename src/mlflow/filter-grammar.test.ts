import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MlflowError } from './error.ts'
import { EXPERIMENTS, LOGGED_MODELS, MODEL_VERSIONS, REGISTERED_MODELS, RUNS } from './filter-entities.ts'
import { parseFilter } from './filter-grammar.ts'
import { tokensOf } from './filter-tokens.ts'
import { readOrder } from './order-by.ts'
import { readFilter } from './read-filter.ts'

const LANGUAGES = [RUNS, EXPERIMENTS, REGISTERED_MODELS, MODEL_VERSIONS, LOGGED_MODELS]
const LAW = { seed: 20_261_122, numRuns: 300 }

/** Texts made of what filters are made of, so that many of them nearly mean something. */
const pieces = fc.constantFrom(
  ...['metrics', 'params', 'tags', 'dataset', 'attributes', '.', 'm', '`a b`', "'x'", '"y"', '1', '-2.5', '1e3', '.5'],
  ...[
    '=',
    '!=',
    '<',
    '>=',
    '~',
    ' ',
    ' ',
    ' AND ',
    'IN',
    'NOT',
    'LIKE',
    'IS',
    'NULL',
    '(',
    ')',
    ',',
    ';',
    "'",
    '"',
    '`',
    '\\',
    'é',
    '😀',
  ],
  ...['status', 'name', 'start_time', 'run_id', 'version_number', '('.repeat(50)],
)
const filters = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(pieces, { maxLength: 40 }).map((some) => some.join('')),
)

function kindsOf(text: string): string[] {
  return tokensOf(text).map((token) => `${token.kind} ${token.text}`)
}

describe('tokens', () => {
  test('a name is all its parts, in whatever they are wrapped', () => {
    expect(kindsOf('status metrics.m tags.mlflow.user params.`a b`.c tags."x.y" `run name` params.\'k\'')).toEqual([
      ...['name status', 'name metrics.m', 'name tags.mlflow.user', 'name params.`a b`.c', 'name tags."x.y"'],
      ...['name `run name`', "name params.'k'"],
    ])
  })

  test('numbers are whole, broken, negative or with an exponent', () => {
    expect(kindsOf('1 -2 .5 3. 1e3 1.5E-3 1e+9 0x10 12abc')).toEqual([
      ...['number 1', 'number -2', 'number .5', 'number 3.', 'number 1e3', 'number 1.5E-3', 'number 1e+9'],
      ...['name 0x10', 'name 12abc'],
    ])
  })

  test('a doubled quote and one after a backslash are part of a text, but for one that nothing else closes', () => {
    expect(kindsOf("'it''s' 'it\\'s' \"it's\" ''")).toEqual([
      ...["quoted 'it''s'", "quoted 'it\\'s'", 'quoted "it\'s"', "quoted ''"],
    ])
    expect(kindsOf("'C:\\'")).toEqual(["quoted 'C:\\'"])
  })

  test('a quote that is never closed takes the rest with it', () => {
    expect(kindsOf("a = 'x AND b = 1")).toEqual(['name a', 'comparator =', "other 'x AND b = 1"])
  })

  test('every sign but blanks is in one token, in order', () => {
    fc.assert(
      fc.property(filters, (text) => {
        let at = 0
        for (const token of tokensOf(text)) {
          expect(text.slice(at, token.from).trim()).toBe('')
          expect(token.text).toBe(text.slice(token.from, token.to))
          expect(token.to).toBeGreaterThan(token.from)
          at = token.to
        }
        expect(text.slice(at).trim()).toBe('')
      }),
      LAW,
    )
  })
})

describe('the grammar', () => {
  test('comparisons are joined by AND, in any case, doubled or left out', () => {
    const { comparisons, leftovers } = parseFilter(
      "and status = 'a' AND and run_id NOT  IN ('b') tags.x is not null AND",
    )
    expect(leftovers).toEqual([])
    expect(comparisons.map(({ left, comparator, right }) => [left.text, comparator, right?.text])).toEqual([
      ['status', '=', "'a'"],
      ['run_id', 'NOT IN', "('b')"],
      ['tags.x', 'IS NOT NULL', undefined],
    ])
  })

  test('what belongs to no comparison is told as it is written', () => {
    expect(parseFilter('metrics.m BETWEEN 1 AND 2').leftovers).toEqual(['metrics.m', 'BETWEEN', '1', '2'])
    expect(parseFilter('(metrics.m > 1) OR NOT x = 1').leftovers).toEqual(['(metrics.m > 1)', 'OR', 'NOT'])
  })
})

describe('whatever is asked', () => {
  test('a filter is read or refused in words, in every language', () => {
    fc.assert(
      fc.property(filters, fc.constantFrom(...LANGUAGES), (filter, language) => {
        expectReadOrRefused(() => readFilter<string>(language, filter))
      }),
      { ...LAW, numRuns: 2_000 },
    )
  })

  test('an order is read or refused in words, in every language', () => {
    fc.assert(
      fc.property(fc.array(filters, { maxLength: 3 }), fc.constantFrom(...LANGUAGES), (order, language) => {
        expectReadOrRefused(() => readOrder<string>(language, order))
      }),
      LAW,
    )
  })

  test('a clause with any key and any text means that key and that text', () => {
    const keys = fc.string({ unit: 'grapheme', minLength: 1 }).filter((key) => !/[`'"\\]/.test(key))
    const texts = fc.string({ unit: 'grapheme' }).filter((text) => !/["\\]/.test(text))
    fc.assert(
      fc.property(keys, texts, (key, value) => {
        const clause = { entity: 'parameter', key, test: { comparator: '=', value } }
        expect(readFilter(RUNS, `params.\`${key}\` = "${value}" AND tags.x IS NULL`)[0]).toEqual(clause)
      }),
      LAW,
    )
  })

  test('a long text of one piece is read at once, whatever the piece', () => {
    const pieces = [
      "'",
      "'\\",
      '`',
      '"',
      "''",
      "\\'",
      '(',
      '()',
      ')(',
      '1',
      '1.',
      '-1a',
      'a.',
      'a."',
      "a.'`",
      'a=1 ',
      ' ',
      '😀',
      '1e',
    ]
    for (const piece of pieces) {
      const text = piece.repeat(Math.floor(200_000 / piece.length))
      const from = performance.now()
      parseFilter(`a = ${text}`, { keysHaveSigns: true })
      expect(performance.now() - from, piece).toBeLessThan(2_000) // what is quadratic takes many times as long
    }
  })

  test('a list of some thousand ids is read, and more than databases bind is refused', () => {
    const listOf = (count: number): string =>
      `run_id IN (${Array.from({ length: count }, (_, id) => `'${id}'`).join(',')})`
    expect(readFilter(RUNS, listOf(5_000))[0]?.test).toMatchObject({ comparator: 'IN', values: { length: 5_000 } })
    expect(() => readFilter(RUNS, listOf(5_001))).toThrow(
      'A list of the filter has 5001 values; at most 5000 are read.',
    )
    expect(() => readFilter(RUNS, listOf(20_000))).toThrow(
      'The filter has more than the 20000 words and signs that are read.',
    )
    expect(() => readFilter(RUNS, ' '.repeat(200_001))).toThrow(
      'The filter has 200001 characters; at most 200000 are read.',
    )
    expect(() => readFilter(RUNS, `params.p LIKE '${'%'.repeat(10_001)}'`)).toThrow('A pattern has 10001 characters')
    expect(() => readFilter(RUNS, Array(101).fill('metrics.m > 1').join(' AND '))).toThrow(
      'The filter has 101 comparisons',
    )
  })
})

function expectReadOrRefused(read: () => unknown): void {
  try {
    read()
  } catch (error) {
    if (!(error instanceof MlflowError)) throw error
    expect(error.code).toBe('INVALID_PARAMETER_VALUE')
    expect(error.message).not.toContain('undefined')
  }
}
