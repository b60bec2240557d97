// Growing trees by the compiled kernels, on several threads over one memory.
import type { EncodedRows } from '../features/encode.ts'
import { type KernelTeam, openKernelTeam } from './kernel-team.ts'
import {
  type Draw,
  type Errors,
  errorsOf,
  type GrownTree,
  type Growth,
  gradientScale,
  leafValue,
  leastGainOf,
  openTreeTable,
  quantileBetween,
  quantileOf,
  quantilePlace,
  sumScale,
  type TreeGrower,
  unscaled,
} from './trees-grower.ts'
import { bytesFor, openTreesMemory, placeOf, STAGED_ROWS, type TreesMemory, type TreesShape } from './trees-memory.ts'
import { finiteTarget } from './trees-survey.ts'

/** A leaf as the kernels left it. */
interface LeafFound {
  readonly node: number
  readonly rows: number
  /** The sum of its rows' gradients. */
  readonly gradients: number
}

interface Growing {
  readonly shape: TreesShape
  readonly team: KernelTeam
  readonly memory: TreesMemory
  /** The largest residuals there are now. */
  readonly largest: { fit: number; earlyStop: number }
}

/** Opens a grower on the kernels; null if they cannot run here, which `onNotice` then hears. Throws `BAD_INPUT` for too many rows. */
export async function openKernelGrower(
  shape: TreesShape,
  onNotice?: (text: string) => void,
): Promise<TreeGrower | null> {
  const team = await openKernelTeam('trees', { threads: shape.threads, bytes: bytesFor(shape), onNotice })
  if (team === null) return null
  const { settings } = shape
  const memory = openTreesMemory(team, shape)
  const growing: Growing = { shape, team, memory, largest: { fit: 0, earlyStop: 0 } }
  const filled = { fit: 0, earlyStop: 0 }
  let base = 0
  const reset = (from: number, isKept: boolean): void => {
    team.run('resetResiduals', memory.plan, from, isKept ? 1 : 0)
    readSums(growing)
  }
  return {
    computedBy: team.variant === 'relaxed' ? 'WebAssembly with relaxed SIMD' : 'WebAssembly with SIMD',
    add(set, block) {
      addRows(growing, set, block, filled[set])
      filled[set] += block.rows
    },
    start(targetMean) {
      const quantile = quantileOf(settings)
      base = Math.fround(quantile === null ? targetMean : quantileOfAll(growing, quantile))
      reset(base, false)
      return base
    },
    restart: () => reset(base, true),
    grow: (draw, pause) => grow(growing, draw, pause),
    close: () => team.close(),
  }
}

/** Rows parted between two breaths: a fraction of a second, also on a busy machine. */
const PIECE_ROWS = 4_194_304

function addRows(growing: Growing, set: 'fit' | 'earlyStop', block: EncodedRows, first: number): void {
  const { numberCount, categoryCount } = block
  const { team, memory } = growing
  const { stagedNumbers = 0, stagedCodes = 0, stagedTargets = 0 } = memory.at
  for (let row = 0; row < block.rows; row++) finiteTarget(block, row, first + row)
  for (let from = 0; from < block.rows; from += STAGED_ROWS) {
    const count = Math.min(STAGED_ROWS, block.rows - from)
    const part = <Values extends Float32Array | Int16Array>(values: Values, width: number): Values =>
      values.subarray(from * width, (from + count) * width) as Values // a part of an array is an array of its kind
    const { buffer } = team.memory
    new Float32Array(buffer, stagedNumbers, count * numberCount).set(part(block.numbers, numberCount))
    new Int16Array(buffer, stagedCodes, count * categoryCount).set(part(block.codes, categoryCount))
    new Float32Array(buffer, stagedTargets, count).set(part(block.target, 1))
    const staged = [stagedNumbers, stagedCodes, stagedTargets, first + from, count, categoryCount]
    team.run('makeRecords', memory.plan, set === 'fit' ? 0 : 1, ...staged)
  }
}

/** The quantile of all targets, which the residuals still are. */
function quantileOfAll({ team, memory, shape }: Growing, quantile: number): number {
  team.run('drawAll', memory.plan)
  team.run('takeRoot', memory.plan)
  return orderedOf({ team, memory }, [shape.rows.fit], quantile)[0]! // of one leaf
}

async function grow(growing: Growing, { rowSeed, columns }: Draw, pause: () => Promise<void>): Promise<Growth> {
  const { shape, team, memory, largest } = growing
  const { settings, rows } = shape
  const { plan, at } = memory
  new Uint8Array(team.memory.buffer, at.chosen, columns.length).set(columns)
  if (settings.rowShare < 1) team.run('draw', plan, rowSeed, settings.rowShare * 2 ** 32)
  else team.run('drawAll', plan)
  const scale = gradientScale(settings, rows.fit, largest.fit)
  const { inverse, up, zero, down, unit } = scale
  const terms = [inverse, up, zero, down, settings.lambda, leastGainOf(settings, scale)]
  team.run('plant', plan, ...terms)
  do {
    await pause()
    team.run('grow', plan, ...terms, PIECE_ROWS)
  } while (wordOf(growing, 'isGrown') === 0)
  const { tree, step } = readTree(growing, unit)
  const fitScale = sumScale(rows.fit, largest.fit + step)
  const stopScale = sumScale(rows.earlyStop ?? 1, largest.earlyStop + step)
  team.run('addTree', plan, fitScale.absolute, fitScale.squared, stopScale.absolute, stopScale.squared)
  const sums = readSums(growing)
  const errors = (of: Sums, count: number, by: typeof fitScale): Errors =>
    errorsOf(unscaled({ rows: count, ...of }, by), settings)
  return {
    tree,
    fit: errors(sums.fit, rows.fit, fitScale),
    earlyStop: rows.earlyStop === null ? null : errors(sums.earlyStop, rows.earlyStop, stopScale),
  }
}

