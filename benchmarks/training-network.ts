// Our network beside Keras' on the same rides, in one run: rows a second on one thread and on two, how long a training takes from
// the start of the process, and the error on rides neither has seen. `training.ts` runs it beside the trees.
//
//   node launcher.mjs --node benchmarks/training-network.ts [--runs 3] [--size 200k] [--rides RIDES.parquet --month 2015-01]
//
// Rides are those of the simulated city, or, given RIDES.parquet with the columns of the taxi table, real ones. Both learn the rides
// before the month (97 % to fit, 1 % to stop by, the rest left out, as the first model does) and are scored on the whole month. The
// rows to fit are cut to whole batches: a short last one would put a tenth of the moving statistics on a few rows after every epoch,
// and the error of either network would differ by 0.15 from run to run instead of 0.08. Each training is a process of its own; they
// take turns, so that a busy machine is as busy for all. TensorFlow has as many threads as it likes. KERAS_PYTHON: a Python with
// keras, tensorflow and mlflow, in place of the environment that is made otherwise.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type EncodedRows, encodedLayout } from '../src/features/encode.ts'
import { encodedWidth } from '../src/features/specification.ts'
import { mlp } from '../src/learning/mlp.ts'
import { rowsInMemory } from '../src/learning/rows.ts'
import { taxifareSpecification } from '../taxifare/features.ts'
import { trainingPython } from './python-environment.ts'
import { type RidesOptions, readRides } from './training-rides.ts'

const KERAS_SCRIPT = new URL('training-network.py', import.meta.url).pathname
const PARTS = ['fit', 'earlyStop', 'test'] as const
type Parts = Readonly<Record<(typeof PARTS)[number], EncodedRows>>
const specification = taxifareSpecification('utc')

/** One training: its error on the month, and how long each epoch took, the check on the early-stop rows included. */
interface Outcome {
  readonly mae: number
  readonly epochSeconds: readonly number[]
  /** Processor time of the whole training, on all threads. */
  readonly cpuSeconds: number
  /** From the start of the process to its end. */
  readonly wholeSeconds: number
}

const LEARNERS = ['ours, 1 thread', 'ours, 2 threads', 'Keras', 'Keras, autologged'] as const
type Learner = (typeof LEARNERS)[number]

