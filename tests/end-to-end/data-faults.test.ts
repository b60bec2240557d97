// What a person meets when dates or files they bring are not what they should be: an exit code, words that say what, why and what to do,
// and nothing of what was kept is lost.
import { globSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Ended, openProgram, type Program } from './program.ts'
import { DELIVERIES, expectTold, keptIn, RAW } from './told.ts'
import { leftovers } from './whole-home.ts'

const RIDES =
  'fare_amount,pickup_datetime,pickup_longitude,pickup_latitude,dropoff_longitude,dropoff_latitude,passenger_count'
const RIDE = '8.9,2015-01-15 09:22:39 UTC,-73.955013,40.780784,-73.964862,40.768096,1'

test('dates that are none are refused by the option they were given to, before anything is made', {
  timeout: 60_000,
}, async () => {
  await using program = await openProgram(DELIVERIES)
  const cases: [string[], RegExp, RegExp][] = [
    [['cycle', '--month', '2020-13'], /^--month is "2020-13", which is not a month$/, /^write it as YYYY-MM,/],
    [['cycle', '--month', '2020-02-30'], /^--month is "2020-02-30", which is not a date$/, /^write it as YYYY-MM-DD,/],
    [['preprocess', '--from', '2020-1-1'], /^--from is "2020-1-1", which is not a date$/, /^write it as YYYY-MM-DD,/],
    [
      ['evaluate', '--from', '2020-03-01', '--to', '2020-02-01'],
      /2020-03-01 to 2020-02-01 is empty/,
      /later than --from/,
    ],
    [['replay', '--from', '2020-06', '--to', '2020-04'], /^--to 2020-04 is before --from 2020-06$/, /./],
    [['replay', '--from', 'May'], /^--from is "May", which is not a month$/, /^write it as YYYY-MM,/],
    [['predict', '--set', 'left_at=yesterday'], /left_at is "yesterday"/, /YYYY-MM-DD HH:MM:SS, for example left_at=/],
  ]
  for (const [args, what, next] of cases) expectTold(await program.run(args), { code: 2, what, next })
  expect(await keptIn(program)).toMatchObject({ files: [], versions: [], flowRuns: [] })
})

describe("a person's own file", () => {
  let program: Program
  let before: Awaited<ReturnType<typeof keptIn>>
  beforeAll(async () => {
    program = await openProgram({ DATA_SIZE: '1k' })
    await program.json(['preprocess'])
    before = await keptIn(program)
  }, 60_000)
  afterAll(() => program[Symbol.asyncDispose]())
  const bring = async (content: string | Uint8Array, name = `Größe "der" Fahrten's.csv`) => {
    const file = join(program.home, name)
    await writeFile(file, content)
    return await program.run(['data', 'import', file, '--table', 'raw_1k', '--replace'])
  }

  test('that cannot be taken says why and what to do, and the table stays as it was', { timeout: 60_000 }, async () => {
    const rides = `${RIDES}\n${RIDE}\n`
    expectTold(await bring(rides.replaceAll(',', ';').replaceAll('.', ',')), {
      code: 2,
      what: /^column fare_amount of .*Größe "der" Fahrten's\.csv, line 2, holds "8,9"$/,
      next: /^write numbers with a decimal point/,
    })
    expectTold(await bring(rides.replace('pickup_datetime', 'when')), {
      code: 2,
      what: /lacks pickup_datetime$/,
      why: /its headings are: fare_amount, when, /,
      next: /^expected, in any order: fare_amount, pickup_datetime, /,
    })
    expectTold(await bring(`${RIDE}\n`), {
      code: 2,
      what: /has no headings$/,
      next: /^write the headings above them: fare/,
    })
    expectTold(await bring(gzipSync(rides.repeat(500)).subarray(0, 100), 'rides.csv.gz'), {
      code: 5,
      what: /rides\.csv\.gz is a gzip that is cut off or damaged$/,
      why: /unexpected end of file/,
      next: /^fetch it again$/,
    })
    expectTold(await bring(`PAR1${'x'.repeat(100)}`, 'rides.parquet'), {
      code: 5,
      what: /rides\.parquet is a Parquet file that was cut off$/,
      next: /^fetch it again$/,
    })
    expectTold(await bring(`${RIDES}\n${RIDE.replace('2015-01-15', '15.01.2015')}\n`), {
      code: 5,
      what: /^none of the rows of .* can be read, 1 in all$/,
      why: /pickup_datetime: not a date and time .*line 2: 15\.01\.2015/,
      next: /import the file again$/,
    })
    expectTold(await program.run(['data', 'import', 'nowhere.csv', '--table', 'raw_1k', '--replace']), {
      code: 3,
      what: /^there is no file \/.*\/nowhere\.csv$/,
      next: /./,
    })
    expectTold(await program.run(['data', 'import', program.home, '--table', 'raw_1k', '--replace']), {
      code: 2,
      what: /is a folder$/,
      next: /^name the file in it$/,
    })
    expect(await keptIn(program)).toEqual(before)
  })

  test('whose import is stopped or killed changes nothing; the same command takes it, and so does preprocessing', {
    timeout: 120_000,
  }, async () => {
    const rides = Array.from({ length: 250_000 }, (_, i) => {
      const at = new Date(Date.UTC(2010, 0, 1) + i * 600_000).toISOString()
      return `${5 + (i % 97) / 4},${at},-73.95,40.78,-73.96,${40.7 + (i % 1000) / 10_000},1`
    })
    const file = join(program.home, 'rides.csv')
    await writeFile(file, `${RIDES}\n${rides.join('\n')}\n`)
    const importing = ['data', 'import', file, '--table', 'raw_1k', '--replace']
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
      const ended = await stopped(program, importing, 'raw_1k', signal)
      if (signal !== 'SIGKILL') {
        expectTold(ended, { code: 130, what: /^stopped/, next: /same command/ })
        expect(leftovers(program.home)).toEqual([])
      }
      expect(await keptIn(program), signal).toEqual(before)
    }
    const taken = await program.run(importing)
    expect(taken.out, taken.err).toContain('✅ 250,000 of 250,000 rides taken into raw_1k')
    expect(leftovers(program.home)).toEqual([])
    await program.json(['preprocess', '--from', '2010-01-01', '--to', '2010-03-01']) // of simulated rides before: those went
    const preprocessing = ['preprocess', '--from', '2010-01-01', '--to', '2014-12-01']
    for (const signal of ['SIGINT', 'SIGKILL'] as const) {
      const processed = await keptIn(program)
      expect((await stopped(program, preprocessing, 'processed_1k', signal)).code).toBe(
        signal === 'SIGINT' ? 130 : null,
      )
      expect((await keptIn(program)).files, signal).toEqual(processed.files)
    }
    const done = await program.json<{ rawRows: number; months: unknown[] }>(preprocessing)
    expect(done.rawRows).toBeGreaterThan(240_000)
    expect(done.months).toHaveLength(59)
    expect(leftovers(program.home)).toEqual([])
  })
})

