// Versions change hands between Understudy and Python: what one has made, the other loads, judges and serves.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openProgram } from '../end-to-end/program.ts'
import { runPython } from './python.ts'
import { pythonFor } from './python-env.ts'
import { startUnderstudy } from './servers.ts'

const LIMIT_MS = 180_000
/** The example of `predict`; over HTTP its time is what New York's clocks show. */
const RIDE =
  'pickup_datetime=2013-07-06%2013:18:00&pickup_longitude=-73.950655&pickup_latitude=40.783282&' +
  'dropoff_longitude=-73.984365&dropoff_latitude=40.769802&passenger_count=1'
const BUSY = fileURLToPath(new URL('../deliveries/busy.ts', import.meta.url))
const DELIVERIES = fileURLToPath(new URL('../deliveries/project.ts', import.meta.url))

test('MLflow loads the champion from Production and predicts what Understudy does, over HTTP and from the file itself', {
  timeout: LIMIT_MS,
}, async (context) => {
  const pythons = [pythonFor(context, 'mlflow-3.17.2'), pythonFor(context, 'mlflow-2.22.5')] as const
  // Trees ask the most of a runtime: operators of a second set. The test below has a linear model.
  await using program = await openProgram({ TRAINERS: 'trees', DATA_SIZE: '1k', TRAIN_WINDOW: 'month' })
  await program.json(['cycle'])
  const { fare } = await program.json<{ fare: number }>(['predict'])
  await using server = await startUnderstudy(program.home)
  const file = `sqlite:///${join(program.home, 'mlflow.db')}`
  for (const [python, uri] of [
    [pythons[0], server.address],
    [pythons[1], server.address],
    [pythons[0], file],
  ] as const) {
    const told = await runPython(python, 'fare.py', [], { MLFLOW_TRACKING_URI: uri })
    expect(told, uri).toEqual({ fare: expect.closeTo(fare, 4) })
  }
  const served = await fetch(`${server.address}/predict?${RIDE}`)
  expect(await served.json()).toEqual({ fare: expect.closeTo(fare, 4) })
})

test('MLflow gets the intervals as further columns, declared in the signature, from both its versions', {
  timeout: LIMIT_MS,
}, async (context) => {
  const pythons = [pythonFor(context, 'mlflow-3.17.2'), pythonFor(context, 'mlflow-2.22.5')]
  const settings = { TRAINERS: 'linear', DATA_SIZE: 'small', UNDERSTUDY_PROJECT: BUSY }
  await using program = await openProgram(settings)
  await program.json(['cycle', '--month', '2020-04'])
  const { minutes, minutes_intervals: ends } = await program.json<{
    minutes: number
    minutes_intervals: Record<'80' | '95', [number, number]>
  }>(['predict'])
  await using server = await startUnderstudy(program.home, { settings })
  const row = JSON.stringify({ left_at: Date.UTC(2020, 2, 2, 8, 30), distance_km: 4.2, parcels: 12 })
  for (const python of pythons) {
    const uri = { MLFLOW_TRACKING_URI: server.address }
    expect(await runPython(python, 'columns.py', ['deliveries', row], uri)).toEqual({
      minutes: expect.closeTo(minutes, 4),
      minutes_low_80: expect.closeTo(ends[80][0], 4),
      minutes_high_80: expect.closeTo(ends[80][1], 4),
      minutes_low_95: expect.closeTo(ends[95][0], 4),
      minutes_high_95: expect.closeTo(ends[95][1], 4),
    })
  }
})

test('a model made in Python is judged as a challenger: a person is asked until it says what it learnt, then it may win', {
  timeout: LIMIT_MS,
}, async (context) => {
  const python = pythonFor(context, 'mlflow-3.17.2')
  const settings = { TRAINERS: 'linear', DATA_SIZE: 'small', UNDERSTUDY_PROJECT: DELIVERIES }
  await using program = await openProgram(settings)
  await program.json(['preprocess', '--from', '2020-03-01', '--to', '2020-04-01'])
  const rows = join(program.home, 'parcels.csv')
  await writeFile(rows, (await program.run(['data', 'show', 'deliveries_raw_small', '--month', '2020-03'])).out)
  await using server = await startUnderstudy(program.home, { settings })
  const make = (...args: string[]) =>
    runPython(python, 'own_model.py', [rows, ...args], { MLFLOW_TRACKING_URI: server.address })
  expect(await make('mean', '2020-04-01')).toEqual({ version: 1 })
  expect(await make('line')).toEqual({ version: 2 })
  expect(await make('line', '2020-04-01')).toEqual({ version: 3 })
  await program.json(['promote', 'deliveries', '--version', '1', '--why', 'the first'])
  const cycle = (month: string, challenger: string) =>
    program.json(['cycle', '--month', month, '--challenger', challenger])
  expect(await cycle('2020-04', '2')).toMatchObject({ verdict: 'escalate', case: 'challenger-rows-unknown' })
  expect(await cycle('2020-05', '3')).toMatchObject({ verdict: 'promote', applied: true, challenger: { version: 3 } })
  const { minutes } = await program.json<{ minutes: number }>(['predict'])
  const served = await fetch(`${server.address}/predict?left_at=2020-03-02%2008:30:00&distance_km=4.2&parcels=12`)
  expect(await served.json()).toEqual({ minutes: expect.closeTo(minutes, 6) })
})
