// The memory that the trees' kernels share: what lies where, written in the order that `assembly/trees-plan.ts` reads it.
import { PlannedError } from '../kernel/errors.ts'
import type { KernelTeam } from './kernel-team.ts'
import { binOf } from './trees-bins.ts'
import { countBits, gradientKindOf } from './trees-grower.ts'
import type { TreesSettings } from './trees-settings.ts'
import type { Binning } from './trees-survey.ts'

/** The words of a plan, in their order. */
const WORDS = [
  ...['columns', 'stride', 'residualAt', 'numberAt', 'targetAt', 'leaves', 'minLeafRows', 'countBits', 'gradientKind'],
  ...[
    'gate',
    'binCounts',
    'columnRanges',
    'chosen',
    'parts',
    'slots',
    'leafTables',
    'segments',
    'bests',
    'nodes',
    'sums',
  ],
  ...['blocks', 'buckets', 'ordered', 'values', 'fit', 'fitOther', 'fitRows', 'stop', 'stopOther', 'stopRows'],
  ...['thresholds', 'numbers', 'codeBins', 'leafCount', 'nextLeaf', 'drawnAway', 'isGrown'],
] as const

/** Rows handed over at a time. */
export const STAGED_ROWS = 8_192
/** A WebAssembly memory of 32-bit addresses ends here. */
const MOST_BYTES = 65_536 * 65_536 - 65_536

export interface TreesShape {
  readonly settings: TreesSettings
  readonly binning: Binning
  readonly rows: { readonly fit: number; readonly earlyStop: number | null }
  readonly threads: number
}

/** Bytes of a row's record: a byte per column, its residual, and where rows are drawn or begun with again, number and target. */
interface RecordLayout {
  readonly stride: number
  readonly residualAt: number
  readonly numberAt: number
  readonly targetAt: number
}

function recordLayout({ settings, binning }: TreesShape): RecordLayout {
  const residualAt = Math.ceil(binning.thresholds.length / 4) * 4
  const isKept = settings.rowShare < 1 || settings.bags > 1
  const [numberAt, targetAt] = isKept ? [residualAt + 4, residualAt + 8] : [0, 0]
  return { stride: Math.ceil((residualAt + (isKept ? 12 : 4)) / 8) * 8, residualAt, numberAt, targetAt }
}

/** Bytes of each area of the memory, by the word that holds its address; `staged…` are nobody's words. */
function areasOf(shape: TreesShape): Record<string, number> {
  const { settings, binning, rows, threads } = shape
  const [columns, { leaves }] = [binning.thresholds.length, settings]
  const { stride } = recordLayout(shape)
  const codes = binning.ranks.reduce((sum, ranks) => sum + ranks.length + 1, 0)
  return {
    gate: 8,
    binCounts: columns * 4,
    columnRanges: (threads + 1) * 4,
    chosen: columns,
    parts: threads * columns * 2_048,
    slots: leaves * columns * 2_048,
    leafTables: threads * leaves * 64,
    segments: 3 * threads * leaves * 8,
    bests: threads * 2 * 64,
    nodes: leaves * 2 * 32,
    sums: threads * 64,
    blocks: threads * 512 * 8,
    buckets: threads * 2_048 * 4,
    ordered: leaves * 16,
    values: leaves * 4,
    thresholds: columns * 1_024,
    codeBins: binning.ranks.length * 4 + 64,
    codeTables: codes,
    stagedNumbers: STAGED_ROWS * binning.numberCount * 4,
    stagedCodes: STAGED_ROWS * binning.ranks.length * 2,
    stagedTargets: STAGED_ROWS * 4,
    plan: WORDS.length * 4,
    fit: 2 * rows.fit * stride,
    stop: 2 * (rows.earlyStop ?? 0) * stride,
  }
}

