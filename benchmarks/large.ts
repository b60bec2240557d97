// Learning from up to 20 million rides x 11 features: rows a second and peak memory of trees and network, each in a process of its
// own, as rows grow.
//   node launcher.mjs --node benchmarks/large.ts [--millions 1,2,5,10,20] [--parts trees,mlp,shuffles] [--home FOLDER]
// The rides are made once and kept if a folder for them is named: about 4 GB on the disk for 20 million, 5 with those that are shuffled.
import { fork } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { addMonths, DAY_MS, type Month, monthsOf } from '../src/kernel/window.ts'
import { preprocess } from '../src/lifecycle/preprocess.ts'
import { openWarehouse } from '../src/main/open-warehouse.ts'
import { project, ridesSql } from './large-project.ts'
import type { LargeJob, LargeOutcome } from './large-training.ts'

const RIDES_A_MONTH = 250_000
const FROM_MS = Date.UTC(2009, 0)
const LIMIT_GIB: Readonly<Record<string, number>> = { trees: 3, mlp: 1 }

const { values } = parseArgs({
  options: {
    millions: { type: 'string', default: '1,2,5,10,20' },
    parts: { type: 'string', default: 'trees,mlp,shuffles' },
    home: { type: 'string' },
  },
})
const millions = values.millions.split(',').map(Number)
const home = values.home ?? mkdtempSync(join(tmpdir(), 'understudy-large-'))
try {
  const months = (Math.max(...millions) * 1e6) / RIDES_A_MONTH
  await makeRides(months + 1) // the last one says when to stop
  for (const part of values.parts.split(',')) await (part === 'shuffles' ? compareShuffles() : grow(part))
} finally {
  if (values.home === undefined) rmSync(home, { recursive: true, force: true })
}

/** Raw rides by hashing, then their features, as `understudy preprocess` makes them. */
async function makeRides(months: number): Promise<void> {
  if (existsSync(join(home, 'warehouse', 'large_processed_all'))) return
  const startedAt = performance.now()
  await using warehouse = await openWarehouse(home)
  const window = { fromMs: FROM_MS, toMs: addMonths(FROM_MS, months) }
  const all = monthsOf(window)
  const names = project.rawSchema.columns.map(({ name }) => name)
  const one = (month: Month) =>
    Object.fromEntries(
      names.map((name) => [name, Float64Array.of(name === 'pickup_datetime' ? Date.parse(`${month}-01`) : 0)]),
    )
  const seeds = all.map((month) => ({ rows: 1, columns: one(month) }))
  await warehouse.write('seeds', seeds, { schema: project.rawSchema, origin: 'simulated', others: 'drop' })
  const bases = all.map((month) => ({ month, basis: String(RIDES_A_MONTH) }))
  const select = { dialect: 'duckdb', sql: ridesSql(RIDES_A_MONTH) } as const
  await warehouse.derive({ from: 'seeds', to: 'large_raw_all', months: bases, select, schema: project.rawSchema })
  await preprocess(
    { project, warehouse },
    { size: 'all', origin: 'simulated', timeReading: 'utc', window, rebuild: 'stale' },
  )
  const seconds = (performance.now() - startedAt) / 1000
  console.log(
    `${(months * RIDES_A_MONTH) / 1e6} million rides made, with ${project.specification('utc').features.length} features, in ${seconds.toFixed(0)} s`,
  )
}

/** One trainer, with more and more rows. */
async function grow(trainer: string): Promise<void> {
  const work = trainer === 'trees' ? '50 trees of 63 leaves' : '2 epochs'
  console.log(`\n${trainer}, ${work}; load average ${loadavg()[0]?.toFixed(1)}; at most ${LIMIT_GIB[trainer]} GiB`)
  console.log(
    '  million rows    s in all   million rows/s   CPU s   CPU us a row   peak MiB   error on the early-stop rows',
  )
  for (const million of millions) {
    const { seconds, cpuSeconds, peakMib, mae } = await inProcess({
      home,
      trainer,
      ...windowsOf(million),
      held: null,
      epochs: 2,
      seed: 0,
    })
    const rows = million * 1e6
    const cells = [
      million.toFixed(0).padStart(14),
      seconds.toFixed(1).padStart(12),
      (rows / seconds / 1e6).toFixed(2).padStart(17),
      cpuSeconds.toFixed(1).padStart(8),
      ((cpuSeconds / rows) * 1e6).toFixed(2).padStart(15),
      peakMib.toFixed(0).padStart(11),
      `   ${mae.toFixed(4)}`,
    ]
    const isOver = peakMib > (LIMIT_GIB[trainer] ?? Number.POSITIVE_INFINITY) * 1024
    console.log(`${cells.join('')}${isOver ? '   OVER THE LIMIT' : ''}`)
  }
}

/** The same rows and seeds, shuffled in memory and by way of buckets. */
async function compareShuffles(): Promise<void> {
  console.log(
    '\nmlp on 250,000 rows, 4 epochs: error when they are shuffled in memory, and by way of 20 buckets in a file',
  )
  const errors: { memory: number[]; buckets: number[] } = { memory: [], buckets: [] }
  const epochs = 4
  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
    const job = { home, trainer: 'mlp', ...windowsOf(0.25), seed, epochs }
    errors.memory.push((await inProcess({ ...job, held: {} })).mae)
    errors.buckets.push((await inProcess({ ...job, held: { heldBytes: 0, bucketBytes: (250_000 * 48) / 20 } })).mae)
  }
  for (const [name, of] of Object.entries(errors)) {
    const mean = of.reduce((sum, error) => sum + error) / of.length
    const spread = Math.sqrt(of.reduce((sum, error) => sum + (error - mean) ** 2, 0) / (of.length - 1))
    const each = of.map((error) => error.toFixed(4)).join(' ')
    console.log(`  ${name.padEnd(8)} ${each}   mean ${mean.toFixed(4)}, spread of seeds ${spread.toFixed(4)}`)
  }
}

/** The first so many rows, and after them the hundredth part of that, which says when to stop. */
function windowsOf(million: number): Pick<LargeJob, 'fit' | 'earlyStop'> {
  const toMs = addMonths(FROM_MS, (million * 1e6) / RIDES_A_MONTH)
  const share = (million * 1e4) / RIDES_A_MONTH // of a month, whose rides are in its first 28 days
  return {
    fit: { fromMs: FROM_MS, toMs },
    earlyStop: { fromMs: toMs, toMs: toMs + Math.round(share * 28 * DAY_MS) },
  }
}

function inProcess(job: LargeJob): Promise<LargeOutcome> {
  const path = fileURLToPath(new URL('./large-training.ts', import.meta.url))
  return new Promise((resolve, reject) => {
    const child = fork(path, { execArgv: ['--disable-warning=ExperimentalWarning'] })
    child.once('message', (outcome: LargeOutcome) => resolve(outcome)) // what that file sends
    child.once('exit', (code) => reject(new Error(`a training ended with ${code}`)))
    child.send(job)
  })
}