/** The tree that has grown, its leaves' values worked out and written for `addTree`; `step` is the largest of them. */
function readTree({ shape, team, memory }: Growing, unit: number): { tree: GrownTree; step: number } {
  const { settings } = shape
  const { buffer } = team.memory
  const leaves = leavesOf(team, memory)
  const nodes = new DataView(buffer, memory.at.nodes, settings.leaves * 64)
  const table = openTreeTable(settings.leaves)
  const isLeaf = new Set(leaves.map(({ node }) => node))
  const found = Array.from({ length: 2 * leaves.length - 1 }, (_, node) => node).filter((node) => !isLeaf.has(node))
  table.addRoot()
  for (const node of found.sort((one, other) => leftOf(nodes, one) - leftOf(nodes, other))) {
    const [column, bin, missingLeft] = [0, 4, 8].map((word) => nodes.getInt32(node * 32 + word, true))
    const split = { column: column!, bin: bin!, missingLeft: missingLeft === 1 } // three words
    table.split(node, split, nodes.getFloat64(node * 32 + 16, true) * unit ** 2)
  }
  const quantile = quantileOf(settings)
  const rows = leaves.map((leaf) => leaf.rows)
  const best =
    quantile === null
      ? leaves.map((leaf) => (leaf.gradients * unit) / leaf.rows)
      : orderedOf({ team, memory }, rows, quantile)
  const values = new Float32Array(buffer, memory.at.values, leaves.length)
  for (const [i, leaf] of leaves.entries()) {
    values[i] = leafValue(best[i]!, leaf.rows, settings) // one each
    table.setLeaf(leaf.node, values[i]!)
  }
  return { tree: table.done(), step: values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) }
}

/** A node's left child: splits are numbered by theirs in the order they were made. */
function leftOf(nodes: DataView, node: number): number {
  return nodes.getInt32(node * 32 + 12, true)
}

/** What the kernels wrote into a word of the plan. */
function wordOf({ team, memory }: Pick<Growing, 'team' | 'memory'>, word: Parameters<typeof placeOf>[0]): number {
  return new Uint32Array(team.memory.buffer, memory.plan + placeOf(word) * 4, 1)[0]! // one
}

function leavesOf(team: KernelTeam, memory: TreesMemory): LeafFound[] {
  const { at } = memory
  const count = wordOf({ team, memory }, 'leafCount')
  const table = new DataView(team.memory.buffer, at.leafTables, count * 64)
  return Array.from({ length: count }, (_, leaf) => ({
    rows: table.getUint32(leaf * 64, true),
    node: table.getUint32(leaf * 64 + 4, true),
    gradients: Number(table.getBigInt64(leaf * 64 + 24, true)),
  }))
}

/** The quantile of the residuals in each leaf; 0 for one without rows. `rows` are how many each has. */
function orderedOf(
  { team, memory }: Pick<Growing, 'team' | 'memory'>,
  rows: readonly number[],
  quantile: number,
): number[] {
  const ordered = new DataView(team.memory.buffer, memory.at.ordered, rows.length * 16)
  const places = rows.map((count) => quantilePlace(count, quantile))
  for (const [i, { below }] of places.entries()) ordered.setUint32(i * 16, Math.max(below, 0), true)
  team.run('orderedValues', memory.plan)
  return places.map(({ share }, i) =>
    rows[i] === 0
      ? 0
      : quantileBetween(ordered.getFloat32(i * 16 + 4, true), ordered.getFloat32(i * 16 + 8, true), share),
  )
}

interface Sums {
  readonly absolute: number
  readonly squared: number
  readonly signed: number
}

/** Adds the threads' sums up, and notes the largest residuals. */
function readSums({ team, memory, largest }: Growing): { fit: Sums; earlyStop: Sums } {
  const view = new DataView(team.memory.buffer, memory.at.sums, team.threads * 64)
  const read = (from: number): Sums & { largest: number } => {
    const sums = { absolute: 0, squared: 0, signed: 0, largest: 0 }
    for (let at = from; at < view.byteLength; at += 64) {
      sums.absolute += Number(view.getBigInt64(at, true))
      sums.squared += Number(view.getBigInt64(at + 8, true))
      sums.signed += Number(view.getBigInt64(at + 16, true))
      sums.largest = Math.max(sums.largest, view.getFloat32(at + 24, true))
    }
    return sums
  }
  const [fit, earlyStop] = [read(0), read(32)]
  largest.fit = fit.largest
  largest.earlyStop = earlyStop.largest
  return { fit, earlyStop }
}
