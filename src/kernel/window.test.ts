import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isPlanned } from './errors.ts'
import {
  addMonths,
  DAY_MS,
  dayText,
  monthOf,
  monthsOf,
  monthWindow,
  parseDay,
  parseMonth,
  shiftMonth,
} from './window.ts'

/** Years 1 to 20,000: every date a row could have, and some it should not. */
const anyInstant = fc.integer({ min: Date.parse('0001-01-01T00:00:00Z'), max: Date.parse('+020000-01-01T00:00:00Z') })

describe('parseDay and parseMonth', () => {
  test('read what they should', () => {
    expect(parseDay('2015-01-01')).toBe(Date.UTC(2015, 0, 1))
    expect(parseDay('2012-02-29')).toBe(Date.UTC(2012, 1, 29))
    expect(parseMonth('2015-12')).toBe('2015-12')
  })

  test.each(['2015-02-30', '2015-02-29', '2015-13-01', '2015-1-1', '2015-01-01T00:00', '', 'tomorrow', ' 2015-01-01'])(
    '"%s" is not a date, and the message says how to write one',
    (text) => {
      expect(() => parseDay(text)).toThrow(`"${text}" is not a date; write it as YYYY-MM-DD`)
      try {
        parseDay(text)
      } catch (error) {
        expect(isPlanned(error, 'BAD_INPUT')).toBe(true)
      }
    },
  )

  test.each(['2015-13', '2015-00', '2015-1', '2015', '2015-01-01', '', 'May'])(
    '"%s" is not a month, and the message says how to write one',
    (text) => {
      expect(() => parseMonth(text)).toThrow(`"${text}" is not a month; write it as YYYY-MM`)
    },
  )

  test('what was given as an option says so', () => {
    expect(() => parseDay('2015-1-1', '--from')).toThrow('--from is "2015-1-1", which is not a date; write it as')
    expect(() => parseMonth('2015-13', '--month')).toThrow('--month is "2015-13", which is not a month; write it as')
  })

  test('a day reads back as it was written', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: Date.parse('0001-01-01T00:00:00Z'), max: Date.parse('9999-12-31T00:00:00Z') }),
        (ms) => {
          expect(parseDay(dayText(ms))).toBe(Math.floor(ms / DAY_MS) * DAY_MS)
          expect(parseMonth(monthOf(ms))).toBe(monthOf(ms))
        },
      ),
      { seed: 20_150_208 },
    )
  })
})

describe('months', () => {
  test('a month holds its first millisecond and not its end', () => {
    const { fromMs, toMs } = monthWindow('2015-02')
    expect([fromMs, toMs]).toEqual([parseDay('2015-02-01'), parseDay('2015-03-01')])
    expect([monthOf(fromMs), monthOf(toMs - 1), monthOf(toMs)]).toEqual(['2015-02', '2015-02', '2015-03'])
    expect(monthWindow('2015-12').toMs).toBe(parseDay('2016-01-01'))
  })

  test('every instant lies in the window of its month, in years of any length', () => {
    fc.assert(
      fc.property(anyInstant, (ms) => {
        const { fromMs, toMs } = monthWindow(monthOf(ms))
        expect(fromMs <= ms && ms < toMs).toBe(true)
        expect((toMs - fromMs) / DAY_MS).toBeGreaterThanOrEqual(28)
        expect((toMs - fromMs) / DAY_MS).toBeLessThanOrEqual(31)
      }),
      { seed: 20_150_209, numRuns: 500 },
    )
  })

  test('the first century is not the twentieth', () => {
    expect(monthWindow('0050-01').toMs).toBe(Date.parse('0050-02-01T00:00:00Z'))
    expect(monthsOf({ fromMs: parseDay('0050-01-01'), toMs: parseDay('0050-01-02') })).toEqual(['0050-01'])
  })

  test('a year past 9999 has its digits', () => {
    const ms = Date.parse('+020150-03-04T00:00:00Z')
    expect([dayText(ms), monthOf(ms)]).toEqual(['+020150-03-04', '+020150-03'])
  })

  test('shifting there and back is staying', () => {
    fc.assert(
      fc.property(anyInstant, fc.integer({ min: -1200, max: 1200 }), (ms, months) => {
        const month = monthOf(Math.max(ms, Date.parse('0200-01-01T00:00:00Z')))
        expect(shiftMonth(shiftMonth(month, months), -months)).toBe(month)
      }),
      { seed: 20_150_210 },
    )
  })

  test('a window touches every month from its first to its last millisecond', () => {
    expect(monthsOf({ fromMs: parseDay('2014-12-15'), toMs: parseDay('2015-02-01') })).toEqual(['2014-12', '2015-01'])
    expect(monthsOf({ fromMs: parseDay('2014-12-15'), toMs: parseDay('2015-02-01') + 1 })).toEqual([
      '2014-12',
      '2015-01',
      '2015-02',
    ])
    expect(monthsOf(monthWindow('2015-06'))).toEqual(['2015-06'])
  })

  test('an empty window, or one that ends before it begins, touches none', () => {
    const noon = parseDay('2015-01-10') + DAY_MS / 2
    expect(monthsOf({ fromMs: noon, toMs: noon })).toEqual([])
    expect(monthsOf({ fromMs: noon, toMs: noon - 1 })).toEqual([])
  })
})

describe('addMonths', () => {
  test('keeps the day and the time of day', () => {
    const time = 13 * 3_600_000 + 7
    expect(addMonths(parseDay('2015-01-10') + time, 1)).toBe(parseDay('2015-02-10') + time)
    expect(addMonths(parseDay('2015-01-10') + time, -1)).toBe(parseDay('2014-12-10') + time)
    expect(addMonths(parseDay('1969-12-31') + time, 0)).toBe(parseDay('1969-12-31') + time)
  })

  test('past the end of a month it is its last day', () => {
    expect(dayText(addMonths(parseDay('2012-01-31'), 1))).toBe('2012-02-29')
    expect(dayText(addMonths(parseDay('2015-01-31'), 1))).toBe('2015-02-28')
    expect(dayText(addMonths(parseDay('2015-03-31'), -1))).toBe('2015-02-28')
    expect(dayText(addMonths(parseDay('2015-08-31'), 13))).toBe('2016-09-30')
  })
})
