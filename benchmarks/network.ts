// Our network beside Keras' on real rides, in one run: rows a second, and the error on a month neither has seen.
//
//   KERAS_PYTHON=/path/to/python node launcher.mjs --node benchmarks/network.ts RIDES.parquet [--month 2015-01] [--runs 3]
//
// RIDES.parquet has the columns of the taxi table (fare_amount, pickup_datetime, …). Both learn the rides before the month
// (97 % to fit, 1 % to stop by, the rest left out, as the first model does) and are scored on the whole month, ours from its
// ONNX file. The rows to fit are cut to whole batches: a short last one would put a tenth of the moving statistics on a few rows
// after every epoch, and the error of either network would differ by 0.15 from run to run instead of 0.08. They take turns, run by run, so that a busy machine is as busy for both. KERAS_PYTHON: a Python with keras and
// tensorflow; without it only ours runs. Ours has one thread, TensorFlow as many as it likes.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { DuckDBInstance } from '@duckdb/node-api'
import { compileToJavaScript } from '../src/features/compile-javascript.ts'
import { type EncodedRows, encode, encodedLayout } from '../src/features/encode.ts'
import { encodedWidth, type FeatureSpecification } from '../src/features/specification.ts'
import { monthWindow, parseMonth } from '../src/kernel/window.ts'
import { mlp } from '../src/learning/mlp.ts'
import { openPredictor } from '../src/learning/predictor.ts'
import { rowsInMemory } from '../src/learning/rows.ts'
import type { Batch } from '../src/warehouse/port.ts'
import { taxifareSpecification } from '../taxifare/features.ts'

const KERAS_SCRIPT = new URL('network_keras.py', import.meta.url).pathname

interface Parts {
  readonly fit: EncodedRows
  readonly earlyStop: EncodedRows
  readonly test: EncodedRows
  /** The test rows as they came. */
  readonly testColumns: Batch['columns']
}

/** One training: its error on the month, and how long each epoch took, the check on the early-stop rows included. */
interface Outcome {
  readonly mae: number
  readonly epochSeconds: readonly number[]
  /** Processor time of the whole training, on all threads. */
  readonly cpuSeconds: number
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { month: { type: 'string', default: '2015-01' }, runs: { type: 'string', default: '3' } },
})
const specification = taxifareSpecification('utc')
const parts = await readParts(positionals[0] ?? '', values.month)
const python = process.env.KERAS_PYTHON
const folder = mkdtempSync(join(tmpdir(), 'network-'))
const [ours, keras]: [Outcome[], Outcome[]] = [[], []]
console.log(
  `${parts.fit.rows} rows to fit, ${parts.earlyStop.rows} to stop by, ${parts.test.rows} of ${values.month} to be scored on`,
)
try {
  if (python !== undefined) writeForKeras(folder)
  for (let run = 0; run < Number(values.runs); run++) {
    ours.push(report('ours', run, await trainOurs(run)))
    if (python !== undefined) keras.push(report('Keras', run, trainKeras(python)))
  }
} finally {
  rmSync(folder, { recursive: true })
}
if (keras.length > 0) summarise()
else console.log('set KERAS_PYTHON to a Python with keras and tensorflow for the comparison')

async function readParts(path: string, month: string): Promise<Parts> {
  const instance = await DuckDBInstance.create()
  const connection = await instance.connect()
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
  const processed = compileToJavaScript(specification).processed(raw)
  const times = processed.columns[specification.timeColumn]! // a specification's time is one of its columns
  const { fromMs, toMs } = monthWindow(parseMonth(month))
  const past = times.findIndex((at) => at >= fromMs)
  const end = times.findLastIndex((at) => at < toMs) + 1
  const [fitEnd, stopEnd] = [Math.floor(past * 0.97), Math.floor(past * 0.98)]
  return {
    fit: encode(specification, processed, { from: fitEnd % mlp.defaults.batchSize, to: fitEnd }),
    earlyStop: encode(specification, processed, { from: fitEnd, to: stopEnd }),
    test: encode(specification, processed, { from: past, to: end }),
    testColumns: Object.fromEntries(names.map((name) => [name, processed.columns[name]!.slice(past, end)])), // they are its columns
  }
}

async function trainOurs(seed: number): Promise<Outcome> {
  const { fit, earlyStop, test, testColumns } = parts
  const cpuStarted = process.cpuUsage()
  const done = [performance.now()]
  const onEpoch = (): void => void done.push(performance.now())
  const job = {
    specification,
    fit: rowsInMemory(fit),
    earlyStop,
    steps: null,
    settings: mlp.defaults,
    seed,
    warmStart: null,
    onEpoch,
  }
  const { weights } = await mlp.train(job)
  const cpu = process.cpuUsage(cpuStarted)
  await using predictor = await openPredictor(mlp.toOnnx(specification, weights, {}))
  const predicted = await predictor.predict(testColumns, test.rows)
  return {
    mae: mean(predicted.map((fare, i) => Math.abs(fare - test.target[i]!))), // as many
    epochSeconds: done.slice(1).map((at, i) => (at - done[i]!) / 1000), // one more in `done`
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
  }
}

