// Speed and error of the trees beside LightGBM's and XGBoost's, on the same synthetic rides, threads and settings, in turns.
//
//   LIGHTGBM_PYTHON=…/bin/python node launcher.mjs --node benchmarks/training-trees.ts [--rows 1000000] [--trees 500] [--threads 2]
//        [--runs 1] [--cases l2:11,l2:20,l1:11,l1:20]
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { EncodedRows } from '../src/features/encode.ts'
import { column } from '../src/features/expressions.ts'
import type { FeatureSpecification } from '../src/features/specification.ts'
import { seededRandom } from '../src/kernel/random.ts'
import type { TrainingJob } from '../src/learning/port.ts'
import { rowsInMemory } from '../src/learning/rows.ts'
import { trees } from '../src/learning/trees.ts'
import type { TreesSettings } from '../src/learning/trees-settings.ts'

const SCRIPT = new URL('training-trees.py', import.meta.url).pathname
const LEARNERS = ['ours', 'lightgbm', 'xgboost'] as const
type Learner = (typeof LEARNERS)[number]

interface Outcome {
  readonly seconds: number
  /** Processor time, on all threads: what is left when others keep the machine busy. */
  readonly cpuSeconds: number
  readonly mae: number
  readonly rmse: number
}

export interface TreesBenchmark {
  readonly rows: number
  readonly trees: number
  readonly threads: number
  readonly runs: number
  /** `objective:columns` */
  readonly cases: readonly string[]
  /** A Python with lightgbm, and xgboost if that shall be compared too; undefined for none. */
  readonly python: string | undefined
}

/** Rows of the test part. */
const TEST_ROWS = 100_000

/** Trains all cases in turns and prints a table of each. */
export async function treesBesideOthers(options: TreesBenchmark): Promise<void> {
  const learners = LEARNERS.filter((learner) => learner === 'ours' || has(options.python, learner))
  if (options.python === undefined) console.log('set LIGHTGBM_PYTHON to a Python with lightgbm for the comparison')
  for (const one of options.cases) {
    const [objective, columns] = one.split(':')
    await trainInTurns(options, learners, objective === 'l1' ? 'l1' : 'l2', Number(columns))
  }
}

