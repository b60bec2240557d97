// How near models of real rides come to the fares of months they never saw: our trees and our network beside LightGBM.
//
//   ./understudy --node benchmarks/quality.ts RIDES.parquet [--times local] [--models lightgbm,network,trees] [--threads 2]
//
// RIDES.parquet has the columns of the taxi table (fare_amount, pickup_datetime, …). All learn the rides before 2015, the last
// 5,000 of which say when to stop, and are scored on January to June 2015, each month apart; ours from their ONNX files and the raw
// columns. Times are read as New York's own (`local`), which is what the city's records hold, or as UTC, as the recipe does. No row
// of 2015 chooses anything: features and settings were chosen on 2014 (see LOOKS), by models of the rides before each half of it.
// LIGHTGBM_PYTHON: a Python with lightgbm and numpy; without it, an environment is made once.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { DuckDBInstance } from '@duckdb/node-api'
import { compileToJavaScript } from '../src/features/compile-javascript.ts'
import { type EncodedRows, encode } from '../src/features/encode.ts'
import type { FeatureSpecification } from '../src/features/specification.ts'
import { mlp } from '../src/learning/mlp.ts'
import type { TrainedModel, Trainer, TrainingJob } from '../src/learning/port.ts'
import { openPredictor } from '../src/learning/predictor.ts'
import { rowsInMemory } from '../src/learning/rows.ts'
import { trees } from '../src/learning/trees.ts'
import { specificationFor, type TimeReading, usualSettings } from '../src/lifecycle/project.ts'
import type { Batch } from '../src/warehouse/port.ts'
import { project } from '../taxifare/project.ts'
import { trainingPython } from './python-environment.ts'

/** How often a result on the rides of 2014 was looked at to choose features and settings. */
const LOOKS = { features: 41, settings: 55 }

const STOPPING_ROWS = 5_000
const YEAR_STARTS = Date.UTC(2015, 0, 1)
const MONTHS = [0, 1, 2, 3, 4, 5]
const monthStarts = (month: number): number => Date.UTC(2015, month, 1)

interface Line {
  readonly model: string
  /** Per month of 2015. */
  readonly maes: readonly number[]
  readonly trees: number | null
  readonly cpuSeconds: number
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    times: { type: 'string', default: 'local' },
    threads: { type: 'string', default: '2' },
    models: { type: 'string', default: 'lightgbm,network,trees' },
  },
})
const times: TimeReading = values.times === 'utc' ? 'utc' : 'local'
const models = values.models.split(',')
const rides = await readRides(positionals[0] ?? '')
const at = rides.columns.pickup_datetime! // one of the taxi table's columns
const past = firstFrom(YEAR_STARTS)
const stopFrom = past - STOPPING_ROWS

console.log(
  `${past} rides before 2015, ${firstFrom(monthStarts(6)) - past} from January to June 2015, times read as ${times}`,
)
console.log(
  `No row of 2015 chose anything. On the rides of 2014, ${LOOKS.features} looks chose the features and ${LOOKS.settings} the settings.`,
)
console.log(`Trees of ours: ${JSON.stringify(usualSettings(project, 'trees'))}`)
const lines: Line[] = models.includes('lightgbm') ? lightgbmLines() : []
if (models.includes('network')) lines.push(await networkLine())
if (models.includes('trees')) lines.push(...(await treesLines()))
print(lines)

/** The rides in the order of time, cleaned and with their features. */
async function readRides(path: string): Promise<Batch> {
  const specification = project.specification(times)
  const connection = await (await DuckDBInstance.create()).connect()
  const names = specification.columns.map(({ name }) => name)
  const columns = names.map((name) => (name === specification.timeColumn ? `epoch_ms(${name}) as ${name}` : name))
  const order = [specification.timeColumn, ...names].join(', ')
  const result = await connection.runAndReadAll(`select ${columns} from read_parquet('${path}') order by ${order}`)
  const read = result.getColumnsObjectJS()
  const raw: Batch = {
    rows: result.currentRowCount,
    columns: Object.fromEntries(
      names.map((name) => [name, Float64Array.from(read[name] ?? [], (value) => Number(value ?? Number.NaN))]),
    ),
  }
  return compileToJavaScript(specification).processed(raw)
}

/** The number of the first ride at that time or later. */
function firstFrom(ms: number): number {
  const found = at.findIndex((time) => time >= ms)
  return found < 0 ? at.length : found
}

async function networkLine(): Promise<Line> {
  const startedAt = process.cpuUsage()
  const specification = specificationFor(project, times, 'mlp')
  const { job } = jobOf(specification, usualSettings(project, 'mlp'))
  const model = await mlp.train({ ...job, settings: mlp.defaults })
  return scored('our network, the recipe’s 65 columns', mlp, specification, model, startedAt)
}

