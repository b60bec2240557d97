// Regression trees as arrays: what training makes, prediction walks through and the model file holds.
import type { EncodedRows } from '../features/encode.ts'
import type { FeatureSpecification } from '../features/specification.ts'
import { PlannedError } from '../kernel/errors.ts'
import type { Tensor } from './port.ts'

/**
 * All nodes of all trees in one table, tree after tree, each tree's root first and children anywhere after their parent. A row's
 * columns are its numbers, in the specification's order, then its categories, each code replaced by its `rank`; a number that
 * has no value is NaN, a category's code -1 has the rank NaN.
 */
export interface TreeEnsemble {
  /** Added to the sum of the leaves; kept as a float32. */
  readonly base: number
  /** Whether base and leaves add up to the natural logarithm of the prediction, or to the prediction itself. */
  readonly isLog: boolean
  /** Predictions are rounded to a whole multiple of this, halves upwards; 0: not rounded. Kept as a float32. */
  readonly roundTo: number
  /** (trees) The node each tree begins with. */
  readonly roots: Int32Array
  /** (nodes) The column a node asks for; -1 for a leaf. */
  readonly column: Int32Array
  /** (nodes) Values up to this one, it included, go left. */
  readonly threshold: Float32Array
  /** (nodes) 1 if NaN goes left. */
  readonly missingLeft: Uint8Array
  /** (nodes) Of no meaning in a leaf. */
  readonly left: Int32Array
  readonly right: Int32Array
  /** (nodes) What a leaf adds to the prediction, learning rate included. */
  readonly value: Float32Array
  /** (nodes) How much a split lessened the loss of the rows it was learnt from. */
  readonly gain: Float32Array
  /** Per category: (codes) the place of each code in the order that the trees split it by; NaN for a code never seen. */
  readonly ranks: readonly Float32Array[]
}

/** Names of an ensemble's columns: the numbers of a specification, then its categories. */
export function columnNames({ features }: FeatureSpecification): string[] {
  const named = (kind: 'number' | 'category'): string[] =>
    features.filter((feature) => feature.kind === kind).map(({ name }) => name)
  return [...named('number'), ...named('category')]
}

/** The tables of nodes, in the order and by the names their tensors have. */
const NODE_TABLES = ['column', 'threshold', 'missingLeft', 'left', 'right', 'value', 'gain'] as const
type NodeTable = (typeof NODE_TABLES)[number]

/** Whole numbers up to this one are exact in float32, which is what tensors hold. */
const MOST_NODES = 2 ** 24

/** An ensemble as named tensors, from which `ensembleOf` makes it again. Throws `BAD_INPUT` beyond 16 million nodes. */
export function ensembleTensors(ensemble: TreeEnsemble): Tensor[] {
  const { base, isLog, roundTo, roots, column, ranks } = ensemble
  if (column.length > MOST_NODES) {
    throw new PlannedError(
      'BAD_INPUT',
      `an ensemble of ${column.length} nodes is more than the ${MOST_NODES} we keep`,
      {
        next: 'learn fewer or smaller trees',
      },
    )
  }
  const tensor = (name: string, values: ArrayLike<number>): Tensor => ({
    name,
    shape: [values.length],
    values: Float32Array.from(values),
  })
  return [
    tensor('base', [base]),
    tensor('is_log', [isLog ? 1 : 0]),
    tensor('round_to', [roundTo]),
    tensor('roots', roots),
    ...NODE_TABLES.map((table) => tensor(`nodes/${table}`, ensemble[table])),
    ...ranks.map((places, category) => tensor(`ranks/${category}`, places)),
  ]
}

/** The ensemble that `ensembleTensors` took apart. Throws `BAD_INPUT` if these are no trees' tensors or do not fit together. */
export function ensembleOf(tensors: readonly Tensor[]): TreeEnsemble {
  const byName = new Map(tensors.map(({ name, values }) => [name, values]))
  const values = (name: string): Float32Array => byName.get(name) ?? refuse(`there is no tensor "${name}"`)
  const table = (name: NodeTable): Float32Array => values(`nodes/${name}`)
  const base = values('base')
  const ensemble: TreeEnsemble = {
    base: base[0] ?? Number.NaN,
    isLog: values('is_log')[0] === 1,
    roundTo: values('round_to')[0] ?? Number.NaN,
    roots: Int32Array.from(values('roots')),
    column: Int32Array.from(table('column')),
    threshold: table('threshold'),
    missingLeft: Uint8Array.from(table('missingLeft')),
    left: Int32Array.from(table('left')),
    right: Int32Array.from(table('right')),
    value: table('value'),
    gain: table('gain'),
    ranks: tensors.filter(({ name }) => name.startsWith('ranks/')).map((_, category) => values(`ranks/${category}`)),
  }
  if (base.length !== 1 || !Number.isFinite(ensemble.base)) refuse('"base" is not one finite number')
  if (!(ensemble.roundTo >= 0 && ensemble.roundTo < Number.POSITIVE_INFINITY))
    refuse('"round_to" is no finite number from 0 on')
  for (const name of NODE_TABLES) {
    const [nodes, found] = [ensemble.column.length, ensemble[name].length]
    if (found !== nodes) refuse(`"nodes/${name}" has ${found} values for ${nodes} nodes`)
  }
  checkTrees(ensemble)
  return ensemble
}

