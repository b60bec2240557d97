// What a model file of trees costs to write, to load and to ask, by its size; and that it says what the trees say.
//
//   node launcher.mjs --node benchmarks/trees-file.ts [--threads 1]
//
// Times are of the processor, so that a busy machine changes them little; those of one row are by the clock, the median of many.
import { parseArgs } from 'node:util'
import { column } from '../src/features/expressions.ts'
import type { FeatureSpecification } from '../src/features/specification.ts'
import { seededRandom } from '../src/kernel/random.ts'
import { openPredictor } from '../src/learning/predictor.ts'
import { randomEnsemble, randomRows } from '../src/learning/tree-ensemble.fixture.ts'
import { ensembleTensors, predictTrees } from '../src/learning/tree-ensemble.ts'
import { treesToOnnx } from '../src/learning/trees-onnx.ts'

const SHAPES = [
  { trees: 100, leaves: 31 },
  { trees: 500, leaves: 63 },
  { trees: 1_000, leaves: 63 },
  { trees: 2_000, leaves: 127 },
  { trees: 5_000, leaves: 255 },
] as const
const NUMBERS = 11
const ROWS = 16_384
const SINGLE_ROWS = 500
const names = Array.from({ length: NUMBERS }, (_, i) => `x${i}`)

const specification: FeatureSpecification = {
  columns: [
    { name: 'at', type: 'timestamp' },
    ...names.map((name) => ({ name, type: 'double' as const })),
    { name: 'y', type: 'double' },
  ],
  timeColumn: 'at',
  target: 'y',
  cleaning: { duplicates: null, nulls: 'keep', rules: [] },
  features: names.map((name) => ({ kind: 'number', name: `${name}_as_is`, value: column(name) })),
}

const threads = Number(parseArgs({ options: { threads: { type: 'string' } } }).values.threads ?? 1)
const heads = [
  'trees x leaves',
  'MB',
  'write, ms',
  'load, ms',
  'rows/s',
  'rows/s in JS',
  'one row, us',
  'largest error',
]
console.log(`${ROWS} rows of ${NUMBERS} numbers, ${threads} threads\n${lineOf(heads)}`)
for (const shape of SHAPES) console.log(lineOf(await measure(shape)))

async function measure(shape: (typeof SHAPES)[number]): Promise<string[]> {
  const size = { ...shape, numbers: NUMBERS, categories: [] }
  const ensemble = randomEnsemble(seededRandom(1), size)
  const encoded = randomRows(seededRandom(2), ROWS, size)
  encoded.numbers.forEach((value, i) => {
    if (Number.isNaN(value)) encoded.numbers[i] = 0 // a raw null would give a null
  })
  const columns = Object.fromEntries(
    names.map((name, i) => [
      name,
      Float64Array.from({ length: ROWS }, (_, row) => encoded.numbers[row * NUMBERS + i]!),
    ]),
  )
  const rows = { ...columns, at: new Float64Array(ROWS) }
  const tensors = ensembleTensors(ensemble)
  const writing = await timed(async () => treesToOnnx(specification, tensors, {}))
  const loading = await timed(() => openPredictor(writing.made, { threads }))
  await using predictor = loading.made
  await predictor.predict(rows, ROWS)
  const asking = await timed(() => predictor.predict(rows, ROWS))
  const reference = await timed(async () => predictTrees(ensemble, encoded))
  const errors = reference.made.map((one, row) => Math.abs(one - asking.made[row]!))
  const perSecond = (ms: number): string => ((1000 * ROWS) / ms).toFixed(0)
  return [
    `${shape.trees} x ${shape.leaves}`,
    (writing.made.length / 1e6).toFixed(1),
    writing.ms.toFixed(0),
    loading.ms.toFixed(0),
    perSecond(asking.ms),
    perSecond(reference.ms),
    (await oneRowUs(predictor, rows)).toFixed(0),
    Math.max(...errors).toExponential(1),
  ]
}

type Scorer = Awaited<ReturnType<typeof openPredictor>>

async function oneRowUs(predictor: Scorer, rows: Readonly<Record<string, Float64Array>>): Promise<number> {
  const times: number[] = []
  for (let row = 0; row < SINGLE_ROWS; row++) {
    const one = Object.fromEntries(Object.entries(rows).map(([name, values]) => [name, values.subarray(row, row + 1)]))
    const startedAt = performance.now()
    await predictor.predict(one, 1)
    times.push(1000 * (performance.now() - startedAt))
  }
  return times.sort((a, b) => a - b)[SINGLE_ROWS / 2]!
}

async function timed<Made>(make: () => Promise<Made>): Promise<{ made: Made; ms: number }> {
  const before = process.cpuUsage()
  const made = await make()
  const { user, system } = process.cpuUsage(before)
  return { made, ms: (user + system) / 1000 }
}

function lineOf(cells: readonly string[]): string {
  return cells.map((cell) => cell.padStart(14)).join('')
}
