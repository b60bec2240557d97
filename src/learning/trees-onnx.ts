// Trees as an ONNX model file: the features, then one operator that walks through all trees.
import { compileColumnsToOnnx } from '../features/compile-onnx.ts'
import { type Attributes, TENSOR_TYPES } from '../features/onnx-format.ts'
import type { OnnxGraph } from '../features/onnx-graph.ts'
import { type FeatureSpecification, widthOf } from '../features/specification.ts'
import { PlannedError } from '../kernel/errors.ts'
import type { Intervals } from './intervals.ts'
import { answeringNulls, writeModel } from './model-file.ts'
import type { Tensor } from './port.ts'
import { columnNames, ensembleOf, type TreeEnsemble } from './tree-ensemble.ts'

/**
 * The model file of an ensemble. It is exact: features are rounded to float32 as in training, compared with thresholds as
 * doubles, which hold both, and the leaves are summed in double, whatever the number of threads. Where
 * cleaning drops nulls, a null in a raw column that can hold one gives a null out, as in every model: the trees have learnt of no
 * such row. Where it keeps them, they have, and answer by each split's direction for what is missing; the metadata says in which
 * columns, all but the times and integers that features read. Throws `BAD_INPUT` if the weights are no trees or
 * do not fit the specification.
 */
export function treesToOnnx(
  specification: FeatureSpecification,
  weights: readonly Tensor[],
  metadata: Readonly<Record<string, string>>,
  intervals: Intervals | null = null,
): Uint8Array {
  const ensemble = ensembleOf(weights)
  checkFit(ensemble, specification)
  const addTrees = (graph: OnnxGraph, columns: string): string => {
    const attributes = regressorAttributes(ensemble)
    const sums = graph.node('TreeEnsembleRegressor', [columns], attributes, 'ai.onnx.ml')
    const predictions = answersOf(graph, sums, ensemble)
    return specification.cleaning.nulls === 'keep' ? predictions : nullWhereInputsAre(graph, specification, predictions)
  }
  const about = { ...metadata, ...answeringNulls(specification) }
  return writeModel(specification, 'trees', about, addTrees, intervals, (features, graph) =>
    compileColumnsToOnnx(features, graph, ensemble.ranks),
  )
}

function checkFit({ column, ranks }: TreeEnsemble, specification: FeatureSpecification): void {
  const names = columnNames(specification)
  const sizes = specification.features.filter(({ kind }) => kind === 'category').map(widthOf)
  const asked = column.reduce((most, one) => Math.max(most, one), -1)
  if (asked < names.length && String(ranks.map(({ length }) => length)) === String(sizes)) return
  throw new PlannedError(
    'BAD_INPUT',
    `these trees ask for column ${asked} and for categories of ${ranks.map(({ length }) => length).join(', ') || 'no'} codes; ` +
      `the specification has ${names.length} columns and categories of ${sizes.join(', ') || 'no'} codes`,
    { next: 'write them with the specification that they were learnt with' },
  )
}

/**
 * The trees as the operator has them: nodes by their number in their tree. Given as doubles, they are compared and summed as such.
 *
 * Source  https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsembleRegressor.html, version 3.
 */