/** Starts a command, and sends it a signal while it writes a table. */
async function stopped(program: Program, args: string[], table: string, signal: NodeJS.Signals): Promise<Ended> {
  const { child, ended } = program.start(args)
  const isWriting = (): boolean =>
    globSync(`warehouse/${table}/.writing-${child.pid}-*`, { cwd: program.home }).length > 0
  while (child.exitCode === null && !isWriting()) await sleep(2)
  child.kill(signal)
  const result = await ended
  expect(result.code, 'it was done before it could be stopped').not.toBe(0)
  return result
}

test('a month of five rides is an answer: nothing is trained, the champion stays and is shown', {
  timeout: 60_000,
}, async () => {
  await using program = await openProgram(DELIVERIES)
  const parcel = (at: string, i: number): string => `${20 + (i % 7)},${at},${3 + (i % 5)},${1 + (i % 20)}`
  const spread = (month: string, rows: number): string[] =>
    Array.from({ length: rows }, (_, i) =>
      parcel(`${month}-${String(1 + (i % 28)).padStart(2, '0')} ${i % 24}:00:${i % 60}`, i),
    )
  const file = join(program.home, 'parcels.csv')
  const lines = [...spread('2020-02', 400), ...spread('2020-03', 400), ...spread('2020-04', 5)]
  await writeFile(file, `minutes,left_at,distance_km,parcels\n${lines.join('\n')}\n`)
  expect((await program.run(['data', 'import', file, '--table', RAW])).code).toBe(0)
  const five = await program.run(['cycle', '--month', '2020-04'])
  expect(five.code, five.err).toBe(0)
  expect(five.out).toContain(
    'Cannot tell yet: the holdout has 1 parcels on 1 day, and 100 on 4 days are needed, so nothing was trained',
  )
  expect(five.out).toMatch(/champion +v1 +\d+\.\d+ min/)
  const none = await program.run(['cycle', '--month', '2020-05'])
  expect(none.code, none.err).toBe(0)
  expect(none.out).toContain(`${RAW} has no parcels in 2020-05; it holds 2020-02 to 2020-04`)
  expect(await program.json(['models'])).toMatchObject([{ version: 1, stage: 'Production' }])
})
