// The model file: one ONNX graph from raw columns through the features and a network to the target and its intervals.
import { z } from 'zod'
import { compileToOnnx } from '../features/compile-onnx.ts'
import { type OnnxGraph, openGraph, readInitializers, readMetadata } from '../features/onnx-graph.ts'
import { programOf } from '../features/program.ts'
import { expressionOf, type FeatureSpecification } from '../features/specification.ts'
import { canonicalJson } from '../kernel/json.ts'
import { Intervals } from './intervals.ts'
import type { Tensor } from './port.ts'

/** Marks a trainer's weights among a file's other constants. */
const WEIGHT_PREFIX = 'weights/'
/** Where the metadata says what the intervals are and whence, as JSON. */
const INTERVALS_KEY = 'understudy.intervals'
/** Where the metadata names, as a JSON list, the raw columns without whose values the model answers all the same. */
const ANSWERS_WITHOUT_KEY = 'understudy.answers_without'
const Names = z.array(z.string())

/**
 * A model file. `network` adds the nodes from the encoded features, float [rows, inputs], to the prediction, float [rows, 1].
 * The file's first output has the target's name and is float [rows]; the trainer's name is added to the metadata. Given
 * intervals, their ends are further outputs, float [rows] too, named by `intervalOutput`, and the metadata says what they are.
 * `compile` adds the encoded features, where a network wants others than `compileToOnnx` makes.
 */
export function writeModel(
  specification: FeatureSpecification,
  trainer: string,
  metadata: Readonly<Record<string, string>>,
  network: (graph: OnnxGraph, features: string) => string,
  intervals: Intervals | null = null,
  compile: (specification: FeatureSpecification, graph: OnnxGraph) => string = compileToOnnx,
): Uint8Array {
  const graph = openGraph(trainer)
  const features = compile(specification, graph)
  const column = network(graph, features)
  const flat = graph.node('Reshape', [column, graph.constant([-1], 'int64', [1])])
  graph.output(specification.target, flat, 'float', ['rows'])
  if (intervals === null) return graph.toBytes({ metadata: { trainer, ...metadata } })
  addIntervals(graph, specification.target, flat, intervals)
  return graph.toBytes({ metadata: { trainer, ...metadata, [INTERVALS_KEY]: canonicalJson(intervals) } })
}

/** Name of the output with one end of a target's intervals at a level: `price_low_80`. */
export function intervalOutput(target: string, end: 'low' | 'high', level: number): string {
  return `${target}_${end}_${level}`
}

/** Adds outputs for the ends of the intervals around the predictions, from narrow to wide, low before high. */
function addIntervals(graph: OnnxGraph, target: string, predictions: string, { scale, bounds }: Intervals): void {
  const number = (value: number): string => graph.constant([value], 'float', [])
  const grown = graph.node('Mul', [graph.node('Abs', [predictions]), number(scale.slope)])
  const size = graph.node('Add', [grown, number(scale.base)])
  for (const bound of bounds) {
    for (const end of ['low', 'high'] as const) {
      const ending = graph.node('Add', [predictions, graph.node('Mul', [size, number(bound[end])])])
      graph.output(intervalOutput(target, end, bound.level), ending, 'float', ['rows'])
    }
  }
}

/**
 * What a model file says of its intervals; null for a file that has none, as one from elsewhere.
 * Throws `BAD_DATA` if the bytes are not a model file.
 */
export function intervalsOf(modelBytes: Uint8Array): Intervals | null {
  const text = readMetadata(modelBytes)[INTERVALS_KEY]
  if (text === undefined) return null
  try {
    return Intervals.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null // no JSON, and so not ours
  }
}

/**
 * What the metadata of a model that takes missing values has to say: which raw columns may be null in rows that it answers.
 * Where cleaning drops nulls, that is nothing: it has learnt of no such row. Where it keeps them, they are the doubles, and the
 * times and integers that no feature reads: int64 has no null, so that a row without one that is read cannot be told from others.
 */
export function answeringNulls(specification: FeatureSpecification): Record<string, string> {
  const { columns, target, cleaning, features } = specification
  if (cleaning.nulls === 'drop') return {}
  const { steps } = programOf(features.map(expressionOf))
  const read = new Set(steps.flatMap((step) => (step.op === 'column' ? [step.name] : [])))
  const may = columns.filter(({ name, type }) => name !== target && (type === 'double' || !read.has(name)))
  return { [ANSWERS_WITHOUT_KEY]: canonicalJson(may.map(({ name }) => name)) }
}

/**
 * The raw columns that may be null in rows a model file answers; none unless its metadata says so, as in a file from elsewhere.
 * Throws `BAD_DATA` if the bytes are not a model file.
 */
export function answersWithoutOf(modelBytes: Uint8Array): readonly string[] {
  const text = readMetadata(modelBytes)[ANSWERS_WITHOUT_KEY]
  if (text === undefined) return []
  try {
    return Names.safeParse(JSON.parse(text)).data ?? []
  } catch {
    return [] // no JSON, and so not ours
  }
}

/** Adds a named weight, as it will come back from `weightsOf`. */
export function addWeight(graph: OnnxGraph, name: string, shape: readonly number[], values: Float32Array): string {
  return graph.constant(values, 'float', shape, WEIGHT_PREFIX + name)
}

/** Adds input · kernel + bias: the weights are named `<name>/kernel`, (inputs, units), and `<name>/bias`, (units). */
export function addDense(
  graph: OnnxGraph,
  input: string,
  name: string,
  kernel: { readonly shape: readonly number[]; readonly values: Float32Array },
  bias: Float32Array,
): string {
  const kernelName = addWeight(graph, `${name}/kernel`, kernel.shape, kernel.values)
  return graph.node('Gemm', [input, kernelName, addWeight(graph, `${name}/bias`, [bias.length], bias)])
}

/**
 * The weights of a model file that a trainer of ours wrote, as it was given them; none for a file from elsewhere.
 * Throws `BAD_DATA` if the bytes are not a model file.
 */
export function weightsOf(modelBytes: Uint8Array): Tensor[] {
  const weights: Tensor[] = []
  for (const { name, shape, values } of readInitializers(modelBytes)) {
    if (name.startsWith(WEIGHT_PREFIX)) weights.push({ name: name.slice(WEIGHT_PREFIX.length), shape, values })
  }
  return weights
}
