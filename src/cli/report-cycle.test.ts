// The report of a month, as it is read.
import { expect, test } from 'vitest'
import type { CycleOutcome } from '../lifecycle/outcome.ts'
import { cycleReport } from './report-cycle.ts'
import { textTable, wrapped } from './table.ts'

const kept: CycleOutcome = {
  month: '2015-02',
  from: '2015-02-01T00:00:00.000Z',
  to: '2015-03-01T00:00:00.000Z',
  holdoutFrom: '2015-02-22T00:00:00.000Z',
  model: 'taxifare',
  size: '200k',
  origin: 'simulated',
  rawRows: 18_000,
  rawFingerprint: 'f',
  rows: 17_600,
  holdoutRows: 3_520,
  holdoutDays: 6,
  looks: 1,
  level: 0.95,
  metric: { name: 'mae', unit: 'USD' },
  champion: { version: 3, error: 2.131, low: 2.05, high: 2.21, monthError: 2.2 },
  challenger: { version: 4, error: 2.21, low: 2.1, high: 2.3, monthError: null },
  difference: { mean: 0.079, low: -0.01, high: 0.17, smallestVisible: 0.12 },
  threshold: 2.5,
  rule: 'point',
  verdict: 'keep',
  case: 'champion-good-enough',
  reason: 'The challenger was not better on these 3,520 rides.',
  warning: null,
  otherRule: { rule: 'significant', kind: 'keep', why: 'the same' },
  applied: true,
  insteadOfAsking: null,
  notes: [],
  stages: [
    { version: 3, stage: 'Production', note: '' },
    { version: 4, stage: 'Archived', note: '' },
  ],
  decision: null,
  retrainOf: null,
  runId: 'r',
}
const context = {
  rows: 'rides',
  rawTable: 'raw_200k',
  series: [
    { month: '2015-01', origin: 'simulated', error: 2.1, measuredAtMs: 0 },
    { month: '2014-12', origin: 'imported', error: 0.868, measuredAtMs: 0 },
  ],
  home: '/srv/understudy',
  next: ['do this', 'or that'],
  columns: 200,
}

test('the verdict comes first, then the same rows for both, the intervals, and what could have been seen', () => {
  const lines = cycleReport(kept, context).split('\n')
  expect(lines[3]).toBe('✅ KEEP')
  expect(lines[4]).toBe('The challenger was not better on these 3,520 rides.')
  const text = lines.join('\n')
  expect(text).toContain('error on the same 3,520 rides of 6 days')
  expect(text).toMatch(/champion +v3 +2\.131 USD +2\.050 to 2\.210/)
  expect(text).toMatch(/difference +\+0\.079 USD +−0\.010 to \+0\.170; one of 0\.120 could have been seen/)
  expect(text).toContain('point; "significant" says keep too')
  expect(text).toContain('champion v3 2.200 USD; earlier: 2015-01 2.100')
  expect(text).toContain('v3 Production, v4 Archived')
  expect(text).toMatch(/next +do this\n +or that/)
})

test('what the other rule would have said is told where it differs', () => {
  const text = cycleReport(
    { ...kept, verdict: 'promote', otherRule: { rule: 'significant', kind: 'keep', why: 'too little evidence' } },
    context,
  )
  expect(text).toContain('🚀 PROMOTE')
  expect(text).toContain('"significant" would have said keep')
})

test('a look that moved nothing says so before anything else', () => {
  expect(cycleReport({ ...kept, applied: false, verdict: 'promote' }, context)).toContain(
    'NOTHING MOVED (it would have been: promote)',
  )
})

test('what cannot be told is not dressed up as a verdict', () => {
  const text = cycleReport({ ...kept, case: 'too-little-data', challenger: null, difference: null }, context)
  expect(text).toContain('ℹ️  KEEP, cannot tell yet')
  expect(text).toMatch(/challenger +none +none/)
  const unmeasured = { version: 3, error: null, low: null, high: null, monthError: null }
  expect(cycleReport({ ...kept, champion: unmeasured }, context)).toContain('champion v3 was not measured')
  expect(cycleReport({ ...kept, champion: null }, context)).toMatch(/champion +none to compare with +none/)
  expect(text).not.toContain('difference')
})

test('columns are as wide as their widest cell', () => {
  expect(
    textTable(
      [
        ['a', '10'],
        ['bcd', '7'],
      ],
      [1],
    ),
  ).toEqual(['a    10', 'bcd   7'])
})

test('a paragraph breaks between words, and a word that is too wide stands alone', () => {
  expect(wrapped('one two extraordinary three', 8)).toEqual(['one two', 'extraordinary', 'three'])
  expect(wrapped('kept as it is', Number.POSITIVE_INFINITY)).toEqual(['kept as it is'])
})