function has(python: string | undefined, library: string): boolean {
  if (python === undefined) return false
  try {
    execFileSync(python, ['-c', `import ${library}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

async function trainInTurns(
  options: TreesBenchmark,
  learners: readonly Learner[],
  objective: 'l1' | 'l2',
  columns: number,
): Promise<void> {
  const { rows, threads } = options
  const settings: TreesSettings = { ...trees.defaults, objective, leaves: 63, learningRate: 0.1, trees: options.trees }
  const [fit, test] = [syntheticRides(rows, columns, 1), syntheticRides(TEST_ROWS, columns, 2)]
  console.log(
    `${rows} x ${columns}, ${objective}, ${settings.trees} trees of ${settings.leaves} leaves, ${threads} threads`,
  )
  const folder = mkdtempSync(join(tmpdir(), 'training-trees-'))
  const outcomes = new Map<Learner, Outcome[]>(learners.map((learner) => [learner, []]))
  try {
    writeParts(folder, { columns, threads, ...settings }, { fit, test })
    for (let run = 0; run < options.runs; run++) {
      for (const [learner, found] of outcomes) {
        const outcome =
          learner === 'ours'
            ? await trainOurs(fit, test, settings, threads)
            : trainTheirs(options.python, folder, learner)
        found.push(outcome)
        const { seconds, cpuSeconds, mae, rmse } = outcome
        console.log(
          `  ${learner.padEnd(8)} ${seconds.toFixed(1)} s, ${cpuSeconds.toFixed(1)} s of processor time, ` +
            `MAE ${mae.toFixed(4)}, RMSE ${rmse.toFixed(4)}`,
        )
      }
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  summarise(outcomes)
}

function summarise(outcomes: ReadonlyMap<Learner, readonly Outcome[]>): void {
  const mean = (learner: Learner, of: keyof Outcome): number => {
    const found = outcomes.get(learner) ?? []
    return found.reduce((sum, outcome) => sum + outcome[of], 0) / found.length
  }
  for (const learner of outcomes.keys()) {
    if (learner === 'ours') continue
    const faster = (of: 'seconds' | 'cpuSeconds'): string => (mean(learner, of) / mean('ours', of)).toFixed(2)
    const worse = (of: 'mae' | 'rmse'): string => {
      const difference = 100 * (mean('ours', of) / mean(learner, of) - 1)
      return `${difference >= 0 ? '+' : ''}${difference.toFixed(2)} %`
    }
    console.log(
      `  ${faster('seconds')} times as fast as ${learner} (${faster('cpuSeconds')} by processor time); ` +
        `MAE ${worse('mae')}, RMSE ${worse('rmse')}`,
    )
  }
}

async function trainOurs(
  fit: EncodedRows,
  test: EncodedRows,
  settings: TreesSettings,
  threads: number,
): Promise<Outcome> {
  const specification = specificationOf(fit.numberCount)
  const job: TrainingJob<TreesSettings> = {
    ...{ specification, settings, threads, seed: 1, warmStart: null },
    fit: rowsInMemory(fit),
    earlyStop: null,
    steps: settings.trees,
    onNotice: (text) => console.log(`  ${text}`),
  }
  const [cpuStarted, started] = [process.cpuUsage(), performance.now()]
  const { weights } = await trees.train(job)
  const [cpu, ended] = [process.cpuUsage(cpuStarted), performance.now()]
  const predicted = trees.predictEncoded(specification, weights, test)
  let [absolute, squared] = [0, 0]
  for (const [row, prediction] of predicted.entries()) {
    const error = prediction - test.target[row]! // as many
    absolute += Math.abs(error)
    squared += error * error
  }
  return {
    seconds: (ended - started) / 1000,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    mae: absolute / test.rows,
    rmse: Math.sqrt(squared / test.rows),
  }
}

function trainTheirs(python: string | undefined, folder: string, library: Learner): Outcome {
  const output = execFileSync(python ?? '', [SCRIPT, folder, library], { stdio: ['ignore', 'pipe', 'inherit'] })
  return JSON.parse(output.toString().trim().split('\n').at(-1) ?? '') as Outcome // training-trees.py prints one
}

function writeParts(folder: string, about: object, parts: Readonly<Record<string, EncodedRows>>): void {
  writeFileSync(join(folder, 'about.json'), JSON.stringify(about))
  for (const [name, rows] of Object.entries(parts)) {
    writeFileSync(join(folder, `${name}.numbers`), rows.numbers)
    writeFileSync(join(folder, `${name}.target`), rows.target)
  }
}

function specificationOf(columns: number): FeatureSpecification {
  const names = Array.from({ length: columns }, (_, i) => `x${i}`)
  return {
    columns: ['at', ...names, 'y'].map((name) => ({ name, type: name === 'at' ? 'timestamp' : 'double' })),
    timeColumn: 'at',
    target: 'y',
    cleaning: { duplicates: null, nulls: 'drop', rules: [] },
    features: names.map((name) => ({ kind: 'number', name, value: column(name) })),
  }
}

/**
 * Rides that never were: passengers, weekday, month, hour, days since 2009, two distances and four coordinates, then as many more
 * columns of chance as are wanted, some of which matter a little. Fares go by distance, place, hour and year in steps of 50 cents,
 * with tails as heavy as real ones.
 */
export function syntheticRides(rows: number, columns: number, seed: number): EncodedRows {
  const random = seededRandom(seed, 77)
  const numbers = new Float32Array(rows * columns)
  const target = new Float32Array(rows)
  for (let row = 0; row < rows; row++) {
    const at = row * columns
    const [days, hour, weekday] = [Math.floor(random.uniform() * 2_190), random.below(24), random.below(7)]
    const passengers = random.uniform() < 0.7 ? 1 : 1 + random.below(6)
    const airport = random.uniform() < 0.04
    const [fromLat, fromLon] = [40.75 + 0.03 * normal(random), -73.98 + 0.02 * normal(random)]
    const toLat = airport ? 40.645 + 0.004 * normal(random) : fromLat + 0.02 * normal(random)
    const toLon = airport ? -73.78 + 0.004 * normal(random) : fromLon + 0.02 * normal(random)
    const [north, east] = [(toLat - fromLat) * 111.2, (toLon - fromLon) * 84.2]
    const direct = Math.hypot(north, east)
    const own = [
      passengers,
      weekday,
      (Math.floor(days / 30.4) % 12) + 1,
      hour,
      days,
      direct,
      Math.abs(north) + Math.abs(east),
    ]
    const all = [...own, fromLat, fromLon, toLat, toLon]
    for (let i = 0; i < columns; i++) numbers[at + i] = all[i] ?? normal(random)
    const more = columns > 12 ? 0.3 * numbers[at + 11]! + 0.2 * numbers[at + 12]! * (hour > 12 ? 1 : -1) : 0
    const busy = weekday < 5 && hour >= 7 && hour < 19 ? 1.25 : 1
    const year = days > 1_340 ? 1.17 : 1
    const metered =
      (2.5 + 1.6 * (Math.abs(north) + Math.abs(east)) * busy * (1 + 0.15 * Math.abs(normal(random)))) * year
    const tail = random.uniform() < 0.003 ? 150 * random.uniform() : 0
    const fare = (airport && direct > 12 ? 45 * year : metered) + more + tail + 0.5 * Math.abs(normal(random))
    target[row] = Math.round(fare * 2) / 2
  }
  return { rows, numberCount: columns, categoryCount: 0, numbers, codes: new Int16Array(), target }
}

/** A normal draw, by Box and Muller. */
function normal(random: { uniform(): number }): number {
  return Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform())
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      rows: { type: 'string', default: '1000000' },
      trees: { type: 'string', default: '500' },
      threads: { type: 'string', default: '2' },
      runs: { type: 'string', default: '1' },
      cases: { type: 'string', default: 'l2:11,l2:20,l1:11,l1:20' },
    },
  })
  await treesBesideOthers({
    rows: Number(values.rows),
    trees: Number(values.trees),
    threads: Number(values.threads),
    runs: Number(values.runs),
    cases: values.cases.split(','),
    python: process.env.LIGHTGBM_PYTHON,
  })
}