function regressorAttributes(ensemble: TreeEnsemble): Attributes {
  const whole = orSingleLeaf(ensemble)
  const { base, column, missingLeft, left, right, threshold, value } = whole
  const { tree, root } = placesOf(whole)
  const isLeaf = column.map((asked) => (asked < 0 ? 1 : 0))
  const leaves = Int32Array.from(column.keys()).filter((node) => isLeaf[node] === 1)
  const ifSplit = (of: (node: number) => number): Int32Array => column.map((_, node) => (isLeaf[node] ? 0 : of(node)))
  const doubles = (values: Iterable<number>): Attributes[string] => ({
    tensor: Float64Array.from(values),
    type: 'double',
  })
  return {
    aggregate_function: { text: 'SUM' },
    base_values_as_tensor: doubles([base]),
    n_targets: { int: 1 },
    nodes_falsenodeids: { ints: ifSplit((node) => right[node]! - root[node]!) },
    nodes_featureids: { ints: ifSplit((node) => column[node]!) },
    nodes_missing_value_tracks_true: { ints: ifSplit((node) => missingLeft[node]!) },
    nodes_modes: { texts: Array.from(isLeaf, (leaf) => (leaf ? 'LEAF' : 'BRANCH_LEQ')) },
    nodes_nodeids: { ints: root.map((first, node) => node - first) },
    nodes_treeids: { ints: tree },
    nodes_truenodeids: { ints: ifSplit((node) => left[node]! - root[node]!) },
    nodes_values_as_tensor: doubles(threshold.map((of, node) => (isLeaf[node] ? 0 : of))),
    post_transform: { text: 'NONE' },
    target_ids: { ints: leaves.map(() => 0) },
    target_nodeids: { ints: leaves.map((node) => node - root[node]!) },
    target_treeids: { ints: leaves.map((node) => tree[node]!) },
    target_weights_as_tensor: doubles(Float64Array.from(leaves, (node) => value[node]!)),
  }
}

/** What sums answer, as `predictionOf` says. In double: float32's exponential would be off by more than its rounding. */
function answersOf(graph: OnnxGraph, sums: string, { isLog, roundTo }: TreeEnsemble): string {
  if (!isLog && roundTo === 0) return sums
  const to = (type: 'double' | 'float'): Attributes => ({ to: { int: TENSOR_TYPES[type] } })
  const double = graph.node('Cast', [sums], to('double'))
  const answers = isLog ? graph.node('Exp', [double]) : double
  return graph.node('Cast', [roundTo === 0 ? answers : roundedTo(graph, answers, roundTo)], to('float'))
}

/** Not by the operator Round, which takes halves to the even neighbour. */
function roundedTo(graph: OnnxGraph, answers: string, step: number): string {
  const constant = (value: number): string => graph.constant([value], 'double', [])
  const steps = graph.node('Add', [graph.node('Div', [answers, constant(step)]), constant(0.5)])
  return graph.node('Mul', [graph.node('Floor', [steps]), constant(step)])
}

/** The operator wants a tree: without any, one that adds nothing. */
function orSingleLeaf(ensemble: TreeEnsemble): TreeEnsemble {
  if (ensemble.roots.length > 0) return ensemble
  const zero = new Int32Array(1)
  return {
    ...ensemble,
    roots: zero,
    column: Int32Array.of(-1),
    threshold: new Float32Array(1),
    missingLeft: new Uint8Array(1),
    left: zero,
    right: zero,
    value: new Float32Array(1),
    gain: new Float32Array(1),
  }
}

/** Of every node, the number of its tree and the node that tree begins with. */
function placesOf({ roots, column }: TreeEnsemble): { tree: Int32Array; root: Int32Array } {
  const tree = new Int32Array(column.length)
  const root = new Int32Array(column.length)
  for (const [i, first] of roots.entries()) {
    tree.fill(i, first)
    root.fill(first, first)
  }
  return { tree, root }
}

/** float [rows, 1]: the predictions, NaN in rows of which a double is NaN. */
function nullWhereInputsAre(graph: OnnxGraph, { columns, target }: FeatureSpecification, predictions: string): string {
  const nullable = columns.filter(({ name, type }) => type === 'double' && name !== target)
  if (nullable.length === 0) return predictions
  const isNull = nullable.map(({ name }) => graph.node('IsNaN', [name]))
  const any = isNull.reduce((some, other) => graph.node('Or', [some, other]))
  const column = graph.node('Unsqueeze', [any, graph.constant([1], 'int64', [1])])
  return graph.node('Where', [column, graph.constant([Number.NaN], 'float', []), predictions])
}
