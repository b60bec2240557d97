// A search as a person runs it: killed, stopped and gone on with, its table and plot, and a month that searches for itself.
import { expect, test } from 'vitest'
import type { TrialOutcome, TuneOutcome } from '../../src/lifecycle/tune-input.ts'
import { openProgram, type Program, type Started } from './program.ts'
import { expectWhole, rowsOf } from './whole-home.ts'

const SETTINGS = { UNDERSTUDY_PROJECT: 'tests/deliveries/project.ts', TRAINERS: 'linear', TRAIN_WINDOW: 'month' }
const SEARCH = ['tune', '--sampler', 'random', '--space', 'ridge=1e-6..10:log', '--trials', '8'] as const

interface Found extends TuneOutcome {
  readonly trainerSettings: string | null
  readonly replayed: boolean
  readonly stopped: boolean
}

/** Waits until a line of progress says so, so many times, or the program has ended without. */
async function heard({ child, ended }: Started, words: RegExp, times: number): Promise<void> {
  let said = ''
  const isSaid = new Promise<void>((resolve) => {
    child.stderr?.on('data', (text: string) => {
      said += text
      if ([...said.matchAll(words)].length >= times) resolve()
    })
  })
  await Promise.race([isSaid, ended])
}

const TRIED = /✓ try .*\(trial_/g

const essence = (trials: readonly TrialOutcome[]) =>
  trials.map(({ number, settings, state, errors, why }) => ({ number, settings, state, errors, why }))

/** How many runs there are of each kind and status, and how many of them lie below another. */
function runsIn(program: Program) {
  const tag = (key: string) => `(select value from tags where run_uuid = r.run_uuid and key = '${key}')`
  const sql = `select ${tag('understudy.kind')} as kind, status, count(*) as runs, count(${tag('mlflow.parentRunId')}) as nested
    from runs r group by 1, 2 order by 1, 2`
  return rowsOf(program.home, 'mlflow.db', sql)
}

test('a search that was killed goes on: no trial is lost, none is tried twice, and it comes to what it would have', {
  timeout: 120_000,
}, async () => {
  await using undisturbed = await openProgram(SETTINGS)
  await using program = await openProgram(SETTINGS)
  const started = program.start(SEARCH)
  await heard(started, TRIED, 3)
  started.child.kill('SIGKILL')
  expect((await started.ended).signal).toBe('SIGKILL')
  const again = await program.run(SEARCH)
  expect(again.err).toContain('going on where an earlier run stopped')
  expect(again.err).toMatch(/try the settings in force .* done before/)
  const found = await program.json<Found>(SEARCH)
  expect(found.replayed).toBe(true)
  const whole = await undisturbed.json<Found>(SEARCH)
  expect(essence(found.trials)).toEqual(essence(whole.trials))
  expect(found.trials.some(({ state }) => state === 'pruned')).toBe(true)
  const ended = found.trials.filter(({ state }) => state === 'finished').length
  const [finished, killed] = runsIn(program).filter(({ kind }) => kind === 'trial')
  expect(finished).toEqual({ kind: 'trial', status: 'FINISHED', runs: ended, nested: ended })
  // Those that were given up, and those that the kill cut short.
  expect(killed).toMatchObject({ kind: 'trial', status: 'KILLED' })
  expect(Number(killed?.runs)).toBeGreaterThanOrEqual(9 - ended)
  expect(Number(killed?.runs)).toBeLessThanOrEqual(9 - ended + 2)
  expect(runsIn(program).filter(({ kind }) => kind === 'tune')).toEqual([
    { kind: 'tune', status: 'FINISHED', runs: 1, nested: 0 },
  ])
  await expectWhole(program.home, 'deliveries', 'searched')
})

test('Ctrl-C shows what was found so far; the table is best first, and its last line can be used', {
  timeout: 120_000,
}, async () => {
  await using program = await openProgram(SETTINGS)
  const before = { TRAINER_SETTINGS: 'linear.ridge=5' } // so much that most others are better
  const started = program.start([...SEARCH.slice(0, -1), '1000'], before)
  await heard(started, TRIED, 4)
  started.child.kill('SIGINT')
  const { code, out, err } = await started.ended
  expect(code, err).toBe(130)
  expect(err).toContain('understudy: stopped on request')
  expect(out).toMatch(/trial +mae min +parts +seconds +ridge\n/)
  expect(out).toMatch(/\n *in force +\d+\.\d{3} +3\/3 +\d+\.\d +5\n/)
  expect(out).toContain('error by trial (◆ the best, · the best so far)')
  expect(out).toMatch(/┤.*◆/)
  const errors = [...out.matchAll(/^ *(?:\d+|in force) +(\d+\.\d{3}) +3\/3/gm)].map(([, error]) => Number(error))
  expect(errors.length).toBeGreaterThan(2)
  expect(errors).toEqual(errors.toSorted((a, b) => a - b))
  const [, line = ''] = /\n {3}TRAINER_SETTINGS="(linear\.ridge=\S+)"\n/.exec(out) ?? []
  expect(line).not.toBe('')
  const trained = await program.run(['train'], { TRAINER_SETTINGS: line })
  expect(trained.code, trained.err).toBe(0)
  const sql = `select p.value from params p join tags t on t.run_uuid = p.run_uuid and t.key = 'understudy.kind'
    where t.value = 'train' and p.key = 'ridge'`
  expect(rowsOf(program.home, 'mlflow.db', sql).map(({ value }) => `linear.ridge=${Number(value)}`)).toEqual([
    `linear.ridge=${Number(line.split('=')[1])}`,
  ])
})

test('the same search again says what would try more; a grid that is done has no more', {
  timeout: 90_000,
}, async () => {
  await using program = await openProgram(SETTINGS)
  const told = async (...more: readonly string[]): Promise<string> => {
    const { code, out, err } = await program.run(['tune', '--trainer', 'linear', ...more])
    expect(code, err).toBe(0)
    return out.replaceAll(/\s+/g, ' ')
  }
  await told('--trials', '2', '--time', '10m')
  const again = await told('--trials', '2', '--time', '10m')
  expect(again).toContain('nothing was tried anew, and more --trials or a longer --time would try more.')
  const grid = ['--sampler', 'grid', '--space', 'linear.ridge=0.01,0.1']
  await told(...grid)
  expect(await told(...grid)).toContain('there is nothing else to try in its space.')
})

test('a month with TUNE_TRIALS searches before it trains, below its own run', { timeout: 60_000 }, async () => {
  await using program = await openProgram({ ...SETTINGS, TUNE_TRIALS: '2' })
  const { code, out, err } = await program.run(['cycle', '--month', '2020-04'])
  expect(code, err).toBe(0)
  expect(err).toContain('✓ search for better settings (tune)')
  expect(out).toMatch(/linear: 2 settings tried forward in time[,;]/)
  expect(runsIn(program).filter(({ kind }) => kind === 'tune' || kind === 'trial')).toEqual([
    { kind: 'trial', status: 'FINISHED', runs: 3, nested: 3 },
    { kind: 'tune', status: 'FINISHED', runs: 1, nested: 1 },
  ])
  await expectWhole(program.home, 'deliveries', 'a month')
})

test('what cannot be searched is refused before anything is paid for, with the reason', {
  timeout: 60_000,
}, async () => {
  await using program = await openProgram(SETTINGS)
  const refusals = [
    [['--validation', 'shuffled'], 'rows of one day resemble each other'],
    [['--space', 'ridgee=1..2'], 'did you mean ridge?'],
    [['--space', 'ridge=0..1'], 'the settings of linear are not right: ridge: '],
    [['--sampler', 'grid'], 'there is no usual grid for linear'],
    [['--month', '2020-04', '--to', '2020-05-01'], 'give the one or the others'],
    [['--time', 'soon'], '10m or 1h30m'],
    [['--trainer', 'foo'], '--trainer foo: there is no trainer named "foo"'],
    [['--trainer', 'tres'], 'did you mean trees? there are mlp, trees, linear'],
    [['--space', 'trees.leaves=4..8'], 'search those of trees with --trainer trees'],
    [['--to', '2020-05-01'], 'reaches into 2020-04, whose holdout is still to be judged on'],
  ] as const
  const ended = await Promise.all(refusals.map(async ([args]) => await program.run(['tune', ...args])))
  for (const [at, { code, err }] of ended.entries()) {
    expect(code, err).toBe(2)
    expect(err).toContain(refusals[at]?.[1])
  }
  const wrong = await program.run(['train'], { TRAINER_SETTINGS: 'linear.ridge=0' })
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('linear are not right: ridge: ')])
})

test("what a search tells a second project to write is that project's own, and works as printed", {
  timeout: 90_000,
}, async () => {
  await using program = await openProgram()
  const own = ['--project', 'tests/deliveries/project.ts'] as const
  const before = { DELIVERIES__TRAINER_SETTINGS: 'linear.ridge=1000' }
  const search = ['tune', ...own, '--trainer', 'linear', '--space', 'ridge=1e-6..1e-3:log', '--trials', '1'] as const
  const { code, out, err } = await program.run(search, before)
  expect(code, err).toBe(0)
  expect(out).toContain('1 setting tried')
  const [, name = '', line = ''] = /\n {3}(\w+)="(\S+)"\n/.exec(out) ?? []
  expect(name).toBe('DELIVERIES__TRAINER_SETTINGS')
  expect(out).toContain(`   ${name}="${line}" ./understudy --project tests/deliveries/project.ts cycle\n`)
  expect(out).toContain('have every month search for itself: DELIVERIES__TUNE_TRIALS=20')
  const after = await program.json<Found>(search, { [name]: line })
  const inForce = after.trials.find(({ number }) => number === 0)
  expect(`linear.ridge=${inForce?.settings.ridge}`).toBe(line)
})
