// Intervals as people meet them: with a prediction on the command line and over HTTP, of a version, and month by month.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Server, startUnderstudy } from '../conformance/servers.ts'
import { PARCEL } from './predict-client.ts'
import { openProgram, type Program } from './program.ts'

const SETTINGS = {
  TRAINERS: 'linear',
  DATA_SIZE: 'small',
  UNDERSTUDY_PROJECT: fileURLToPath(new URL('../deliveries/busy.ts', import.meta.url)),
}
type Ends = Record<'80' | '95', [number, number]>

let program: Program
let server: Server
beforeAll(async () => {
  program = await openProgram(SETTINGS)
  await program.json(['cycle', '--month', '2020-04'])
  await program.json(['cycle', '--month', '2020-05'])
  server = await startUnderstudy(program.home, { settings: SETTINGS })
}, 120_000)
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await program[Symbol.asyncDispose]()
})

const TIME_LIMIT_MS = 30_000

test(
  'a prediction is shown with both intervals and whence they are',
  async () => {
    const told = await program.run(['predict'])
    expect(told.out).toMatch(
      /\nminutes \d+\.\d\d min {2}\(v3, .*\)\n {3}intervals: 80 % -?\d+\.\d\d to \d+\.\d\d min, 95 % -?\d+\.\d\d to \d+\.\d\d min {2}\(calibrated on 693 early-stop rows\)\n$/,
    )
    const { minutes, minutes_intervals: ends } = await program.json<{ minutes: number; minutes_intervals: Ends }>([
      'predict',
    ])
    const sorted = [ends[95][0], ends[80][0], minutes, ends[80][1], ends[95][1]]
    expect(sorted).toEqual(sorted.toSorted((a, b) => a - b))
  },
  TIME_LIMIT_MS,
)

test(
  'HTTP tells them only if they are asked for, and then the same as the command line',
  async () => {
    const ask = async (query: string) =>
      (await fetch(`${server.address}/predict?${new URLSearchParams(PARCEL)}${query}`)).json()
    const set = ['distance_km=4.2', 'parcels=12', 'left_at=2020-03-02 08:30:00'].flatMap((text) => ['--set', text])
    const { minutes, minutes_intervals } = await program.json<{ minutes: number; minutes_intervals: Ends }>([
      'predict',
      ...set,
    ])
    expect([await ask(''), await ask('&intervals=false')]).toEqual([{ minutes }, { minutes }])
    expect(await ask('&intervals=true')).toEqual({ minutes, minutes_intervals })
    const many = await fetch(`${server.address}/predict?intervals=1`, {
      method: 'POST',
      body: JSON.stringify([PARCEL, { ...PARCEL, distance_km: null }]),
      headers: { 'content-type': 'application/json' },
    })
    expect(await many.json()).toMatchObject({
      minutes: [minutes, null],
      minutes_intervals: { 80: [minutes_intervals[80], null], 95: [minutes_intervals[95], null] },
      version: 3,
    })
  },
  TIME_LIMIT_MS,
)

test(
  'a file of rows comes back with four more columns',
  async () => {
    const rows = join(program.home, 'parcels.csv')
    await writeFile(rows, 'left_at,distance_km,parcels\n2020-03-02 08:30:00,4.2,12\n2020-03-02 08:30:00,,12\n')
    const told = await program.run(['predict', '--file', rows])
    const [heads, first = '', second] = told.out.split('\n')
    expect(heads).toBe(
      'left_at,distance_km,parcels,minutes,minutes_low_80,minutes_high_80,minutes_low_95,minutes_high_95,flags',
    )
    const { minutes, minutes_intervals: ends } = await program.json<{ minutes: number; minutes_intervals: Ends }>([
      'predict',
    ])
    expect(first.split(',').slice(3, 8).map(Number)).toEqual([minutes, ...ends[80], ...ends[95]])
    expect(second).toBe('2020-03-02 08:30:00,,12,,,,,,missing_distance_km')
    expect(told.err).toContain('intervals calibrated on 693 early-stop rows')
  },
  TIME_LIMIT_MS,
)

test(
  'a version says what its intervals held on the holdout, and the curve what they held in the months after',
  async () => {
    const { out } = await program.run(['models', 'show', '2'])
    expect(out).toMatch(
      /\nintervals\n {2}calibrated on 693 early-stop rows\n {2}on the holdout\n {4}80 %: held 7\d\.\d % of the parcels, 3\.\d+ min wide on average\n {4}95 %: held 9\d\.\d % /,
    )
    const { months } = await program.json<{
      months: { rows: number; coverage: { level: number; within: number }[] }[]
    }>(['monitor'])
    expect(months.map(({ rows, coverage }) => [rows, coverage.map(({ level }) => level)])).toEqual([
      [6_930, [80, 95]],
      [6_930, [80, 95]],
    ])
    const [april = 0, may = 0] = months.map(({ coverage }) => coverage[0]?.within)
    expect(april).toBeGreaterThan(0.74)
    expect(may).toBeLessThan(0.68) // parcels take longer, and the interval of the version that served does not know
    expect((await program.run(['monitor'])).out).toMatch(
      /\n2020-05 {2}6\d\.\d %, 3\.\d+ min wide {2}7\d\.\d %, \d\.\d+ min wide {2}of 6,930 parcels\n$/,
    )
  },
  TIME_LIMIT_MS,
)
