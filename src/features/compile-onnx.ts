// A specification as ONNX nodes: from the raw columns to the matrix a model reads.
import { checkSpecification } from './check.ts'
import { TENSOR_TYPES, type TensorType } from './onnx-format.ts'
import type { OnnxGraph } from './onnx-graph.ts'
import { operandsOf, programOf, type Step } from './program.ts'
import { expressionOf, type Feature, type FeatureSpecification, widthOf } from './specification.ts'
import { zoneTable } from './time-zone.ts'

/**
 * Adds the features to a graph: declares one input per raw column except the target, and returns the name of the
 * encoded features, float32 [rows, encodedWidth], numbers and one-hots in feature order.
 *
 * Inputs are rank 1: timestamps int64 in ms since 1970 (UTC), integers int64, doubles double. A double that is null is
 * NaN and makes NaN of the numbers that need it and zeros of the one-hots; int64 has no null, so a row that lacks a
 * time or a count cannot be scored. All arithmetic is in double (though onnxruntime drops the adding of a constant
 * below 1e-45); only the encoded features are float32. Needs operator set 13 or later.
 */
export function compileToOnnx(specification: FeatureSpecification, graph: OnnxGraph): string {
  const features = addFeatures(specification, graph)
  const blocks = features.map((computed) =>
    computed.feature.kind === 'number' ? numberColumn(graph, computed) : oneHotBlock(graph, computed),
  )
  return graph.node('Concat', blocks, { axis: { int: 1 } })
}

/**
 * Adds the features to a graph as `compileToOnnx` does, but with one column for each: double [rows, features], numbers first,
 * then categories. Numbers are those of float32, as rows for training hold them; of a category's code c, `ranks[category][c]`
 * is told, and NaN where there is no code.
 */
export function compileColumnsToOnnx(
  specification: FeatureSpecification,
  graph: OnnxGraph,
  ranks: readonly Float32Array[],
): string {
  const features = addFeatures(specification, graph)
  const numbers = features.filter(({ feature }) => feature.kind === 'number')
  const categories = features.filter(({ feature }) => feature.kind === 'category')
  const columns = [
    ...numbers.map((computed) => numberColumn(graph, computed)),
    ...categories.map((computed, i) => rankColumn(graph, computed, ranks[i]!)), // one per category
  ]
  return cast(graph, graph.node('Concat', columns, { axis: { int: 1 } }), 'double')
}

/** A feature and the step that computes it. */
interface Computed {
  readonly feature: Feature
  readonly step: Step
  /** Adds a step's values, double [rows]: the feature's own unless another is named. */
  readonly perRow: (step?: number) => string
}

/** Declares the inputs and adds the steps of all features. */
function addFeatures(specification: FeatureSpecification, graph: OnnxGraph): Computed[] {
  const { columns, target, features } = checkSpecification(specification)
  const inputs = new Map<string, string>()
  for (const { name, type } of columns) {
    if (name === target) continue
    const input = graph.input(name, type === 'double' ? 'double' : 'int64', ['rows'])
    inputs.set(name, type === 'double' ? input : cast(graph, input, 'double'))
  }
  const { steps, results } = programOf(features.map(expressionOf))
  const tensors = addSteps(graph, steps, inputs)
  const rows = graph.node('Shape', [specification.timeColumn])
  return features.map((feature, i) => {
    const result = results[i]! // one per feature
    // Constants are scalars until here.
    const perRow = (step = result): string => graph.node('Expand', [tensors[step]!, rows])
    return { feature, step: steps[result]!, perRow }
  })
}

function cast(graph: OnnxGraph, tensor: string, to: TensorType): string {
  return graph.node('Cast', [tensor], { to: { int: TENSOR_TYPES[to] } })
}

/**
 * Adds the steps; returns each one's tensor: double [rows], or a scalar for constants and what is made of them alone.
 */
function addSteps(graph: OnnxGraph, steps: readonly Step[], inputs: ReadonlyMap<string, string>): string[] {
  const tensors: string[] = []
  for (const step of steps) {
    const [first = '', second = ''] = operandsOf(step).map((operand) => tensors[operand]!)
    tensors.push(addStep(graph, step, first, second, inputs))
  }
  return tensors
}

const PLAIN = {
  add: 'Add',
  subtract: 'Sub',
  multiply: 'Mul',
  divide: 'Div',
  absolute: 'Abs',
  squareRoot: 'Sqrt',
  sine: 'Sin',
  cosine: 'Cos',
  floor: 'Floor',
  ceiling: 'Ceil',
} as const

function addStep(
  graph: OnnxGraph,
  step: Step,
  first: string,
  second: string,
  inputs: ReadonlyMap<string, string>,
): string {
  const { node } = graph
  const when = (condition: string, then: string, otherwise: string): string =>
    node('Where', [condition, then, otherwise])
  const value = (of: number): string => scalar(graph, of)
  const isTrue = (of: string): string => node('Greater', [node('Abs', [of]), value(0)]) // not so for NaN
  const isFalse = (of: string): string => node('Equal', [of, value(0)])
  const truth = (yes: string, no: string): string => when(yes, value(1), when(no, value(0), value(Number.NaN)))
  switch (step.op) {
    case 'column':
      return inputs.get(step.name)! // checkSpecification lets features read these columns only
    case 'constant':
      return value(step.value)
    case 'minimum':
      return when(
        node('LessOrEqual', [first, second]),
        first,
        when(node('Greater', [first, second]), second, value(Number.NaN)),
      )
    case 'maximum':
      return when(
        node('GreaterOrEqual', [first, second]),
        first,
        when(node('Less', [first, second]), second, value(Number.NaN)),
      )
    case 'less':
      return truth(node('Less', [first, second]), node('GreaterOrEqual', [first, second]))
    case 'lessOrEqual':
      return truth(node('LessOrEqual', [first, second]), node('Greater', [first, second]))
    case 'equal':
      return truth(
        node('Equal', [first, second]),
        node('Or', [node('Less', [first, second]), node('Greater', [first, second])]),
      )
    case 'and':
      return truth(node('And', [isTrue(first), isTrue(second)]), node('Or', [isFalse(first), isFalse(second)]))
    case 'or':
      return truth(node('Or', [isTrue(first), isTrue(second)]), node('And', [isFalse(first), isFalse(second)]))
    case 'not':
      return truth(isFalse(first), isTrue(first))
    case 'arcsine':
      return addArcsine(graph, first)
    case 'zoneOffset':
      return addZoneOffset(graph, first, step.zone)
    case 'position': {
      const places = step.values.map((_, i) => i + 1)
      const found = cast(graph, oneHot(graph, first, step.values), 'double')
      const place = node('MatMul', [found, graph.constant(places, 'double', [places.length])]) // at most one is 1
      return node('Sub', [place, value(1)])
    }
    default:
      return node(PLAIN[step.op], second === '' ? [first] : [first, second])
  }
}