/** Every node is a root or the child of exactly one node before it, in its own tree; splits and leaves hold numbers. */
function checkTrees({ roots, column, threshold, left, right, value }: TreeEnsemble): void {
  const nodes = column.length
  if (roots.length === 0 ? nodes > 0 : roots[0] !== 0) refuse('the first tree does not begin with the first node')
  const parents = new Uint8Array(nodes)
  for (let tree = 0; tree < roots.length; tree++) {
    const root = roots[tree]!
    const end = roots[tree + 1] ?? nodes
    if (!(root < end && end <= nodes)) refuse(`tree ${tree} has the nodes from ${root} to before ${end} of ${nodes}`)
    parents[root] = 1
    for (let node = root; node < end; node++) {
      if (column[node]! < 0) {
        if (column[node] !== -1 || !Number.isFinite(value[node]!)) refuse(`leaf ${node} holds no finite number`)
        continue
      }
      if (Number.isNaN(threshold[node]!)) refuse(`node ${node} has no threshold`)
      for (const child of [left[node]!, right[node]!]) {
        const isAhead = child > node && child < end
        if (!isAhead || parents[child] === 1) refuse(`node ${node} of tree ${tree} has ${child} as a child`)
        parents[child] = 1
      }
    }
  }
  const orphan = parents.indexOf(0)
  if (orphan >= 0) refuse(`node ${orphan} is no root and no node's child`)
}

function refuse(why: string): never {
  throw new PlannedError('BAD_INPUT', 'these weights are not an ensemble of trees', {
    why,
    next: 'take the weights that the trees trainer returned, unchanged',
  })
}

/** Rows walked through tree by tree: as many as stay in the processor's caches beside a tree. */
const BLOCK_ROWS = 512

/**
 * What the trees predict: the reference that every faster way is held to.
 *
 * Shapes  n rows; the result is (n).
 * Error   summed in double, the base first, then tree after tree; rounded to float32 once, at the end (and where the sum is a
 *         logarithm, before its exponential as well: at most 1e-6 of the value).
 * Throws  PlannedError('BAD_INPUT') if the rows lack a column the trees ask for.
 */
export function predictTrees(ensemble: TreeEnsemble, rows: EncodedRows): Float32Array {
  checkColumns(ensemble, rows)
  const width = rows.numberCount + rows.categoryCount
  const block = new Float32Array(BLOCK_ROWS * width) // (rows of a block, columns)
  const sums = new Float64Array(BLOCK_ROWS)
  const predictions = new Float32Array(rows.rows)
  for (let from = 0; from < rows.rows; from += BLOCK_ROWS) {
    const count = Math.min(BLOCK_ROWS, rows.rows - from)
    fillBlock(block, rows, ensemble.ranks, from, count)
    sums.fill(Math.fround(ensemble.base))
    addLeaves(ensemble, block, width, sums.subarray(0, count))
    for (let row = 0; row < count; row++) predictions[from + row] = predictionOf(ensemble, sums[row]!) // row < count
  }
  return predictions
}

/** How a sum of base and leaves becomes a prediction. */
export type Answering = Pick<TreeEnsemble, 'base' | 'isLog' | 'roundTo'>

/** What a sum of base and leaves predicts, not yet rounded to float32. */
export function predictionOf({ isLog, roundTo }: Answering, sum: number): number {
  const prediction = isLog ? Math.exp(Math.fround(sum)) : Math.fround(sum)
  return roundTo === 0 ? prediction : Math.floor(prediction / roundTo + 0.5) * roundTo
}

/** Adds each tree's leaves to the sums. Shapes: `columns` (n, width), as `columnsOf` makes them; `sums` (n). */
export function addLeaves(ensemble: TreeEnsemble, columns: Float32Array, width: number, sums: Float64Array): void {
  for (const root of ensemble.roots) {
    for (let row = 0; row < sums.length; row++) {
      sums[row]! += ensemble.value[leafOf(ensemble, root, columns, row * width)]!
    }
  }
}

/** (rows, columns) What trees ask for: numbers, then the ranks of the codes. */
export function columnsOf(rows: EncodedRows, ranks: readonly Float32Array[]): Float32Array {
  const columns = new Float32Array(rows.rows * (rows.numberCount + rows.categoryCount))
  fillBlock(columns, rows, ranks, 0, rows.rows)
  return columns
}

