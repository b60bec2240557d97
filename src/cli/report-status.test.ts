// The screen of all models, at several widths.
import { expect, test } from 'vitest'
import { DAY_MS, parseDay } from '../kernel/window.ts'
import { PLAIN } from './colour.ts'
import { type Known, type StatusPage, statusReport } from './report-status.ts'

const NOW = parseDay('2026-02-14')
const known = (model: string, option = ''): Known => ({ project: model, model, threshold: 2, option, fault: null })
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
  error: { month: '2025-12', version: 2, value: 1.5, threshold: 2, isOver: false },
  waits: [],
  working: null,
  stopped: null,
  next: '2026-01',
  project: known('parcels'),
}
const SICK: Line = {
  ...HEALTHY,
  model: 'letters',
  champion: null,
  error: { month: '2025-11', version: 2, value: 2, threshold: 2, isOver: true },
  waits: [{ decision: 7, kind: 'cycle', month: '2025-12', version: 4, askedAtMs: NOW }],
  project: known('letters', ' --project letters'),
}

function screen(models: readonly Line[], columns: number, more: Partial<StatusPage> = {}): string {
  const page: StatusPage = { models, neverRun: [], shared: [], notices: [], home: '/home', nowMs: NOW, ...more }
  return statusReport(page, { columns, style: PLAIN })
}

test('on a usual terminal there is one line for each model, and one for each thing to do', () => {
  expect(screen([SICK, HEALTHY], 100).split('\n')).toEqual([
    'model    serves, for  learnt to   last verdict     ago    error, threshold',
    'letters  none                     2025-12 promote  1 day  v2 2.000 ≥ 2 in 2025-11 !',
    'parcels  v3, 3 days   2025-11-23  2025-12 promote  1 day  v2 1.500 < 2',
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
    '  error    v2 1.500 < 2 min',
  ])
  for (const line of lines) if (!line.includes('./understudy')) expect(line.length, line).toBeLessThanOrEqual(50)
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