/**
 * Arcsine in double of operators onnxruntime has in double, which Asin is not: the float32 arcsine, then one step of
 * Newton on sin y = x. Beyond 1/2 the half-angle form, so that the step's divisor, cos y, stays above 0.86.
 *
 * Units   x in [-1, 1], NaN outside; radians out.
 * Error   6.5e-15 at most, against Math.asin, over 4 million x: Newton squares the error of float32's, about 1e-7.
 */
function addArcsine(graph: OnnxGraph, x: string): string {
  const { node } = graph
  const value = (of: number): string => scalar(graph, of)
  const size = node('Abs', [x])
  const isLarge = node('Greater', [size, value(0.5)])
  const half = node('Sqrt', [node('Mul', [node('Sub', [value(1), size]), value(0.5)])])
  const z = node('Where', [isLarge, half, size])
  const rough = cast(graph, node('Asin', [cast(graph, z, 'float')]), 'double')
  const miss = node('Div', [node('Sub', [z, node('Sin', [rough])]), node('Cos', [rough])])
  const near = node('Add', [rough, miss])
  const far = node('Sub', [value(Math.PI / 2), node('Mul', [near, value(2)])])
  return node('Mul', [node('Where', [isLarge, far, near]), node('Sign', [x])])
}

/** The zone's table, searched by halves: seven look-ups for eighty changes. */
function addZoneOffset(graph: OnnxGraph, atMs: string, zone: string): string {
  const { node, constant } = graph
  const { startsMs, offsetsMs } = zoneTable(zone)
  const size = 2 ** Math.ceil(Math.log2(startsMs.length)) // padded with spans that never begin
  const padding = Array.from({ length: size - startsMs.length })
  const starts = constant([...startsMs, ...padding.map(() => Number.POSITIVE_INFINITY)], 'double', [size])
  const offsets = constant([...offsetsMs, ...padding.map(() => offsetsMs.at(-1)!)], 'double', [size])
  let index = constant([0], 'int64', [])
  for (let step = size / 2; step >= 1; step /= 2) {
    const candidate = node('Add', [index, constant([step], 'int64', [])])
    const hasBegun = node('LessOrEqual', [node('Gather', [starts, candidate]), atMs])
    index = node('Where', [hasBegun, candidate, index])
  }
  return node('Gather', [offsets, index])
}

/** A number as float [rows, 1]. */
function numberColumn(graph: OnnxGraph, { perRow }: Computed): string {
  return cast(graph, column(graph, perRow()), 'float')
}

/** A category as float [rows, size]. */
function oneHotBlock(graph: OnnxGraph, { feature, step, perRow }: Computed): string {
  const size = widthOf(feature)
  if (step.op === 'position' && step.values.length === size) {
    return cast(graph, oneHot(graph, perRow(step.of), step.values), 'float') // no need of the position itself
  }
  const codes = Array.from({ length: size }, (_, code) => code)
  return cast(graph, oneHot(graph, perRow(), codes), 'float')
}

/** The rank of a category's code as float [rows, 1]: looked up in the ranks, with NaN after the last. */
function rankColumn(graph: OnnxGraph, { feature, step, perRow }: Computed, ranks: Float32Array): string {
  const { node } = graph
  const value = perRow()
  const size = widthOf(feature)
  const table = graph.constant([...ranks, Number.NaN], 'float', [size + 1])
  if (step.op === 'position' && step.values.length <= size) {
    return column(graph, node('Gather', [table, cast(graph, value, 'int64')])) // -1 is the last one
  }
  const isInside = node('And', [
    node('GreaterOrEqual', [value, scalar(graph, 0)]),
    node('Less', [value, scalar(graph, size)]),
  ])
  const isCode = node('And', [isInside, node('Equal', [value, node('Floor', [value])])])
  const index = cast(graph, node('Where', [isCode, value, scalar(graph, size)]), 'int64')
  return column(graph, node('Gather', [table, index]))
}

/** [rows, 1] of [rows]. */
function column(graph: OnnxGraph, tensor: string): string {
  return graph.node('Unsqueeze', [tensor, axis(graph, 1)])
}

/** bool [rows, values.length]: which of the values each row has. */
function oneHot(graph: OnnxGraph, tensor: string, values: readonly number[]): string {
  const across = graph.node('Unsqueeze', [tensor, axis(graph, -1)])
  return graph.node('Equal', [across, graph.constant(values, 'double', [values.length])])
}

function scalar(graph: OnnxGraph, value: number): string {
  return graph.constant([value], 'double', [])
}

function axis(graph: OnnxGraph, of: number): string {
  return graph.constant([of], 'int64', [1])
}
