// The screen of all models, at several widths.
import { expect, test } from 'vitest'
import { DAY_MS, parseDay } from '../kernel/window.ts'
import { PLAIN } from './colour.ts'
import { type Known, type StatusPage, statusReport } from './report-status.ts'

const NOW = parseDay('2026-02-14')
const known = (model: string, option = ''): Known => ({
  project: model,
  model,
  threshold: 2,
  option,
  raw: null,
  fault: null,
})
type Line = StatusPage['models'][number]

const HEALTHY: Line = {
  model: 'parcels',
  unit: 'min',
  champion: {
    version: 3,
    sinceMs: NOW - 3 * DAY_MS,
    by: 'understudy',
    trainedTo: '2025-11-24T00:00:00.000Z',
    origin: 'imported',
  },
  last: { month: '2025-12', verdict: 'promote', case: 'challenger-better', atMs: NOW - DAY_MS },
  error: { month: '2025-12', version: 3, value: 1.5, threshold: 2, isOver: false },
  waits: [],
  working: null,
  stopped: null,
  next: '2026-01',
  project: known('parcels'),
}
const SICK: Line = {
  ...HEALTHY,
  model: 'letters',
  champion: { version: 12, sinceMs: NOW - 30 * DAY_MS, by: 'ana', trainedTo: null, origin: null },
  error: { month: null, version: 12, value: 2, threshold: 2, isOver: true },
  waits: [{ decision: 7, kind: 'cycle', month: '2025-12', version: 4, askedAtMs: NOW }],
  project: known('letters', ' --project letters'),
}

function screen(models: readonly Line[], columns: number, more: Partial<StatusPage> = {}): string {
  const page: StatusPage = { models, neverRun: [], shared: [], notices: [], home: '/home', nowMs: NOW, ...more }
  return statusReport(page, { columns, style: PLAIN })
}

test('on a usual terminal there is one line for each model, and one for each thing to do', () => {
  expect(screen([SICK, HEALTHY], 100).split('\n')).toEqual([
    'model    serves, for   learnt to   last verdict     ago    error, threshold',
    'letters  v12, 30 days  unknown     2025-12 promote  1 day  2.000 ≥ 2 (holdout) !',
    'parcels  v3, 3 days    2025-11-23  2025-12 promote  1 day  1.500 < 2 (2025-12)',
    '',
    'to do',
    'letters  decision 7 waits: 2025-12, v4  ./understudy decisions --project letters',
    'letters  next month, 2026-01            ./understudy cycle --month 2026-01 --project letters',
    'parcels  next month, 2026-01            ./understudy cycle --month 2026-01',
    'Nothing runs by itself: each of these is begun by hand.',
  ])
})

test('a narrow terminal gets a block for each model, and no line but a command is wider than it', () => {
  const lines = screen([SICK, HEALTHY], 50).split('\n')
  expect(lines.slice(4, 8)).toEqual([
    'parcels',
    '  serves   v3 for 3 days, learnt to 2025-11-23',
    '  verdict  2025-12 promote, 1 day ago',
    '  error    1.500 < 2 min on 2025-12',
  ])
  for (const line of lines) if (!line.includes('./understudy')) expect(line.length, line).toBeLessThanOrEqual(50)
})

test('the table of a usual model fits into 80 columns, and where nobody serves there is no error', () => {
  expect(screen([SICK, HEALTHY], 80)).toMatch(/^model +serves/)
  expect(screen([{ ...HEALTHY, champion: null, error: null }], 100)).toMatch(/2025-12 promote {2}1 day {2}none$/m)
})

test('a month after the end of the rows is not advised: newer ones are asked for', () => {
  const withRows = (lastMonth: string, origin: string): Line => ({
    ...HEALTHY,
    project: { ...known('parcels'), raw: { table: 'raw_small', lastMonth, origin } },
  })
  expect(screen([withRows('2026-01', 'simulated')], 120)).toContain('./understudy cycle --month 2026-01')
  const over = screen([withRows('2025-12', 'imported')], 120)
  expect(over).toContain('raw_small ends with 2025-12: bring newer rows  ./understudy data import FILE')
  expect(over).toMatch(/--table raw_small --append$/m)
  expect(over).not.toContain('./understudy cycle')
  expect(screen([withRows('2025-12', 'simulated')], 120)).toMatch(/--table raw_small --replace$/m)
})

test('where nothing has run the screen says how to begin', () => {
  expect(screen([], 80, { neverRun: [known('parcels')] })).toContain(
    'Nothing has run yet in /home.\n\nto do\nparcels  has never run  ./understudy cycle\n',
  )
})

test('what is at work hides what comes next, and what was stopped takes its place', () => {
  const working = { flow: 'cycle', month: '2026-01', sinceMs: NOW }
  const busy = screen([{ ...HEALTHY, working }], 100)
  expect(busy).toContain('parcels: the cycle of 2026-01 is at work, since 2026-02-14 00:00:00 UTC.')
  expect(busy).not.toContain('to do')
  const stopped = { flow: 'cycle', month: '2026-01', atMs: NOW, error: null, further: null } as const
  const begun = screen([{ ...HEALTHY, stopped }], 120)
  expect(begun).toMatch(/goes on with the cycle of 2026-01, which was stopped +\.\/understudy cycle --month 2026-01$/m)
  expect(begun).not.toContain('next month')
  const further = screen([{ ...HEALTHY, stopped: { ...stopped, month: '2025-12', further: 7, error: 'no rows' } }], 120)
  expect(further).toContain('parcels: the cycle of 2025-12 failed at 2026-02-14 00:00:00 UTC: no rows')
  expect(further).toContain('./understudy decide 7 retrain --why "…"')
  expect(further).toContain('next month, 2026-01')
})

test('a project that is gone, one that cannot be read, and two with one model are told', () => {
  const told = screen([{ ...HEALTHY, project: null }], 200, {
    neverRun: [{ ...known('broken'), fault: 'it has no features' }],
    shared: [{ model: 'parcels', projects: ['one', 'two'] }],
    notices: [{ channel: 'chat', waiting: 2 }],
  })
  expect(told).toContain('parcels: its project is not here any more')
  expect(told).toContain('broken: the project cannot be read: it has no features')
  expect(told).toContain('parcels is the model of more than one project: one, two.')
  expect(told).toContain('2 notices wait for chat')
  expect(told).not.toContain('to do')
})
