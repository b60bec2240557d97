// What a newcomer does: the recipe's months one after the other, then a replay, on the simulated city, with the recipe's network.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CycleOutcome } from '../../src/lifecycle/outcome.ts'
import { openProgram, type Program } from './program.ts'

const MONTHS = ['2015-01', '2015-02', '2015-03', '2015-04', '2015-05', '2015-06']

let program: Program
beforeAll(async () => {
  program = await openProgram({ TRAINERS: 'mlp' })
})
afterAll(() => program[Symbol.asyncDispose]())

test('make run_workflow, moved on month by month, keeps the model valid from January to June 2015', {
  timeout: 300_000,
}, async () => {
  for (const month of MONTHS) {
    const ended = await program.make('run_workflow', { EVALUATION_START_DATE: `${month}-01` })
    expect(ended, ended.err).toMatchObject({ code: 0 })
    expect(ended.out.includes('First model: v1')).toBe(month === '2015-01')
    expect(ended.out).toMatch(/🚀 PROMOTE|✅ KEEP|🚨 ASK A PERSON/)
    expect(ended.out).toMatch(/error on the same 3,\d{3} rides of [5-8] days/)
    expect(ended.err).toContain('✓ train a challenger (re_train)')
  }
  const months: CycleOutcome[] = []
  for (const month of MONTHS) months.push(await program.json(['cycle', '--month', month]))
  expect(months.map((outcome) => outcome.month)).toEqual(MONTHS)
  for (const outcome of months) {
    expect(outcome).toMatchObject({
      rule: 'point',
      threshold: 2.5,
      metric: { name: 'mae', unit: 'USD' },
      decidedBefore: true,
    })
    expect(outcome.difference?.mean).toBeCloseTo((outcome.challenger?.error ?? 0) - (outcome.champion?.error ?? 0), 9)
  }
  const { months: series } = await program.json<{ months: { month: string }[] }>(['monitor'])
  expect(series.map((point) => point.month)).toEqual(MONTHS)
  const versions = await program.json<{ stage: string }[]>(['models'])
  expect(versions).toHaveLength(7)
  expect(versions.filter((version) => version.stage === 'Production')).toHaveLength(1)
})

test('as it comes, the network and trees both learn, and the better on the early-stop rows is held against the champion', {
  timeout: 180_000,
}, async () => {
  await using fresh = await openProgram()
  const { code, out, err } = await fresh.make('run_workflow')
  expect({ code }, err).toEqual({ code: 0 })
  const figures = /chosen: (mlp|trees), by MAE on the early-stop rows \(mlp (\S+), trees (\S+)\); selection figures/g
  const chosen = [...out.matchAll(figures)]
  expect(chosen).toHaveLength(2) // the first model and the challenger
  for (const [, trainer, mlp, trees] of chosen) expect(trainer).toBe(Number(mlp) <= Number(trees) ? 'mlp' : 'trees')
  const shown = await fresh.run(['models', 'show', '2'])
  expect(shown.out).toContain('chosen by mae on the early-stop rows (selection figures, not measurements): mlp ')
})

test('a replay of the same months shows all three verdicts, touches nothing, and is printed again at once', {
  timeout: 300_000,
}, async () => {
  const before = await program.json(['models'])
  const args = ['replay', '--from', '2015-01', '--to', '2015-06']
  const played = await program.json<CycleOutcome[]>(args)
  expect(played.map((outcome) => outcome.month)).toEqual(MONTHS)
  expect(new Set(played.map((outcome) => outcome.verdict))).toEqual(new Set(['promote', 'keep', 'escalate']))
  expect(await program.json(['models'])).toEqual(before)
  const again = await program.run(args)
  expect(again.err).not.toContain('train')
  for (const { month, verdict } of played) expect(again.out).toMatch(new RegExp(`${month} .* ${verdict}`))
})

test('the simulated city is as hard as the real one: for a linear model, and for the network', {
  timeout: 120_000,
}, async () => {
  const linear = await program.json<{ version: number }>(['train'], { TRAINERS: 'linear' })
  const errorIn = async (version: number, month: number): Promise<number> => {
    const window = ['--from', `2015-0${month}-01`, '--to', `2015-0${month + 1}-01`]
    return (await program.json<{ error: number }>(['evaluate', '--version', String(version), ...window])).error
  }
  const errors: number[] = []
  for (const month of [1, 2, 3, 4, 5, 6]) errors.push(await errorIn(linear.version, month))
  for (const error of errors) {
    expect(error).toBeGreaterThan(2.2)
    expect(error).toBeLessThan(3)
  }
  expect(errors).toEqual(errors.toSorted((a, b) => a - b)) // 2015 climbs
  // About 2.1 and 2.6; on either file one seed's error differs from the next one's by up to 0.2.
  expect(Math.abs((await errorIn(1, 1)) - 2.1)).toBeLessThan(0.2)
  expect(Math.abs((await errorIn(1, 6)) - 2.6)).toBeLessThan(0.2)
})

test('the steps of the recipe work one by one', { timeout: 120_000 }, async () => {
  const evaluated = await program.run(['evaluate', '--from', '2014-01-01', '--to', '2015-01-01'])
  expect(evaluated.out).toContain('in-sample')
  const fresh = await program.json<{ inSample: boolean }>([
    'evaluate',
    '--stage',
    'Production',
    '--from',
    '2015-06-27',
    '--to',
    '2015-07-01',
  ])
  expect(fresh.inSample).toBe(false)
  const { fare } = await program.json<{ fare: number }>(['predict'])
  expect(fare).toBeGreaterThan(6)
  expect(fare).toBeLessThan(16)
  const layout = await program.run([
    'data',
    'show',
    'processed_200k',
    '--month',
    '2009-01',
    '--layout',
    'recipe',
    '--rows',
    '3',
  ])
  const lines = layout.out
    .trim()
    .split('\n')
    .map((line) => line.split(','))
  expect(lines.map((cells) => cells.length)).toEqual([67, 67, 67, 67])
  expect(lines[0]?.[66]).toBe('_66')
  expect(lines.slice(1).map((cells) => cells[0])).toEqual(
    lines
      .slice(1)
      .map((cells) => cells[0])
      .toSorted(),
  )
  const preprocessed = await program.json<{ keptRows: number }>(['preprocess'])
  expect(preprocessed.keptRows).toBe(88_381)
  const trained = await program.json<{ stage: string; version: number }>(['train', '--from', '2014-12-01'], {
    TRAINERS: 'linear',
  })
  expect(trained.stage).toBe('Staging')
  const promoted = await program.run([
    'promote',
    'taxifare',
    '--version',
    String(trained.version),
    '--why',
    'to see it move',
  ])
  expect(promoted.out).toContain(`✅ Model taxifare version ${trained.version} transitioned from Staging to Production`)
  const history = await program.run(['history'])
  expect(history.out).toContain('to see it move')
})