/** Stopped early by rides that it does not learn; grown again to that size from all rides before 2015; and four of these averaged. */
async function treesLines(): Promise<Line[]> {
  const startedAt = process.cpuUsage()
  const specification = specificationFor(project, times, 'trees')
  const { job, all } = jobOf(specification, usualSettings(project, 'trees'))
  const settings = { ...trees.defaults, ...project.trainerSettings?.trees }
  const stopped = await trees.train({ ...job, settings })
  const first = await scored('our trees', trees, specification, stopped, startedAt)
  const again = process.cpuUsage()
  const refitted = await trees.train({
    ...job,
    settings,
    fit: rowsInMemory(all),
    earlyStop: null,
    steps: stopped.keptSteps,
  })
  const second = await scored('our trees, refitted', trees, specification, refitted, again)
  const last = process.cpuUsage()
  const averaged = { ...job, settings: { ...settings, bags: 4 }, fit: rowsInMemory(all), earlyStop: null }
  const four = await trees.train({ ...averaged, steps: stopped.keptSteps })
  return [first, second, await scored('our trees, refitted, four ensembles averaged', trees, specification, four, last)]
}

function jobOf<Settings>(
  specification: FeatureSpecification,
  settings: Settings,
): { job: TrainingJob<Settings>; all: EncodedRows } {
  const job = {
    specification,
    fit: rowsInMemory(encode(specification, rides, { from: 0, to: stopFrom })),
    earlyStop: encode(specification, rides, { from: stopFrom, to: past }),
    steps: null,
    settings,
    seed: 1,
    warmStart: null,
    threads: Number(values.threads),
  }
  return { job, all: encode(specification, rides, { from: 0, to: past }) }
}

/** The model's error in each month, from its ONNX file and the raw columns. */
async function scored(
  model: string,
  trainer: Pick<Trainer<never>, 'toOnnx'>,
  specification: FeatureSpecification,
  trained: TrainedModel,
  startedAt: NodeJS.CpuUsage,
): Promise<Line> {
  const cpu = process.cpuUsage(startedAt)
  await using predictor = await openPredictor(trainer.toOnnx(specification, trained.weights, {}))
  const maes: number[] = []
  for (const month of MONTHS) {
    const [from, to] = [firstFrom(monthStarts(month)), firstFrom(monthStarts(month + 1))]
    const columns = Object.fromEntries(
      specification.columns.map(({ name }) => [name, rides.columns[name]!.slice(from, to)]), // they are its columns
    )
    const predicted = await predictor.predict(columns, to - from)
    maes.push(mean(predicted.map((fare, i) => Math.abs(fare - columns.fare_amount![i]!)))) // as many
  }
  return { model, maes, trees: trained.keptSteps, cpuSeconds: (cpu.user + cpu.system) / 1e6 }
}

/** LightGBM by the script beside this one, which gets the cleaned rides, and the features of our trees. */
function lightgbmLines(): Line[] {
  const folder = mkdtempSync(join(tmpdir(), 'quality-'))
  try {
    const specification = specificationFor(project, times, 'trees')
    const end = firstFrom(monthStarts(6))
    const names = specification.columns.map(({ name }) => name)
    for (const name of names) writeFileSync(join(folder, `${name}.f8`), rides.columns[name]!.slice(0, end)) // its columns
    const { numbers, codes, numberCount, categoryCount } = encode(specification, rides, { from: 0, to: end })
    writeFileSync(join(folder, 'numbers.f4'), numbers)
    writeFileSync(join(folder, 'codes.i2'), codes)
    const months = [...MONTHS, 6].map((month) => firstFrom(monthStarts(month)))
    const about = { stopFrom, months, numberCount, categoryCount, times, settings: usualSettings(project, 'trees') }
    writeFileSync(join(folder, 'about.json'), JSON.stringify(about))
    const script = new URL('quality-lightgbm.py', import.meta.url).pathname
    const output = execFileSync(trainingPython(process.env.LIGHTGBM_PYTHON), [script, folder], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    return output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line) // the script prints these and nothing else
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function print(found: readonly Line[]): void {
  console.log('Mean absolute error in USD, January to June 2015, and the mean of the six')
  for (const { model, maes, trees: count, cpuSeconds } of found) {
    const cells = maes.map((mae) => mae.toFixed(3)).join('  ')
    const steps = count === null ? '' : `, ${count} steps`
    console.log(
      `  ${model.padEnd(52)} ${cells}   ${mean(maes).toFixed(3)}   (${cpuSeconds.toFixed(0)} s of processor${steps})`,
    )
  }
}

function mean(numbers: ArrayLike<number>): number {
  return Array.from(numbers).reduce((sum, number) => sum + number, 0) / numbers.length
}