/** The leaf in which the row whose columns begin at `at` ends up. */
function leafOf(ensemble: TreeEnsemble, root: number, columns: Float32Array, at: number): number {
  const { column, threshold, missingLeft, left, right } = ensemble
  let node = root
  for (let asked = column[node]!; asked >= 0; asked = column[node]!) {
    const value = columns[at + asked]!
    const goesLeft = value <= threshold[node]! || (Number.isNaN(value) && missingLeft[node] === 1)
    node = goesLeft ? left[node]! : right[node]!
  }
  return node
}

/** Numbers, then the ranks of the codes; -1 and codes without a rank are NaN. */
function fillBlock(
  block: Float32Array,
  rows: EncodedRows,
  ranks: readonly Float32Array[],
  from: number,
  count: number,
): void {
  const { numberCount, categoryCount, numbers, codes } = rows
  const width = numberCount + categoryCount
  for (let row = 0; row < count; row++) {
    const [at, source] = [row * width, from + row]
    for (let i = 0; i < numberCount; i++) block[at + i] = numbers[source * numberCount + i]!
    for (let i = 0; i < categoryCount; i++) {
      block[at + numberCount + i] = ranks[i]![codes[source * categoryCount + i]!] ?? Number.NaN
    }
  }
}

function checkColumns({ column, ranks }: TreeEnsemble, rows: EncodedRows): void {
  const width = rows.numberCount + rows.categoryCount
  const asked = column.reduce((most, one) => Math.max(most, one), -1)
  if (asked < width && ranks.length === rows.categoryCount) return
  throw new PlannedError(
    'BAD_INPUT',
    `the trees ask for column ${asked} and ${ranks.length} categories; the rows have ${width} columns, ` +
      `${rows.categoryCount} of them categories`,
    { next: 'encode the rows by the specification that the trees were learnt with' },
  )
}

/** What each column was worth: its share of the gain of all splits, by name; 0 for one never asked for. All 0 without a split. */
export function gainShares({ column, gain }: TreeEnsemble, names: readonly string[]): Record<string, number> {
  const gains = new Float64Array(names.length)
  for (let node = 0; node < column.length; node++) if (column[node]! >= 0) gains[column[node]!]! += gain[node]!
  const total = gains.reduce((sum, one) => sum + one, 0)
  return Object.fromEntries(names.map((name, i) => [name, total > 0 ? gains[i]! / total : 0]))
}

/**
 * One ensemble that predicts the mean of several (of their logarithms, if these are what they add up to), all of whose trees it
 * holds: leaves and bases divided by their number. Throws `BAD_INPUT` without any, or if they order a category's codes differently
 * or some add up to logarithms and some do not, or they do not round alike.
 */
export function averageOf(ensembles: readonly TreeEnsemble[]): TreeEnsemble {
  const [first] = ensembles
  if (first === undefined) {
    throw new PlannedError('BAD_INPUT', 'there are no ensembles to average', { next: 'give one or more' })
  }
  if (!ensembles.every(({ isLog, roundTo }) => isLog === first.isLog && roundTo === first.roundTo)) {
    throw new PlannedError('BAD_INPUT', 'these ensembles do not all add up to logarithms, or do not round alike', {
      next: 'average ensembles that were learnt with the same settings',
    })
  }
  if (!ensembles.every(({ ranks }) => haveSameRanks(ranks, first.ranks))) {
    throw new PlannedError('BAD_INPUT', 'these ensembles order the codes of a category differently', {
      next: 'learn them from the same rows, or from numbers only',
    })
  }
  const count = ensembles.length
  const starts = ensembles.map((_, i) => ensembles.slice(0, i).reduce((sum, { column }) => sum + column.length, 0))
  const shifted = (table: 'roots' | 'left' | 'right'): Int32Array =>
    Int32Array.from(ensembles.flatMap((one, i) => Array.from(one[table], (node) => node + starts[i]!)))
  const joined = (table: NodeTable): number[] => ensembles.flatMap((one) => Array.from(one[table]))
  return {
    base: ensembles.reduce((sum, { base }) => sum + base, 0) / count,
    isLog: first.isLog,
    roundTo: first.roundTo,
    roots: shifted('roots'),
    column: Int32Array.from(joined('column')),
    threshold: Float32Array.from(joined('threshold')),
    missingLeft: Uint8Array.from(joined('missingLeft')),
    left: shifted('left'),
    right: shifted('right'),
    value: Float32Array.from(joined('value'), (leaf) => leaf / count),
    gain: Float32Array.from(joined('gain'), (gain) => gain / count),
    ranks: first.ranks,
  }
}

function haveSameRanks(some: readonly Float32Array[], others: readonly Float32Array[]): boolean {
  return JSON.stringify(some.map((places) => [...places])) === JSON.stringify(others.map((places) => [...places]))
}