/** Bytes the memory needs. Throws `BAD_INPUT` if they are more than there can be. */
export function bytesFor(shape: TreesShape): number {
  const bytes = Object.values(areasOf(shape)).reduce((sum, area) => sum + area + 64, 0)
  if (bytes <= MOST_BYTES) return bytes
  const { rows, settings } = shape
  throw new PlannedError(
    'BAD_INPUT',
    `trees of ${settings.leaves} leaves over ${rows.fit} rows and ${shape.binning.thresholds.length} columns need ${gib(bytes)} GiB`,
    { why: `there can be ${gib(MOST_BYTES)} at most`, next: 'learn from a shorter window, or grow smaller trees' },
  )
}

function gib(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(1)
}

/** The place of a word in the plan. */
export function placeOf(word: (typeof WORDS)[number]): number {
  return WORDS.indexOf(word)
}

export interface TreesMemory {
  /** The plan's own address, which every kernel is given. */
  readonly plan: number
  /** Addresses by name. */
  readonly at: Readonly<Record<string, number>>
}

/** Lays everything out in a team's memory. */
export function openTreesMemory(team: KernelTeam, shape: TreesShape): TreesMemory {
  const { settings, binning, rows } = shape
  const { buffer } = team.memory
  const areas = areasOf(shape)
  const at = Object.fromEntries(Object.entries(areas).map(([name, bytes]) => [name, team.allocate(bytes)]))
  const record = recordLayout(shape)
  const words: Record<string, number> = {
    ...at,
    ...record,
    columns: binning.thresholds.length,
    leaves: settings.leaves,
    minLeafRows: settings.minLeafRows,
    countBits: countBits(rows.fit),
    gradientKind: { sign: 0, residual: 1, clipped: 2 }[gradientKindOf(settings)],
    fitOther: rows.fit * record.stride,
    fitRows: rows.fit,
    stopOther: (rows.earlyStop ?? 0) * record.stride,
    stopRows: rows.earlyStop ?? 0,
    numbers: binning.numberCount,
  }
  new Uint32Array(buffer, at.plan, WORDS.length).set(WORDS.map((name) => words[name] ?? 0))
  writeBinning(buffer, at, binning)
  const ranges = new Uint32Array(buffer, at.columnRanges, shape.threads + 1)
  ranges.set(evenRanges(binning.thresholds, team.threads))
  return { plan: at.plan!, at } // it is one of the areas
}

function writeBinning(buffer: ArrayBufferLike, at: Readonly<Record<string, number>>, binning: Binning): void {
  const { thresholds, ranks, numberCount } = binning
  const binCounts = new Uint32Array(buffer, at.binCounts, thresholds.length)
  for (const [column, edges] of thresholds.entries()) {
    binCounts[column] = edges.length + 1
    const table = at.thresholds! + column * 1_024 // it is one of the areas
    new Float32Array(buffer, table, 256).fill(Number.POSITIVE_INFINITY).set(edges)
    new Uint32Array(buffer, table + 1_020, 1)[0] = edges.length + 1 // the bin of NaN, in place of a threshold
  }
  const tables = new Uint32Array(buffer, at.codeBins, ranks.length)
  let table = at.codeTables! // it is one of the areas
  for (const [category, places] of ranks.entries()) {
    const edges = thresholds[numberCount + category]! // one each
    tables[category] = table
    const bins = [Number.NaN, ...places].map((rank) => binOf(rank, edges))
    new Uint8Array(buffer, table, bins.length).set(bins)
    table += bins.length
  }
}

/** Where each thread's columns begin, and the last's end: so that each has about as many bins. */
function evenRanges(thresholds: readonly Float32Array[], threads: number): number[] {
  const ends = thresholds.map(
    (
      (sum) => (edges: Float32Array) =>
        (sum += edges.length + 2)
    )(0),
  )
  const total = ends.at(-1) ?? 0
  return Array.from({ length: threads + 1 }, (_, thread) =>
    thread === threads ? thresholds.length : ends.filter((end) => end <= (total * thread) / threads).length,
  )
}
