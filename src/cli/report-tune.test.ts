// What a search says at its end: nothing that is not so.
import { expect, test } from 'vitest'
import { parseDay } from '../kernel/window.ts'
import type { TrialOutcome, TuneOutcome } from '../lifecycle/tune-input.ts'
import { PLAIN } from './colour.ts'
import { tuneReport } from './report-tune.ts'

const span = (from: string, to: string) => ({ fromMs: parseDay(from), toMs: parseDay(to) })
const FOLD = {
  fit: span('2020-01-01', '2020-02-01'),
  earlyStop: span('2020-02-01', '2020-02-10'),
  validate: span('2020-02-10', '2020-03-01'),
  fitRows: 100,
  earlyStopRows: 10,
  validateRows: 20,
}

function trial(number: number, ...errors: number[]): TrialOutcome {
  const settings = { ridge: 0.1 * (number + 1) }
  return { number, settings, state: 'finished', errors, why: null, seconds: 1, runId: `r${number}` }
}

/** A search on one fold, best first. */
function outcome(changes: Partial<TuneOutcome>): TuneOutcome {
  return {
    ...{ model: 'parcels', trainer: 'linear', sampler: 'tpe', metric: { name: 'mae', unit: 'min' } },
    ...{ from: '2020-01-01T00:00:00.000Z', to: '2020-03-01T00:00:00.000Z', folds: [FOLD], runId: 'r' },
    ...{ trials: [trial(0, 2)], inForce: 2, best: 0, bestError: 2, better: null },
    ...changes,
  }
}

/** The report as one line. */
function said(changes: Partial<TuneOutcome>, context: Partial<Parameters<typeof tuneReport>[1]> = {}): string {
  return tuneReport(outcome(changes), {
    ...{ rows: 'parcels', trainerSettings: null, replayed: false, more: null, columns: 100, style: PLAIN },
    holdouts: { next: '2020-04', seen: [] },
    variable: (name) => name,
    ...context,
  }).replace(/\s+/g, ' ')
}

test('a search that was stopped before anything else was judged says that, and compares nothing', () => {
  const text = said({})
  expect(text).toContain('linear: the settings in force alone, 2020-01-01')
  expect(text).toContain(
    'Nothing but the settings in force has been judged yet; the settings in force have mae 2.000 min.',
  )
  expect(text).not.toMatch(/None was better|0 settings|chose the settings/)
  const given: TrialOutcome = { ...trial(1, 3), state: 'pruned' }
  expect(said({ trials: [trial(0, 2), given] })).toContain('No other settings were judged on every part')
  const alone = said({ trials: [trial(1, 1)], inForce: null, best: 1, bestError: 1 })
  expect(alone).toContain('The settings in force were not judged to the end')
  expect(alone).not.toContain('TRAINER_SETTINGS')
})

test('a difference of nothing is called so, and its plot, which would be a line, is left out', () => {
  const trials = [trial(1, 1.99999), trial(0, 2)]
  const text = said({ trials, best: 1, bestError: 1.99999 })
  expect(text).toContain(
    'Trial 1 is the best with mae 2.000 min, and no clear gain: the settings in force have mae 2.000 min, and the difference of 0.00001 min is 0.0005 % of it, less than the 0.1 % that would be noticed.',
  )
  expect(text).not.toContain('error by trial')
  const outlier = [trial(0, 2), trial(1, 2.00001), trial(2, 2.00001), trial(3, 9)]
  expect(said({ trials: outlier })).not.toContain('error by trial')
  expect(said({ trials: [trial(0, 2), trial(1, 2.1), trial(2, 9)] })).toContain('error by trial')
  const failed: TrialOutcome = { ...trial(0), state: 'failed' }
  expect(said({ trials: [trial(1, 2), trial(2, 2.5), failed], best: 1, inForce: null })).toMatch(/┤.*◆/)
  expect(said({ trials: [trial(0, 2), trial(1, 2.5)] })).toContain(
    'None was better than the settings in force (mae 2.000',
  )
})

test('a large difference that the parts scatter more than is called that, and not a small one', () => {
  const [inForce, bestError] = [2.1, 2.1 - 0.1 / 3]
  const means = [1.7, (1.7 + 2.2) / 2, bestError]
  const trials = [trial(1, ...means), trial(0, 2, 2.05, inForce)]
  const text = said({ trials, folds: [FOLD, FOLD, FOLD], best: 1, bestError, inForce })
  expect(text).toContain(
    'and the difference of 0.033 min is within the scatter of the 3 parts: its standard error over them is 0.133 min.',
  )
  expect(text).not.toContain('0.1 %')
})

test('one is written as one, and many as many', () => {
  const one = said({ trials: [trial(0, 2), trial(1, 3)] })
  expect(one).toContain('1 setting tried (tpe) beside those in force')
  expect(one).toContain('Each learnt from the rows before a part of them, and was judged on that part: 20 parcels')
  expect(one).not.toMatch(/1 times|1 settings|these parts/)
  const two = said({ trials: [trial(0, 2, 2), trial(1, 3, 3), trial(2, 3, 3)], folds: [FOLD, FOLD] })
  expect(two).toContain('2 settings tried')
  expect(two).toContain('Each learnt 2 times')
})

test('what was made before is told, with what would try more', () => {
  expect(said({}, { replayed: true, more: 'more --trials' })).toContain(
    'This very search was made before; nothing was tried anew, and more --trials would try more.',
  )
  expect(said({}, { replayed: true })).toContain('there is nothing else to try in its space.')
  const trials: TrialOutcome[] = [{ ...trial(0, 2), takenOver: true }, { ...trial(1, 3), takenOver: true }, trial(2, 3)]
  expect(said({ trials })).toContain('2 of these 3 trials were made by an earlier search')
  expect(said({ trials: [trial(0, 2), trial(1, 3)] })).not.toContain('earlier')
})

test('the lines to use carry the name that the setting has for this project', () => {
  const text = said(
    { trials: [trial(1, 1), trial(0, 2)], best: 1, bestError: 1, better: { ridge: 0.2 } },
    { trainerSettings: 'linear.ridge=0.2', variable: (name) => `PARCELS__${name}` },
  )
  expect(text).toContain('.env: PARCELS__TRAINER_SETTINGS="linear.ridge=0.2" or')
  expect(text).toContain('PARCELS__TRAINER_SETTINGS="linear.ridge=0.2" ./understudy cycle')
  expect(text).toContain('PARCELS__TUNE_TRIALS=20')
})

test('a holdout that was seen is named, and where the settings can still be measured is told', () => {
  const trials = [trial(0, 2), trial(1, 3)]
  const unseen = said({ trials })
  expect(unseen).toContain(
    'measured by the cycle of 2020-04 or a later one, on a holdout that this search has not seen.',
  )
  expect(unseen).not.toContain('It has seen')
  const seen = said({ trials }, { holdouts: { next: '2020-06', seen: ['2020-04', '2020-05'] } })
  expect(seen).toContain('It has seen the holdouts of 2020-04, 2020-05, which were decided on')
})