/** Trains all in turns and prints a table. */
export async function networkBesideKeras(options: RidesOptions & { runs: number }): Promise<void> {
  const parts = await readRides(specification, options)
  const python = trainingPython(process.env.KERAS_PYTHON)
  const folder = mkdtempSync(join(tmpdir(), 'network-'))
  const outcomes = new Map<Learner, Outcome[]>(LEARNERS.map((learner) => [learner, []]))
  const { fit, earlyStop, test } = parts
  console.log(
    `the network, ${fit.rows} rows to fit, ${earlyStop.rows} to stop by, ${test.rows} of ${options.month} to be scored on`,
  )
  try {
    writeParts(folder, parts)
    for (let run = 0; run < options.runs; run++) {
      for (const [learner, found] of outcomes) {
        const outcome = trainApart(learner, python, folder)
        found.push(outcome)
        const { epochSeconds, wholeSeconds, cpuSeconds, mae } = outcome
        console.log(
          `  ${learner.padEnd(18)} ${epochSeconds.length} epochs, ${thousands(rowsPerSecond(fit.rows, outcome))} rows/s, ` +
            `whole process ${wholeSeconds.toFixed(1)} s (${cpuSeconds.toFixed(1)} s of processor time to train), MAE ${mae.toFixed(4)}`,
        )
      }
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  summarise(fit.rows, outcomes)
}

/** One training in a process of its own, from its start on. */
function trainApart(learner: Learner, python: string, folder: string): Outcome {
  const threads = learner === 'ours, 2 threads' ? '2' : '1'
  const [program, ...args] = learner.startsWith('ours')
    ? [
        process.execPath,
        '--disable-warning=ExperimentalWarning',
        fileURLToPath(import.meta.url),
        '--train',
        folder,
        threads,
      ]
    : [python, KERAS_SCRIPT, folder, ...(learner === 'Keras' ? [] : ['--autolog'])]
  const started = performance.now()
  const output = execFileSync(program!, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true' },
  }) // both begin with a program
  const wholeSeconds = (performance.now() - started) / 1000
  return { ...(JSON.parse(output.toString().trim().split('\n').at(-1) ?? '') as Outcome), wholeSeconds } // both print one
}

/** What the process of one training of ours does. */
async function trainOurs(folder: string, threads: number): Promise<void> {
  const { fit, earlyStop, test } = readParts(folder)
  const cpuStarted = process.cpuUsage()
  const done = [performance.now()]
  const { weights } = await mlp.train({
    specification,
    fit: rowsInMemory(fit),
    earlyStop,
    steps: null,
    settings: mlp.defaults,
    seed: Date.now(), // Keras is given none either
    warmStart: null,
    threads,
    onEpoch: () => void done.push(performance.now()),
    onNotice: (text) => console.error(text),
  })
  const { user, system } = process.cpuUsage(cpuStarted)
  const predicted = mlp.predictEncoded(specification, weights, test)
  const outcome = {
    mae: mean(predicted.map((fare, i) => Math.abs(fare - test.target[i]!))), // as many
    epochSeconds: done.slice(1).map((at, i) => (at - done[i]!) / 1000), // one more in `done`
    cpuSeconds: (user + system) / 1e6,
  }
  console.log(JSON.stringify(outcome))
}

/** As our process reads them, and as Keras does: one-hots written out. */
function writeParts(folder: string, parts: Parts): void {
  const counts = Object.fromEntries(PARTS.map((name) => [name, parts[name].rows]))
  const about = { width: encodedWidth(specification), settings: mlp.defaults, counts }
  writeFileSync(join(folder, 'rows.json'), JSON.stringify(about))
  for (const name of PARTS) {
    for (const array of ['numbers', 'codes', 'target'] as const)
      writeFileSync(join(folder, `${name}.${array}`), parts[name][array])
    writeFileSync(join(folder, `${name}.inputs`), denseInputs(parts[name]))
  }
}

function readParts(folder: string): Parts {
  const { counts } = JSON.parse(readFileSync(join(folder, 'rows.json'), 'utf8')) as { counts: Record<string, number> } // written above
  const buffer = (name: string): ArrayBuffer => Uint8Array.from(readFileSync(join(folder, name))).buffer
  const part = (name: string): EncodedRows => {
    const rows = counts[name] ?? 0
    const [numbers, codes] = [new Float32Array(buffer(`${name}.numbers`)), new Int16Array(buffer(`${name}.codes`))]
    const target = new Float32Array(buffer(`${name}.target`))
    return { rows, numberCount: numbers.length / rows, categoryCount: codes.length / rows, numbers, codes, target }
  }
  return { fit: part('fit'), earlyStop: part('earlyStop'), test: part('test') }
}

/** (rows, width), one-hots written out. */
function denseInputs(rows: EncodedRows): Float32Array {
  const width = encodedWidth(specification)
  const inputs = new Float32Array(rows.rows * width)
  const features = encodedLayout(specification)
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

/** Rows a second over all epochs but the first, in which both compile their loops. */
function rowsPerSecond(rows: number, { epochSeconds }: Outcome): number {
  return rows / mean(epochSeconds.slice(1))
}

/** Rows a second of processor time, the first epoch included: what is left when others keep the machine busy. */
function rowsPerCpuSecond(rows: number, { epochSeconds, cpuSeconds }: Outcome): number {
  return (rows * epochSeconds.length) / cpuSeconds
}

function summarise(rows: number, outcomes: ReadonlyMap<Learner, readonly Outcome[]>): void {
  const of = (learner: Learner, figure: (outcome: Outcome) => number): number[] =>
    (outcomes.get(learner) ?? []).map(figure)
  const keras = mean(of('Keras', (outcome) => rowsPerSecond(rows, outcome)))
  console.log(`  ${'mean'.padEnd(18)}    rows/s  x Keras  per processor second  first epoch  whole process  MAE`)
  for (const learner of LEARNERS) {
    const speed = mean(of(learner, (outcome) => rowsPerSecond(rows, outcome)))
    const work = mean(of(learner, (outcome) => rowsPerCpuSecond(rows, outcome)))
    const first = mean(of(learner, ({ epochSeconds }) => epochSeconds[0] ?? Number.NaN))
    const whole = mean(of(learner, ({ wholeSeconds }) => wholeSeconds))
    const maes = of(learner, ({ mae }) => mae)
    const error = `${mean(maes).toFixed(4)}${maes.length > 1 ? ` ± ${standardError(maes).toFixed(4)}` : ''}`
    const columns = [thousands(speed).padStart(9), (speed / keras).toFixed(2).padStart(8), thousands(work).padStart(21)]
    console.log(
      `  ${learner.padEnd(18)} ${columns.join(' ')} ${`${first.toFixed(2)} s`.padStart(12)} ${`${whole.toFixed(1)} s`.padStart(14)}  ${error}`,
    )
  }
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

function mean(numbers: ArrayLike<number>): number {
  return Array.from(numbers).reduce((sum, number) => sum + number, 0) / numbers.length
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      train: { type: 'boolean', default: false },
      runs: { type: 'string', default: '3' },
      size: { type: 'string', default: '200k' },
      rides: { type: 'string' },
      month: { type: 'string', default: '2015-01' },
    },
  })
  if (values.train) await trainOurs(positionals[0] ?? '', Number(positionals[1]))
  else await networkBesideKeras({ ...values, runs: Number(values.runs) })
}