function writeForKeras(to: string): void {
  const about = { width: encodedWidth(specification), settings: mlp.defaults }
  writeFileSync(join(to, 'rows.json'), JSON.stringify(about))
  for (const name of ['fit', 'earlyStop', 'test'] as const) {
    writeFileSync(join(to, `${name}.inputs`), denseInputs(specification, parts[name]))
    writeFileSync(join(to, `${name}.target`), parts[name].target)
  }
}

/** (rows, width), one-hots written out. */
function denseInputs(of: FeatureSpecification, rows: EncodedRows): Float32Array {
  const width = encodedWidth(of)
  const inputs = new Float32Array(rows.rows * width)
  const features = encodedLayout(of)
  const numbers = features.filter(({ kind }) => kind === 'number')
  const categories = features.filter(({ kind }) => kind === 'category')
  for (let row = 0; row < rows.rows; row++) {
    for (const [i, { from }] of numbers.entries()) inputs[row * width + from] = rows.numbers[row * numbers.length + i]! // row < rows
    for (const [i, { from }] of categories.entries()) {
      const code = rows.codes[row * categories.length + i]! // row < rows
      if (code >= 0) inputs[row * width + from + code] = 1
    }
  }
  return inputs
}

function trainKeras(interpreter: string): Outcome {
  const output = execFileSync(interpreter, [KERAS_SCRIPT, folder], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return JSON.parse(output.toString().trim().split('\n').at(-1) ?? '') as Outcome // network_keras.py prints one
}

/** Rows a second over all epochs but the first, in which both compile their loops. */
function rowsPerSecond({ epochSeconds }: Outcome): number {
  return parts.fit.rows / mean(epochSeconds.slice(1))
}

/** Rows a second of processor time: what is left when others keep the machine busy. */
function rowsPerCpuSecond({ epochSeconds, cpuSeconds }: Outcome): number {
  return (parts.fit.rows * epochSeconds.length) / cpuSeconds
}

function report(who: string, run: number, outcome: Outcome): Outcome {
  const seconds = outcome.epochSeconds.reduce((sum, one) => sum + one, 0)
  const speed = `${thousands(rowsPerSecond(outcome))} rows/s, ${thousands(rowsPerCpuSecond(outcome))} per processor second`
  const epochs = `${outcome.epochSeconds.length} epochs in ${seconds.toFixed(1)} s`
  console.log(`${who.padEnd(6)} run ${run}: MAE ${outcome.mae.toFixed(4)}, ${epochs}, ${speed}`)
  return outcome
}

function summarise(): void {
  const compare = (of: (outcome: Outcome) => number): [number, number] => [mean(ours.map(of)), mean(keras.map(of))]
  const [oursMae, kerasMae] = compare(({ mae }) => mae)
  const [oursSpeed, kerasSpeed] = compare(rowsPerSecond)
  const [oursWork, kerasWork] = compare(rowsPerCpuSecond)
  const error = Math.hypot(standardError(ours.map(({ mae }) => mae)), standardError(keras.map(({ mae }) => mae)))
  const difference = `${(oursMae - kerasMae).toFixed(4)} ± ${error.toFixed(4)}`
  console.log(
    `mean MAE: ours ${oursMae.toFixed(4)}, Keras ${kerasMae.toFixed(4)}, difference ${difference} (at most 0.06)`,
  )
  console.log(
    `rows/s: ours ${thousands(oursSpeed)}, Keras ${thousands(kerasSpeed)}, ratio ${ratio(oursSpeed, kerasSpeed)} (at least 0.4)`,
  )
  console.log(
    `rows per processor second: ours ${thousands(oursWork)}, Keras ${thousands(kerasWork)}, ratio ${ratio(oursWork, kerasWork)}`,
  )
}

/** Of the mean, over the runs. */
function standardError(numbers: readonly number[]): number {
  const middle = mean(numbers)
  const variance = numbers.reduce((sum, number) => sum + (number - middle) ** 2, 0) / (numbers.length - 1)
  return Math.sqrt(variance / numbers.length)
}

function thousands(number: number): string {
  return `${(number / 1000).toFixed(1)} k`
}

function ratio(one: number, other: number): string {
  return (one / other).toFixed(2)
}

function mean(numbers: ArrayLike<number>): number {
  return Array.from(numbers).reduce((sum, number) => sum + number, 0) / numbers.length
}
